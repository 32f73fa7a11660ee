/**
 * What can be read of the lines of a log.
 *
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import * as Predicate from "effect/Predicate"
 * import { Log } from "effixir/session"
 *
 * // Which lines of a log are no events.
 * const check = (log: string) =>
 *   Effect.forEach(
 *     Log.readable(log.trimEnd().split("\n")).damaged,
 *     ({ line, problem }) => Console.log(`line ${line}: ${problem}`)
 *   )
 *
 * const eventOf = (line: string) => {
 *   const stored = Log.decodeLine(line)
 *   return Predicate.isString(stored) ? undefined : stored.event
 * }
 *
 * // The number after which a client wants to go on.
 * const after = (given: number) => Log.isSeq(given) ? given : 0
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Predicate from "effect/Predicate"
import { guardOf } from "../internal/guardOf.ts"
import { isItem, Item } from "../responses/Item.ts"
import { SessionEvent, type Stored } from "./SessionEvent.ts"

/**
 * A line of a log that is no event: the damage of a disk, or written by something else. It is left out, and the others
 * count. `line` counts from 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface DamagedLine {
  readonly line: number
  readonly problem: "blank" | "not JSON" | "no event" | "repeated"
}

/**
 * What a log holds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Log {
  readonly events: ReadonlyArray<Stored>
  readonly damaged: ReadonlyArray<DamagedLine>
}

/**
 * What can be read of a log: the events with a number above `afterSeq`, and which lines are none. `count` is how many
 * lines there are. An event that is there twice, as after two copies of a log were put together, counts once.
 *
 * @since 0.1.0
 * @category decoding
 */
export const readable = (lines: Iterable<string>, afterSeq = -Infinity): Log & { readonly count: number } => {
  const events: Array<Stored> = []
  const damaged: Array<DamagedLine> = []
  const keys = new Set<string>()
  let count = 0
  for (const line of lines) {
    count++
    if (isBefore(line, afterSeq)) continue
    const stored = decodeLine(line)
    if (Predicate.isString(stored)) damaged.push({ line: count, problem: stored })
    else if (keys.has(stored.key)) damaged.push({ line: count, problem: "repeated" })
    else {
      keys.add(stored.key)
      if (stored.seq > afterSeq) events.push(stored)
    }
  }
  return { count, damaged, events }
}

/**
 * Whether an event may have this number: one from which there is still a long way to count on.
 *
 * @since 0.1.0
 * @category guards
 */
export const isSeq = (u: unknown): u is number => Number.isInteger(u) && Number(u) > 0 && Number(u) < 2 ** 50

/** Decoding by the schema would cost many times what it costs to parse a line. */
const isEvent = guardOf(() => SessionEvent, new Map([[Item.ast, isItem]]))

/**
 * An event of a line, or why there is none.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeLine = (line: string): Stored | DamagedLine["problem"] => {
  let stored: unknown
  try {
    stored = JSON.parse(line)
  } catch {
    return line.trim() === "" ? "blank" : "not JSON"
  }
  const { at, event, key, seq } = Predicate.isRecord(stored) ? stored : {}
  const millis = Predicate.isString(at) ? Date.parse(at) : NaN
  return isSeq(seq) && Predicate.isString(key) && !Number.isNaN(millis) && isEvent(event)
    ? { seq, at: DateTime.unsafeMake(millis), key, event }
    : "no event"
}

/** Whether a line begins with a number that is asked for no more, so that it need not be parsed. */
const isBefore = (line: string, afterSeq: number): boolean =>
  afterSeq > 0 && Number(/^\{"seq":(\d+),/.exec(line)?.[1] ?? Infinity) <= afterSeq
