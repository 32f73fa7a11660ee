/**
 * The sessions that a runner of a cluster has: it runs their turns, one at a time in each, on the log that all share.
 *
 * A turn is a message that is kept until its end is in the log. Whoever gets it again, as another runner does when the
 * first one has died, goes on where the log stands.
 *
 * @since 0.1.0
 */
import * as Entity from "@effect/cluster/Entity"
import { Sharding } from "@effect/cluster/Sharding"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type AgentError, toTurnFailed } from "../agent/AgentError.ts"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import { fromStored } from "../agent/AgentEvent.ts"
import * as Inbox from "../agent/Inbox.ts"
import * as TurnEnd from "../agent/TurnEnd.ts"
import { defined } from "../internal/json.ts"
import * as LastTurn from "../session/LastTurn.ts"
import type { SessionError } from "../session/SessionError.ts"
import type { Stored } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import * as EventText from "./EventText.ts"
import { Refused } from "./Refused.ts"
import { SessionAgents } from "./SessionAgents.ts"
import { type Begun, type NewTurn, SessionEntity } from "./SessionEntity.ts"
import { SessionFeeds, type Telling } from "./SessionFeeds.ts"

type NewTurn = typeof NewTurn.Type
type Begun = typeof Begun.Type

/** The turn that runs. */
interface Running {
  readonly key: string
  turnId: string | undefined
  fiber: Fiber.Fiber<void, AgentError | Refused> | undefined
  /** Whether somebody has interrupted it; otherwise an interruption hands it over. */
  isCancelled: boolean
}

/** How many inputs may wait for one turn. */
const inboxCapacity = 64

/** What is said to a turn that has just moved here waits for it so long. */
const patience = Duration.seconds(15)

/** How often a reader hears that the runner is alive. */
const heartbeat = Duration.seconds(1)

