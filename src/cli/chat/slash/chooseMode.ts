/** One of a few modes, as it is given behind a command, or chosen. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { line } from "../../../internal/visible.ts"
import * as Suggest from "../../suggest.ts"
import type { Chat } from "../Chat.ts"

interface Choice<M extends string> {
  /** What they are modes of. */
  readonly what: string
  readonly question: string
  /** What each of them means, as the person who chooses is told. */
  readonly modes: { readonly [mode in M]: string }
  readonly all: ReadonlyArray<M>
  readonly now: M
  /** Tells how things are, before the person is asked. */
  readonly before?: Effect.Effect<void>
}

/** Nothing if the person has chosen nothing, or is told that there is no such mode. */
export const chooseMode = Effect.fnUntraced(
  function*<M extends string>(
    chat: Chat,
    given: string,
    { all, before = Effect.void, modes, now, question, what }: Choice<M>
  ) {
    const named = all.find((mode) => mode === given)
    if (named !== undefined) return Option.some(named)
    if (given !== "") {
      const meant = Suggest.command(given, all)
      yield* chat.say(
        `There is no ${what} "${line(given)}"${meant === undefined ? "" : `, the nearest is ${meant}`} ` +
          `(there are ${all.join(", ")}).`
      )
      return Option.none<M>()
    }
    yield* before
    return yield* chat.front.choose(
      question,
      all.map((mode) => ({ value: mode, title: mode, remark: `${modes[mode]}${mode === now ? " · now" : ""}` })),
      all.indexOf(now)
    )
  }
)
