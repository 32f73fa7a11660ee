/**
 * The three timers of a model call. They measure silence: a model may think for long, but its server sends signs of
 * life.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { ModelError } from "../ModelError.ts"

/**
 * - `connect` until the server has taken the request and answered with a status
 * - `firstByte` from there until the first byte of the answer
 * - `idle` between any two bytes after it; a comment that only keeps the line open counts
 *
 * @since 0.1.0
 * @category models
 */
export interface Timeouts {
  readonly connect: Duration.DurationInput
  readonly firstByte: Duration.DurationInput
  readonly idle: Duration.DurationInput
}

/**
 * Servers on one's own machine may read a long prompt for minutes before they answer at all, so `connect` is generous.
 *
 * @since 0.1.0
 * @category models
 */
export const defaults: Timeouts = { connect: "2 minutes", firstByte: "2 minutes", idle: "5 minutes" }

/**
 * Ends an attempt to reach a server that takes too long.
 *
 * @since 0.1.0
 * @category combining
 */
export const connecting = (timeouts: Timeouts) => <A, E, R>(self: Effect.Effect<A, E, R>) =>
  Effect.timeoutFail(self, {
    duration: timeouts.connect,
    onTimeout: () =>
      new ModelError({ reason: { _tag: "Transport" }, detail: `no answer within ${format(timeouts.connect)}` })
  })

const format = (duration: Duration.DurationInput): string => Duration.format(duration)
