/**
 * Notices a model that makes the same call again and again.
 *
 * @example
 * ```ts
 * import { Repeats } from "effixir/agent"
 *
 * const call = { name: "read", arguments: "{\"path\":\"a.txt\"}" }
 * const thrice = [call, call, call].reduce(Repeats.add, Repeats.none)
 * Repeats.verdict(thrice) // "refuse"
 * ```
 *
 * @since 0.1.0
 */

/** From this repetition on, the same call is no longer run. */
const refusedFrom = 3

/** At this repetition the turn ends: the model ignores what it is told. */
const stoppedAt = 5

/**
 * The latest call, and how many times in a row it was made.
 *
 * @since 0.1.0
 * @category models
 */
export interface Repeats {
  readonly name: string
  readonly argument: unknown
  readonly times: number
}

/** @since 0.1.0 @category constructors */
export const none: Repeats = { name: "", argument: undefined, times: 0 }

/**
 * A call of a tool, whether its argument is JSON or free text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly name: string
  readonly [field: string]: unknown
}

/** @since 0.1.0 @category combining */
export const add = (self: Repeats, call: Call): Repeats => {
  const argument = call["arguments"] ?? call["input"]
  const isSame = self.name === call.name && self.argument === argument
  return { name: call.name, argument, times: isSame ? self.times + 1 : 1 }
}

/**
 * What is to be done about the latest call: run it, tell the model instead, or tell it and end the turn.
 *
 * @since 0.1.0
 * @category accessors
 */
export const verdict = ({ times }: Repeats): "run" | "refuse" | "stop" => {
  if (times < refusedFrom) return "run"
  return times < stoppedAt ? "refuse" : "stop"
}