const make = Effect.gen(function*() {
  const { entityId: session, shardId } = yield* Entity.CurrentAddress
  const sharding = yield* Sharding
  const store = yield* SessionStore
  const agents = yield* SessionAgents
  const feeds = yield* SessionFeeds
  const inbox = yield* Inbox.make(inboxCapacity)
  const alone = yield* Effect.makeSemaphore(1)
  const beginnings = new Map<string, Deferred.Deferred<Begun, Refused>>()
  let running: Running | undefined

  const log: Effect.Effect<ReadonlyArray<Stored>, SessionError> = Effect.catchIf(
    store.read(session),
    ({ reason }) => reason === "NotFound",
    () => Effect.succeed([])
  )
  /** A database that is away is waited for. */
  const patientLog = Effect.orDie(Effect.retry(log, Schedule.spaced("1 second")))

  const begin = (key: string, begun: Exit.Exit<Begun, Refused>) =>
    Effect.suspend(() => {
      const waiting = beginnings.get(key)
      beginnings.delete(key)
      return waiting === undefined ? Effect.void : Deferred.done(waiting, begun)
    })

  /** Runs a turn, or goes on with it, until it ends or cannot go on. */
  const work = Effect.fnUntraced(function*(
    turn: NewTurn,
    current: Running,
    telling: Telling,
    events: ReadonlyArray<Stored>
  ) {
    const { effort, input, key, limits, model } = turn
    const { agent, options, teach } = yield* agents.agent({ session, events, model })
    const chosen = {
      ...options,
      ...defined({ model, limits: limits && limitsOf(limits) }),
      ...effort === undefined ? {} : { reasoning: { ...options.reasoning, effort } },
      key,
      inbox,
      isHandedOver: Effect.sync(() => !current.isCancelled)
    }
    const isOpen = openTurn(events) !== undefined
    const told = (event: AgentEvent) => {
      telling.event(event)
      if (event._tag !== "TurnStarted" || event.key !== key) return Effect.void
      current.turnId = event.turnId
      return begin(key, Exit.succeed({ turnId: event.turnId, seq: event.seq }))
    }
    const stream = isOpen || input === null
      ? agent.resume(session, chosen)
      : agent.run(session, yield* teach(input), chosen)
    yield* Effect.catchAll(
      Stream.runForEach(stream, told),
      (error) => telling.hasEnded() ? Effect.void : Effect.fail(error)
    )
  }, Effect.scoped)

  const attempt = (turn: NewTurn, current: Running, telling: Telling) =>
    Effect.gen(function*() {
      const { input, key } = turn
      const events = yield* log
      const known = turnOf(events, key)
      if (known !== undefined) {
        current.turnId = known.turnId
        yield* begin(key, Exit.succeed(known))
        // Its end is there.
        if (openTurn(events) !== known.turnId) return
      }
      if (input === null) {
        const last = Option.getOrUndefined(LastTurn.unfinishedTurn(events.map(({ event }) => event)))
        if (last === undefined) return yield* nothingToGoOn(session)
        current.turnId = last.started.turnId
        yield* begin(key, Exit.succeed({ turnId: last.started.turnId, seq: events[last.at]?.seq ?? 0 }))
      }
      const fiber = yield* Effect.fork(work(turn, current, telling, events))
      current.fiber = fiber
      if (current.isCancelled) yield* Fiber.interruptFork(fiber)
      yield* Effect.onInterrupt(Fiber.join(fiber), () => Fiber.interrupt(fiber))
    })

  /** A turn that has begun goes on until the log has its end, however often the database is away meanwhile. */
  const run = (turn: NewTurn): Effect.Effect<void, Refused> =>
    alone.withPermits(1)(Effect.scoped(Effect.gen(function*() {
      const telling = yield* feeds.tell(session)
      const current: Running = { key: turn.key, turnId: undefined, fiber: undefined, isCancelled: false }
      running = current
      yield* attempt(turn, current, telling).pipe(
        Effect.catchAllCause((cause) => afterFailure(turn, current, telling, cause)),
        // Before the end is told: who hears of it may begin the next turn.
        Effect.ensuring(Effect.sync(() => {
          running = undefined
        }))
      )
    })))

  const afterFailure = (
    turn: NewTurn,
    current: Running,
    telling: Telling,
    cause: Cause.Cause<AgentError | Refused>
  ): Effect.Effect<void, Refused> =>
    Effect.gen(function*() {
      const error = Option.getOrUndefined(Cause.failureOption(cause))
      // Another runner has the session: it is the one that answers.
      if (error?._tag === "SessionError" && error.reason === "Busy") return yield* Effect.never
      const isInterrupted = Cause.isInterruptedOnly(cause)
      if (isInterrupted && !current.isCancelled) return yield* Effect.interrupt
      const events = yield* patientLog
      const known = turnOf(events, turn.key)
      const isOpen = openTurn(events) !== undefined && openTurn(events) === (known?.turnId ?? current.turnId)
      if (isOpen) {
        yield* Effect.sleep("1 second")
        return yield* Effect.catchAllCause(
          attempt(turn, current, telling),
          (cause) => afterFailure(turn, current, telling, cause)
        )
      }
      if (known !== undefined || turn.input === null && current.turnId !== undefined) return
      const refused = refusalOf(cause)
      yield* begin(turn.key, Exit.fail(refused))
      return yield* refused
    })

  /** Where a turn is on its way here, it is waited for. */
  const whenHere = <A, E>(effect: Effect.Effect<A, E>, isHeard: (exit: Exit.Exit<A, E>) => boolean) =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(effect)
      if (isHeard(exit)) return exit
      const isComing = openTurn(yield* patientLog) !== undefined
      return isComing ? yield* Effect.fail(exit) : exit
    }).pipe(
      Effect.retry(Schedule.spaced("100 millis").pipe(Schedule.upTo(patience))),
      Effect.merge,
      Effect.flatten
    )

  const say = (kind: "steer" | "followUp", input: NonNullable<NewTurn["input"]>) =>
    Effect.suspend(() =>
      running?.turnId === undefined
        ? new Refused({
          kind: "NoTurnRunning",
          message: `No turn of session ${session} runs that could hear this: start one`,
          details: { session_id: session }
        })
        : Effect.as(
          Effect.mapError(
            inbox[kind](input),
            ({ capacity, message }) => new Refused({ kind: "InboxFull", message, details: { capacity } })
          ),
          running.turnId
        )
    )

  /** A turn that was to go on here, and has not begun to. */
  const cancelOpen = alone.withPermitsIfAvailable(1)(Effect.scoped(Effect.gen(function*() {
    const turnId = openTurn(yield* log)
    if (turnId === undefined) return null
    yield* TurnEnd.closeOpenTurn(yield* store.open(session), "cancelled")
    return turnId
  })))

  const interrupt: Effect.Effect<string | null> = Effect.suspend(() => {
    if (running !== undefined) {
      running.isCancelled = true
      const { fiber, turnId = null } = running
      return Effect.as(fiber === undefined ? Effect.void : Fiber.interruptFork(fiber), turnId)
    }
    return Effect.flatMap(
      Effect.orElseSucceed(cancelOpen, () => Option.none<string | null>()),
      Option.match({ onNone: () => Effect.delay(interrupt, "100 millis"), onSome: (turnId) => Effect.succeed(turnId) })
    )
  })

  /** Readers follow their session when it moves; one that a turn is told to stays to its end. */
  const isGone = Effect.sync(() => running === undefined && !sharding.hasShardId(shardId))
  const gone = Effect.repeat(isGone, { until: (is) => is, schedule: Schedule.spaced("250 millis") })

  return SessionEntity.of({
    Run: ({ payload }) => run(payload),
    Begin: ({ payload: { key } }) =>
      Effect.gen(function*() {
        const known = turnOf(yield* patientLog, key)
        if (known !== undefined) return known
        const waiting = beginnings.get(key) ?? (yield* Deferred.make<Begun, Refused>())
        beginnings.set(key, waiting)
        return yield* Deferred.await(waiting)
      }),
    State: ({ payload: { key } }) =>
      Effect.map(patientLog, (events) => ({
        last: events.at(-1)?.seq ?? 0,
        first: events[0] === undefined ? null : EventText.encode(fromStored(events[0])),
        running: running === undefined ? null : { key: running.key, turnId: running.turnId ?? null },
        known: (key === null ? undefined : turnOf(events, key)) ?? null
      })),
    Events: ({ payload: { after } }) =>
      feeds.read(session, after).pipe(
        Stream.map(EventText.encode),
        // Its reader comes again.
        Stream.catchAllCause(() => Stream.empty),
        Stream.merge(Stream.as(Stream.fromSchedule(Schedule.spaced(heartbeat)), ""), {
          haltStrategy: "left"
        }),
        Stream.interruptWhen(gone)
      ),
    Interrupt: () => interrupt,
    Say: ({ payload: { input, kind } }) =>
      whenHere(say(kind, input), (exit) =>
        Exit.match(exit, {
          onSuccess: () => true,
          onFailure: (cause) => !Option.exists(Cause.failureOption(cause), ({ kind }) => kind === "NoTurnRunning")
        })),
    Answer: ({ payload: { answer, item } }) =>
      whenHere(agents.answer(session, item, answer), (exit) => Exit.isSuccess(exit) && exit.value)
  })
})

