/**
 * Sessions of a cluster, for whoever asks from outside: whatever runner has a session, and however often it moves.
 *
 * @since 0.1.0
 */
import type { AlreadyProcessingMessage, MailboxFull, PersistenceError } from "@effect/cluster/ClusterError"
import type { Sharding } from "@effect/cluster/Sharding"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type AgentEvent, fromStored, isLogged } from "../agent/AgentEvent.ts"
import type { Limits } from "../agent/Limits.ts"
import { defined } from "../internal/json.ts"
import type { Item } from "../responses/Item.ts"
import { SessionStore } from "../session/SessionStore.ts"
import type { Answer } from "../tools/permission/Approver.ts"
import * as EventText from "./EventText.ts"
import { Refused } from "./Refused.ts"
import { SessionEntity } from "./SessionEntity.ts"

/**
 * A turn to be run. `key` is the caller's own name for it: the same key is the same turn. Without an input, the last turn of
 * the session goes on.
 *
 * @since 0.1.0
 * @category models
 */
export interface NewTurn {
  readonly key: string
  readonly input: ReadonlyArray<Item> | null
  readonly model?: string | undefined
  readonly effort?: string | undefined
  readonly limits?: Limits | undefined
}

/**
 * A turn that has begun, and the number of its first event.
 *
 * @since 0.1.0
 * @category models
 */
export interface Begun {
  readonly turnId: string
  readonly seq: number
}

/**
 * Which turn is meant: by the key that it was asked for with, or by its id.
 *
 * @since 0.1.0
 * @category models
 */
export interface Which {
  readonly key?: string | undefined
  readonly turnId?: string | undefined
}

/**
 * What is known of a session now.
 *
 * - `last` the number of the last event of its log
 * - `first` the event that its log begins with
 * - `running` the turn that runs
 * - `known` the turn of the key that was asked for
 *
 * @since 0.1.0
 * @category models
 */
