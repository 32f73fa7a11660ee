/**
 * What a person has typed, over all conversations, in a file of the home folder that its owner alone can read.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { appendFile, readFile } from "node:fs/promises"
import { hidden } from "../../auth/Secrets.ts"
import { field, parse, text } from "../../internal/json.ts"
import { writeOwn } from "../writeOwn.ts"

/** How many inputs are remembered, and how long each may be. */
const maxInputs = 1000
const maxLength = 20_000

/** The file is made shorter when it has more bytes, as a conversation begins. */
const maxBytes = 2 * 1024 * 1024

export interface InputHistory {
  /** The oldest first. */
  readonly inputs: () => ReadonlyArray<string>
  /** Adds one, unless it is the same as the last. It fails with a sentence where it can be kept only until the end. */
  readonly add: (input: string) => Effect.Effect<void, string>
}

/** A file that cannot be read has nothing. What is not kept is remembered until the end. */
export const open = Effect.fnUntraced(function*(path: string, isKept = true) {
  const content = yield* Effect.orElseSucceed(Effect.tryPromise(() => readFile(path, "utf8")), () => "")
  let inputs = read(content)
  if (isKept && content.length > maxBytes) {
    yield* Effect.ignore(writeOwn(path, inputs.map((input) => lineOf(input, 0)).join("")))
  }
  const history: InputHistory = {
    inputs: () => inputs,
    add: Effect.fnUntraced(function*(given) {
      const input = yield* hidden(given)
      if (input.trim() === "" || input.length > maxLength || input === inputs.at(-1)) return
      inputs = [...inputs, input].slice(-maxInputs)
      if (!isKept) return
      const line = lineOf(input, yield* Clock.currentTimeMillis)
      yield* Effect.tryPromise({
        try: () => appendFile(path, line, { mode: 0o600 }),
        catch: (error) => `what you type is not remembered: ${error instanceof Error ? error.message : String(error)}`
      })
    })
  }
  return history
})

const lineOf = (text: string, at: number): string => `${JSON.stringify({ at, text })}\n`

/** Lines that are damaged are passed over. */
const read = (content: string): ReadonlyArray<string> =>
  content.split("\n").slice(-2 * maxInputs).flatMap((line) => text(field(parse(line), "text")) ?? [])
    .filter((input, at, all) => input !== all[at - 1]).slice(-maxInputs)

/** The newest input before a place that holds what is looked for; upper and lower case are the same. */
export const find = (inputs: ReadonlyArray<string>, query: string, before: number): number | undefined => {
  const wanted = query.toLowerCase()
  const at = inputs.findLastIndex((input, at) => at < before && input.toLowerCase().includes(wanted))
  return at < 0 ? undefined : at
}
