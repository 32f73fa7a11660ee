/**
 * `effixir mcp list`
 */
import * as Effect from "effect/Effect"
import { json as visibleJson, line } from "../../../internal/visible.ts"
import * as McpServers from "../../../tools/mcp/McpServers.ts"
import type { Flags } from "../../commands/mcp/list.ts"
import * as Servers from "../../mcpServers.ts"
import { whileWaiting } from "../../progressLine.ts"
import { Screen } from "../../Screen.ts"
import { table } from "../../table.ts"

export const handle = Effect.fnUntraced(function*({ cd, json }: Flags) {
  const screen = yield* Screen
  const { folder, servers } = yield* Servers.load(cd)
  const looked = yield* whileWaiting("starting the servers")(told(servers, folder))
  if (json) return yield* screen.out(`${visibleJson(JSON.stringify({ servers: looked }))}\n`)
  if (looked.length === 0) {
    return yield* screen.say("there is no MCP server; to add one: effixir mcp add NAME -- COMMAND, or --url URL")
  }
  yield* screen.out(table([
    ["NAME", "STATUS", "FROM", "TOOLS"],
    ...looked.map(({ error, name, source, status, tools }) => [
      line(name),
      status,
      source,
      line(error ?? tools.map(({ name }) => name).join(", "))
    ])
  ]))
})

/** What each server has, once it is ready or has failed to be. */
const told = (servers: ReadonlyArray<McpServers.Configured>, folder: string) =>
  Effect.scoped(
    Effect.flatMap(Servers.look(servers, folder), (looked) =>
      Effect.forEach(looked, ({ configured, state: looking }) =>
        Effect.map(looking ?? Effect.succeed(undefined), (state) => ({
          name: configured.name,
          transport: McpServers.transportOf(configured),
          source: configured.source,
          status: state === undefined ? "disabled" : state.problem === undefined ? "ready" : "failed",
          tools: (state?.tools ?? []).map(({ name, title }) => ({ name, title: title ?? null })),
          error: state?.problem ?? null
        }))))
  )
