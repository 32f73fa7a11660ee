/**
 * An agent whose turns run on the runners of a cluster, and outlive them: the same tag as on one machine.
 *
 * ```ts
 * const agent = ClusterAgent.layer.pipe(Layer.provide(ClusterSessions.layer), Layer.provide(store), Layer.provide(cluster))
 * ```
 *
 * What a turn is asked with goes along: its input, model, effort, limits and key. What a program brings to a run (hooks of a
 * step, an output schema, a preamble) is a matter of the runners' own agent.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { Agent, type RunOptions } from "../agent/Agent.ts"
import type { AgentError } from "../agent/AgentError.ts"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import type { Inbox, Waiting } from "../agent/Inbox.ts"
import { type Item, userMessage } from "../responses/Item.ts"
import { SessionError } from "../session/SessionError.ts"
import { endsTurn } from "../session/SessionEvent.ts"
import { type Begun, ClusterSessions } from "./ClusterSessions.ts"
import type { Refused } from "./Refused.ts"
import { toAgentError } from "./RemoteFailure.ts"

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { AgentEvent } from "effixir"
 * import { ClusterAgent } from "effixir/cluster"
 *
 * // A turn that runs once, however often it is asked for by this key.
 * const once = (session: string, key: string) =>
 *   Effect.flatMap(ClusterAgent.make, (agent) => AgentEvent.answer(agent.run(session, "Say hello", { key })))
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = Effect.map(ClusterSessions, (sessions) => {
  /** Runs a turn, and gives what is told of it, from its beginning to its end. */
  const run = (
    session: string,
    input: ReadonlyArray<Item> | null,
    options: RunOptions = {}
  ): Stream.Stream<AgentEvent, AgentError> =>
    Stream.unwrapScoped(Effect.gen(function*() {
      const failed = (refused: Refused): AgentError => toAgentError(session, refused)
      const { inbox, limits, model, reasoning } = options
      // The key of a turn that has been is no name for its going on.
      const key = input === null ? undefined : options.key
      const own = key ?? globalThis.crypto.randomUUID()
      const before = yield* Effect.mapError(sessions.state(session, key), failed)
      const turn = { key: own, input, model, effort: reasoning?.effort, limits }
      const starting = yield* Effect.forkScoped(Effect.mapError(sessions.start(session, turn), failed))
      let begun: Begun | undefined = before.known ?? undefined
      let hasEnded = false

      const interrupt = Effect.gen(function*() {
        const isAsked = Option.isSome(yield* Fiber.poll(starting))
        const turnId = yield* sessions.interrupt(session, { key: own, turnId: begun?.turnId })
        return isAsked || turnId !== null
      })
      // Whoever leaves before the end does not want the turn any more; its request may still be on its way.
      yield* Effect.addFinalizer(() =>
        hasEnded
          ? Effect.void
          : Effect.ignore(Effect.repeat(interrupt, { until: (isHeard) => isHeard, schedule: soon }))
      )
      // What goes on has begun already.
      if (input === null) begun = yield* starting
      if (inbox !== undefined) yield* Effect.forkScoped(passOn(session, inbox))

      const isOwn = (event: AgentEvent): boolean => {
        if (event._tag === "TurnStarted" && event.key === own) begun = { turnId: event.turnId, seq: event.seq }
        if (event._tag === "SessionStarted") return true
        return begun !== undefined && "turnId" in event && event.turnId === begun.turnId
      }
      const after = input === null || begun === undefined ? before.last : begun.seq - 1
      const events = sessions.events(session, after).pipe(
        Stream.filter(isOwn),
        Stream.interruptWhen(Effect.zipRight(starting.await.pipe(Effect.flatten), Effect.never)),
        Stream.tap((event) =>
          Effect.sync(() => {
            if (endsTurn(event)) hasEnded = true
          })
        ),
        Stream.takeUntil(endsTurn),
        Stream.flatMap((event): Stream.Stream<AgentEvent, AgentError> =>
          event._tag === "TurnFailed"
            ? Stream.concat(Stream.make(event), Stream.fail(toAgentError(session, event)))
            : Stream.make(event)
        )
      )
      return before.first === undefined ? events : Stream.concat(Stream.make(before.first), events)
    }))

  /** The key of what waits in an inbox: whatever happens on the way, it is said by no other. */
  const keys = new WeakMap<Waiting, string>()
  const keyOf = (waiting: Waiting): string => {
    const key = keys.get(waiting) ?? globalThis.crypto.randomUUID()
    keys.set(waiting, key)
    return key
  }

  const passOn = (session: string, inbox: Inbox) =>
    Effect.flatMap(inbox.pending, (pending) =>
      Effect.forEach(pending, (waiting) =>
        // What was heard leaves the inbox, also when its reader leaves.
        Effect.uninterruptibleMask((restore) =>
          Effect.ignore(Effect.zipRight(
            restore(sessions.say(session, waiting.kind, waiting.input, keyOf(waiting))),
            inbox.remove(waiting)
          ))
        ), { discard: true })).pipe(Effect.repeat(Schedule.spaced("100 millis")))

  return Agent.of({
    run: (session, input, options) => run(session, typeof input === "string" ? [userMessage(input)] : input, options),
    resume: (session, options) =>
      Stream.catchAll(run(session, null, options), (error) => isNothing(error) ? Stream.empty : Stream.fail(error)),
    compact: (session) =>
      new SessionError({
        reason: "Remote",
        session,
        detail: "its runner compacts it when it fills the window of its model, and not on demand"
      })
  })
})

const soon = Schedule.upTo(Schedule.spaced("100 millis"), "15 seconds")

/** There is no turn that could go on. */
const isNothing = (error: AgentError): boolean => error._tag === "SessionError" && error.reason === "NoTurn"

/**
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { ClusterAgent, ClusterSessions, NodeCluster, SqlSessionStore } from "effixir/cluster"
 *
 * // An `Agent` whose turns run on whichever machine has the session. It needs a `SqlClient`.
 * const Remote = ClusterAgent.layer.pipe(
 *   Layer.provide(ClusterSessions.layer),
 *   Layer.provide([SqlSessionStore.layer(), NodeCluster.layerClient])
 * )
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer: Layer.Layer<Agent, never, ClusterSessions> = Layer.effect(Agent, make)
