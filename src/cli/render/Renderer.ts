/**
 * How a run is shown: a fold over its events, with an output as its effect.
 */
import type * as Effect from "effect/Effect"
import type { AgentEvent } from "../../agent/AgentEvent.ts"

export interface Renderer {
  readonly show: (event: AgentEvent) => Effect.Effect<void>
  /** Called again and again while a run is on, so that a person sees that something is going on. */
  readonly tick: Effect.Effect<void>
  /** Called once, when nothing more comes. */
  readonly finish: Effect.Effect<void>
}
