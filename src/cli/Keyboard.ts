/**
 * A person at the keyboard: single keys, and a line of words.
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { createInterface, type Interface } from "node:readline/promises"
import { Writable } from "node:stream"

/** Whether somebody can see a question and press a key. */
export const isThere = (): boolean => process.stdin.isTTY === true && process.stderr.isTTY === true

/** The terminal has got another size, and what is on it may be hard to read now. */
export class Resized extends Data.TaggedError("Resized") {}

export interface Keys {
  /** The next key; what is pasted is none. */
  readonly next: Effect.Effect<string, Resized>
  /** Lets pass what was typed before now: it is no answer to what has just been shown. */
  readonly discard: Effect.Effect<void>
}

/** Gives the keys to whoever uses them. The terminal is as it was afterwards. */
export const withKeys = <A, E, R>(use: (keys: Keys) => Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const listener: Listener = { hear: undefined, isResized: false }
      const onData = (data: Buffer | string) => {
        const text = String(data)
        // The terminal does not see it in this mode.
        if (text.includes("\u0003")) process.kill(process.pid, "SIGINT")
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
    }),
    ({ listener }) =>
      use({
        next: Effect.async((resume) => {
          // While nobody listened: what has been shown since may be hard to read already.
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
      }),
    ({ onData, onResize }) =>
      Effect.sync(() => {
        process.stderr.off("resize", onResize)
        process.stdin.off("data", onData).setRawMode(false).pause()
      })
  )

interface Listener {
  hear: ((key: string | undefined) => void) | undefined
  isResized: boolean
}

/** Nobody reads a question in less. */
const deaf = "100 millis"

/** However late this program comes to it, all that waits to be read is read: once around for what is there, and once more. */
const readAll = Effect.async<void>((resume) => {
  setImmediate(() => setImmediate(() => resume(Effect.void)))
})

/** Keys that a terminal sends as a sequence. */
const arrows: { readonly [sequence: string]: string } = { "\u001B[B": "down", "\u001BOB": "down", "\u001B[6~": "down" }

/** A line of words; Enter alone says nothing. */
export const words = (prompt: string): Effect.Effect<string> =>
  line(process.stderr, (input, signal) => input.question(prompt, { signal }))

/** A line that nobody looking at the screen may read, such as a key. What is typed after the prompt is never echoed. */
export const hiddenWords = (prompt: string): Effect.Effect<string> =>
  line(new Writable({ write: (_text, _encoding, done) => done() }), (input, signal) => {
    process.stderr.write(prompt)
    return input.question("", { signal })
  })

const line = (
  output: NodeJS.WritableStream,
  ask: (input: Interface, signal: AbortSignal) => Promise<string>
): Effect.Effect<string> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const input = createInterface({ input: process.stdin, output, terminal: true })
      return input.on("SIGINT", () => process.kill(process.pid, "SIGINT"))
    }),
    (input) =>
      Effect.promise((signal) =>
        Promise.race([
          ask(input, signal),
          new Promise<string>((resolve) => input.once("close", () => resolve("")))
        ])
      ),
    (input) => Effect.sync(() => input.close())
  )
