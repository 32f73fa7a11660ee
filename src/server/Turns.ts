/**
 * The turns that run in a server, at most one in a session: they begin, hear their client, and end, whoever reads them.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ParentSpan } from "effect/Tracer"
import { type AgentError, toTurnFailed } from "../agent/AgentError.ts"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import * as Inbox from "../agent/Inbox.ts"
import type { Limits } from "../agent/Limits.ts"
import { defined } from "../internal/json.ts"
import { runForEach } from "../internal/stream.ts"
import { type Item, userMessage } from "../responses/Item.ts"
import * as LastTurn from "../session/LastTurn.ts"
import type { Stored } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type { Summary } from "../session/Summary.ts"
import type { ApiError } from "./ApiError.ts"
import { EventFeeds } from "./EventFeeds.ts"
import { Questions } from "./Questions.ts"
import * as Refusal from "./Refusal.ts"
import { ServedAgents, type Serving } from "./ServedAgents.ts"

/**
 * What a client asks for.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewTurn {
  readonly input: string | ReadonlyArray<Item>
  readonly key?: string | undefined
  readonly model?: string | undefined
  readonly limits?: Limits | undefined
}

/** @since 0.1.0 @category services */
export class Turns extends Context.Tag("effixir/server/Turns")<Turns, {
  /**
   * Begins a turn, and gives its id as soon as it is in the log. The turn goes on without its caller. A key that a turn of
   * the session has already gives that turn.
   */
  readonly start: (session: string, turn: NewTurn) => Effect.Effect<string, ApiError>
  /** Interrupts the turn of a session, and gives its id, if one runs. */
  readonly interrupt: (session: string) => Effect.Effect<Option.Option<string>>
  /** Says something to the model of the turn that runs, and gives the id of the turn. */
  readonly steer: (session: string, text: string) => Effect.Effect<string, ApiError>
  /** Whether the turn that these events of a session leave open runs here, or is yet to go on: a reader hears of its end. */
  readonly isAlive: (session: string, events: ReadonlyArray<Stored>) => boolean
  /** Goes on with the turns that the end of a server has cut off; it ends when they have ended. */
  readonly goOn: Effect.Effect<void>
  /**
   * Begins no more turns, and waits for those that run; what is left then is interrupted, to go on at the next start. That
   * holds at once for a turn that waits for an answer of a person, who is asked again then.
   */
  readonly drain: (grace: Duration.DurationInput) => Effect.Effect<void>
}>() {}

/** @since 0.1.0 @category models */
export interface Options {
  /** How many turns may run at once; 32 by default. */
  readonly maxTurns?: number | undefined
}

/**
 * The reason that the log gives for a turn that the end of a server has interrupted: it goes on at the next start.
 *
 * @since 0.1.0
 * @category constants
 */
export const shutdown = "shutdown"

/** A turn on its way. Its id is known once it is in the log. */
interface Running {
  readonly key: string | undefined
  readonly started: Deferred.Deferred<string, ApiError>
  readonly inbox: Inbox.Inbox
  id: string | undefined
  /** Whether anything was told of it. */
  hasBegun: boolean
  why: string
  fiber: Fiber.Fiber<void> | undefined
}

type Work = (
  turn: Running,
  tell: (event: AgentEvent) => void
) => Effect.Effect<void, AgentError | ApiError, Scope.Scope>

/** How many inputs may wait for one turn. */
const inboxCapacity = 64

