/**
 * The questions of agents that wait for an answer from a client.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { type Answer, Approver, type Asking } from "../tools/permission/Approver.ts"

/** @since 0.1.0 @category services */
export class Questions extends Context.Tag("effixir/server/Questions")<Questions, {
  /** Waits for an answer, as an approver: without a limit of time but that of the turn. */
  readonly ask: Asking["ask"]
  /** Gives the answer to the question about a call; false if nobody has asked. */
  readonly answer: (session: string, item: string, answer: Answer) => Effect.Effect<boolean>
  /** The sessions in which somebody waits for an answer now. */
  readonly sessions: () => ReadonlySet<string>
  /** The sessions in which somebody waits for an answer: those of now, and then each that comes to it. */
  readonly waiting: Stream.Stream<string>
}>() {}

/** @since 0.1.0 @category constructors */
export const make: Effect.Effect<typeof Questions.Service> = Effect.gen(function*() {
  const open = new Map<string, { readonly session: string; readonly answer: Deferred.Deferred<Answer> }>()
  const asked = yield* PubSub.unbounded<string>()
  const keyOf = (session: string, item: string) => `${session}\0${item}`
  return Questions.of({
    ask: ({ itemId, sessionId }) =>
      Effect.flatMap(Deferred.make<Answer>(), (answer) =>
        Effect.acquireUseRelease(
          Effect.suspend(() => {
            open.set(keyOf(sessionId, itemId), { session: sessionId, answer })
            return asked.publish(sessionId)
          }),
          () => Effect.asSome(Deferred.await(answer)),
          () => Effect.sync(() => open.delete(keyOf(sessionId, itemId)))
        )),
    answer: (session, item, answer) =>
      Option.match(Option.fromNullable(open.get(keyOf(session, item))), {
        onNone: () => Effect.succeed(false),
        // The first answer counts.
        onSome: (question) => Deferred.succeed(question.answer, answer)
      }),
    sessions: () => new Set(Array.from(open.values(), ({ session }) => session)),
    waiting: Stream.unwrapScoped(
      Effect.map(asked.subscribe, (next) =>
        Stream.concat(
          Stream.fromIterable(Array.from(open.values(), ({ session }) => session)),
          Stream.fromQueue(next)
        ))
    )
  })
})

/** @since 0.1.0 @category layers */
export const layer: Layer.Layer<Questions> = Layer.effect(Questions, make)

/**
 * Has clients asked whether a call may run.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerApprover: Layer.Layer<never, never, Questions> = Layer.effect(
  Approver,
  Effect.map(Questions, ({ ask }) => ({ ask }))
)
