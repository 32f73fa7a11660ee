/**
 * Gives a fork the past that it shares: its log holds only its own lines, and where it comes from. So a fork costs one
 * line however long its past is, and nothing that is written to it can reach the session it comes from.
 *
 * A fork reads as its first line, then the lines of its ancestors up to the fork, then its own. The first lines of the
 * ancestors are left out: a session begins once.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { field, number, parse, text } from "../internal/json.ts"
import type { Encoded, Lines } from "./SessionDriver.ts"
import type { SessionError } from "./SessionError.ts"
import type { ForkOf } from "./SessionEvent.ts"
import * as Summary from "./Summary.ts"

/** What a fork shares with others; nothing for a session that is no fork. */
export const linesOf = (
  driver: Pick<Encoded, "read">,
  id: string,
  own: Lines,
  fault: Fault
): Effect.Effect<Lines, SessionError> =>
  Effect.gen(function*() {
    const lost = (detail: string) => fault("PastLost", detail)
    const logs: Array<Lines> = []
    const parts: Array<Lines> = []
    const seen = new Set([id])
    const points: Array<ForkOf> = []
    let limit = Infinity
    for (let from = (yield* beginning(own, fault)).forkOf; from !== undefined;) {
      const { seq, sessionId } = from
      if (seen.has(sessionId)) return yield* lost(`it is a fork of itself, by way of session ${sessionId}`)
      seen.add(sessionId)
      const [lines, begun] = yield* Effect.mapError(
        Effect.flatMap(driver.read(sessionId, 0), (lines) =>
          Effect.map(beginning(lines, fault), (begun) => [lines, begun] as const)),
        (error) =>
          error.reason === "Newer"
            ? error
            : error.reason === "NotFound"
            ? lost(`it goes on from session ${sessionId}, which is not there any more`)
            : lost(`it goes on from session ${sessionId}: ${error.message}`)
      )
      if (seq <= limit) {
        points.push(from)
      }
      limit = Math.min(limit, seq)
      logs.push(lines)
      parts.push(shared(lines, begun.hasLine, limit))
      from = begun.forkOf
    }
    const other = yield* reading(() =>
      replaced(logs, points)
    )
    return other === undefined
      ? joined(parts.toReversed())
      : yield* lost(`what it shares with session ${other.sessionId} was replaced by an older copy`)
  })

type Fault = (reason: "Newer" | "PastLost", detail: string) => SessionError

/** A driver of which every session reads whole. */
export const resolving = (
  driver: Encoded,
  fault: (id: string) => Fault
): Pick<Encoded, "claim" | "read"> => ({
  claim: (id) =>
    Effect.flatMap(
      driver.claim(id),
      (writer) => Effect.map(whole(driver, id, writer.lines, fault(id)), (lines) => ({ ...writer, lines }))
    ),
  read: (id, afterSeq) =>
    Effect.flatMap(driver.read(id, afterSeq), (own) => whole(driver, id, own, fault(id), afterSeq))
})

/** The lines of a session, with those that it shares. */
const whole = (driver: Pick<Encoded, "read">, id: string, own: Lines, fault: Fault, afterSeq = 0) =>
  Effect.gen(function*() {
    const { forkOf } = yield* beginning(own, fault)
    if (forkOf === undefined || forkOf.seq <= afterSeq) return own
    const past = yield* linesOf(driver, id, own, fault)
    return joined([slice(own, 0, 1), past, slice(own, 1)])
  })

/** All lines at once, where they have to be gone through more than once. */
export const inMemory = (lines: Lines): Effect.Effect<ReadonlyArray<string>, SessionError> =>
  reading(() => Array.from(lines))

/** What the first line of a log says. */
const beginning = (lines: Lines, fault: Fault) =>
  Effect.flatMap(
    reading(() => {
      for (const line of lines) return line
      return ""
    }),
    (line) => {
      const event = line.includes("\"SessionStarted\"") ? field(parse(line), "event") : undefined
      const hasLine = field(event, "_tag") === "SessionStarted"
      const version = number(field(event, "schemaVersion")) ?? known
      return hasLine && version > known
        ? fault("Newer", `its format has number ${version}, and this one knows ${known}`)
        : Effect.succeed({ hasLine, forkOf: hasLine ? Summary.forkOf(field(event, "forkOf")) : undefined })
    }
  )

/** The newest format that this version reads. */
const known = 1

/** Goes through lines, which may fail on the way. */
export const reading = <A>(read: () => A): Effect.Effect<A, SessionError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read())
    } catch (error) {
      return Predicate.isTagged(error, "SessionError") ? Effect.fail(error as SessionError) : Effect.die(error)
    }
  })

const joined = (parts: ReadonlyArray<Lines>): Lines => ({
  mayHold: (text) => parts.some(({ mayHold }) => mayHold === undefined || mayHold(text)),
  *[Symbol.iterator]() {
    for (const part of parts) yield* part
  }
})

const slice = (lines: Lines, from: number, to = Infinity): Lines => ({
  mayHold: lines.mayHold,
  *[Symbol.iterator]() {
    let at = 0
    for (const line of lines) {
      if (at >= from) yield line
      if (++at >= to) return
    }
  }
})

/** The lines up to a number, without the one that says how it began. A line that is damaged has none, and stays where it is. */
const shared = (lines: Lines, hasBeginning: boolean, limit: number): Lines => ({
  mayHold: lines.mayHold,
  *[Symbol.iterator]() {
    let isFirst = hasBeginning
    for (const line of lines) {
      if (!isFirst && seqOf(line) > limit) return
      if (!isFirst) yield line
      isFirst = false
    }
  }
})

/**
 * The point of a fork at which the logs have another event now: an older copy, from a backup, may have grown others
 * since. Where the line of that event could be one that is damaged, the logs are believed.
 */
const replaced = (logs: ReadonlyArray<Lines>, points: ReadonlyArray<ForkOf>): ForkOf | undefined => {
  const dated = points.filter(({ at }) => at !== undefined)
  if (dated.length === 0) return undefined
  const found = new Map<number, Array<string | undefined>>(dated.map(({ seq }) => [seq, []]))
  let isDamaged = false
  for (const lines of logs) {
    for (const line of lines) {
      const seq = seqOf(line)
      isDamaged ||= seq === 0
      found.get(seq)?.push(text(field(parse(line), "at")))
    }
  }
  return dated.find(({ at, seq }) => {
    const times = found.get(seq) ?? []
    return times.length === 0 ? !isDamaged : !times.includes(at)
  })
}

const seqOf = (line: string): number => {
  const [, seq] = /^\{"seq":(\d+),/.exec(line) ?? []
  return seq === undefined ? number(field(parse(line), "seq")) ?? 0 : Number(seq)
}
