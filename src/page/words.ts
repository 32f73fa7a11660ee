/**
 * Times, counts and names, as a person reads them.
 */

export const took = (millis: number): string => {
  if (millis < 1000) return ""
  const seconds = Math.round(millis / 1000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes} min ${seconds % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** How long ago something was; a date when that says more. */
export const ago = (iso: string, now: number): string => {
  const seconds = Math.max(0, Math.round((now - Date.parse(iso)) / 1000))
  if (seconds < 60) return "now"
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return new Date(iso).toLocaleDateString(undefined, { day: "numeric", month: "short" })
}

export const count = (n: number, one: string): string => `${n.toLocaleString("en-US")} ${one}${n === 1 ? "" : "s"}`

/** The last part of a path. */
export const lastName = (path: string): string => /([^/\\]+)[/\\]*$/.exec(path)?.[1] ?? path

export const tokens = (n: number): string => n < 1000 ? String(n) : `${(n / 1000).toFixed(n < 10_000 ? 1 : 0)}k`

export const dollars = (n: number): string => `$${n < 0.1 ? n.toFixed(4) : n.toFixed(2)}`

/** A title is plain text. */
export const withoutTicks = (text: string): string => text.replaceAll("`", "")
