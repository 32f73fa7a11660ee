/**
 * Input for an agent while it runs.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type Item, userMessage } from "../responses/Item.ts"
import type { InputAdded } from "../session/SessionEvent.ts"

/**
 * One input. It waits until a turn has logged it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Waiting {
  readonly kind: Exclude<InputAdded["kind"], "background">
  readonly input: ReadonlyArray<Item>
}

/**
 * The inbox is full, and the input was not added: the caller still has it, and can tell a person, or offer it again
 * once a turn has taken something. The call does not block until there is room: a blocked fiber would not show up in
 * `pending`, and one inside a tool would keep the turn from the step that makes room.
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
  /** Adds an input that the model gets before its next step. */
  readonly steer: (input: string | ReadonlyArray<Item>) => Effect.Effect<void, InboxFull>
  /** Adds an input that the model gets when it would otherwise be done. */
  readonly followUp: (input: string | ReadonlyArray<Item>) => Effect.Effect<void, InboxFull>
  /** The inputs that no turn has taken, oldest first: after an interruption they stay for the next turn. */
  readonly pending: Effect.Effect<ReadonlyArray<Waiting>>
  /** Waits until there is such an input. */
  readonly arrival: Effect.Effect<void>
  /** Removes one input: a turn does so once it is in the log, a program to hand it back to a person. */
  readonly remove: (waiting: Waiting) => Effect.Effect<void>
}

/**
 * An inbox that holds at most `capacity` inputs and refuses more.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Agent, Inbox } from "effixir"
 *
 * const steered = (session: string) =>
 *   Effect.gen(function*() {
 *     const agent = yield* Agent.Agent
 *     const inbox = yield* Inbox.make(16)
 *     const running = yield* Effect.fork(Stream.runDrain(agent.run(session, "Write a story", { inbox })))
 *     yield* inbox.steer("A short one.")
 *     yield* running.await
 *   })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (capacity: number): Effect.Effect<Inbox> =>
  Effect.sync(() => {
    const all = new Set<Waiting>()
    const some = Effect.unsafeMakeLatch()

    const put = (kind: Waiting["kind"]) => (input: string | ReadonlyArray<Item>): Effect.Effect<void, InboxFull> =>
      Effect.suspend(() => {
        if (all.size >= capacity) return new InboxFull({ capacity })
        all.add({ kind, input: typeof input === "string" ? [userMessage(input)] : input })
        return Effect.asVoid(some.open)
      })

    return {
      steer: put("steer"),
      followUp: put("followUp"),
      pending: Effect.sync(() => [...all]),
      arrival: some.await,
      remove: (waiting) =>
        Effect.suspend(() => {
          all.delete(waiting)
          return all.size === 0 ? Effect.asVoid(some.close) : Effect.void
        })
    }
  })
