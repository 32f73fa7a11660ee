/**
 * The signal that asked the program to stop.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Signal } from "./ExitCode.ts"

export class Interruption extends Context.Tag("effixir/cli/Interruption")<Interruption, {
  /** Which signal came first. */
  readonly signal: Effect.Effect<Signal>
}>() {}

/**
 * Listens for signals, without deciding what is done about them, and tells which one came first. Whoever interrupts
 * the program without one stands for a person at the keyboard.
 */
export const listen = (): () => Signal => {
  let first: Signal | undefined
  for (const signal of signals) {
    process.prependOnceListener(signal, () => {
      if (first === undefined) holdOff()
      first ??= signal
    })
  }
  // A terminal that closes ends the run like a polite kill does, tools and all.
  process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  return () => first ?? "SIGINT"
}

/**
 * For a second no other signal counts: a wrapper passes on what the terminal has sent already, and the end would be cut
 * off. After that one more stops the program at once.
 */
const holdOff = (): void => {
  const ignore = () => {}
  for (const signal of signals) process.on(signal, ignore)
  setTimeout(() => signals.forEach((signal) => process.off(signal, ignore)), 1000).unref()
}

const signals = ["SIGINT", "SIGTERM"] as const

export const layer = (first: () => Signal): Layer.Layer<Interruption> =>
  Layer.succeed(Interruption, { signal: Effect.sync(first) })
