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
import { field, number, parse } from "../internal/json.ts"
import type { Encoded, SessionError } from "./SessionStore.ts"
import * as Summary from "./Summary.ts"

/** What a fork shares with others; nothing for a session that is no fork. */
export const linesOf = (
  driver: Pick<Encoded, "read">,
  id: string,
  own: ReadonlyArray<string>,
  lost: (detail: string) => SessionError
): Effect.Effect<ReadonlyArray<string>, SessionError> =>
  Effect.gen(function*() {
    const parts: Array<ReadonlyArray<string>> = []
    const seen = new Set([id])
    let limit = Infinity
    for (let from = Summary.forkIn(own[0]); from !== undefined;) {
      const { seq, sessionId } = from
      if (seen.has(sessionId)) return yield* lost(`it is a fork of itself, by way of session ${sessionId}`)
      seen.add(sessionId)
      limit = Math.min(limit, seq)
      const lines = yield* Effect.mapError(
        driver.read(sessionId, 0),
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
        Effect.map(
          linesOf(driver, id, writer.lines, lost(id)),
          (past) => past.length === 0 ? writer : { ...writer, lines: joined(writer.lines, past) }
        )
    ),
  read: (id, afterSeq) =>
    Effect.flatMap(driver.read(id, afterSeq), (own) => {
      const from = Summary.forkIn(own[0])
      return from === undefined || from.seq <= afterSeq
        ? Effect.succeed(own)
        : Effect.map(linesOf(driver, id, own, lost(id)), (past) => joined(own, past))
    })
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
