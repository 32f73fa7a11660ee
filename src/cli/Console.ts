/**
 * Takes the colours out of the help of `@effect/cli` where it goes into a pipe or `NO_COLOR` is set.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import { format, stripVTControlCharacters } from "node:util"
import * as Layers from "../internal/layers.ts"
import { Screen } from "./Screen.ts"

export const layer: Layer.Layer<never, never, Screen> = Layers.unwrapEffect(Effect.gen(function*() {
  const screen = yield* Screen
  const console = yield* Effect.console
  const plain = (write: Console.Console["log"], hasColors: boolean): Console.Console["log"] => (...values) =>
    write(...values.map((value) => typeof value === "string" && !hasColors ? stripVTControlCharacters(value) : value))
  return Console.setConsole({
    ...console,
    // Node's own console does not report a failed write.
    log: plain((...values) => screen.out(`${format(...values)}\n`), screen.hasColors && screen.isOutTerminal),
    // `main` reports wrong options and words, like every other error.
    error: () => Effect.void
  })
}))
