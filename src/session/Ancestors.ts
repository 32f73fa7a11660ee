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
import type { Encoded, SessionError } from "./SessionStore.ts"
import * as Summary from "./Summary.ts"

/** What a fork shares with others; nothing for a session that is no fork. */
export const linesOf = (
  driver: Pick<Encoded, "read">,
  id: string,
  own: Iterable<string>,
  lost: (detail: string) => SessionError
): Effect.Effect<ReadonlyArray<string>, SessionError> =>
  Effect.gen(function*() {
    const parts: Array<ReadonlyArray<string>> = []
    const seen = new Set([id])
    let limit = Infinity
    for (let from = Summary.forkIn(yield* first(own)); from !== undefined;) {
      const { seq, sessionId } = from
      if (seen.has(sessionId)) return yield* lost(`it is a fork of itself, by way of session ${sessionId}`)
      seen.add(sessionId)
      limit = Math.min(limit, seq)
      const lines = yield* Effect.mapError(
        Effect.flatMap(driver.read(sessionId, 0), inMemory),
        (error) =>
          error.reason === "NotFound"
            ? lost(`it goes on from session ${sessionId}, which is not there any more`)
            : lost(`it goes on from session ${sessionId}: ${error.message}`)
      )
      parts.push(upTo(lines, limit))
      from = Summary.forkIn(lines[0])
    }
    return parts.toReversed().flat()
  })

/** A driver of which every session reads whole. */
export const resolving = (
  driver: Encoded,
  lost: (id: string) => (detail: string) => SessionError
): Pick<Encoded, "claim" | "read"> => ({
  claim: (id) =>
    Effect.flatMap(
      driver.claim(id),
      (writer) =>
        Effect.flatMap(
          linesOf(driver, id, writer.lines, lost(id)),
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
      const from = Summary.forkIn(yield* first(own))
      if (from === undefined || from.seq <= afterSeq) return own
      return joined(yield* inMemory(own), yield* linesOf(driver, id, own, lost(id)))
    })
})

/** All lines at once, where they have to be gone through more than once. */
export const inMemory = (lines: Iterable<string>): Effect.Effect<ReadonlyArray<string>, SessionError> =>
  reading(() => Array.from(lines))

const first = (lines: Iterable<string>): Effect.Effect<string | undefined, SessionError> =>
  reading(() => {
    for (const line of lines) return line
    return undefined
  })

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

/** The lines of a log after its first, up to a number. A line that is damaged has none, and stays where it is. */
const upTo = (lines: ReadonlyArray<string>, limit: number): ReadonlyArray<string> => {
  const end = lines.findIndex((line) => seqOf(line) > limit)
  return lines.slice(1, end === -1 ? undefined : end)
}

const seqOf = (line: string): number => {
  const [, seq] = /^\{"seq":(\d+),/.exec(line) ?? []
  return seq === undefined ? number(field(parse(line), "seq")) ?? 0 : Number(seq)
}
