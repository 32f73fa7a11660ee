/**
 * `effixir completion SHELL`
 */
import * as Effect from "effect/Effect"
import type { Flags } from "../commands/completion.ts"
import * as Scripts from "../completion/scripts.ts"
import { BadInput } from "../ExitCode.ts"
import { Screen } from "../Screen.ts"

export const handle = Effect.fnUntraced(function*({ words: [shell, ...more] }: Flags) {
  if (!Scripts.isShell(shell) || more.length > 0) {
    return yield* new BadInput({ message: `For which shell? effixir completion ${Scripts.shells.join("|")}` })
  }
  const screen = yield* Screen
  yield* screen.out(Scripts.scriptOf(shell))
})
