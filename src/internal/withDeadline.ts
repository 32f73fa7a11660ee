import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"

/**
 * A call that ends at a deadline, also where its caller may not be interrupted, and not before: it has a fiber of its own.
 */
export const withDeadline = <E1>(duration: Duration.DurationInput, onTimeout: () => E1) =>
<A, E, R>(
  call: Effect.Effect<A, E, R>
): Effect.Effect<A, E | E1, R> =>
  Effect.uninterruptibleMask((restore) =>
    call.pipe(
      Effect.timeoutFail({ duration, onTimeout }),
      Effect.interruptible,
      // A child is interrupted together with its parent, whatever that is in the middle of.
      Effect.forkDaemon,
      Effect.flatMap((calling) => Effect.onInterrupt(restore(Fiber.join(calling)), () => Fiber.interrupt(calling)))
    )
  )
