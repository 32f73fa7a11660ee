/**
 * `effixir config get KEY`
 */
import * as Effect from "effect/Effect"
import { json as visibleJson, prose } from "../../../internal/visible.ts"
import * as Overrides from "../../../node/settings/Overrides.ts"
import * as Settings from "../../../node/settings/Settings.ts"
import * as SettingsFile from "../../../node/settings/SettingsFile.ts"
import type { Flags } from "../../commands/config/get.ts"
import { BadInput } from "../../ExitCode.ts"
import * as Prompt from "../../prompt.ts"
import { Screen } from "../../Screen.ts"
import { resolved, shown, toJson, valueText } from "./origins.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const [key] = yield* Prompt.positionals(flags.words, 1)
  if (key === undefined) return yield* new BadInput({ message: "Which setting? effixir config get KEY" })
  const path = yield* Overrides.pathOf(key, "`effixir config`")
  const screen = yield* Screen
  const { origins } = yield* resolved(flags)
  const origin = origins.find((origin) => origin.key === path[0])
  if (origin === undefined) return yield* Settings.unknown(key, "`effixir config`")
  const found = { ...origin, value: SettingsFile.valueAt(shown(origin), path.slice(1)) }
  if (flags.json) return yield* screen.out(`${visibleJson(JSON.stringify({ ...toJson(found), key }))}\n`)
  if (found.value === undefined) return yield* screen.say(`${key} is not set`)
  yield* screen.out(`${prose(valueText(found))}\n`)
})
