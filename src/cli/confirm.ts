/**
 * Asks for confirmation before an action that cannot be undone.
 */
import * as Effect from "effect/Effect"
import { createInterface } from "node:readline/promises"
import { BadInput, denied, Stop } from "./ExitCode.ts"
import { Screen } from "./Screen.ts"

/** Asks a person at a terminal. A script cannot be asked, so it has to pass a flag instead. */
export const ask = Effect.fnUntraced(function*(message: string, flag: string) {
  const screen = yield* Screen
  if (process.stdin.isTTY !== true) return yield* new BadInput({ message: `${message} Say ${flag} if that is meant` })
  yield* screen.err(`${message}\nGo on? [y/N] `)
  const answer = yield* Effect.acquireUseRelease(
    Effect.sync(() => createInterface({ input: process.stdin })),
    (input) => Effect.promise((signal) => input.question("", { signal })),
    (input) => Effect.sync(() => input.close())
  )
  if (/^y(es)?$/i.test(answer.trim())) return
  yield* screen.err("Nothing was changed.\n")
  return yield* new Stop({ code: denied })
})
