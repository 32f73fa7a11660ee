/**
 * How an event becomes a line of a log, and lines become events.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { hidden } from "../auth/Secrets.ts"
import { json } from "../internal/visible.ts"
import { type Log, readable } from "./Log.ts"
import type { Line } from "./SessionDriver.ts"
import { SessionError } from "./SessionError.ts"
import { endsTurn, type SessionEvent, Stored } from "./SessionEvent.ts"

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

/**
 * The events with a number above `afterSeq`. A log that has lines and not one event is none of ours, or destroyed:
 * whoever went on with it would begin anew without a word.
 */
export const decode = (id: string, lines: Iterable<string>, afterSeq = 0): Effect.Effect<Log, SessionError> =>
  Effect.suspend(() => {
    try {
      const { count, damaged, events } = readable(lines, afterSeq)
      return afterSeq === 0 && count > 0 && damaged.length === count
        ? new SessionError({ reason: "Corrupt", session: id, detail: "none of its lines is an event" })
        : Effect.succeed({ events: events.map((stored) => calledBy(id, stored)), damaged })
    } catch (error) {
      return error instanceof SessionError ? error : Effect.die(error)
    }
  })

/** A session whose folder was copied is another one, by the name of the copy. */
const calledBy = (id: string, stored: Stored): Stored => {
  const { event } = stored
  return event._tag === "SessionStarted" && event.sessionId !== id
    ? { ...stored, event: { ...event, sessionId: id } }
    : stored
}

export const endedBy = (event: SessionEvent): Line["ends"] =>
  event._tag === "ToolEnded" ? "call" : endsTurn(event) ? "turn" : undefined
