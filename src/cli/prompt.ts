/**
 * What the user asks for: from the command line, or from stdin.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { BadInput } from "./ExitCode.ts"

/** A prompt of `-`, or none while stdin is a pipe, means all of stdin. */
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

/** Lines that are typed or piped in; the end of stdin does not end the stream. */
export const lines: Stream.Stream<string> = Stream.asyncPush<string>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: process.stdin }).on("line", (line) => emit.single(line))),
    (input) => Effect.sync(() => input.close())
  )
)

/** The words of the command line that are not options. */
export const positionals = (
  given: ReadonlyArray<string>,
  max: number
): Effect.Effect<ReadonlyArray<string>, BadInput> =>
  given.length > max
    ? new BadInput({
      message: `Too many words (${given.slice(max - 1).map((word) => `"${word}"`).join(" ")}); put the prompt in quotes`
    })
    : Effect.succeed(given)
