/**
 * `effixir config unset KEY`
 */
import * as Effect from "effect/Effect"
import { quote } from "../../../internal/quote.ts"
import * as Home from "../../../node/settings/Home.ts"
import * as SettingsFile from "../../../node/settings/SettingsFile.ts"
import type { Flags } from "../../commands/config/unset.ts"
import { BadInput } from "../../ExitCode.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"
import { tellRest } from "./origins.ts"

export const handle = Effect.fnUntraced(function*({ words }: Flags) {
  const [key] = yield* Prompt.positionals(words, 1)
  if (key === undefined) return yield* new BadInput({ message: "Which setting? effixir config unset KEY" })
  const { config } = yield* Home.config
  const { problem, wasSet } = yield* SettingsFile.unset(config, key)
  const screen = yield* Screen
  yield* screen.say(`${key} is ${wasSet ? "no longer" : "not"} set in ${quote(config)}`)
  yield* tellRest(key, problem)
})
