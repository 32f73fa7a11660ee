/**
 * How a run is shown: a fold over its events, with an output as its effect.
 */
import type * as Effect from "effect/Effect"
import type { AgentEvent } from "../../agent/AgentEvent.ts"

/** The forms in which a run is told: to a person, event by event to a program, or in one object at its end. */
export type Form = "text" | "jsonl" | "envelope"

/** How much a person is told beside the answer. */
export type Verbosity = "quiet" | "usual" | "verbose"

export interface Renderer {
  /** Whether it tells in words that a turn was stopped; otherwise a sentence on stderr does. */
  readonly isForPeople: boolean
  readonly show: (event: AgentEvent) => Effect.Effect<void>
  /** Called at intervals during a run, to show a person that it is still working. */
  readonly tick: Effect.Effect<void>
  /** Called once, after the last event. */
  readonly finish: Effect.Effect<void>
}
