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
import { field, number, parse } from "../internal/json.ts"
import type { Encoded } from "./SessionDriver.ts"
import type { SessionError } from "./SessionError.ts"
import type { ForkOf } from "./SessionEvent.ts"
import * as Summary from "./Summary.ts"

/** What a fork shares with others; nothing for a session that is no fork. */
export const linesOf = (
  driver: Pick<Encoded, "read">,
  id: string,
  own: Iterable<string>,
  fault: Fault
): Effect.Effect<ReadonlyArray<string>, SessionError> =>
  Effect.gen(function*() {
    const lost = (detail: string) => fault("PastLost", detail)
    const logs: Array<ReadonlyArray<string>> = []
    const parts: Array<ReadonlyArray<string>> = []
    const seen = new Set([id])
    const points: Array<ForkOf> = []
    let limit = Infinity
    for (let from = (yield* beginning(own, fault)).forkOf; from !== undefined;) {
      const { seq, sessionId } = from
      if (seen.has(sessionId)) return yield* lost(`it is a fork of itself, by way of session ${sessionId}`)
      seen.add(sessionId)
      const lines = yield* Effect.mapError(
        Effect.flatMap(driver.read(sessionId, 0), inMemory),
        (error) =>
          error.reason === "NotFound"
            ? lost(`it goes on from session ${sessionId}, which is not there any more`)
            : lost(`it goes on from session ${sessionId}: ${error.message}`)
      )
      if (seq <= limit) points.push(from)
      limit = Math.min(limit, seq)
      logs.push(lines)
      const begun = yield* beginning(lines, fault)
      parts.push(upTo(begun.hasLine ? lines.slice(1) : lines, limit))
      from = begun.forkOf
    }
    const other = points.find((point) => !isAsItWas(logs, point))
    return other === undefined
      ? parts.toReversed().flat()
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
      (writer) =>
        Effect.flatMap(
          linesOf(driver, id, writer.lines, fault(id)),
          (past) =>
            past.length === 0 ? Effect.succeed(writer) : Effect.map(
              inMemory(writer.lines),
              (own) => ({ ...writer, lines: joined(own, past) })
            )
        )
    ),
  read: (id, afterSeq) =>
    Effect.gen(function*() {
      const own = yield* driver.read(id, afterSeq)
      const { forkOf } = yield* beginning(own, fault(id))
      if (forkOf === undefined || forkOf.seq <= afterSeq) return own
      return joined(yield* inMemory(own), yield* linesOf(driver, id, own, fault(id)))
    })
})

/** All lines at once, where they have to be gone through more than once. */
export const inMemory = (lines: Iterable<string>): Effect.Effect<ReadonlyArray<string>, SessionError> =>
  reading(() => Array.from(lines))

/** What the first line of a log says. */
const beginning = (lines: Iterable<string>, fault: Fault) =>
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

const reading = <A>(read: () => A): Effect.Effect<A, SessionError> =>
  Effect.suspend(() => {
    try {
      return Effect.succeed(read())
    } catch (error) {
      return Predicate.isTagged(error, "SessionError") ? Effect.fail(error as SessionError) : Effect.die(error)
    }
  })

const joined = (own: ReadonlyArray<string>, past: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...own.slice(0, 1),
  ...past,
  ...own.slice(1)
]

/** The lines up to a number. A line that is damaged has none, and stays where it is. */
const upTo = (lines: ReadonlyArray<string>, limit: number): ReadonlyArray<string> => {
  const end = lines.findIndex((line) => seqOf(line) > limit)
  return end === -1 ? lines : lines.slice(0, end)
}

/**
 * Whether the event is still there at which a session was forked: an older copy, from a backup, may have grown other
 * events since. Where its line could be one that is damaged, the logs are believed.
 */
const isAsItWas = (logs: ReadonlyArray<ReadonlyArray<string>>, { at, seq }: ForkOf): boolean => {
  if (at === undefined) return true
  const found = logs.flatMap((lines) => lines.filter((line) => seqOf(line) === seq))
  return found.length === 0
    ? logs.some((lines) => lines.some((line) => seqOf(line) === 0))
    : found.some((line) => field(parse(line), "at") === at)
}

const seqOf = (line: string): number => {
  const [, seq] = /^\{"seq":(\d+),/.exec(line) ?? []
  return seq === undefined ? number(field(parse(line), "seq")) ?? 0 : Number(seq)
}
