/**
 * How much of a plan is used: its windows as the server last told of them, in headers, in events, or when asked.
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
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import { AuthClient } from "../auth/AuthClient.ts"
import { field, text } from "../internal/json.ts"
import type { StreamEvent } from "./StreamEvent.ts"

/**
 * A span of time in which only so much may be used.
 *
 * - `kind` what people call it, told by its length: the slot in which a server sends it differs from plan to plan
 * - `usedPercent` may be more than 100
 * - `resetsAt` when all of it is free again
 *
 * @since 0.1.0
 * @category schemas
 */
export const Window = Schema.Struct({
  kind: Schema.Literal("five-hour", "weekly", "other"),
  minutes: Schema.Number,
  usedPercent: Schema.Number,
  resetsAt: Schema.optional(Schema.DateTimeUtc)
})

/** @since 0.1.0 @category models */
export type Window = typeof Window.Type

/**
 * What is counted together. `codex` is the limit of the plan; some models and features have one of their own.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Limit = Schema.Struct({
  id: Schema.String,
  name: Schema.optional(Schema.String),
  windows: Schema.Array(Window)
})

/** @since 0.1.0 @category models */
export type Limit = typeof Limit.Type

/**
 * What was bought beside the plan. The server writes the balance as a text.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Credits = Schema.Struct({
  hasCredits: Schema.Boolean,
  unlimited: Schema.Boolean,
  balance: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Credits = typeof Credits.Type

/**
 * What one answer of a server says. It may leave anything out.
 *
 * - `activeLimit` the limit that was counted, or that refused
 *
 * @since 0.1.0
 * @category schemas
 */
export const Reading = Schema.Struct({
  plan: Schema.optional(Schema.String),
  limits: Schema.Array(Limit),
  credits: Schema.optional(Credits),
  activeLimit: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Reading = typeof Reading.Type

/**
 * All that is known of an account (`AuthClient.account`), and when it was last heard of.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Snapshot = Schema.Struct({ account: Schema.String, at: Schema.DateTimeUtc, ...Reading.fields })

/** @since 0.1.0 @category models */
export type Snapshot = typeof Snapshot.Type

/** @since 0.1.0 @category services */
export class RateLimits extends Context.Tag("effixir/responses/RateLimits")<RateLimits, {
  /** What was heard last in this program, and every change of it. */
  readonly latest: SubscriptionRef.SubscriptionRef<Option.Option<Snapshot>>
  /** What is known of an account, from this program or an earlier one. Asks no server. */
  readonly snapshot: (account: string) => Effect.Effect<Option.Option<Snapshot>>
  /** Adds what an answer says to what is known of an account. */
  readonly record: (account: string, reading: Reading) => Effect.Effect<void>
  /** Records what the headers of a response say, if they say anything. */
  readonly observeHeaders: (account: string, headers: Headers) => Effect.Effect<void>
  /** Records what an event says, if it is one of those that do. */
  readonly observeEvent: (account: string, json: unknown) => Effect.Effect<void>
}>() {}

/**
 * Names in any case, as an error frame has them, and values that may be no text there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Headers {
  readonly [name: string]: unknown
}

/** Where snapshots outlive the program. */
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
    // No answer waits for a disk; the end of the scope does.
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
 * Keeps the last snapshot of each account in the `KeyValueStore`, for other programs to show. It is a cache: what
 * cannot be read is nothing, and what cannot be written is let go.
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
 * What a transport passes on of what it sees, for the account that it speaks for. Where there is no {@link RateLimits}
 * it costs nothing: a program that does not ask for the windows need not provide them.
 *
 * @since 0.1.0
 * @category observing
 */
export interface Observer {
  readonly headers: (headers: Headers) => Effect.Effect<void>
  readonly events: <E, R>(events: Stream.Stream<StreamEvent, E, R>) => Stream.Stream<StreamEvent, E, R>
}

/** @since 0.1.0 @category observing */
export const observer: Effect.Effect<Observer, never, AuthClient> = Effect.gen(function*() {
  const { account } = yield* AuthClient
  return Option.match(yield* Effect.serviceOption(RateLimits), {
    onNone: (): Observer => ({ headers: () => Effect.void, events: (events) => events }),
    onSome: (limits): Observer => ({
      headers: (headers) =>
        Effect.ignore(Effect.flatMap(account, (account) => limits.observeHeaders(account, headers))),
      events: Stream.mapChunksEffect((events) =>
        Effect.as(
          Effect.forEach(Chunk.filter(events, ({ type }) => type === "codex.rate_limits"), (event) =>
            Effect.ignore(Effect.flatMap(account, (account) => limits.observeEvent(account, event))), {
            discard: true
          }),
          events
        )
      )
    })
  })
})

const keyOf = (account: string): string => `rate-limits ${account}`

const isOf = (account: string) => (snapshot: Snapshot): boolean => snapshot.account === account

/** A limit that is told again replaces itself. One that is not stays until all of its windows are over. */
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
    // The limit of the plan comes first, whatever was heard of last.
    limits: [...reading.limits, ...others].toSorted((a, b) => Number(b.id === mainLimit) - Number(a.id === mainLimit))
  }
}

