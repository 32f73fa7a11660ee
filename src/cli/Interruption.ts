/**
 * What asked the program to stop, and how it ends then.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Signal } from "./ExitCode.ts"

export class Interruption extends Context.Tag("effixir/cli/Interruption")<Interruption, {
  /** Which signal came first. */
  readonly signal: Effect.Effect<Signal>
  /** Stops the program as a signal does. */
  readonly stop: (signal: Signal) => Effect.Effect<void>
  /**
   * Tells how the turn ended, and which exit code that has; nobody else has to, then, and what stops the program later
   * changes nothing about it. Nothing comes in between.
   */
  readonly tellEnd: <E, R>(code: Effect.Effect<number>, telling: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
}>() {}

/** What is known of signals, and of the end that a program that reads the output waits for. */
export interface Listening {
  readonly first: () => Signal
  readonly stop: (signal: Signal) => void
  /** The exit code of the end that was told. */
  told: number | undefined
}

/**
 * Listens for signals, without deciding what is done about them, and tells which one came first. Whoever interrupts
 * the program without one stands for a person at the keyboard.
 */
export const listen = (): Listening => {
  let first: Signal | undefined
  const note = (signal: Signal) => {
    if (first === undefined) holdOff()
    first ??= signal
  }
  // The runtime listens for this one; the others end the run in the same way, tools and all.
  const interrupt = () => void process.emit("SIGTERM", "SIGTERM")
  for (const signal of signals) process.prependOnceListener(signal, () => note(signal))
  for (const signal of ["SIGHUP", "SIGQUIT"] as const) process.once(signal, interrupt)
  return {
    first: () => first ?? "SIGINT",
    stop: (signal) => {
      note(signal)
      interrupt()
    },
    told: undefined
  }
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

/** Those that the system sends. A pipe that nobody reads is told by the write that fails. */
export const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const

export const layer = (listening: Listening): Layer.Layer<Interruption> =>
  Layer.succeed(Interruption, {
    signal: Effect.sync(listening.first),
    stop: (signal) => Effect.sync(() => listening.stop(signal)),
    tellEnd: <E, R>(code: Effect.Effect<number>, telling: Effect.Effect<void, E, R>): Effect.Effect<void, E, R> =>
      Effect.uninterruptible(Effect.zipRight(
        telling,
        Effect.map(code, (code) => {
          listening.told = code
        })
      ))
  })
