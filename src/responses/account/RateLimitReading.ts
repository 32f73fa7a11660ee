/**
 * Reads how much of a plan is used from the headers, events and `/wham/usage` answers of a server. Ignores what it
 * cannot read.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { field, text } from "../../internal/json.ts"

/**
 * A span of time with a limit on usage.
 *
 * - `kind` its common name, found from its length: the slot in which a server sends it differs from plan to plan
 * - `usedPercent` may be more than 100
 * - `resetsAt` when its usage is back to zero
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
 * Usage that the server counts together. `codex` is the limit of the plan; some models and features have one of their
 * own.
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
 * What one answer of a server contains. Any field may be absent.
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
 * Headers as an error frame has them: names in any case, and values that may not be text.
 *
 * @since 0.1.0
 * @category models
 */
export interface Headers {
  readonly [name: string]: unknown
}

/**
 * The id of the limit of the plan itself.
 *
 * @since 0.1.0
 * @category models
 */
export const mainLimit = "codex"

/**
 * Reads the headers of a response: `x-codex-…`, and those of every other limit that has some. `undefined` if they name
 * no window.
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
 * Whether an event may contain rate limits: `codex.rate_limits`, or an event with the headers of a response.
 *
 * @since 0.1.0
 * @category guards
 */
export const mayHoldLimits = ({ type }: { readonly type: string }): boolean => eventsWithLimits.has(type)

const eventsWithLimits: ReadonlySet<string> = new Set([
  "codex.rate_limits",
  "codex.response.metadata",
  "response.metadata",
  "error"
])

/**
 * Reads such an event; `undefined` for every other event.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromEvent = (json: unknown, at: DateTime.Utc): Reading | undefined => {
  const type = text(field(json, "type")) ?? ""
  if (!mayHoldLimits({ type })) return undefined
  if (type !== "codex.rate_limits") {
    const headers = field(json, "headers")
    return Predicate.isRecord(headers) ? fromHeaders(headers, at) : undefined
  }
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
 * Reads the answer of `/wham/usage`; `undefined` if it is something else.
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

/** An answer without any of these fields gives no reading. */
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

/** A plausible number, or its text. */
const numeric = (value: unknown): number | undefined => {
  const number = Predicate.isString(value) && value.trim() !== "" ? Number(value) : value
  return Predicate.isNumber(number) && Number.isFinite(number) && number >= 0 ? number : undefined
}

/** `true`, `True`, `1`, and likewise for false. */
const boolean = (value: unknown): boolean | undefined =>
  Predicate.isBoolean(value) ? value : spellings[text(value)?.trim().toLowerCase() ?? String(numeric(value))]

const spellings: { readonly [spelling: string]: boolean } = { true: true, 1: true, false: false, 0: false }

const filled = (value: unknown): string | undefined => text(value)?.trim() || undefined