const mainLimit = "codex"

/**
 * Reads the headers of a response: `x-codex-…`, and those of every other limit that has some. `undefined` where they
 * tell of no window.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromHeaders = (headers: Headers, at: DateTime.Utc): Reading | undefined => {
  // Most responses have none of these headers: until one is found, a look at the names is all it costs.
  const ids = new Set<string>()
  for (const name in headers) {
    const id = /^x-(.+)-(?:primary|secondary)-used-percent$/i.exec(name)?.[1]
    if (id !== undefined) ids.add(id.toLowerCase())
  }
  if (ids.size === 0) return undefined

  const values = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
  const limits = [...ids].flatMap((id) => {
    const slot = (name: string) => {
      const value = (what: string) => values.get(`x-${id}-${name}-${what}`)
      return window(value("used-percent"), numeric(value("window-minutes")), {
        at: value("reset-at"),
        after: value("reset-after-seconds"),
        now: at
      })
    }
    return limit(id, values.get(`x-${id}-limit-name`), [slot("primary"), slot("secondary")])
  })
  const codex = (what: string) => values.get(`x-codex-${what}`)
  return reading(limits, {
    plan: codex("plan-type"),
    activeLimit: codex("active-limit"),
    credits: credits(codex("credits-has-credits"), codex("credits-unlimited"), codex("credits-balance"))
  })
}

/**
 * Reads a `codex.rate_limits` event; `undefined` for every other event.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromEvent = (json: unknown, at: DateTime.Utc): Reading | undefined => {
  if (field(json, "type") !== "codex.rate_limits") return undefined
  const slot = (name: string) => {
    const value = field(field(json, "rate_limits"), name)
    return window(field(value, "used_percent"), numeric(field(value, "window_minutes")), {
      at: field(value, "reset_at"),
      after: field(value, "reset_after_seconds"),
      now: at
    })
  }
  const name = field(json, "limit_name")
  const limits = limit(field(json, "metered_limit_name") ?? name ?? mainLimit, name, [
    slot("primary"),
    slot("secondary")
  ])
  return reading(limits, { plan: field(json, "plan_type"), credits: creditsOf(json) })
}

/**
 * Reads the answer of `/wham/usage`; `undefined` for what is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromUsage = (json: unknown, at: DateTime.Utc): Reading | undefined => {
  const windows = (rateLimit: unknown) =>
    ["primary_window", "secondary_window"].map((name) => {
      const value = field(rateLimit, name)
      const seconds = numeric(field(value, "limit_window_seconds"))
      return window(field(value, "used_percent"), seconds === undefined ? undefined : seconds / 60, {
        at: field(value, "reset_at"),
        after: field(value, "reset_after_seconds"),
        now: at
      })
    })
  const additional = field(json, "additional_rate_limits")
  const limits = [
    ...limit(mainLimit, undefined, windows(field(json, "rate_limit"))),
    ...(Array.isArray(additional) ? additional : []).flatMap((additional) => {
      const name = field(additional, "limit_name")
      return limit(field(additional, "metered_feature") ?? name, name, windows(field(additional, "rate_limit")))
    })
  ]
  return reading(limits, { plan: field(json, "plan_type"), credits: creditsOf(json) })
}

/** Something that says nothing is no reading. */
const reading = (
  limits: ReadonlyArray<Limit>,
  rest: { readonly plan?: unknown; readonly activeLimit?: unknown; readonly credits: Credits | undefined }
): Reading | undefined => {
  const plan = filled(rest.plan)
  const activeLimit = filled(rest.activeLimit)
  return limits.length === 0 && plan === undefined && rest.credits === undefined ? undefined : {
    limits,
    ...(plan === undefined ? {} : { plan }),
    ...(rest.credits === undefined ? {} : { credits: rest.credits }),
    ...(activeLimit === undefined ? {} : { activeLimit: idOf(activeLimit) })
  }
}

