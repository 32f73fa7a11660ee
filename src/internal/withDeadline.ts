import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * Ends a call at a deadline, even where its caller cannot be interrupted, because the call has its own fiber.
 */
export const withDeadline = <E1>(duration: Duration.DurationInput, onTimeout: () => E1) =>
<A, E, R>(
  call: Effect.Effect<A, E, R>
): Effect.Effect<A, E | E1, R> =>
  Effect.uninterruptibleMask((restore) =>
    call.pipe(
      Effect.timeoutFail({ duration, onTimeout }),
      Effect.interruptible,
      // A child fiber would be interrupted with its parent, even inside an uninterruptible region of the parent.
      Effect.forkDaemon,
      Effect.flatMap((calling) => Effect.onInterrupt(restore(Fiber.join(calling)), () => Fiber.interrupt(calling)))
    )
  )
