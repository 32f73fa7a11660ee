/**
 * The two outputs of the program, and what they are connected to.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { stripVTControlCharacters } from "node:util"
import { hidden } from "../auth/Secrets.ts"
import { wrap } from "./wrap.ts"

export class Screen extends Context.Tag("effixir/cli/Screen")<Screen, {
  /** Writes to stdout, as it is. */
  readonly out: (text: string) => Effect.Effect<void>
  /** Writes to stderr, as it is. */
  readonly err: (text: string) => Effect.Effect<void>
  /** Tells a person something on stderr, in our name: one sentence, broken where the terminal ends. */
  readonly say: (sentence: string) => Effect.Effect<void>
  readonly isOutTerminal: boolean
  readonly isErrTerminal: boolean
  /** Whether colours are wanted on stderr. */
  readonly hasColors: boolean
  /** How many characters a line for a person may have to be read well. */
  readonly width: number
  /** A line for the terminal of stderr that fits one row of it: what wraps cannot be taken back. */
  readonly oneRow: (text: string) => string
}>() {}

/** What was asked for cannot be given. Nothing else that could be told would change that. */
export class OutputLost extends Data.TaggedError("OutputLost")<{ readonly cause: NodeJS.ErrnoException }> {
  override get message(): string {
    const why = this.cause.code === "ENOSPC" ? "there is no space left on its disk" : this.cause.message
    return `The output could not be written: ${why}`
  }
}

/** The streams of this process. */
export const layer: Layer.Layer<Screen> = Layer.sync(Screen, () => {
  // A dumb terminal can take nothing back that it has shown.
  const isErrTerminal = process.stderr.isTTY === true && process.env["TERM"] !== "dumb"
  // Each write hears of its own failure; without a listener the stream would end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  const err = (text: string) => Effect.ignore(write(process.stderr, text))
  const width = Math.min(process.stdout.columns || process.stderr.columns || 100, 100)
  return Screen.of({
    out: (text) => Effect.orDieWith(write(process.stdout, text), (cause) => new OutputLost({ cause })),
    err,
    say: (sentence) =>
      Effect.flatMap(hidden(sentence), (told) => {
        const line = `effixir: ${harmless(told)}`
        return err(`${process.stderr.isTTY === true && line.length > width ? wrap(line, width, "") : line}\n`)
      }),
    isOutTerminal: process.stdout.isTTY === true,
    isErrTerminal,
    hasColors: isErrTerminal && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb",
    width,
    oneRow: (text) => text.slice(0, Math.max(1, Math.min(process.stderr.columns || 80, 80) - 1))
  })
})

/** Waits until the text is out. A reader that has gone away (`| head`) is no reason to fail; a full disk is. */
const write = (stream: NodeJS.WriteStream, text: string): Effect.Effect<void, NodeJS.ErrnoException> =>
  Effect.async((resume) => {
    stream.write(
      text,
      (error: NodeJS.ErrnoException | null | undefined) =>
        resume(error == null || error.code === "EPIPE" ? Effect.void : Effect.fail(error))
    )
  })

/** Text of a model or a tool without what could steer the terminal, or show it in another order. */
export const harmless = (text: string): string =>
  stripVTControlCharacters(text).replaceAll("\r\n", "\n").replaceAll(steering, "")

// oxlint-disable-next-line no-control-regex -- control characters are what this is about
const steering = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u202A-\u202E\u2066-\u2069]/g

export const dim = (screen: typeof Screen.Service) => (text: string): string =>
  screen.hasColors ? `\u001B[2m${text}\u001B[22m` : text
