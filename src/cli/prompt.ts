/**
 * What the user asks for: from the command line, or from stdin.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { BadInput } from "./ExitCode.ts"

/** The prompt is `-`, or nothing while something is piped in: then it is what stdin holds. */
export const read: (given: string | undefined) => Effect.Effect<string, BadInput> = Effect.fnUntraced(
  function*(given) {
    const prompt = given === "-" || given === undefined && process.stdin.isTTY !== true ? yield* stdin : given ?? ""
    if (prompt.trim() === "") {
      return yield* new BadInput({
        message: "The prompt is empty: say what to do, as in `effixir \"explain this folder\"`, or pipe it in"
      })
    }
    return prompt
  }
)

/** All that stdin holds. */
export const stdin: Effect.Effect<string, BadInput> = Effect.tryPromise({
  try: () => text(process.stdin),
  catch: () => new BadInput({ message: "The prompt could not be read from stdin" })
})

/** What is typed or piped in, line by line; an end of it ends nothing. */
export const lines: Stream.Stream<string> = Stream.asyncPush<string>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: process.stdin }).on("line", (line) => emit.single(line))),
    (input) => Effect.sync(() => input.close())
  )
)

/** What stands on the command line beside the options. */
export const positionals = (
  given: ReadonlyArray<string>,
  max: number
): Effect.Effect<ReadonlyArray<string>, BadInput> =>
  given.length > max
    ? new BadInput({
      message: `Too many words (${given.slice(max - 1).map((word) => `"${word}"`).join(" ")}); put the prompt in quotes`
    })
    : Effect.succeed(given)
