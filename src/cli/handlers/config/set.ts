/**
 * `effixir config set KEY VALUE`
 */
import * as Effect from "effect/Effect"
import { quote } from "../../../internal/quote.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as SettingsFile from "../../../node/settings/SettingsFile.ts"
import type { Flags } from "../../commands/config/set.ts"
import { BadInput } from "../../ExitCode.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"
import { tellRest } from "./origins.ts"

export const handle = Effect.fnUntraced(function*({ words }: Flags) {
  const [key, value] = yield* Prompt.positionals(words, 2)
  if (key === undefined || value === undefined) {
    return yield* new BadInput({ message: "Set what to what? effixir config set KEY VALUE" })
  }
  const { config } = yield* Home.config
  const problem = yield* SettingsFile.set(config, key, value)
  const screen = yield* Screen
  yield* screen.say(`${key} is set in ${quote(config)}`)
  yield* tellRest(key, problem)
})
