/**
 * What the clock on the wall shows, without `Intl`: to load its data takes a tenth of the start of a run.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import { readlinkSync } from "node:fs"

/** The time here. */
export const now: Effect.Effect<DateTime.Zoned> = Effect.map(DateTime.now, (utc) => {
  const offset = -new Date(DateTime.toEpochMillis(utc)).getTimezoneOffset() * 60_000
  return DateTime.setZoneOffset(utc, offset)
})

/**
 * The name of the zone in the IANA database, such as `Europe/Berlin`: from where a system says it; from `Intl` where it
 * says it in another way, or a person has set `TZ`.
 */
export const zoneName = (): string => {
  const [, name] =
    /^(?:.*\/zoneinfo\/)?([A-Z]\w+(?:\/[\w+-]+)+)$/.exec(process.env["TZ"] === undefined ? localtime() : "") ?? []
  if (name === undefined) return Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC"
  return name === "Etc/UTC" ? "UTC" : name
}

const localtime = (): string => {
  try {
    return readlinkSync("/etc/localtime")
  } catch {
    return ""
  }
}
