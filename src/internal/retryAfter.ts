import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"

/**
 * How long a server asks clients to wait, in milliseconds: `retry-after-ms`, or `retry-after` in seconds or as a date.
 * Any other value counts as absent, and a date in the past as no wait.
 */
export const retryAfter = (
  headers: { readonly [name: string]: string | undefined },
  now: number
): number | undefined => {
  const said = headers["retry-after"]
  const seconds = positive(said)
  return positive(headers["retry-after-ms"]) ?? (seconds === undefined ? untilDate(said, now) : seconds * 1000)
}

const positive = (text: string | undefined): number | undefined =>
  text !== undefined && /^\s*\d+(?:\.\d+)?\s*$/.test(text) ? Math.min(Number(text), longest) : undefined

/** Thirty years, in seconds: longer than any real wait, and still a valid number of milliseconds. */
const longest = 1e9

/** The three forms of RFC 9110 begin with the day of the week, and are all in GMT, though the oldest does not say so. */
const untilDate = (text: string | undefined, now: number): number | undefined => {
  const date = text?.trim() ?? ""
  if (!/^(?:mon|tue|wed|thu|fri|sat|sun).*\d\d:\d\d:\d\d/i.test(date)) return undefined
  return Option.match(DateTime.make(`${date.replace(/\s*gmt$/i, "")} +0000`), {
    onNone: () => undefined,
    onSome: (instant) => Math.max(0, DateTime.toEpochMillis(instant) - now)
  })
}
