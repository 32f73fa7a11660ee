/**
 * A session as the lines of its log: what another program, or another home folder, can read as a session of its own. A
 * fork comes with the past that it shares, and is no fork any more.
 *
 * @internal
 */
import * as Schema from "effect/Schema"
import { json } from "../../internal/visible.ts"
import { Stored } from "../SessionEvent.ts"

const encode = Schema.encodeSync(Schema.parseJson(Stored))

export const make = (events: ReadonlyArray<Stored>): string =>
  events.map((stored) => `${json(encode(whole(stored)))}\n`).join("")

const whole = (stored: Stored): Stored => {
  if (stored.event._tag !== "SessionStarted") return stored
  const { forkOf: _, ...event } = stored.event
  return { ...stored, event }
}
