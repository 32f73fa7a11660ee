/**
 * A choice between a few things, for a person at the keyboard.
 */
import * as Effect from "effect/Effect"
import * as ExitCode from "./ExitCode.ts"
import * as Keyboard from "./Keyboard.ts"
import { dim, Screen } from "./Screen.ts"
import { wrap } from "./wrap.ts"

export interface Choice<A> {
  readonly value: A
  readonly title: string
  /** What the person should know to choose this option. */
  readonly remark: string
}

/** Shows all options and waits for the number of one; Enter takes the one at `usual`; `q` and Escape take none. */
export const choose = <A>(question: string, options: ReadonlyArray<Choice<A>>, usual: number) =>
  Effect.flatMap(Screen, (screen) => {
    const lines = options.map(({ remark, title }, at) =>
      `  ${at + 1}  ${title}\n${wrap(remark, screen.width, "     ")}`
    )
    const keys = `1 to ${options.length}, Enter for ${usual + 1}, q to leave: `
    const show = screen.err(`${question}\n\n${lines.join("\n")}\n\n${dim(screen)(keys)}`)
    return Keyboard.withKeys(({ next }) => Effect.zipRight(show, answer(next, options, usual))).pipe(
      Effect.tap(({ title }) => screen.err(`${title}\n\n`)),
      Effect.map(({ value }) => value),
      Effect.tapErrorTag("Stop", () => screen.err("\nNothing was changed.\n"))
    )
  })

const answer = <A>(
  next: Effect.Effect<string, Keyboard.Resized>,
  options: ReadonlyArray<Choice<A>>,
  usual: number
): Effect.Effect<Choice<A>, ExitCode.Stop> =>
  Effect.flatMap(Effect.orElseSucceed(next, () => ""), (key) => {
    const option = key === "\r" ? options[usual] : options[Number(key) - 1]
    if (option !== undefined) return Effect.succeed(option)
    return key === "q" || key === "\u001B" || key === "\u0004"
      ? new ExitCode.Stop({ code: ExitCode.denied })
      : answer(next, options, usual)
  })
