import * as Predicate from "effect/Predicate"
import { existsSync, readdirSync, readFileSync } from "node:fs"

const folder = new URL("../../../shared/recordings/", import.meta.url)

/** Whether the recordings are on this machine. They are read in place and are no part of the project. */
export const areHere = existsSync(folder)

/** A recorded stream; it prints as the name of its file. */
export interface Recording {
  readonly name: string
  readonly text: string
  /** The JSON of its events, read in the plainest way. */
  readonly events: ReadonlyArray<Event>
}

export interface Event {
  readonly type: string
  readonly [field: string]: unknown
}

const dataOf = (text: string): ReadonlyArray<Event> =>
  text.split("\n").flatMap((line) =>
    line.startsWith("data: ") && line !== "data: [DONE]" ? [JSON.parse(line.slice("data: ".length))] : []
  )

export const streams: ReadonlyArray<Recording> = areHere
  ? readdirSync(folder).filter((name) => name.endsWith(".sse")).map((name) => {
    const text = readFileSync(new URL(name, folder), "utf8")
    return { name, text, events: dataOf(text) }
  })
  : []

/** A refusal as it was recorded, or quoted from a report. */
export interface Refusal {
  readonly status: number | null
  readonly body: { readonly [field: string]: unknown }
}

export const refusals: ReadonlyArray<Refusal> = ["errors.json", "errors-quoted.json"].flatMap((name) =>
  areHere ? JSON.parse(readFileSync(new URL(name, folder), "utf8")) : []
)

/** A field at a path, if it is there. */
export const at = (value: unknown, ...path: ReadonlyArray<string>): unknown =>
  path.reduce((value, name) => Predicate.hasProperty(value, name) ? value[name] : undefined, value)
