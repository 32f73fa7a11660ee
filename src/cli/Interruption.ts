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
  /** Tells how the turn ended; nobody else has to, then. Nothing comes in between. */
  readonly tellEnd: <E, R>(telling: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
}>() {}

/** What is known of signals, and of the end that a program that reads the output waits for. */
export interface Listening {
  readonly first: () => Signal
  isEndTold: boolean
}

/**
 * Listens for signals, without deciding what is done about them, and tells which one came first. Whoever interrupts
 * the program without one stands for a person at the keyboard.
 */
export const listen = (): Listening => {
  let first: Signal | undefined
  for (const signal of signals) {
    process.prependOnceListener(signal, () => {
      if (first === undefined) holdOff()
      first ??= signal
    })
  }
  // A terminal that closes ends the run like a polite kill does, tools and all.
  process.once("SIGHUP", () => process.kill(process.pid, "SIGTERM"))
  return { first: () => first ?? "SIGINT", isEndTold: false }
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

export const layer = (listening: Listening): Layer.Layer<Interruption> =>
  Layer.succeed(Interruption, {
    signal: Effect.sync(listening.first),
    tellEnd: <E, R>(telling: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
      Effect.uninterruptible(Effect.zipRight(
        telling,
        Effect.sync(() => {
          listening.isEndTold = true
        })
      ))
  })
