/**
 * How long a server asks to wait before the next request. Servers say it in headers, in fields of the body, or only in
 * words.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { field, number, text } from "../../internal/json.ts"
import { retryAfter } from "../../internal/retryAfter.ts"
import type { ServerFailure } from "./ServerFailure.ts"

/**
 * In milliseconds. What is meant for programs counts before what is meant for people.
 *
 * @since 0.1.0
 * @category accessors
 */
export const of = ({ headers, message, wait }: ServerFailure, now: number): number | undefined =>
  retryAfter(headers, now) ?? wait ?? inWords(message)

/**
 * The same for a rate limit, whose headers may tell when there is room again.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofRateLimit = (failure: ServerFailure, now: number): number | undefined =>
  of(failure, now) ?? untilReset(failure.headers, now)

/**
 * What the body of a refusal says: `retry_after` and its like, or Google's `RetryInfo` among the details.
 *
 * @since 0.1.0
 * @category decoding
 */
export const inBody = (fields: unknown): number | undefined => {
  const millis = number(field(fields, "retry_after_ms"))
  const seconds = field(fields, "retry_after") ?? field(fields, "retry_after_seconds") ?? field(fields, "retryAfter") ??
    // Hugging Face says so of a model that it is loading.
    field(fields, "estimated_time")
  const details = field(fields, "details")
  const delays = (Array.isArray(details) ? details : []).map((detail) => field(detail, "retryDelay"))
  return millis ?? (number(seconds) === undefined ? duration(text(seconds)) : Number(seconds) * 1000) ??
    delays.map((delay) => duration(text(delay))).find((delay) => delay !== undefined)
}

/** "Please try again in 11.054s", "retry after 6 seconds", "will reset after 1h2m3s" and their like. */
const inWords = (message: string): number | undefined => duration(asksToWait.exec(message)?.[1])

const asksToWait = new RegExp(
  String.raw`\b(?:try again|retry|retrying|resets?|available(?: again)?|wait)\b(?: (?:in|after|for))?:? ` +
    String.raw`(?:about |another |at least )?((?:\d+(?:\.\d+)?\s*[a-z]+[\s,]*(?:and )?)+)`,
  "i"
)

/** "6s", "1m30s", "250ms", "20 minutes", in milliseconds; words that are no unit of time are passed over. */
const duration = (said = ""): number | undefined => {
  const parts = Array.from(said.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g))
  const known = parts.flatMap(([, amount, unit = ""]) => {
    const long = Object.hasOwn(units, unit) ? units[unit] : undefined
    return long === undefined ? [] : [Number(amount) * long]
  })
  return known.length === 0 ? undefined : Math.ceil(known.reduce((sum, part) => sum + part, 0))
}

const [second, minute, hour, day] = [1000, 60_000, 3_600_000, 86_400_000]
const units: { readonly [unit: string]: number | undefined } = {
  ms: 1,
  millisecond: 1,
  milliseconds: 1,
  s: second,
  sec: second,
  secs: second,
  second,
  seconds: second,
  m: minute,
  min: minute,
  mins: minute,
  minute,
  minutes: minute,
  h: hour,
  hr: hour,
  hrs: hour,
  hour,
  hours: hour,
  d: day,
  day,
  days: day
}

/** `x-ratelimit-reset`, or one for each kind of limit; one of which something remains is not the one that refused. */
const untilReset = (headers: ServerFailure["headers"], now: number): number | undefined => {
  const waits = Object.entries(headers).flatMap(([name, value]) => {
    const [, kind] = /^x-ratelimit-reset(-[\w-]+)?$/.exec(name) ?? [undefined, null]
    if (kind === null || value === undefined) return []
    const remaining = headers[`x-ratelimit-remaining${kind ?? ""}`]
    const wait = remaining === undefined || Number(remaining) <= 0 ? untilTime(value.trim(), now) : undefined
    return wait === undefined ? [] : [Math.max(0, wait)]
  })
  return waits.length === 0 ? undefined : Math.max(...waits)
}

/** A duration, a number of seconds, an instant in seconds or milliseconds since 1970, or a date. */
const untilTime = (value: string, now: number): number | undefined => {
  if (!/^\d+(?:\.\d+)?$/.test(value)) {
    return duration(value) ??
      Option.getOrUndefined(Option.map(DateTime.make(value), (time) => DateTime.toEpochMillis(time) - now))
  }
  const amount = Number(value)
  if (amount < 1e9) return Math.ceil(amount * 1000)
  return Math.ceil(amount < 1e12 ? amount * 1000 : amount) - now
}
