/**
 * Tells a person which lines of a session's log are damaged.
 */
import * as Effect from "effect/Effect"
import type { DamagedLine } from "../session/Log.ts"
import { Screen } from "./Screen.ts"

/** How many of the lines are named. */
const mostNamed = 5

/** @param consequence what that means for the command, after a semicolon */
export const say = Effect.fnUntraced(function*(damaged: ReadonlyArray<DamagedLine>, consequence?: string) {
  if (damaged.length === 0) return
  const screen = yield* Screen
  const lines = damaged.length === 1
    ? "one line of the session's log is"
    : `${damaged.length} lines of the session's log are`
  const named = damaged.slice(0, mostNamed).map(({ line, problem }) => `${line} (${problem})`).join(", ")
  const more = damaged.length > mostNamed ? ` and ${damaged.length - mostNamed} more` : ""
  const then = consequence === undefined ? "" : `; ${consequence}`
  yield* screen.say(`${lines} damaged and left out: ${named}${more}${then}`)
})
