/**
 * One step of a turn that happens once, however often the turn is run: the port between the loop and the log
 * that remembers what it has done.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { SessionEvent, SessionStore } from "effixir"
 * import { Step } from "effixir/agent"
 *
 * // A turn that is begun once, however often this is run.
 * const begin = Effect.flatMap(Step.Step, ({ step }) =>
 *   step(
 *     "turn-1",
 *     SessionEvent.TurnStarted,
 *     Effect.succeed(SessionEvent.TurnStarted.make({ turnId: "turn-1", model: "gpt-5.5", input: [] }))
 *   ))
 *
 * const emit = () => Effect.void
 * const StepLive = Layer.scoped(
 *   Step.Step,
 *   Effect.gen(function*() {
 *     const store = yield* SessionStore.SessionStore
 *     return Step.make(yield* store.open("s1"), { emit, show: emit })
 *   })
 * )
 * const main = Effect.provide(begin, StepLive)
 * ```
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Session } from "../session/Session.ts"
import { SessionError } from "../session/SessionError.ts"
import type { SessionEvent, Stored } from "../session/SessionEvent.ts"
import { type AgentEvent, type Ephemeral, fromStored } from "./AgentEvent.ts"

/** @since 0.1.0 @category services */
export class Step extends Context.Tag("effixir/agent/Step")<Step, {
  /**
   * The result stored under `key`; if there is none, runs `effect`, stores its result, and only then emits it. `schema`
   * says which event the result is.
   */
  readonly step: <A extends SessionEvent, I, E, R>(
    key: string,
    schema: Schema.Schema<A, I>,
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<Result<A>, E | SessionError, R>
  /** The result stored under `key`, if there is one. */
  readonly recall: <A extends SessionEvent, I>(
    key: string,
    schema: Schema.Schema<A, I>
  ) => Effect.Effect<Option.Option<Result<A>>, SessionError>
  /** All that was stored, also of earlier turns. */
  readonly log: Effect.Effect<ReadonlyArray<Stored>, SessionError>
  /** Emits an event without logging it. */
  readonly show: (event: Ephemeral) => Effect.Effect<void>
}>() {}

/**
 * An event with its number in the log.
 *
 * @since 0.1.0
 * @category models
 */
export type Result<A extends SessionEvent> = A & { readonly seq: number }

/**
 * Steps that are stored in the log of a session, and emitted by `emit`; events that are not stored are emitted by
 * `show`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (
  session: Session,
  { emit, show }: { readonly [way in "emit" | "show"]: (event: AgentEvent) => Effect.Effect<void> }
): typeof Step.Service => {
  const recall = <A extends SessionEvent, I>(
    key: string,
    schema: Schema.Schema<A, I>
  ): Effect.Effect<Option.Option<Result<A>>, SessionError> =>
    Effect.flatMap(session.lookup(key), (kept) => {
      if (Option.isNone(kept)) return Effect.succeedNone
      const { event, seq } = kept.value
      return Schema.is(schema)(event)
        ? Effect.succeedSome({ ...event, seq })
        : new SessionError({ reason: "Corrupt", session: session.id, detail: `${key} is a ${event._tag}` })
    })

  return {
    recall,
    log: session.log,
    step: Effect.fnUntraced(function*(key, schema, effect) {
      const kept = yield* recall(key, schema)
      if (Option.isSome(kept)) return kept.value
      const result = yield* effect
      const stored = yield* session.append(key, result)
      yield* emit(fromStored(stored))
      return { ...result, seq: stored.seq }
    }),
    show: (event) =>
      Effect.flatMap(DateTime.now, (at) => Effect.flatMap(session.number, (seq) => show({ ...event, seq, at })))
  }
}
