/**
 * How much of a plan is used: its windows as the server last sent them, in headers, in events, or on request.
 *
 * @since 0.1.0
 */
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { AuthClient } from "../../auth/AuthClient.ts"
import type { StreamEvent } from "../StreamEvent.ts"
import {
  fromEvent,
  fromHeaders,
  type Headers,
  mainLimit,
  mayHoldLimits,
  Reading,
  type Window
} from "./RateLimitReading.ts"

/**
 * All that is known of an account (`AuthClient.account`), and the time of the last report.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Snapshot = Schema.Struct({ account: Schema.String, at: Schema.DateTimeUtc, ...Reading.fields })

/** @since 0.1.0 @category models */
export type Snapshot = typeof Snapshot.Type

/**
 * @example
 * ```ts
 * import * as KeyValueStore from "@effect/platform/KeyValueStore"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { RateLimits } from "effixir"
 *
 * const latest = Effect.flatMap(RateLimits.RateLimits, (limits) => limits.latest)
 *
 * const ofThisProcess = Effect.provide(latest, RateLimits.layerMemory)
 * const ofAll = Effect.provide(latest, Layer.provide(RateLimits.layer, KeyValueStore.layerFileSystem("./cache")))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class RateLimits extends Context.Tag("effixir/responses/account/RateLimits")<RateLimits, {
  /** The last report that this program has received, and every change of it. */
  readonly latest: SubscriptionRef.SubscriptionRef<Option.Option<Snapshot>>
  /** What is known of an account, from this program or an earlier one. Asks no server. */
  readonly snapshot: (account: string) => Effect.Effect<Option.Option<Snapshot>>
  /** Adds what an answer says to what is known of an account. */
  readonly record: (account: string, reading: Reading) => Effect.Effect<void>
  /** Records the rate limits in the headers of a response, if any. */
  readonly observeHeaders: (account: string, headers: Headers) => Effect.Effect<void>
  /** Records the rate limits in an event, if any. */
  readonly observeEvent: (account: string, json: unknown) => Effect.Effect<void>
}>() {}

/** Keeps snapshots beyond the end of the program. */
interface Memory {
  readonly load: (account: string) => Effect.Effect<Option.Option<Snapshot>>
  readonly save: (snapshot: Snapshot) => Effect.Effect<void>
}

const make = Effect.fnUntraced(function*(memory: Memory) {
  const scope = yield* Effect.scope
  const latest = yield* SubscriptionRef.make(Option.none<Snapshot>())
  const unsaved = yield* Ref.make<ReadonlyMap<string, Snapshot>>(new Map())
  const alone = yield* Effect.makeSemaphore(1)

  const save = Ref.getAndSet(unsaved, new Map()).pipe(
    Effect.flatMap((snapshots) => Effect.forEach(snapshots.values(), memory.save, { discard: true })),
    alone.withPermits(1),
    Effect.uninterruptible
  )
  yield* Effect.addFinalizer(() => save)

  const snapshot = (account: string) =>
    Effect.flatMap(
      SubscriptionRef.get(latest),
      (known) => Option.exists(known, isOf(account)) ? Effect.succeed(known) : memory.load(account)
    )

  const record = Effect.fnUntraced(function*(account: string, reading: Reading) {
    const at = yield* DateTime.now
    const next = yield* SubscriptionRef.modifyEffect(
      latest,
      (known) =>
        Effect.map(Option.exists(known, isOf(account)) ? Effect.succeed(known) : memory.load(account), (known) => {
          const next = merge(known, reading, account, at)
          return [next, Option.some(next)] as const
        })
    )
    yield* Ref.update(unsaved, (snapshots) => new Map(snapshots).set(account, next))
    // An answer does not wait for the write to disk; only the end of the scope does.
    yield* Effect.forkIn(save, scope)
  })

  const observe = <A>(read: (a: A, at: DateTime.Utc) => Reading | undefined) => (account: string, a: A) =>
    Effect.flatMap(DateTime.now, (at) => {
      const reading = read(a, at)
      return reading === undefined ? Effect.void : record(account, reading)
    })

  return RateLimits.of({
    latest,
    snapshot,
    record,
    observeHeaders: observe(fromHeaders),
    observeEvent: observe(fromEvent)
  })
})

