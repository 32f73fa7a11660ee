/**
 * Emits the events of a run to its stream, and remembers which of the logged ones have been emitted.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import type { Session } from "../session/Session.ts"
import { type AgentEvent, fromStored } from "./AgentEvent.ts"

/** @since 0.1.0 @category models */
export interface EventSink {
  /** Emits an event that is in the log. */
  readonly emit: (event: AgentEvent) => Effect.Effect<void>
  /** Emits an event that is not logged. */
  readonly show: (event: AgentEvent) => Effect.Effect<void>
  /** Marks all events now in the log as emitted. */
  readonly skipLogged: Effect.Effect<void>
  /** Emits events logged since then that were not emitted because the fiber that logged them was interrupted. */
  readonly flush: Effect.Effect<void>
}

/** @since 0.1.0 @category constructors */
export const make = (session: Session, publish: (event: AgentEvent) => Effect.Effect<unknown>): EventSink => {
  const emitted = new Set<number>()
  let skipped = 0

  const emit = (event: AgentEvent): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.map(restore(publish(event)), () => {
        emitted.add(event.seq)
      })
    )

  return {
    emit,
    show: (event) => Effect.asVoid(publish(event)),
    skipLogged: Effect.map(session.events, (events) => {
      skipped = events.at(-1)?.seq ?? 0
    }),
    flush: Effect.flatMap(session.events, (events) =>
      Effect.forEach(
        events.filter(({ seq }) => seq > skipped && !emitted.has(seq)),
        (stored) => emit(fromStored(stored)),
        { discard: true }
      ))
  }
}