const limit = (id: unknown, name: unknown, windows: ReadonlyArray<Window | undefined>): ReadonlyArray<Limit> => {
  const said = filled(id)
  const found = windows.filter(Predicate.isNotUndefined)
  const called = filled(name)
  return said === undefined || found.length === 0
    ? []
    : [{ id: idOf(said), ...(called === undefined ? {} : { name: called }), windows: found }]
}

/** A header has dashes where the other places have underscores. */
const idOf = (name: string): string => name.toLowerCase().replaceAll("-", "_")

const window = (
  used: unknown,
  minutes: number | undefined,
  reset: { readonly at: unknown; readonly after: unknown; readonly now: DateTime.Utc }
): Window | undefined => {
  const usedPercent = numeric(used)
  if (usedPercent === undefined || minutes === undefined || minutes === 0) return undefined
  const resetAt = numeric(reset.at)
  const resetAfter = numeric(reset.after)
  const resetsAt = resetAt !== undefined && resetAt > 0
    ? DateTime.make(resetAt * 1000)
    : resetAfter === undefined
    ? Option.none()
    : DateTime.make(DateTime.toEpochMillis(reset.now) + resetAfter * 1000)
  return { kind: kindOf(minutes), minutes, usedPercent, ...Option.match(resetsAt, { onNone: () => ({}), onSome }) }
}

const onSome = (resetsAt: DateTime.Utc) => ({ resetsAt })

/** A length may be a little off: some servers round it, or count from the first use. */
const kindOf = (minutes: number): Window["kind"] => {
  const isAbout = (expected: number) => Math.abs(minutes - expected) <= expected / 20
  return isAbout(5 * 60) ? "five-hour" : isAbout(7 * 24 * 60) ? "weekly" : "other"
}

const credits = (hasCredits: unknown, unlimited: unknown, balance: unknown): Credits | undefined => {
  const has = boolean(hasCredits)
  if (has === undefined) return undefined
  const left = Predicate.isNumber(balance) ? String(balance) : filled(balance)
  return { hasCredits: has, unlimited: boolean(unlimited) ?? false, ...(left === undefined ? {} : { balance: left }) }
}

const creditsOf = (json: unknown): Credits | undefined => {
  const value = field(json, "credits")
  return credits(field(value, "has_credits"), field(value, "unlimited"), field(value, "balance"))
}

/** A number that can be, or the text of one. */
const numeric = (value: unknown): number | undefined => {
  const number = Predicate.isString(value) && value.trim() !== "" ? Number(value) : value
  return Predicate.isNumber(number) && Number.isFinite(number) && number >= 0 ? number : undefined
}

/** `true`, `True`, `1`, and the same for the contrary. */
const boolean = (value: unknown): boolean | undefined =>
  Predicate.isBoolean(value) ? value : spellings[text(value)?.trim().toLowerCase() ?? String(numeric(value))]

const spellings: { readonly [spelling: string]: boolean } = { true: true, 1: true, false: false, 0: false }

const filled = (value: unknown): string | undefined => text(value)?.trim() || undefined
