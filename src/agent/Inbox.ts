/**
 * Where things are said to an agent that is at work.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
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

/**
 * As much waits as may. What was said is not in the inbox: whoever says it still has it, and can say so to a person, or
 * say it again when something was taken. It is not left to wait, for a fiber that waits is in no list of what is pending,
 * and one that waits inside a tool keeps the turn from the step at which it would make room.
 *
 * @since 0.1.0
 * @category errors
 */
export class InboxFull extends Schema.TaggedError<InboxFull>("effixir/agent/Inbox/InboxFull")("InboxFull", {
  capacity: Schema.Number
}) {
  override get message(): string {
    const [what, verb] = this.capacity === 1 ? ["thing", "waits"] : ["things", "wait"]
    return `The agent has not heard this: ${this.capacity} ${what} that it was told already ${verb}. ` +
      "Say it again after its next step."
  }
}

/** @since 0.1.0 @category models */
export interface Inbox {
  /** Says something that the model hears before its next step. */
  readonly steer: (input: string | ReadonlyArray<Item>) => Effect.Effect<void, InboxFull>
  /** Says something that the model hears when it would otherwise be done. */
  readonly followUp: (input: string | ReadonlyArray<Item>) => Effect.Effect<void, InboxFull>
  /** What no turn has taken, the oldest first: it is still there after an interruption, for the next turn. */
  readonly pending: Effect.Effect<ReadonlyArray<Waiting>>
  /** Takes one thing out: a turn does so once it is in the log, a program to hand it back to a person. */
  readonly remove: (waiting: Waiting) => Effect.Effect<void>
}

/**
 * An inbox for at most so many things that wait. What is said beyond that is refused.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (capacity: number): Effect.Effect<Inbox> =>
  Effect.sync(() => {
    const all = new Set<Waiting>()

    const put = (kind: Waiting["kind"]) => (input: string | ReadonlyArray<Item>): Effect.Effect<void, InboxFull> =>
      Effect.suspend(() => {
        if (all.size >= capacity) return new InboxFull({ capacity })
        all.add({ kind, input: typeof input === "string" ? [userMessage(input)] : input })
        return Effect.void
      })

    return {
      steer: put("steer"),
      followUp: put("followUp"),
      pending: Effect.sync(() => [...all]),
      remove: (waiting) => Effect.sync(() => void all.delete(waiting))
    }
  })
