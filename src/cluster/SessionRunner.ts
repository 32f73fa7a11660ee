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
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type AgentError, toTurnFailed } from "../agent/AgentError.ts"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import { fromStored } from "../agent/AgentEvent.ts"
import * as Inbox from "../agent/Inbox.ts"
import * as TurnEnd from "../agent/TurnEnd.ts"
import { defined } from "../internal/json.ts"
import { text, userMessage } from "../responses/Item.ts"
import * as LastTurn from "../session/LastTurn.ts"
import type { SessionError } from "../session/SessionError.ts"
import type { Stored } from "../session/SessionEvent.ts"
import { SessionStore } from "../session/SessionStore.ts"
import * as EventText from "./EventText.ts"
import { Refused } from "./Refused.ts"
import { SessionAgents } from "./SessionAgents.ts"
import { type Asked, type Begun, SessionEntity, Waking, type Which } from "./SessionEntity.ts"
import { SessionFeeds, type Telling } from "./SessionFeeds.ts"
import * as Waits from "./Waits.ts"

type Asked = typeof Asked.Type
type Begun = typeof Begun.Type
type Which = typeof Which.Type

/** A turn that was asked for, and has not ended. */
interface Current {
  readonly asked: Asked
  begun: Begun | undefined
  fiber: Fiber.Fiber<void, AgentError | Refused> | undefined
  /** Whether somebody has interrupted it; otherwise an interruption hands it over. */
  isCancelled: boolean
  readonly cancelled: Deferred.Deferred<void>
  /** Whether the session was open for it, so that one who is `Busy` has lost it to another runner. */
  wasOpen: boolean
  /** How long it has waited for a session that is in use elsewhere, in milliseconds. */
  waited: number
  /** Why it goes on, if it has waited in a call for a time or for words. */
  readonly waking: Waking | undefined
  /** Until when it is to wait in a call, in milliseconds; for words alone where that is no time. */
  suspended: { readonly until: number | undefined } | undefined
}

/** One who waits for a turn to begin. */
interface Waiter {
  readonly request: string
  readonly key: string | null
  readonly begun: Deferred.Deferred<Begun>
}

/** How many inputs may wait for one turn. */
const inboxCapacity = 64

/** What is said to a turn that has just moved here waits for it so long. */
const patience = Duration.seconds(15)

/** A turn that has not begun waits so long for a session that is in use elsewhere: longer than the claim of a dead runner. */
const busyPatience = Duration.minutes(1)

/** How soon a turn that could not go on is tried again. */
const again = Duration.seconds(1)

/** A runner that has lost a session to another hears of it before that, and must not take it back. */
const handover = Duration.seconds(10)

/** The keys of so many inputs are remembered. */
const heardCapacity = 1024

/** How often a reader hears that the runner is alive. */
const heartbeat = Duration.seconds(1)

