/**
 * Records which signal asked the program to stop, and how the run was reported to end.
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
   * Prints how the turn ended and records its exit code, without interruption. After that no other part prints an end,
   * and a later signal does not change the code.
   */
  readonly tellEnd: <E, R>(code: Effect.Effect<number>, telling: Effect.Effect<void, E, R>) => Effect.Effect<void, E, R>
}>() {}

/** The signal that came first, and whether the end that a reading program waits for was printed. */
export interface Listening {
  readonly first: () => Signal
  readonly stop: (signal: Signal) => void
  /** The exit code of the end, once it was printed. */
  told: number | undefined
}

/**
 * Listens for signals and records the first one, without deciding what it does. An interruption without a signal counts
 * as `SIGINT`.
 */
export const listen = (): Listening => {
  let first: Signal | undefined
  const note = (signal: Signal) => {
    if (first === undefined) holdOff()
    first ??= signal
  }
  // The runtime listens for `SIGTERM`; the other signals are turned into it, so that they end the run and its tools
  // too.
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
 * Ignores further signals for a second: a wrapper may pass on a signal that the terminal has sent already, and the end
 * would be cut off. After that, one more stops the program at once.
 */
const holdOff = (): void => {
  const ignore = () => {}
  for (const signal of signals) process.on(signal, ignore)
  setTimeout(() => signals.forEach((signal) => process.off(signal, ignore)), 1000).unref()
}

/** The signals that the system sends. A closed pipe shows as a failed write instead. */
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

/**
 * Leaves Ctrl-C to another program of the person, which has the terminal meanwhile: the system sends the signal to both.
 */
export const withoutInterrupts = <A, E, R>(use: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const ignore = () => {}
      const others = process.rawListeners("SIGINT")
      process.removeAllListeners("SIGINT").on("SIGINT", ignore)
      return { ignore, others }
    }),
    () => use,
    ({ ignore, others }) =>
      Effect.sync(() => {
        process.off("SIGINT", ignore)
        for (const other of others) process.on("SIGINT", other as () => void)
      })
  )
