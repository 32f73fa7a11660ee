/**
 * A length of time as people say it.
 */
import * as Duration from "effect/Duration"

/** In the two greatest units that matter: `3 d 4 h`, `3 h 10 min`, `5 min`, `12 s`. */
export const span = (duration: Duration.Duration): string => {
  const seconds = Math.max(0, Math.floor(Duration.toSeconds(duration)))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  const two = (great: string, small: number, unit: string) => small === 0 ? great : `${great} ${small} ${unit}`
  if (days > 0) return two(`${days} d`, hours % 24, "h")
  if (hours > 0) return two(`${hours} h`, minutes % 60, "min")
  return minutes > 0 ? `${minutes} min` : `${seconds} s`
}
