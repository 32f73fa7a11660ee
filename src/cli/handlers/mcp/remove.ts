/**
 * `effixir mcp remove NAME`
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { quote } from "../../../internal/quote.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as SettingsFile from "../../../node/settings/SettingsFile.ts"
import type { Flags } from "../../commands/mcp/remove.ts"
import { BadInput } from "../../ExitCode.ts"
import * as Servers from "../../mcpServers.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"

export const handle = Effect.fnUntraced(function*({ words }: Flags) {
  const [name] = yield* Prompt.positionals(words, 1)
  if (name === undefined) return yield* new BadInput({ message: "Which server? effixir mcp remove NAME" })
  const { config } = yield* Home.config
  const { wasSet } = yield* SettingsFile.unset(config, `mcp_servers.${JSON.stringify(name)}`)
  const screen = yield* Screen
  if (wasSet) return yield* screen.say(`${name} is removed from ${quote(config)}`)
  const { servers } = yield* Servers.load(Option.none())
  const { from } = yield* Servers.named(servers, name)
  return yield* new BadInput({ message: `${quote(name)} is a server of the project's: remove it from ${quote(from)}` })
})
