/**
 * `effixir config list`
 */
import * as Effect from "effect/Effect"
import { json as visibleJson, line } from "../../../internal/visible.ts"
import type { Flags } from "../../commands/config/list.ts"
import { Screen } from "../../Screen.ts"
import { cells } from "../../verbatim.ts"
import { originText, resolved, toJson, valueText } from "./origins.ts"

export const handle = Effect.fnUntraced(function*(flags: Flags) {
  const screen = yield* Screen
  const { origins } = yield* resolved(flags)
  if (flags.json) {
    return yield* screen.out(`${visibleJson(JSON.stringify({ settings: origins.map(toJson) }))}\n`)
  }
  const rows = [
    ["SETTING", "FROM", "VALUE"],
    ...origins.map((origin) => [origin.key, line(originText(origin)), line(valueText(origin))])
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => cells(row[column] ?? ""))))
  yield* screen.out(
    rows.map((row) =>
      `${row.map((cell, at) => cell + " ".repeat(Math.max(0, (widths[at] ?? 0) - cells(cell)))).join("  ").trimEnd()}\n`
    ).join("")
  )
})
