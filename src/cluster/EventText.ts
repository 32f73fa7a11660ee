/**
 * Events of a session as text, on their way from one machine to another.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { AgentEvent } from "../agent/AgentEvent.ts"
import { parse } from "../internal/json.ts"

export const encode = (event: AgentEvent): string => JSON.stringify({ ...event, at: DateTime.formatIso(event.at) })

/** A runner of another version may tell what is not known here: it is passed on as it is. */
export const decode = (text: string): Option.Option<AgentEvent> => {
  const value = parse(text)
  if (!Predicate.isRecord(value) || !Predicate.isString(value["at"])) return Option.none()
  const event: unknown = { ...value, at: DateTime.unsafeMake(value["at"]) }
  return isEvent(event) ? Option.some(event) : Option.none()
}

const isEvent = (value: unknown): value is AgentEvent =>
  Predicate.hasProperty(value, "_tag") && Predicate.isString(value._tag) &&
  Predicate.hasProperty(value, "seq") && Predicate.isNumber(value.seq)
