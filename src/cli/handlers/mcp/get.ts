/**
 * `effixir mcp get NAME`
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { json as visibleJson, line } from "../../../internal/visible.ts"
import * as McpServers from "../../../tools/mcp/McpServers.ts"
import type { Flags } from "../../commands/mcp/get.ts"
import { BadInput } from "../../ExitCode.ts"
import * as Servers from "../../mcpServers.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ cd, json, words }: Flags) {
  const [name] = yield* Prompt.positionals(words, 1)
  if (name === undefined) return yield* new BadInput({ message: "Which server? effixir mcp get NAME" })
  const screen = yield* Screen
  const { servers } = yield* Servers.load(cd)
  const server = yield* Servers.named(servers, name)
  const told = {
    name,
    transport: McpServers.transportOf(server),
    source: server.source,
    from: server.from,
    config: Servers.shown(server) ?? null,
    error: Option.getOrNull(Either.getLeft(server.server))
  }
  if (json) return yield* screen.out(`${visibleJson(JSON.stringify(told))}\n`)
  const rows = [
    ["name", name],
    ["from", told.from],
    ...Object.entries(told.config ?? {}).map(([key, value]) => [
      key,
      typeof value === "string" ? value : JSON.stringify(value)
    ]),
    ...told.error === null ? [] : [["error", told.error]]
  ]
  const width = Math.max(...rows.map(([key = ""]) => key.length))
  yield* screen.out(rows.map(([key = "", value = ""]) => `${key.padEnd(width)}  ${line(value)}\n`).join(""))
})
