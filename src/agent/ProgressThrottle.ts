/**
 * Throttles the progress that a running call reports: a tool may report more than anybody can read.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"

/** At most one report is shown in this time, in milliseconds. */
const interval = 100

/** How much of the end of a report is shown, in characters. */
const maxLength = 1000

/**
 * Passes on the first report, and then one in each interval; those between are dropped.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  show: (text: string) => Effect.Effect<void>
): Effect.Effect<(text: string) => Effect.Effect<void>> =>
  Effect.map(Ref.make(-Infinity), (last) => (text) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatMap(
        Ref.modify(last, (shown): [boolean, number] => now - shown >= interval ? [true, now] : [false, shown]),
        (isDue) => isDue ? show(text.slice(-maxLength).toWellFormed()) : Effect.void
      )))