/**
 * Registers the sessions with the cluster. A session is told to its readers only by the store that this layer has.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never, never, SessionAgents | SessionFeeds | SessionStore | Sharding> = SessionEntity
  .toLayer(make, {
    concurrency: "unbounded",
    // A fault in one call must not run the others again.
    disableFatalDefects: true
  })

const openTurn = (events: ReadonlyArray<Stored>): string | undefined =>
  Option.getOrUndefined(LastTurn.openTurn(events.map(({ event }) => event)))?.started.turnId

const turnOf = (events: ReadonlyArray<Stored>, key: string): Begun | undefined => {
  for (const { event, seq } of events) {
    if (event._tag === "TurnStarted" && event.key === key) return { turnId: event.turnId, seq }
  }
  return undefined
}

const nothingToGoOn = (session: string) =>
  new Refused({ kind: "SessionNoTurn", message: `Session ${session} has no turn that could go on`, details: {} })

const limitsOf = ({ time, ...limits }: NonNullable<NewTurn["limits"]>) => ({
  ...limits,
  ...time === undefined ? {} : { time: Duration.millis(time) }
})

const refusalOf = (cause: Cause.Cause<AgentError | Refused>): Refused => {
  if (Cause.isInterruptedOnly(cause)) {
    return new Refused({
      kind: "Interrupted",
      message: "The turn was interrupted before it had begun",
      details: {}
    })
  }
  return Either.match(Cause.failureOrCause(cause), {
    onLeft: (error) => error._tag === "Refused" ? error : ofAgent(Cause.fail(error)),
    onRight: ofAgent
  })
}

const ofAgent = (cause: Cause.Cause<AgentError>): Refused => {
  const { details, kind, message } = toTurnFailed("", cause)
  return new Refused({ kind, message, details })
}