/** In seconds. */
const retryAfter = 5

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*({ maxTurns = 32 }: Options = {}) {
  const store = yield* SessionStore
  const agents = yield* ServedAgents
  const feeds = yield* EventFeeds
  const questions = yield* Questions
  const fibers = yield* FiberSet.make<void>()
  const running = new Map<string, Running>()
  /** What was said to a turn that ended before it had heard it is heard by the next one. */
  const inboxes = new Map<string, Inbox.Inbox>()
  const alone = makeAlone()
  const context = yield* Effect.context<never>()
  /** A turn goes on when the request that began it is over, and keeps nothing of it but the span that it belongs to. */
  const outliving = Effect.mapInputContext((request: Context.Context<never>) =>
    Option.match(Context.getOption(request, ParentSpan), {
      onNone: () => context,
      onSome: (span) => Context.add(context, ParentSpan, span)
    })
  )
  /** The sessions whose last turn may have to go on; not known before the store was asked. */
  let cutOffs: Set<string> | undefined
  let isEnding = false

  const admit = (session: string) =>
    Effect.suspend(() => {
      if (isEnding) return Refusal.shuttingDown
      const now = running.get(session)
      if (now !== undefined) return Refusal.turnRunning(session, now.id)
      return running.size >= maxTurns ? Refusal.tooManyTurns(maxTurns, retryAfter) : Effect.void
    })

  const launch = Effect.fnUntraced(function*(session: string, about: Pick<Running, "id" | "key">, work: Work) {
    const inbox = inboxes.get(session) ?? (yield* Inbox.make(inboxCapacity))
    const started = yield* Deferred.make<string, ApiError>()
    const turn: Running = { ...about, started, inbox, hasBegun: false, why: "cancelled", fiber: undefined }
    running.set(session, turn)
    turn.fiber = yield* outliving(FiberSet.run(fibers, run(session, turn, work)))
    return turn
  })

  const run = (session: string, turn: Running, work: Work): Effect.Effect<void> =>
    Effect.gen(function*() {
      const telling = yield* feeds.tell(session)
      let isKnown = false
      const tell = (event: AgentEvent) => {
        turn.hasBegun = true
        if (event._tag === "TurnStarted") turn.id = event.turnId
        telling.event(event)
        if (isKnown || turn.id === undefined) return
        isKnown = true
        Deferred.unsafeDone(turn.started, Effect.succeed(turn.id))
      }
      yield* Effect.tapErrorCause(work(turn, tell), (cause) => {
        const { hasBegun, id } = turn
        // Before it has begun, its caller is told; after that, its readers, as far as the log does not. A turn that was
        // to go on has readers and no caller.
        return Effect.zipRight(
          hasBegun
            ? Effect.void
            : Effect.zipRight(Deferred.fail(turn.started, Refusal.ofCause(cause)), explain(session, cause)),
          id === undefined ? Effect.void : telling.failed(toTurnFailed(id, ofAgents(cause)))
        )
      }).pipe(Effect.ensuring(Effect.map(turn.inbox.pending, (pending) => {
        if (pending.length > 0) inboxes.set(session, turn.inbox)
        else inboxes.delete(session)
        running.delete(session)
      })))
    }).pipe(
      Effect.scoped,
      Effect.ensuring(Deferred.fail(turn.started, Refusal.notBegun)),
      // The log, or the caller, has it.
      Effect.catchAllCause(() => Effect.void)
    )

  const serve = (
    turn: Running,
    tell: (event: AgentEvent) => void,
    served: {
      readonly session: string
      readonly events: ReadonlyArray<Stored>
      readonly model?: string | undefined
      readonly limits?: Limits | undefined
    },
    use: (serving: Serving) => Effect.Effect<Stream.Stream<AgentEvent, AgentError>>
  ): Effect.Effect<void, AgentError | ApiError, Scope.Scope> =>
    Effect.gen(function*() {
      const { agent, options, teach } = yield* agents.agent({ ...served, model: served.model })
      const whyInterrupted = Effect.sync(() => turn.why)
      const events = yield* use({ agent, teach, options: { ...options, inbox: turn.inbox, whyInterrupted } })
      yield* runForEach(events, tell)
    })

  const start = (session: string, { input, key = crypto.randomUUID(), limits, model }: NewTurn) =>
    alone(
      session,
      Effect.gen(function*() {
        const now = running.get(session)
        if (now !== undefined && now.key === key) return yield* Deferred.await(now.started)
        const events = yield* Effect.mapError(store.read(session), Refusal.ofSession)
        const known = turnOf(events, key)
        if (known !== undefined) return known
        yield* admit(session)
        const { started } = yield* launch(session, { id: undefined, key }, (turn, tell) =>
          serve(turn, tell, { session, events, model, limits }, ({ agent, options, teach }) =>
            Effect.map(
              teach(typeof input === "string" ? [userMessage(input)] : input),
              (items) =>
                agent.run(session, items, { ...options, key, ...defined({ limits }) })
            )))
        return yield* Deferred.await(started)
      })
    )

  /** Goes on with the last turn of a session, if a server was to run it and did not come to its end. */
  const resume = Effect.fnUntraced(function*(session: string) {
    const turn = yield* alone(
      session,
      Effect.gen(function*() {
        const events = yield* store.read(session)
        const last = cutOff(events)
        if (last === undefined || running.has(session) || isEnding) return
        return yield* launch(
          session,
          { id: last.turnId, key: last.key },
          (turn, tell) =>
            serve(
              turn,
              tell,
              { session, events },
              ({ agent, options }) => Effect.succeed(agent.resume(session, options))
            )
        )
      })
    )
    if (turn?.fiber !== undefined) yield* Fiber.await(turn.fiber)
  })

  const goOn = Effect.gen(function*() {
    const all = yield* Effect.orElseSucceed(store.list, (): ReadonlyArray<Summary> => [])
    const sessions = all.filter(({ parent, status }) =>
      parent === null && (status === "open" || status === "interrupted")
    )
    const left = cutOffs = new Set(sessions.map(({ id }) => id))
    yield* Effect.forEach(
      sessions,
      ({ id }) =>
        resume(id).pipe(
          Effect.catchAll((error) => Effect.logWarning(`Session ${id} does not go on: ${error.message}`)),
          Effect.ensuring(Effect.sync(() => left.delete(id)))
        ),
      { concurrency: maxTurns, discard: true }
    )
  })

  const stop = (turn: Running, why: string) =>
    Effect.suspend(() => {
      turn.why = why
      return turn.fiber === undefined ? Effect.void : Fiber.interrupt(turn.fiber)
    })

  /** Nobody may come to answer before the server has ended. */
  const parking = Stream.runForEach(questions.waiting, (session) => {
    const turn = running.get(session)
    return turn === undefined ? Effect.void : stop(turn, shutdown)
  })

  return Turns.of({
    start,
    interrupt: (session) =>
      Effect.suspend(() => {
        const turn = running.get(session)
        return turn === undefined
          ? Effect.succeedNone
          : Effect.as(Effect.forkDaemon(stop(turn, "cancelled")), Option.fromNullable(turn.id))
      }),
    steer: (session, text) =>
      Effect.suspend(() => {
        const turn = running.get(session)
        return turn?.id === undefined
          ? Refusal.noTurnRunning(session)
          : Effect.as(Effect.mapError(turn.inbox.steer(text), Refusal.ofInbox), turn.id)
      }),
    isAlive: (session, events) =>
      running.has(session) || cutOff(events) !== undefined && (cutOffs === undefined || cutOffs.has(session)),
    goOn,
    drain: (grace) =>
      Effect.gen(function*() {
        isEnding = true
        // A finalizer cannot be interrupted, but this wait has to be.
        yield* FiberSet.awaitEmpty(fibers).pipe(
          Effect.raceFirst(Effect.zipRight(parking, Effect.never)),
          Effect.interruptible,
          Effect.timeoutOption(grace)
        )
        yield* Effect.forEach(running.values(), (turn) => stop(turn, shutdown), {
          concurrency: "unbounded",
          discard: true
        })
      })
  })
})

