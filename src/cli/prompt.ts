/**
 * What the user asks for: from the command line, from stdin, or from both.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { fstatSync, type Stats } from "node:fs"
import { createInterface } from "node:readline"
import { buffer } from "node:stream/consumers"
import { BadInput } from "./ExitCode.ts"
import type { Piped } from "./pipedInput.ts"
import * as PipedText from "./pipedText.ts"
import { withProgressLine } from "./progressLine.ts"
import { Screen } from "./Screen.ts"

/** What is asked, and what was piped in beside it. */
export interface Asked {
  readonly text: string
  readonly piped: Piped | undefined
}

/**
 * A prompt of `-`, or none while stdin is a pipe, means all of stdin. Beside another prompt, what is piped in is waited
 * for as long as it is not silent for `wait` seconds: a pipe that a script leaves open must not hold a run up. Where nothing
 * can be piped in, the settings are not looked at for it.
 */
export const read = Effect.fnUntraced(function*<E, R>(given: string | undefined, wait: Effect.Effect<number, E, R>) {
  if (isFolder()) {
    return yield* new BadInput({
      message: "stdin is a folder, which cannot be read: pipe a file in, or name the folder in the prompt"
    })
  }
  const isWhole = given === "-" || given === undefined && process.stdin.isTTY !== true
  const text = isWhole ? yield* stdin : given ?? ""
  if (text.trim() === "") {
    return yield* new BadInput({
      message: "The prompt is empty: say what to do, as in `effixir \"explain this folder\"`, or pipe it in"
    })
  }
  const asked: Asked = { text, piped: isWhole || isDevice(process.stdin) ? undefined : yield* beside(yield* wait) }
  return asked
})

/** All that stdin holds. */
export const stdin: Effect.Effect<string, BadInput, Screen> = Effect.flatMap(
  Effect.tryPromise({
    try: () => buffer(process.stdin),
    catch: () => new BadInput({ message: "The prompt could not be read from stdin" })
  }).pipe(withProgressLine(Effect.succeed("reading the prompt from stdin"))),
  (bytes) => PipedText.decode(bytes)
)

/** How much is read; an artifact holds as much. */
const maxBytes = 64 * 1024 * 1024

/** How many times the silence that is waited for the whole may take. */
const patience = 15

const beside = Effect.fnUntraced(function*(wait: number) {
  const screen = yield* Screen
  const input = process.stdin
  if (wait === 0) return undefined
  const chunks: Array<Buffer> = []
  let size = 0
  const ended = Effect.async<boolean>((resume) => {
    const onData = (chunk: Buffer | string) => {
      const bytes = Buffer.from(chunk)
      chunks.push(bytes)
      size += bytes.length
      if (size > maxBytes) resume(Effect.succeed(false))
    }
    const onEnd = () => resume(Effect.succeed(true))
    input.on("data", onData).once("end", onEnd).once("error", onEnd)
    return Effect.sync(() => void input.off("data", onData).off("end", onEnd).off("error", onEnd))
  })
  const silence = Effect.gen(function*() {
    for (let before = -1; before !== size;) {
      before = size
      yield* Effect.sleep(`${wait} seconds`)
    }
    return false
  })
  const isRegular = isFile(input)
  const isAll = yield* Effect.raceAll([
    ended,
    ...isRegular ? [] : [silence, Effect.as(Effect.sleep(`${wait * patience} seconds`), false)]
  ]).pipe(
    withProgressLine(Effect.succeed("reading what is piped in")),
    Effect.ensuring(Effect.sync(() => input.pause()))
  )
  if (!isAll) {
    yield* screen.say(
      size === 0
        ? `nothing came from stdin for ${wait} s, and the run goes on without it. To wait longer: --set stdin_wait=60; ` +
          "to send nothing: < /dev/null"
        : `stdin has not ended, and the run goes on with the ${
          size.toLocaleString("en-US")
        } bytes that came. To wait ` +
          "longer: --set stdin_wait=60"
    )
  }
  const text = yield* PipedText.decode(Buffer.concat(chunks), !isAll)
  const piped: Piped | undefined = text.trim() === "" ? undefined : { text, isCut: !isAll }
  return piped
})

/** A file is there as a whole, however slow its disk. */
const isFile = (input: Input): boolean => statOf(input)?.isFile() === true

/** A terminal is typed at, and `/dev/null` has nothing to say. */
const isDevice = (input: Input): boolean => input.isTTY === true || statOf(input)?.isCharacterDevice() === true

/** Of a folder, Node makes an empty stdin that names no file. */
const isFolder = (): boolean => statOf({ fd: 0 })?.isDirectory() === true

interface Input {
  readonly fd?: number
  readonly isTTY?: boolean
}

const statOf = ({ fd }: Input): Stats | undefined => {
  try {
    return fd === undefined ? undefined : fstatSync(fd)
  } catch {
    return undefined
  }
}

/** Lines that are typed or piped in; the end of stdin does not end the stream. */
export const lines: Stream.Stream<string> = Stream.asyncPush<string>((emit) =>
  Effect.acquireRelease(
    Effect.sync(() => createInterface({ input: process.stdin }).on("line", (line) => emit.single(line))),
    (input) => Effect.sync(() => input.close())
  )
)

/** The words of the command line that are not options. */
export const positionals = (
  given: ReadonlyArray<string>,
  max: number
): Effect.Effect<ReadonlyArray<string>, BadInput> =>
  given.length > max
    ? new BadInput({
      message: `Too many words (${given.slice(max - 1).map((word) => `"${word}"`).join(" ")}); put the prompt in quotes`
    })
    : Effect.succeed(given)
