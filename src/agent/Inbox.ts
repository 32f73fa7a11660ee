/**
 * Where things are said to an agent that is at work.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import { type Item, userMessage } from "../responses/Item.ts"
import type { InputAdded } from "../session/SessionEvent.ts"

/**
 * One thing that was said. It waits until a turn has written it down.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiting {
  readonly kind: InputAdded["kind"]
  readonly input: ReadonlyArray<Item>
}

/** @since 0.1.0 @category models */
export interface Inbox {
  /** Says something that the model hears before its next step. Waits while the inbox is full. */
  readonly steer: (input: string | ReadonlyArray<Item>) => Effect.Effect<void>
  /** Says something that the model hears when it would otherwise be done. Waits while the inbox is full. */
  readonly followUp: (input: string | ReadonlyArray<Item>) => Effect.Effect<void>
  /** What no turn has taken, the oldest first: it is still there after an interruption, for the next turn. */
  readonly pending: Effect.Effect<ReadonlyArray<Waiting>>
  /** Takes one thing out: a turn does so once it is in the log, a program to hand it back to a person. */
  readonly remove: (waiting: Waiting) => Effect.Effect<void>
}

/**
 * An inbox for at most so many things that wait.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function*(capacity: number) {
  const room = yield* Effect.makeSemaphore(capacity)
  const all = new Set<Waiting>()

  const put = (kind: Waiting["kind"]) => (input: string | ReadonlyArray<Item>): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.map(restore(room.take(1)), () => {
        all.add({ kind, input: typeof input === "string" ? [userMessage(input)] : input })
      })
    )

  const inbox: Inbox = {
    steer: put("steer"),
    followUp: put("followUp"),
    pending: Effect.sync(() => [...all]),
    remove: (waiting) => Effect.suspend(() => all.delete(waiting) ? Effect.asVoid(room.release(1)) : Effect.void)
  }
  return inbox
})
