/**
 * The three timers of a model call. What they measure is silence: a model may think for long, but its server says so.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { unwrapScoped } from "../internal/stream.ts"
import { ModelError } from "./ModelError.ts"

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

/** How many chunks may wait for whoever reads them. */
const bufferSize = 16

/**
 * Fails a stream of chunks in which nothing comes for too long.
 *
 * One fiber reads and one watches, for the whole stream: a timer for every chunk costs ten times as much.
 *
 * @since 0.1.0
 * @category combining
 */
export const watching = (timeouts: Timeouts) => <A, E>(self: Stream.Stream<A, E>): Stream.Stream<A, E | ModelError> =>
  unwrapScoped(Effect.gen(function*() {
    const clock = yield* Effect.clock
    const chunks = yield* Mailbox.make<A, E | ModelError>(bufferSize)
    let limit = Duration.toMillis(timeouts.firstByte)
    /** Since when the server is waited for; while nobody takes what it has sent, it is not to blame. */
    let since = Option.some(clock.unsafeCurrentTimeMillis())

    // Pulled by hand: to run a stream takes a fiber and an executor more.
    const pull = yield* Stream.toPull(self)
    const read = Effect.forever(Effect.flatMap(pull, (chunk) => {
      since = Option.none()
      return Effect.map(chunks.offerAll(chunk), () => {
        limit = Duration.toMillis(timeouts.idle)
        since = Option.some(clock.unsafeCurrentTimeMillis())
      })
    }))
    const watch = Effect.gen(function*() {
      while (true) {
        const waited = Option.match(since, { onNone: () => 0, onSome: (at) => clock.unsafeCurrentTimeMillis() - at })
        if (waited >= limit) return yield* chunks.done(Exit.fail(silent(limit)))
        // Part of a millisecond may be too little to move the clock on, and this would turn on the spot.
        yield* clock.sleep(Duration.millis(Math.ceil(limit - waited)))
      }
    })

    const end = (cause: Cause.Cause<Option.Option<E>>) =>
      chunks.done(Option.match(Cause.flipCauseOption(cause), { onNone: () => Exit.void, onSome: Exit.failCause }))

    // The watch is a child of the other fiber, and ends with it.
    yield* Effect.forkScoped(Effect.zipRight(Effect.fork(watch), Effect.catchAllCause(read, end)))
    return Mailbox.toStream(chunks)
  }))

const silent = (limit: Duration.DurationInput): ModelError =>
  new ModelError({ reason: { _tag: "IdleTimeout" }, detail: `nothing came for ${format(limit)}` })

const format = (duration: Duration.DurationInput): string => Duration.format(duration)
