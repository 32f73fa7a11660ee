/**
 * Reads from a person at the keyboard: single keys, or a line of text.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { createInterface, type Interface } from "node:readline/promises"
import { Writable } from "node:stream"
import { IsPlain } from "./plain.ts"

/** Whether a person at a terminal can see a question and press a key. */
export const isThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** The terminal was resized, so what it shows may be hard to read. */
export class Resized extends Data.TaggedError("Resized") {}

/**
 * What Ctrl-C does while a person is asked: it stops the program, unless only a part of it is to be stopped. Where
 * `hasEscape` is set, Escape does the same. `stop` gives false where there is nothing to stop.
 */
export class Stopping extends Context.Reference<Stopping>()("effixir/cli/Keyboard/Stopping", {
  defaultValue: (): { readonly stop: Effect.Effect<unknown>; readonly hasEscape: boolean } => ({
    stop: Effect.sync(() => process.kill(process.pid, "SIGINT")),
    hasEscape: false
  })
}) {}

/** Stops as often as it is told to, until `use` ends or is interrupted by that. */
const stoppable = <A, E, R>(use: (stop: () => void) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.gen(function*() {
    const { stop } = yield* Stopping
    const presses = yield* Queue.unbounded<void>()
    const stopping = Effect.interruptible(Effect.forever(Effect.zipRight(presses.take, stop)))
    return yield* Effect.raceFirst(use(() => void presses.unsafeOffer(undefined)), stopping)
  })

export interface Keys {
  /** The next key press; pasted text does not count. */
  readonly next: Effect.Effect<string, Resized>
  /** Drops keys typed before now: they cannot answer a question that has only just been shown. */
  readonly discard: Effect.Effect<void>
}

/** Runs `use` with single key presses, and restores the terminal afterwards. */
export const withKeys = <A, E, R>(use: (keys: Keys) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  stoppable((stop) => Effect.acquireUseRelease(takeKeys(stop), ({ listener }) => use(keysOf(listener)), giveKeysBack))

const takeKeys = (stop: () => void) =>
  Effect.sync(() => {
    const listener: Listener = { hear: undefined, isResized: false }
    const onData = (data: Buffer | string) => {
      const text = String(data)
      // In raw mode the terminal does not turn Ctrl-C into a signal.
      if (text.includes("\u0003")) stop()
      const key = [...text].length === 1 ? text : arrows[text]
      if (key !== undefined) listener.hear?.(key)
    }
    const onResize = () => {
      listener.isResized = listener.hear === undefined
      listener.hear?.(undefined)
    }
    process.stdin.setRawMode(true).on("data", onData).resume()
    process.stderr.on("resize", onResize)
    return { listener, onData, onResize }
  })

const giveKeysBack = ({ onData, onResize }: Effect.Effect.Success<ReturnType<typeof takeKeys>>) =>
  Effect.sync(() => {
    process.stderr.off("resize", onResize)
    process.stdin.off("data", onData).setRawMode(false).pause()
  })

const keysOf = (listener: Listener): Keys => ({
  next: Effect.async((resume) => {
    // The resize came while no key was awaited: the rows shown since may be hard to read.
    if (listener.isResized) {
      listener.isResized = false
      return resume(new Resized())
    }
    listener.hear = (key) => {
      listener.hear = undefined
      resume(key === undefined ? new Resized() : Effect.succeed(key))
    }
    return Effect.sync(() => {
      listener.hear = undefined
    })
  }),
  discard: Effect.zipRight(Effect.sleep(deaf), readAll)
})

interface Listener {
  hear: ((key: string | undefined) => void) | undefined
  isResized: boolean
}

/** Keys that come sooner are dropped: no person reads a question that fast. */
const deaf = "100 millis"

/** Lets the event loop go around twice, so that all pending input is read even if the process was busy. */
const readAll = Effect.async<void>((resume) => {
  setImmediate(() => setImmediate(() => resume(Effect.void)))
})

/** Keys that a terminal sends as a sequence. */
const arrows: { readonly [sequence: string]: string } = {
  "\u001B[A": "up",
  "\u001BOA": "up",
  "\u001B[5~": "up",
  "\u001B[B": "down",
  "\u001BOB": "down",
  "\u001B[6~": "down"
}

/**
 * Reads a line of text, which may be begun with one to change, unless the terminal edits it; Enter alone gives an empty
 * one.
 */
export const words = (prompt: string, begun = ""): Effect.Effect<string> =>
  Effect.flatMap(IsPlain, (isPlain) =>
    line({ output: process.stderr, terminal: !isPlain }, (input, signal) => {
      const answer = input.question(prompt, { signal })
      if (begun !== "" && !isPlain) input.write(begun)
      return answer
    }))

/**
 * Reads a line that must not show on the screen, such as an API key. What is typed after the prompt is never echoed.
 */
export const hiddenWords = (prompt: string): Effect.Effect<string> =>
  line({ output: new Writable({ write: (_text, _encoding, done) => done() }), terminal: true }, (input, signal) => {
    process.stderr.write(prompt)
    return input.question("", { signal })
  })

const line = (
  how: { readonly output: NodeJS.WritableStream; readonly terminal: boolean },
  ask: (input: Interface, signal: AbortSignal) => Promise<string>
): Effect.Effect<string> =>
  stoppable((stop) =>
    Effect.flatMap(Stopping, ({ hasEscape }) => {
      const onKey = (_text: string | undefined, key: { readonly name?: string } | undefined) => {
        if (hasEscape && key?.name === "escape") stop()
      }
      return Effect.acquireUseRelease(
        Effect.sync(() => {
          const input = createInterface({ input: process.stdin, escapeCodeTimeout: 50, ...how })
          process.stdin.on("keypress", onKey)
          return input.on("SIGINT", stop)
        }),
        (input) =>
          Effect.promise((signal) =>
            Promise.race([
              ask(input, signal),
              new Promise<string>((resolve) => input.once("close", () => resolve("")))
            ])
          ),
        (input) =>
          Effect.sync(() => {
            process.stdin.off("keypress", onKey)
            input.close()
          })
      )
    })
  )
