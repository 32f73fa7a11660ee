/**
 * Renders a run as JSON lines on stdout: the public contract for programs.
 */
import * as Effect from "effect/Effect"
import type { AgentEvent } from "../../agent/AgentEvent.ts"
import * as EventLines from "../../agent/EventLines.ts"
import * as ExitCode from "../ExitCode.ts"
import type { Screen } from "../Screen.ts"
import type { Renderer } from "./Renderer.ts"

export interface Options {
  /** Whether to print the pieces of texts too, as they arrive. */
  readonly deltas: boolean
  /** The signal that is reported as the cause when a run is interrupted. */
  readonly signal: Effect.Effect<ExitCode.Signal>
}

export const make = (screen: typeof Screen.Service, options: Options): Renderer => ({
  isForPeople: false,
  show: (event) =>
    Effect.flatMap(options.signal, (signal) =>
      Effect.forEach(
        EventLines.linesOf(asTold(event, screen, signal), options.deltas),
        (line) => screen.out(EventLines.toText(line)),
        { discard: true }
      )),
  tick: Effect.void,
  finish: Effect.void
})

const asTold = (event: AgentEvent, screen: typeof Screen.Service, signal: ExitCode.Signal): AgentEvent => {
  switch (event._tag) {
    case "TurnFailed":
      return { ...event, message: screen.advised(event.message) }
    case "TurnInterrupted":
      return { ...event, reason: ExitCode.reasonOf(signal) }
    default:
      return event
  }
}
