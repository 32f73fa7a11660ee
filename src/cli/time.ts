/**
 * Times as people say them.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"

/** A duration in its one or two largest units: `2 y`, `3 d 4 h`, `3 h 10 min`, `5 min`, `12 s`. */
export const span = (duration: Duration.Duration): string => {
  const seconds = Math.max(0, Math.floor(Duration.toSeconds(duration)))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  const two = (great: string, small: number, unit: string) => small === 0 ? great : `${great} ${small} ${unit}`
  if (days >= 2 * 365) return `${Math.floor(days / 365)} y`
  if (days > 0) return two(`${days} d`, hours % 24, "h")
  if (hours > 0) return two(`${hours} h`, minutes % 60, "min")
  return minutes > 0 ? `${minutes} min` : `${seconds} s`
}

/** How far a time is from now, and its local time, with the day unless that is today. */
export const moment = (at: DateTime.Utc, now: DateTime.Utc): string => {
  const local = (utc: DateTime.Utc) => DateTime.setZone(utc, DateTime.zoneMakeLocal())
  const { hours, minutes } = DateTime.toParts(local(at))
  const [day, today] = [at, now].map((utc) => DateTime.formatIsoDate(local(utc)))
  const time = `at ${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`
  const away = span(DateTime.distanceDuration(now, at))
  const distance = DateTime.lessThan(at, now) ? `${away} ago` : `in ${away}`
  return `${distance} (${day === today ? time : `on ${day} ${time}`})`
}

/** Minutes and seconds until a time. */
export const timeLeft = (until: DateTime.Utc): Effect.Effect<string> =>
  Effect.map(DateTime.now, (now) => {
    const seconds = Math.max(0, Math.floor(Duration.toSeconds(DateTime.distanceDuration(now, until))))
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`
  })
