/**
 * Sessions of a cluster, for whoever asks from outside: whatever runner has a session, and however often it moves.
 *
 * @since 0.1.0
 */
import type { AlreadyProcessingMessage, MailboxFull, PersistenceError } from "@effect/cluster/ClusterError"
import type { Sharding } from "@effect/cluster/Sharding"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { type AgentEvent, isLogged } from "../agent/AgentEvent.ts"
import type { Limits } from "../agent/Limits.ts"
import { defined } from "../internal/json.ts"
import type { Item } from "../responses/Item.ts"
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

/** @since 0.1.0 @category services */
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

/** @since 0.1.0 @category constructors */
export const make = Effect.gen(function*() {
  const client = yield* SessionEntity.client
  const scope = yield* Effect.scope

  const events = (session: string, after: number): Stream.Stream<AgentEvent> => {
    let last = after
    // A request that the cluster sends again has its first cursor.
    const isNew = (event: AgentEvent) => {
      if (event.seq <= last) return false
      if (isLogged(event)) last = event.seq
      return true
    }
    const once = Stream.suspend(() => client(session).Events({ after: last })).pipe(
      Stream.timeout(silence),
      Stream.filterMap((text) => text === "" ? Option.none() : EventText.decode(text)),
      Stream.filter(isNew),
      Stream.catchAllCause((cause) => Stream.drain(Stream.fromEffect(Effect.logDebug("events", cause))))
    )
    return Stream.forever(Stream.concat(once, Stream.drain(Stream.fromEffect(Effect.sleep("100 millis")))))
  }

  return ClusterSessions.of({
    start: Effect.fnUntraced(function*(session, { effort, input, key, limits, model }) {
      const request = globalThis.crypto.randomUUID()
      const payload = { request, key, input, ...defined({ model, effort, limits: limits && wire(limits) }) }
      const sent = yield* Effect.forkIn(orRefused(client(session).Run(payload)), scope)
      const begun = orRefused(client(session).Begin({ request, key: input === null ? null : key }))
      return yield* Effect.raceFirst(begun, Effect.flatten(sent.await))
    }),
    state: (session, key) =>
      client(session).State({ key: key ?? null }).pipe(
        Effect.map((state) => ({
          ...state,
          first: state.first === null ? undefined : Option.getOrUndefined(EventText.decode(state.first))
        })),
        orRefused
      ),
    events,
    interrupt: (session, { key = null, turnId = null } = {}) => orRefused(client(session).Interrupt({ key, turnId })),
    say: (session, kind, input, key = globalThis.crypto.randomUUID()) =>
      orRefused(client(session).Say({ key, kind, input })),
    answer: (session, item, answer) => orRefused(client(session).Answer({ item, answer }))
  })
})

/**
 * Over a cluster that this process is a part of, or only asks.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ClusterSessions, never, Sharding> = Layer.scoped(ClusterSessions, make)

const wire = ({ time, ...limits }: Limits) => ({
  ...limits,
  ...time === undefined ? {} : { time: Duration.toMillis(time) }
})

/** The database may be away, or a runner full, for a while. */
const orRefused = <A, R>(
  effect: Effect.Effect<A, Refused | AlreadyProcessingMessage | MailboxFull | PersistenceError, R>
): Effect.Effect<A, Refused, R> =>
  effect.pipe(
    Effect.retry({ while: ({ _tag }) => _tag !== "Refused", schedule: patience }),
    Effect.mapError((error) =>
      error._tag === "Refused" ? error : new Refused({
        kind: "ClusterAway",
        message: "The cluster does not answer: its database may be out of reach. Try again",
        details: {}
      })
    )
  )

const patience = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.upTo("30 seconds")
)
