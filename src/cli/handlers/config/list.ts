/**
 * `effixir config list`
 */
import * as Effect from "effect/Effect"
import { json as visibleJson, line } from "../../../internal/visible.ts"
import type { Flags } from "../../commands/config/list.ts"
import { Screen } from "../../Screen.ts"
import { table } from "../../table.ts"
import { originText, resolved, toJson, valueText } from "./origins.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const screen = yield* Screen
  const { origins } = yield* resolved(flags)
  if (flags.json) {
    return yield* screen.out(`${visibleJson(JSON.stringify({ settings: origins.map(toJson) }))}\n`)
  }
  yield* screen.out(table([
    ["SETTING", "FROM", "VALUE"],
    ...origins.map((origin) => [origin.key, line(originText(origin)), line(valueText(origin))])
  ]))
})
