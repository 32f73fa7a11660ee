/**
 * Help of `@effect/cli` comes with colours, whoever reads it. Into a pipe, or with `NO_COLOR`, it should not.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { format, stripVTControlCharacters } from "node:util"
import { Screen } from "./Screen.ts"

export const layer: Layer.Layer<never, never, Screen> = Layer.unwrapEffect(Effect.gen(function*() {
  const screen = yield* Screen
  const console = yield* Effect.console
  const plain = (write: Console.Console["log"], hasColors: boolean): Console.Console["log"] => (...values) =>
    write(...values.map((value) => typeof value === "string" && !hasColors ? stripVTControlCharacters(value) : value))
  return Console.setConsole({
    ...console,
    // Node's own console keeps to itself what could not be written.
    log: plain((...values) => screen.out(`${format(...values)}\n`), screen.hasColors && screen.isOutTerminal),
    // What is wrong with a word is told at the edge, like everything else that goes wrong.
    error: () => Effect.void
  })
}))
