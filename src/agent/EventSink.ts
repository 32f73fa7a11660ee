/**
 * Tells whoever watches a run what happens in it, and knows what has been told.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Session } from "../session/SessionStore.ts"
import { type AgentEvent, fromStored } from "./AgentEvent.ts"

/** @since 0.1.0 @category models */
export interface EventSink {
  /** Tells what is in the log. */
  readonly tell: (event: AgentEvent) => Effect.Effect<void>
  /** Tells what is not, and need not be remembered. */
  readonly show: (event: AgentEvent) => Effect.Effect<void>
  /** What is in the log now needs no telling. */
  readonly begin: Effect.Effect<void>
  /** Tells what has come into the log since then without being told, because its sink was stopped. */
  readonly rest: Effect.Effect<void>
}

/** @since 0.1.0 @category constructors */
export const make = (session: Session, publish: (event: AgentEvent) => Effect.Effect<unknown>): EventSink => {
  const told = new Set<number>()
  let known = 0

  const tell = (event: AgentEvent): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.map(restore(publish(event)), () => {
        told.add(event.seq)
      })
    )

  return {
    tell,
    show: (event) => Effect.asVoid(publish(event)),
    begin: Effect.map(session.events, (events) => {
      known = events.at(-1)?.seq ?? 0
    }),
    rest: Effect.flatMap(session.events, (events) =>
      Effect.forEach(
        events.filter(({ seq }) => seq > known && !told.has(seq)),
        (stored) => tell(fromStored(stored)),
        { discard: true }
      ))
  }
}