/**
 * Keeps the last snapshot of each account in the `KeyValueStore`, for other programs to show. It is a cache, so
 * failures to read or write are ignored.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<RateLimits, never, KeyValueStore.KeyValueStore> = Layer.scoped(
  RateLimits,
  Effect.flatMap(KeyValueStore.KeyValueStore, (store) => {
    const snapshots = store.forSchema(Snapshot)
    return make({
      load: (account) =>
        snapshots.get(keyOf(account)).pipe(
          Effect.orElseSucceed(() => Option.none<Snapshot>()),
          Effect.map(Option.filter(isOf(account)))
        ),
      save: (snapshot) => Effect.ignore(snapshots.set(keyOf(snapshot.account), snapshot))
    })
  })
)

/**
 * Remembers as long as the program runs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerMemory: Layer.Layer<RateLimits> = Layer.scoped(
  RateLimits,
  make({ load: () => Effect.succeedNone, save: () => Effect.void })
)

/**
 * Records the rate limits that a transport sees, for the account that it uses. Where there is no {@link RateLimits} it
 * costs nothing: a program that does not ask for the windows need not provide them.
 *
 * @since 0.1.0
 * @category observing
 */
export interface Observer {
  readonly headers: (headers: Headers) => Effect.Effect<void>
  /** `undefined` if there is nothing to record, as for almost all events. */
  readonly events: (events: Chunk.Chunk<StreamEvent>) => Effect.Effect<void> | undefined
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { RateLimits } from "effixir"
 *
 * // Hears of the limits that stand in the headers of each answer.
 * const observe = Effect.flatMap(RateLimits.observer, (observer) => Effect.log(typeof observer))
 * ```
 *
 * @since 0.1.0 @category observing
 */
export const observer: Effect.Effect<Observer, never, AuthClient> = Effect.gen(function*() {
  const { account } = yield* AuthClient
  return Option.match(yield* Effect.serviceOption(RateLimits), {
    onNone: (): Observer => ({ headers: () => Effect.void, events: () => undefined }),
    onSome: (limits): Observer => ({
      headers: (headers) =>
        Effect.ignore(Effect.flatMap(account, (account) => limits.observeHeaders(account, headers))),
      events: (events) => {
        const withLimits = Chunk.filter(events, mayHoldLimits)
        return Chunk.isEmpty(withLimits)
          ? undefined
          : Effect.ignore(
            Effect.flatMap(
              account,
              (account) => Effect.forEach(withLimits, (event) => limits.observeEvent(account, event), { discard: true })
            )
          )
      }
    })
  })
})

const keyOf = (account: string): string => `rate-limits ${account}`

const isOf = (account: string) => (snapshot: Snapshot): boolean => snapshot.account === account

/**
 * A new report of a limit replaces the old one. A limit without a new report stays until all of its windows are over.
 */
const merge = (
  known: Option.Option<Snapshot>,
  reading: Reading,
  account: string,
  at: DateTime.Utc
): Snapshot => {
  const isOn = ({ resetsAt }: Window) => resetsAt === undefined || DateTime.greaterThan(resetsAt, at)
  const told = new Set(reading.limits.map(({ id }) => id))
  const others = Option.match(known, {
    onNone: () => [],
    onSome: ({ limits }) => limits.filter(({ id, windows }) => !told.has(id) && windows.some(isOn))
  })
  return {
    ...Option.getOrUndefined(known),
    ...reading,
    account,
    at,
    // The limit of the plan comes first, whichever was reported last.
    limits: [...reading.limits, ...others].toSorted((a, b) => Number(b.id === mainLimit) - Number(a.id === mainLimit))
  }
}