/** @since 0.1.0 @category layers */
export const layer = (
  options?: Options
): Layer.Layer<Turns, never, EventFeeds | Questions | ServedAgents | SessionStore> => Layer.scoped(Turns, make(options))

/** What a session is begun with happens one after the other. */
const makeAlone = () => {
  const seats = new Map<string, { readonly lock: Effect.Semaphore; uses: number }>()
  return <A, E, R>(session: string, work: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const seat = seats.get(session) ?? { lock: Effect.unsafeMakeSemaphore(1), uses: 0 }
        seats.set(session, seat)
        seat.uses++
        return seat
      }),
      ({ lock }) => lock.withPermits(1)(work),
      (seat) =>
        Effect.sync(() => {
          if (--seat.uses === 0) seats.delete(session)
        })
    )
}

const turnOf = (events: ReadonlyArray<Stored>, key: string): string | undefined => {
  const found = events.find(({ event }) => event._tag === "TurnStarted" && event.key === key)?.event
  return found?._tag === "TurnStarted" ? found.turnId : undefined
}

/** Turns of a server have keys. One without an end was cut off by the death of its process. */
const cutOff = (events: ReadonlyArray<Stored>) => {
  const last = Option.getOrUndefined(LastTurn.unfinishedTurn(events.map(({ event }) => event)))
  if (last?.started.key === undefined) return undefined
  const isCutOff = last.end === undefined || last.end._tag === "TurnInterrupted" && last.end.reason === shutdown
  return isCutOff ? last.started : undefined
}

/** A turn that goes on after a restart has no caller who could be told. */
const explain = (session: string, cause: Cause.Cause<AgentError | ApiError>) =>
  Cause.isInterruptedOnly(cause)
    ? Effect.void
    : Effect.logWarning(`A turn of session ${session} could not begin: ${Refusal.ofCause(cause).message}`)

/** Refusals come before a turn has begun. */
const ofAgents = (cause: Cause.Cause<AgentError | ApiError>): Cause.Cause<AgentError> =>
  Cause.flatMap(cause, (error) => error._tag === "ApiError" ? Cause.die(error) : Cause.fail(error))