export interface State {
  readonly last: number
  readonly first: AgentEvent | undefined
  readonly running: { readonly key: string; readonly turnId: string | null } | null
  readonly known: Begun | null
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { ClusterSessions } from "effixir/cluster"
 *
 * const follow = (session: string) =>
 *   Effect.gen(function*() {
 *     const sessions = yield* ClusterSessions.ClusterSessions
 *     yield* Effect.log(yield* sessions.state(session))
 *     yield* Stream.runForEach(sessions.events(session, 0), ({ _tag, seq }) => Effect.log(seq, _tag))
 *   })
 * ```
 *
 * @since 0.1.0 @category services
 */
export class ClusterSessions extends Context.Tag("effixir/cluster/ClusterSessions")<ClusterSessions, {
  /**
   * Has a turn run, and gives it once it is in the log. It goes on without its caller, whatever happens to its runner, and
   * waits for the turns of its session that came before.
   */
  readonly start: (session: string, turn: NewTurn) => Effect.Effect<Begun, Refused>
  readonly state: (session: string, key?: string) => Effect.Effect<State, Refused>
  /**
   * The events of a session with a number above `after`, from turn to turn and from runner to runner. Those of the log come
   * once each, in their order; the others come as long as their runner lives.
   */
  readonly events: (session: string, after: number) => Stream.Stream<AgentEvent>
  /**
   * Interrupts the turn of a session, and gives its id, if one runs. With `which` it is that turn and no other; one that
   * still waits for others does not begin.
   */
  readonly interrupt: (session: string, which?: Which) => Effect.Effect<string | null, Refused>
  /**
   * Says something to the model of the turn that runs, and gives the id of the turn. What is said to the same runner again
   * by the same `key` is heard once.
   */
  readonly say: (
    session: string,
    kind: "steer" | "followUp",
    input: ReadonlyArray<Item>,
    key?: string
  ) => Effect.Effect<string, Refused>
  /** Gives the answer to the question about a call; false if nobody has asked. */
  readonly answer: (session: string, item: string, answer: Answer) => Effect.Effect<boolean, Refused>
}>() {}

/** A runner that is not heard of for so long is asked no more. */
const silence = Duration.seconds(3)

/** A runner tells a reader that it is alive more often than this: when it has not, its log is read. */
const patienceWithRunner = Duration.millis(1500)

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { ClusterSessions } from "effixir/cluster"
 *
 * // What `ClusterSessions.layer` does, with a word in the log.
 * const SessionsLive = Layer.effect(
 *   ClusterSessions.ClusterSessions,
 *   Effect.tap(ClusterSessions.make, Effect.log("The sessions of the cluster can be asked"))
 * )
 * const same = ClusterSessions.layer
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = Effect.gen(function*() {
  const client = yield* SessionEntity.client
  const scope = yield* Effect.scope
  const store = yield* SessionStore

  /** What the log holds: while a session moves, no runner tells it. */
  const logAfter = (session: string, after: number) =>
    store.read(session, after).pipe(
      Effect.map((stored) => stored.map(fromStored)),
      Effect.orElseSucceed((): ReadonlyArray<AgentEvent> => [])
    )

  const events = (session: string, after: number): Stream.Stream<AgentEvent> =>
    Stream.suspend(() => {
      let last = after
      /** The questions that were told: one that still waits may have a number below that of another call's end. */
      const asked = new Set<number>()
      // A request that the cluster sends again has its first cursor.
      const isNew = (event: AgentEvent) => {
        if (event._tag === "PermissionRequested") return !asked.has(event.seq) && asked.add(event.seq).size > 0
        if (event.seq <= last) return false
        if (isLogged(event)) last = event.seq
        return true
      }
      let isHeard = false
      const fromRunner = Stream.suspend(() => client(session).Events({ after: last })).pipe(
        Stream.timeout(silence),
        Stream.tap(() => Effect.sync(() => void (isHeard = true))),
        Stream.filterMap((text) => text === "" ? Option.none() : EventText.decode(text)),
        Stream.catchAllCause((cause) => Stream.drain(Stream.fromEffect(Effect.logDebug("events", cause)))),
        Stream.concat(Stream.drain(Stream.fromEffect(Effect.sleep("100 millis")))),
        Stream.forever
      )
      const meanwhile = Effect.suspend(() => {
        const isSilent = !isHeard
        isHeard = false
        return isSilent ? logAfter(session, last) : Effect.succeed([])
      })
      return Stream.merge(
        fromRunner,
        Stream.fromSchedule(Schedule.spaced(patienceWithRunner)).pipe(
          Stream.mapEffect(() => meanwhile),
          Stream.flattenIterables
        )
      ).pipe(Stream.filter(isNew))
    })

  return ClusterSessions.of({
    start: Effect.fnUntraced(function*(session, { effort, input, key, limits, model }) {
      const request = globalThis.crypto.randomUUID()
      const payload = { request, key, input, ...defined({ model, effort, limits: limits && wire(limits) }) }
      const sent = yield* Effect.forkIn(orRefused(client(session).Run(payload)), scope)
      // It waits for the turns before; a runner that hangs is asked no more.
      const begun = within(client(session).Begin({ request, key: input === null ? null : key }), "10 seconds").pipe(
        Effect.retry({ while: ({ _tag }) => _tag === "LetGo", schedule: Schedule.spaced("100 millis") }),
        orRefused
      )
      return yield* Effect.raceFirst(begun, Effect.flatten(sent.await))
    }),
    state: (session, key) =>
      within(client(session).State({ key: key ?? null }), "5 seconds").pipe(
        Effect.map((state) => ({
          ...state,
          first: state.first === null ? undefined : Option.getOrUndefined(EventText.decode(state.first))
        })),
        (asking) => orRefused(asking, { isLimited: true })
      ),
    events,
    interrupt: (session, { key = null, turnId = null } = {}) =>
      orRefused(within(client(session).Interrupt({ key, turnId }), "20 seconds"), { isLimited: true }),
    say: (session, kind, input, key = globalThis.crypto.randomUUID()) =>
      orRefused(within(client(session).Say({ key, kind, input }), "20 seconds"), { isLimited: true }),
    answer: (session, item, answer) =>
      orRefused(within(client(session).Answer({ item, answer }), "20 seconds"), { isLimited: true })
  })
})

/**
 * Over a cluster that this process is a part of, or only asks, and the store that its runners have.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ClusterSessions, never, SessionStore | Sharding> = Layer.scoped(ClusterSessions, make)

const wire = ({ time, ...limits }: Limits) => ({
  ...limits,
  ...time === undefined ? {} : { time: Duration.toMillis(time) }
})

/** A runner that ends, or hangs, does not answer; another one is going to. */
class LetGo extends Data.TaggedError("LetGo") {}

/** Waits so long for an answer, and not for the runner to hear that it is asked no more. */
const within = <A, E, R>(asking: Effect.Effect<A, E, R>, duration: Duration.DurationInput) =>
  Effect.timeoutFail(Effect.disconnect(asking), { duration, onTimeout: () => new LetGo() })

/** A session may be on its way to another runner, the database away, or a runner full, for a while. */
const orRefused = <A, R>(
  effect: Effect.Effect<A, Refused | LetGo | AlreadyProcessingMessage | MailboxFull | PersistenceError, R>,
  { isLimited = false }: { readonly isLimited?: boolean } = {}
): Effect.Effect<A, Refused, R> =>
  effect.pipe(
    Effect.catchSomeCause((cause) => Cause.isInterruptedOnly(cause) ? Option.some(new LetGo()) : Option.none()),
    Effect.retry({ while: ({ _tag }) => _tag !== "Refused", schedule: patience }),
    (answer) => isLimited ? within(answer, longest) : answer,
    Effect.mapError((error) =>
      error._tag === "Refused" ? error : new Refused({
        kind: "ClusterAway",
        message: error._tag === "LetGo"
          ? "No runner has answered in time: start one with effixir runner, or try again"
          : "The cluster does not answer: its database may be out of reach. Try again",
        details: {}
      })
    )
  )

/** Whoever asks hears within this time that nobody answers. A turn may wait for longer, for those before it. */
const longest = Duration.seconds(30)

const patience = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.upTo(longest)
)
