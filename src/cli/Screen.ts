/**
 * The two outputs of the program, and what they are connected to.
 */
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import { fstatSync } from "node:fs"
import { hidden } from "../auth/Secrets.ts"
import { prose } from "../internal/visible.ts"
import { wrap } from "./wrap.ts"

export class Screen extends Context.Tag("effixir/cli/Screen")<Screen, {
  /** Writes to stdout, as it is. */
  readonly out: (text: string) => Effect.Effect<void>
  /** Writes to stderr, as it is. */
  readonly err: (text: string) => Effect.Effect<void>
  /** Writes one sentence to a person on stderr, marked as from effixir and wrapped at the width of the terminal. */
  readonly say: (sentence: string) => Effect.Effect<void>
  /** From now on, sentences that advise a sign-in name this profile, if one is given: without it, another one would be signed in. */
  readonly adviseFor: (profile: string | undefined) => Effect.Effect<void>
  /** A sentence with the commands that it advises as the person has to type them. */
  readonly advised: (sentence: string) => string
  /** The same for why the program has failed, which is told however quiet it is otherwise. */
  readonly fail: (sentence: string) => Effect.Effect<void>
  /** Ends when a write has failed because the reader of the output is gone, as with `| head -1`. */
  readonly closed: Effect.Effect<void>
  /** Whether that has happened. */
  readonly isClosed: Effect.Effect<boolean>
  readonly isOutTerminal: boolean
  readonly isErrTerminal: boolean
  /** Whether colours are wanted on stderr. */
  readonly hasColors: boolean
  /** How many characters a line may have and still be easy to read. */
  readonly width: number
  /** The terminal as it is now. */
  readonly size: () => Size
  /** Cuts a line to one row of the terminal of stderr: a line that wraps cannot be erased. */
  readonly oneRow: (text: string) => string
}>() {}

export interface Size {
  readonly columns: number
  readonly rows: number
}

/** The output of the program could not be written, so the run has failed whatever else it did. */
export class OutputLost extends Data.TaggedError("OutputLost")<{ readonly cause: NodeJS.ErrnoException }> {
  override get message(): string {
    const why = this.cause.code === "ENOSPC" ? "there is no space left on its disk" : this.cause.message
    return `The output could not be written: ${why}`
  }
}

/** The streams of this process. */
export const layer: Layer.Layer<Screen> = Layer.sync(Screen, () => {
  // A dumb terminal cannot erase what it has shown.
  const isErrTerminal = process.stderr.isTTY === true && process.env["TERM"] !== "dumb"
  // Each write handles its own failure; without a listener the stream would crash the process.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {})
  const closed = Deferred.unsafeMake<void>(FiberId.none)
  const close = Effect.asVoid(Deferred.succeed(closed, undefined))
  const onErrClosed = isSameFile(1, 2) ? close : Effect.void
  const err = (text: string) => Effect.ignore(write(process.stderr, text, onErrClosed))
  let profile: string | undefined
  const advised = (sentence: string) => profile === undefined ? sentence : withProfile(sentence, profile)
  const say = (sentence: string) => {
    const lines = `effixir: ${prose(advised(sentence))}`.split("\n")
    const isWrapped = (line: string) => process.stderr.isTTY === true && line.length > width
    return err(`${lines.map((line) => isWrapped(line) ? wrap(line, width, "") : line).join("\n")}\n`)
  }
  const width = Math.min(process.stdout.columns || process.stderr.columns || 100, 100)
  return Screen.of({
    out: (text) => Effect.orDieWith(write(process.stdout, text, close), (cause) => new OutputLost({ cause })),
    err,
    advised,
    adviseFor: (name) =>
      Effect.sync(() => {
        profile = name
      }),
    say,
    fail: say,
    closed: Deferred.await(closed),
    isClosed: Deferred.isDone(closed),
    isOutTerminal: process.stdout.isTTY === true,
    isErrTerminal,
    hasColors: isErrTerminal && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb",
    width,
    size: () => ({
      columns: process.stderr.columns || process.stdout.columns || 80,
      rows: process.stderr.rows || process.stdout.rows || 24
    }),
    oneRow: (text) => text.slice(0, Math.max(1, Math.min(process.stderr.columns || 80, 80) - 1))
  })
})

/**
 * Writes the text without our secrets, and waits until it is written. A reader that has gone away (`| head`) is not a
 * failure; a full disk is.
 */
const write = (
  stream: NodeJS.WriteStream,
  text: string,
  onClosed: Effect.Effect<void>
): Effect.Effect<void, NodeJS.ErrnoException> =>
  Effect.flatMap(hidden(text), (told) =>
    Effect.async((resume) => {
      stream.write(
        told,
        (error: NodeJS.ErrnoException | null | undefined) =>
          resume(error == null ? Effect.void : isClosed(error, stream) ? onClosed : Effect.fail(error))
      )
    }))

/** A terminal that was closed has no reader either. */
const isClosed = ({ code = "" }: NodeJS.ErrnoException, { isTTY }: NodeJS.WriteStream): boolean =>
  /^(?:EPIPE|ECONNRESET|ERR_STREAM_DESTROYED)$/.test(code) || isTTY && code === "EIO"

const withProfile = (sentence: string, profile: string): string =>
  sentence.replaceAll(
    /`effixir log(?:in|out)[^`]*/g,
    (command) => command.includes("--profile") ? command : `${command} --profile ${profile}`
  )

/** As with `2>&1`. */
const isSameFile = (a: number, b: number): boolean => {
  try {
    const [one, other] = [fstatSync(a), fstatSync(b)]
    return one.ino === other.ino && one.dev === other.dev
  } catch {
    return false
  }
}

export const dim = (screen: typeof Screen.Service) => (text: string): string =>
  screen.hasColors ? `\u001B[2m${text}\u001B[22m` : text
