/**
 * A person at the keyboard, who can be asked.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Answer, Asking } from "../tools/Approver.ts"
import { toQuestion } from "./render/text.ts"
import { Screen } from "./Screen.ts"

/** Whether somebody can see a question and press a key. */
export const isThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/**
 * Asks with one key. The question itself is shown by whoever shows the run; JSON lines show nothing to a person, so with
 * them it is written here.
 */
export const approver = (json: boolean): Effect.Effect<Asking, never, Screen> =>
  Effect.map(Screen, (screen) => ({
    ask: ({ always, text }) =>
      Effect.gen(function*() {
        if (json) yield* screen.err(toQuestion({ always, question: text }))
        const answer = yield* key
        if (json) yield* screen.err(`${answer}\n`)
        return Option.some(answer)
      })
  }))

/** What was typed before the question was there is no answer to it. */
const deaf = "100 millis"

/** The next key that means something. Ctrl-C, which the terminal does not see in this mode, stops the run. */
const key: Effect.Effect<Answer> = Effect.acquireUseRelease(
  Effect.sync(() => {
    const listener: { hear?: (character: string) => void } = {}
    const onData = (data: Buffer | string) => {
      const text = String(data)
      if (text.includes("\u0003")) process.kill(process.pid, "SIGINT")
      // An arrow key begins like Escape.
      if (text.length === 1) listener.hear?.(text)
    }
    process.stdin.setRawMode(true).on("data", onData).resume()
    return { listener, onData }
  }),
  ({ listener }) =>
    Effect.zipRight(
      Effect.sleep(deaf),
      Effect.async<Answer>((resume) => {
        listener.hear = (character) => {
          const answer = answers[character.toLowerCase()]
          if (answer !== undefined) resume(Effect.succeed(answer))
        }
      })
    ),
  ({ onData }) => Effect.sync(() => process.stdin.off("data", onData).setRawMode(false).pause())
)

/** Escape and the end of the input are a no as well. */
const answers: { readonly [key: string]: Answer } = { y: "once", a: "always", n: "no", "\u001B": "no", "\u0004": "no" }
