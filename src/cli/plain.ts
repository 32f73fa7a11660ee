/**
 * Terminals on which nothing may move the cursor, whatever they could do: for screen readers.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Screen } from "./Screen.ts"

/** Whether the terminal itself lets a line be edited, since nothing may move its cursor. */
export class IsPlain extends Context.Reference<IsPlain>()("effixir/cli/plain/IsPlain", {
  defaultValue: () => false
}) {}

/** On such a terminal nothing that has been shown is erased, as if it could not. */
export const onPlain = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R | Screen> =>
  effect.pipe(
    Effect.updateService(Screen, (screen) => ({ ...screen, isErrTerminal: false, hasColors: false })),
    Effect.provideService(IsPlain, true)
  )
