/**
 * How an event becomes a line of a log, and lines become events.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { hidden } from "../auth/Secrets.ts"
import { json } from "../internal/visible.ts"
import { reading } from "./Ancestors.ts"
import * as LineHead from "./LineHead.ts"
import { decodeLine, type Log, readable } from "./Log.ts"
import type { Line, Lines } from "./SessionDriver.ts"
import { SessionError } from "./SessionError.ts"
import { endsTurn, type SessionEvent, Stored } from "./SessionEvent.ts"
import * as WorkingSet from "./WorkingSet.ts"

const Text = Schema.parseJson(Stored)
const encodeText = (stored: Stored): string => json(Schema.encodeSync(Text)(stored))

/** Without our secrets. A program can pass JSON that is nested too deeply to encode. */
export const encode = (id: string, stored: Stored): Effect.Effect<string, SessionError> =>
  Effect.try({
    try: () => encodeText(stored),
    catch: () =>
      new SessionError({
        reason: "Io",
        session: id,
        detail: "what should be kept there is not JSON, or is nested too deeply"
      })
  }).pipe(Effect.flatMap(hidden))

/** The events with a number above `afterSeq`. */
export const decode = (id: string, lines: Iterable<string>, afterSeq = 0): Effect.Effect<Log, SessionError> =>
  reading(() => {
    const { count, damaged, events } = readable(lines, afterSeq)
    if (afterSeq === 0 && count > 0 && damaged.length === count) throw corrupt(id)
    return { events: events.map((stored) => calledBy(id, stored)), damaged }
  })

/** The event with a key. */
export const find = (id: string, lines: Iterable<string>, key: string) =>
  reading(() => {
    for (const line of lines) {
      const stored = LineHead.of(line)?.key === key ? decodeLine(line) : key
      if (!Predicate.isString(stored)) return Option.some(calledBy(id, stored))
    }
    return Option.none<Stored>()
  })

/** What the next turns need of a log. */
export const workingSet = (id: string, lines: Lines): Effect.Effect<WorkingSet.WorkingSet, SessionError> =>
  reading(() => {
    const known = WorkingSet.make(lines, (line) => {
      const stored = decodeLine(line)
      return Predicate.isString(stored) ? stored : calledBy(id, stored)
    })
    if (known.isCorrupt()) throw corrupt(id)
    return known
  })

/**
 * A log that has lines and not one event is none of ours, or destroyed: whoever went on with it would begin anew without
 * a word.
 */
const corrupt = (session: string) =>
  new SessionError({ reason: "Corrupt", session, detail: "none of its lines is an event" })

/** A session whose folder was copied is another one, by the name of the copy. */
const calledBy = (id: string, stored: Stored): Stored => {
  const { event } = stored
  return event._tag === "SessionStarted" && event.sessionId !== id
    ? { ...stored, event: { ...event, sessionId: id } }
    : stored
}

export const endedBy = (event: SessionEvent): Line["ends"] =>
  event._tag === "ToolEnded" ? "call" : endsTurn(event) ? "turn" : undefined
