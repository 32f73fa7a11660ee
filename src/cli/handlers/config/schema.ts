/**
 * `effixir config schema`
 */
import * as Effect from "effect/Effect"
import * as SettingsSchema from "../../../node/settings/SettingsSchema.ts"
import { Screen } from "../../Screen.ts"

export const handle = () =>
  Effect.flatMap(Screen, (screen) => screen.out(`${JSON.stringify(SettingsSchema.make(), null, 2)}\n`))