const make = Effect.fnUntraced(function*(open: Set<symbol>) {
  const { entityId: session, shardId } = yield* Entity.CurrentAddress
  const sharding = yield* Sharding
  const store = yield* SessionStore
  const agents = yield* SessionAgents
  const feeds = yield* SessionFeeds
  const client = yield* SessionEntity.client
  const inbox = yield* Inbox.make(inboxCapacity)
  const alone = yield* Effect.makeSemaphore(1)
  const waiters = new Set<Waiter>()
  const queued = new Set<Current>()
  /** The turns that have heard an input, by its key. */
  const heard = new Map<string, string>()
  let running: Current | undefined
  const own = Symbol(session)
  yield* Effect.acquireRelease(Effect.sync(() => open.add(own)), () => Effect.sync(() => open.delete(own)))

  const log: Effect.Effect<ReadonlyArray<Stored>, SessionError> = Effect.catchIf(
    store.read(session),
    ({ reason }) => reason === "NotFound",
    () => Effect.succeed([])
  )
  /** A database that is away is waited for. */
  const patientLog = Effect.orDie(Effect.retry(log, Schedule.spaced("1 second")))

  const begin = (current: Current, begun: Begun) =>
    Effect.suspend(() => {
      current.begun = begun
      const { input, key, request } = current.asked
      const own = Array.from(waiters).filter((waiter) =>
        waiter.request === request || input !== null && waiter.key === key
      )
      return Effect.forEach(own, (waiter) => Deferred.succeed(waiter.begun, begun), { discard: true })
    })

  /** The turn that was asked for, if the log has it. What goes on is not known by a key. */
  const knownOf = (events: ReadonlyArray<Stored>, { input, key }: Asked) =>
    input === null ? undefined : turnOf(events, key)

  /** Runs a turn, or goes on with it, until it ends or cannot go on. */
  const work = Effect.fnUntraced(function*(
    current: Current,
    telling: Telling,
    events: ReadonlyArray<Stored>
  ) {
    const { effort, input, key, limits, model } = current.asked
    const { agent, options, teach } = yield* agents.agent({ session, events, model })
    const chosen = {
      ...options,
      ...defined({ model, limits: limits && limitsOf(limits) }),
      ...effort === undefined ? {} : { reasoning: { ...options.reasoning, effort } },
      key,
      inbox,
      isHandedOver: Effect.sync(() => !current.isCancelled)
    }
    const isGoingOn = openTurn(events) !== undefined || input === null
    const told = (event: AgentEvent) => {
      current.wasOpen = true
      current.waited = 0
      telling.event(event)
      if (event._tag !== "TurnStarted" || event.key !== key) return Effect.void
      if (!isGoingOn && !telling.has(event.seq)) {
        // The agent ends the turn in its own log.
        current.isCancelled = true
        return elsewhere
      }
      return begin(current, { turnId: event.turnId, seq: event.seq })
    }
    const stream = isGoingOn
      ? agent.resume(session, chosen)
      : agent.run(session, yield* teach(input), chosen)
    yield* Effect.catchAll(
      Stream.runForEach(stream, told),
      (error) => telling.hasEnded() ? Effect.void : Effect.fail(error)
    )
  }, Effect.scoped)

  const attempt = (current: Current, telling: Telling) =>
    Effect.gen(function*() {
      current.wasOpen = false
      const events = yield* log
      if (current.waking !== undefined && !isToGoOn(events, current.waking)) {
        current.begun = { turnId: current.waking.turnId, seq: 0 }
        return
      }
      const known = knownOf(events, current.asked)
      if (known !== undefined) {
        yield* begin(current, known)
        // Its end is there.
        if (openTurn(events) !== known.turnId) return
      }
      if (known === undefined && current.asked.input !== null && Waits.waitingCall(events) !== undefined) {
        return yield* turnWaiting(session)
      }
      if (current.asked.input === null) {
        const last = Option.getOrUndefined(LastTurn.unfinishedTurn(events.map(({ event }) => event)))
        if (last === undefined) return yield* nothingToGoOn(session)
        yield* begin(current, { turnId: last.started.turnId, seq: events[last.at]?.seq ?? 0 })
      }
      const fiber = yield* Effect.fork(
        Effect.locally(work(current, telling, events), Waits.suspension, suspensionOf(current))
      )
      current.fiber = fiber
      if (current.isCancelled) yield* Fiber.interruptFork(fiber)
      yield* Effect.onInterrupt(Fiber.join(fiber), () => Fiber.interrupt(fiber))
    })

  const suspensionOf = (current: Current): Waits.Suspension => ({
    woken: current.waking === undefined ? undefined : { words: current.waking.words ?? undefined },
    suspend: (until) =>
      Effect.suspend(() => {
        current.suspended = { until }
        return Effect.zipRight(
          current.fiber === undefined ? Effect.void : Fiber.interruptFork(current.fiber),
          Effect.never
        )
      })
  })

  const send = (waking: Waking) =>
    Effect.retry(client(session).Wake(waking, { discard: true }), Schedule.spaced("1 second")).pipe(Effect.orDie)

  /** Leaves a turn that waits in a call: a message with its time is kept, and goes to whatever runner is there then. */
  const leave = Effect.fnUntraced(function*(until: number | undefined) {
    const events = yield* patientLog
    const open = openTurnOf(events)
    const call = Waits.waitingCall(events)
    if (until === undefined || open === undefined || call === undefined) return
    const key = `${call.itemId}/time/${globalThis.crypto.randomUUID()}`
    yield* send(new Waking({ key, turnId: open.turnId, itemId: call.itemId, at: until, words: null }))
  })

  /** A turn that has begun goes on until the log has its end, however often the database is away meanwhile. */
  const goOn = (current: Current, telling: Telling): Effect.Effect<Begun, Refused> =>
    attempt(current, telling).pipe(
      Effect.matchCauseEffect({
        onFailure: (cause) => afterFailure(current, telling, cause),
        onSuccess: (): Effect.Effect<Begun, Refused> =>
          current.begun === undefined ? new Refused(notBegun) : Effect.succeed(current.begun)
      })
    )

  const run = (asked: Asked, waking?: Waking): Effect.Effect<Begun, Refused> =>
    Effect.gen(function*() {
      const cancelled = yield* Deferred.make<void>()
      const current: Current = {
        asked,
        begun: undefined,
        fiber: undefined,
        isCancelled: false,
        cancelled,
        wasOpen: false,
        waited: 0,
        waking,
        suspended: undefined
      }
      queued.add(current)
      const turn = alone.withPermits(1)(Effect.scoped(Effect.gen(function*() {
        queued.delete(current)
        running = current
        const telling = yield* feeds.tell(session)
        return yield* Effect.ensuring(
          goOn(current, telling),
          // Before the end is told: who hears of it may begin the next turn.
          Effect.sync(() => {
            running = undefined
          })
        )
      })))
      const isTakenOut = Effect.zipRight(
        Deferred.await(cancelled),
        Effect.suspend(() => queued.has(current) ? new Refused(notBegun) : Effect.never)
      )
      return yield* Effect.ensuring(
        Effect.raceFirst(turn, isTakenOut),
        Effect.sync(() => queued.delete(current))
      )
    })

  const afterFailure = (
    current: Current,
    telling: Telling,
    cause: Cause.Cause<AgentError | Refused>
  ): Effect.Effect<Begun, Refused> =>
    Effect.gen(function*() {
      if (current.suspended !== undefined && current.begun !== undefined && !current.isCancelled) {
        yield* leave(current.suspended.until)
        return current.begun
      }
      if (Cause.isInterruptedOnly(cause) && !current.isCancelled) return yield* Effect.interrupt
      if (Option.contains(Cause.failureOption(cause), elsewhere)) return yield* elsewhere
      const events = yield* patientLog
      const begun = knownOf(events, current.asked) ?? current.begun
      const isOpen = begun !== undefined && openTurn(events) === begun.turnId
      const isBusy = isBusyCause(cause)
      if (current.isCancelled) {
        // Whoever has the session instead writes its end.
        if (isOpen) yield* Effect.ignore(Effect.retry(close, whileBusy))
        return begun ?? (yield* new Refused(notBegun))
      }
      if (isOpen || begun === undefined && isBusy && current.waited < Duration.toMillis(busyPatience)) {
        const pause = isBusy && current.wasOpen ? handover : again
        current.waited += Duration.toMillis(pause)
        yield* Effect.raceFirst(Effect.sleep(pause), Deferred.await(current.cancelled))
        return yield* current.isCancelled ? afterFailure(current, telling, cause) : goOn(current, telling)
      }
      return begun ?? (yield* refusalOf(cause))
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

  const hear = (key: string, turnId: string) => {
    heard.set(key, turnId)
    for (const oldest of heard.keys()) {
      if (heard.size <= heardCapacity) break
      heard.delete(oldest)
    }
  }

  /** What is said to a turn that waits in a call is the end of that call. */
  const sayToWaiting = (key: string, input: NonNullable<Asked["input"]>) =>
    Effect.flatMap(patientLog, (events) => {
      const open = openTurnOf(events)
      const call = Waits.waitingCall(events)
      if (open === undefined || call === undefined) return noTurnRunning(session)
      const words = input.map(text).join("\n")
      const { itemId } = call
      const waking = new Waking({ key: `${itemId}/words/${key}`, turnId: open.turnId, itemId, at: 0, words })
      return Effect.as(Effect.zipRight(send(waking), Effect.sync(() => hear(key, open.turnId))), open.turnId)
    })

  const wake = (waking: Waking): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { key, turnId, words } = waking
      const isWoken = running?.begun?.turnId === turnId ||
        [...running === undefined ? [] : [running], ...queued].some(({ waking }) => waking?.turnId === turnId)
      if (!isWoken) return Effect.ignore(run({ request: key, key, input: null }, waking))
      // Something else has woken it meanwhile.
      return words === null ? Effect.void : Effect.ignore(inbox.steer([userMessage(words)]))
    })

  const say = (key: string, kind: "steer" | "followUp", input: NonNullable<Asked["input"]>) =>
    Effect.suspend(() => {
      const known = heard.get(key)
      if (known !== undefined) return Effect.succeed(known)
      const turnId = running?.begun?.turnId
      if (turnId === undefined) return sayToWaiting(key, input)
      hear(key, turnId)
      return Effect.mapBoth(inbox[kind](input), {
        onSuccess: () => turnId,
        onFailure: ({ capacity, message }) => {
          heard.delete(key)
          return new Refused({ kind: "InboxFull", message, details: { capacity } })
        }
      })
    })

  /** Ends the turn that the log leaves open. */
  const close = Effect.scoped(
    Effect.flatMap(store.open(session), (opened) => TurnEnd.closeOpenTurn(opened, "cancelled"))
  )

  /** A turn that was to go on here, and has not begun to. */
  const cancelOpen = (which: Which) =>
    alone.withPermitsIfAvailable(1)(Effect.gen(function*() {
      const open = openTurnOf(yield* log)
      if (open === undefined || !isMeant(which, open.key, open.turnId)) return null
      yield* close
      return open.turnId
    }))

  const interrupt = (which: Which): Effect.Effect<string | null> =>
    Effect.suspend(() => {
      const isNamed = which.key !== null || which.turnId !== null
      const own = Array.from(queued).filter(({ asked }) => isNamed && isMeant(which, asked.key, undefined))
      for (const current of own) cancel(current)
      if (running !== undefined) {
        const { asked, begun, fiber } = running
        if (!isMeant(which, asked.key, begun?.turnId)) return Effect.succeed(null)
        cancel(running)
        return Effect.as(fiber === undefined ? Effect.void : Fiber.interruptFork(fiber), begun?.turnId ?? null)
      }
      return Effect.flatMap(
        cancelOpen(which),
        Option.match({
          onNone: () => Effect.delay(interrupt(which), "100 millis"),
          onSome: (turnId) => Effect.succeed(turnId)
        })
      ).pipe(Effect.retry(whileBusy), Effect.orElseSucceed(() => null))
    })

  /**
   * Readers leave with their session: what they are sent waits to be acknowledged, and that does not come here any more.
   * Whoever waits so does not hear that a stream has ended, but only an interruption.
   */
  const leaveWith = (reader: Fiber.RuntimeFiber<unknown, unknown>) =>
    Effect.sync(() => !sharding.hasShardId(shardId)).pipe(
      Effect.repeat({ until: (isGone) => isGone, schedule: Schedule.spaced("250 millis") }),
      Effect.zipRight(Effect.sync(() => reader.unsafeInterruptAsFork(FiberId.none)))
    )

  return SessionEntity.of({
    Run: ({ payload }) => run(payload),
    Wake: ({ payload }) => wake(payload),
    Begin: ({ payload: { key, request } }) =>
      Effect.gen(function*() {
        const waiter: Waiter = { key, request, begun: yield* Deferred.make<Begun>() }
        return yield* Effect.acquireUseRelease(
          Effect.sync(() => waiters.add(waiter)),
          () =>
            Effect.gen(function*() {
              if (running?.asked.request === request && running.begun !== undefined) return running.begun
              const known = key === null ? undefined : turnOf(yield* patientLog, key)
              return known ?? (yield* Deferred.await(waiter.begun))
            }),
          () => Effect.sync(() => waiters.delete(waiter))
        )
      }),
    State: ({ payload: { key } }) =>
      Effect.map(patientLog, (events) => ({
        last: events.at(-1)?.seq ?? 0,
        first: events[0] === undefined ? null : EventText.encode(fromStored(events[0])),
        running: running === undefined ? null : { key: running.asked.key, turnId: running.begun?.turnId ?? null },
        known: (key === null ? undefined : turnOf(events, key)) ?? null
      })),
    Events: ({ payload: { after } }) =>
      Stream.unwrapScoped(Effect.gen(function*() {
        const reader = Option.getOrThrow(Fiber.getCurrentFiber())
        yield* Effect.forkScoped(leaveWith(reader))
        return feeds.read(session, after).pipe(
          Stream.map(EventText.encode),
          // Its reader comes again.
          Stream.catchAllCause(() => Stream.empty),
          Stream.merge(Stream.as(Stream.fromSchedule(Schedule.spaced(heartbeat)), ""), { haltStrategy: "left" })
        )
      })),
    Interrupt: ({ payload }) => interrupt(payload),
    Say: ({ payload: { input, key, kind } }) =>
      whenHere(say(key, kind, input), (exit) =>
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
 * @example
 * ```ts
 * import * as Layer from "effect/Layer"
 * import { SessionAgents, SessionFeeds, SessionRunner } from "effixir/cluster"
 *
 * const Runner = SessionRunner.layer.pipe(Layer.provide([SessionAgents.layer, SessionFeeds.layer]))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<never, never, SessionAgents | SessionFeeds | SessionStore | Sharding> = Layer
  .unwrapScoped(Effect.gen(function*() {
    const open = new Set<symbol>()
    // Those that were about to move when the runner was stopped are not waited for by the cluster, and would be cut.
    yield* Effect.addFinalizer(() =>
      Effect.repeat(Effect.void, { until: () => open.size === 0, schedule: Schedule.spaced("50 millis") })
    )
    return SessionEntity.toLayer(make(open), {
      concurrency: "unbounded",
      // A fault in one call must not run the others again.
      disableFatalDefects: true
    })
  }))

const openTurnOf = (events: ReadonlyArray<Stored>) =>
  Option.getOrUndefined(LastTurn.openTurn(events.map(({ event }) => event)))?.started

const openTurn = (events: ReadonlyArray<Stored>): string | undefined => openTurnOf(events)?.turnId

const turnOf = (events: ReadonlyArray<Stored>, key: string): Begun | undefined => {
  for (const { event, seq } of events) {
    if (event._tag === "TurnStarted" && event.key === key) return { turnId: event.turnId, seq }
  }
  return undefined
}

/**
 * Whether a turn waits in the call that it is woken from, or was woken from it by a runner that has died since. In another
 * call it waits for something else.
 */
const isToGoOn = (events: ReadonlyArray<Stored>, { itemId, turnId }: Waking): boolean =>
  openTurn(events) === turnId && (Waits.waitingCall(events)?.itemId ?? itemId) === itemId

/** Without a name it is any. */
const isMeant = (which: Which, key: string | undefined, turnId: string | undefined): boolean =>
  which.key === null && which.turnId === null ||
  which.key !== null && which.key === key ||
  which.turnId !== null && which.turnId === turnId

const cancel = (current: Current) => {
  current.isCancelled = true
  Deferred.unsafeDone(current.cancelled, Effect.void)
}

const isBusyError = (error: AgentError | Refused): boolean => error._tag === "SessionError" && error.reason === "Busy"

const isBusyCause = (cause: Cause.Cause<AgentError | Refused>) => Option.exists(Cause.failureOption(cause), isBusyError)

/** The claim of a runner that has died runs out. */
const whileBusy = { while: isBusyError, schedule: Schedule.upTo(Schedule.spaced("1 second"), patience) }

const noTurnRunning = (session: string) =>
  new Refused({
    kind: "NoTurnRunning",
    message: `No turn of session ${session} runs that could hear this: start one`,
    details: { session_id: session }
  })

const turnWaiting = (session: string) =>
  new Refused({
    kind: "TurnWaiting",
    message: `A turn of session ${session} waits: say to it what it waits for, or interrupt it`,
    details: { session_id: session }
  })

const nothingToGoOn = (session: string) =>
  new Refused({ kind: "SessionNoTurn", message: `Session ${session} has no turn that could go on`, details: {} })

/** Nobody would ever hear of such a turn. */
const elsewhere = new Refused({
  kind: "SessionElsewhere",
  message:
    "Its agent keeps sessions in a store of its own, where no reader finds them: build it with the SessionStore of SessionFeeds.layer",
  details: {}
})

const limitsOf = ({ time, ...limits }: NonNullable<Asked["limits"]>) => ({
  ...limits,
  ...time === undefined ? {} : { time: Duration.millis(time) }
})

const notBegun = { kind: "Interrupted", message: "The turn was interrupted before it had begun", details: {} }

const refusalOf = (cause: Cause.Cause<AgentError | Refused>): Refused => {
  if (Cause.isInterruptedOnly(cause)) return new Refused(notBegun)
  return Either.match(Cause.failureOrCause(cause), {
    onLeft: (error) => error._tag === "Refused" ? error : ofAgent(Cause.fail(error)),
    onRight: ofAgent
  })
}

const ofAgent = (cause: Cause.Cause<AgentError>): Refused => {
  const { details, kind, message } = toTurnFailed("", cause)
  return new Refused({ kind, message, details })
}
