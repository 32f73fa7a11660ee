/**
 * Numbers and times as all exports write them.
 *
 * @internal
 */
import type { Usage } from "../../responses/Usage.ts"
import type { Summary } from "../Summary.ts"

export const count = (value: number, one: string, many = `${one}s`): string =>
  `${value.toLocaleString("en-US")} ${value === 1 ? one : many}`

/** A time as `2026-11-29 12:00 UTC`. */
export const when = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`

/** A duration in its largest units: `340 ms`, `12.4 s`, `3 min 5 s`, `2 h 10 min`. */
export const took = (millis: number): string => {
  if (millis < 1000) return `${Math.round(millis)} ms`
  if (millis < 60_000) return `${Math.round(millis / 100) / 10} s`
  const minutes = Math.floor(millis / 60_000)
  return minutes < 60
    ? `${minutes} min ${Math.round(millis % 60_000 / 1000)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

export const titleOf = ({ id, title }: Pick<Summary, "id" | "title">): string =>
  title === null || title === "" ? `Session ${id}` : title

/** What it has cost; nothing where nobody knows, or a plan pays. */
export const costs = ({ costUsd }: Usage): ReadonlyArray<string> =>
  costUsd === undefined ? [] : [`$${costUsd.toFixed(costUsd < 0.1 ? 4 : 2)}`]

/** How many more lines there are than are shown. */
export const cut = (text: string, lines: number): { readonly shown: string; readonly left: number } => {
  const all = text.replace(/\n+$/, "").split("\n")
  return all.length <= lines ? { shown: all.join("\n"), left: 0 } : {
    shown: all.slice(0, lines).join("\n"),
    left: all.length - lines
  }
}
