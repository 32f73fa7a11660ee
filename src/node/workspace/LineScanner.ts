/**
 * Searches lines with the regular expressions of JavaScript.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { closeSync, constants, readSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { basename, dirname } from "node:path"
import { TextDecoder } from "node:util"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import { ToolFailure } from "../../tools/Tool.ts"
import { cutLine, type Hit, type Query } from "../../tools/workspace/FileSearch.ts"
import { openIn, openRealPath } from "../files/openRealPath.ts"
import { makeLineSplitter } from "./lineSplitter.ts"
import { withRegExpTimeout } from "./regExpTimeout.ts"

/** Small files are read and searched in groups: the time limit for patterns costs more than such a file. */
const groupSize = 256
const concurrency = 16
const smallSize = 32 * 1024
const blockSize = 256 * 1024

/**
 * The lines that match, file by file in the order given.
 *
 * @since 0.1.0
 * @category searching
 */
export const lines = (query: Query, files: ReadonlyArray<string>): Stream.Stream<Hit, ToolFailure> =>
  Stream.unwrap(Effect.map(compile(query), (expression) =>
    Stream.fromIterable(files).pipe(
      Stream.grouped(groupSize),
      Stream.mapEffect((group) => scanGroup(query, expression, group)),
      Stream.flattenIterables
    )))

/** With the `u` flag where the pattern allows it: then a character counts as one, however it is stored. */
const compile = ({ ignoresCase, isLiteral, pattern }: Query): Effect.Effect<RegExp, ToolFailure> => {
  const hasFlag = !isLiteral && pattern.startsWith("(?i)")
  const source = isLiteral
    ? pattern.replaceAll(/[\\^$.*+?()[\]{}|/]/g, "\\$&")
    : withoutNamedClasses(hasFlag ? pattern.slice(4) : pattern)
  const flags = ignoresCase || hasFlag ? "i" : ""
  const attempt = (flags: string) =>
    Effect.try({
      try: () => new RegExp(source, flags),
      catch: (cause) =>
        new ToolFailure({
          message: ToolFailures.noRegularExpression(cause instanceof Error ? cause.message : undefined)
        })
    })
  return Effect.orElse(attempt(`${flags}u`), () => attempt(flags))
}

/** `[[:space:]]`, as grep and ripgrep know it, means something else to JavaScript, which reports no error. */
const withoutNamedClasses = (pattern: string): string => {
  let isInClass = false
  return pattern.replaceAll(/\\.|\[:([a-z]+):\]|[[\]]/gs, (part, name: string | undefined) => {
    if (name !== undefined) return isInClass ? namedClasses.get(name) ?? part : part
    if (part === "[") isInClass = true
    else if (part === "]") isInClass = false
    return part
  })
}

const namedClasses: ReadonlyMap<string, string> = new Map([
  ["alnum", "0-9A-Za-z"],
  ["alpha", "A-Za-z"],
  ["blank", "\\t "],
  ["cntrl", "\\x00-\\x1F\\x7F"],
  ["digit", "0-9"],
  ["graph", "!-~"],
  ["lower", "a-z"],
  ["print", " -~"],
  ["punct", "!-\\/:-@\\[-`{-~"],
  ["space", "\\t-\\r "],
  ["upper", "A-Z"],
  ["word", "\\w"],
  ["xdigit", "0-9A-Fa-f"]
])

const scanGroup = Effect.fnUntraced(function*(query: Query, expression: RegExp, files: Iterable<string>) {
  const all = [...files]
  const first = yield* Effect.promise(() => readFirst(all))
  const rest = yield* Effect.forEach(all.slice(first.length), readStart, { concurrency })
  const starts = [...first, ...rest]
  const found = yield* withRegExpTimeout(
    query.pattern,
    () => starts.map((start) => start._tag === "Whole" ? matchWhole(query, expression, start) : [])
  )
  const hits: Array<Hit> = []
  for (const [index, start] of starts.entries()) {
    if (start._tag === "Whole") hits.push(...found[index] ?? [])
    else if (start._tag === "Start") hits.push(...yield* scan(query, expression, start.file))
    else hits.push(unreadable)
  }
  return hits
})

const unreadable: Hit = { _tag: "Unreadable" }

type Start =
  | { readonly _tag: "Whole"; readonly file: string; readonly bytes: Uint8Array }
  | { readonly _tag: "Start"; readonly file: string }
  | { readonly _tag: "Unreadable" }

/**
 * Reads the beginnings of the first files synchronously, as long as that is fast: files in the system's cache are read
 * sooner than a thread could be asked to. Threads read the rest: on a slow disk this would block, and it cannot be done
 * in a folder without a handle.
 */
const readFirst = async (files: ReadonlyArray<string>): Promise<ReadonlyArray<Start>> => {
  const starts: Array<Start> = []
  const end = performance.now() + maxBlocking
  let folder: string | undefined
  let held: FileHandle | undefined
  for (const file of files) {
    if (dirname(file) !== folder) {
      await held?.close()
      folder = dirname(file)
      held = await openRealPath(folder, constants.O_DIRECTORY).catch(() => undefined)
    }
    if (held === undefined || performance.now() > end) break
    starts.push(readNow(folder, held, file))
  }
  await held?.close()
  return starts
}

/** In milliseconds, for one group. */
const maxBlocking = 50

const sharedBuffer = Buffer.alloc(smallSize)

const readNow = (folder: string, held: FileHandle, file: string): Start => {
  try {
    const fd = openIn(folder, held, basename(file))
    try {
      const length = readSync(fd, sharedBuffer, 0, smallSize, 0)
      return length < smallSize
        ? { _tag: "Whole", file, bytes: Buffer.from(sharedBuffer.subarray(0, length)) }
        : { _tag: "Start", file }
    } finally {
      closeSync(fd)
    }
  } catch {
    return { _tag: "Unreadable" }
  }
}

/** The same in a thread: the content of a file, if it is small. */
const readStart = (file: string): Effect.Effect<Start> =>
  Effect.promise(async () => {
    try {
      const handle = await openRealPath(file)
      try {
        const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(smallSize), 0, smallSize, 0)
        return bytesRead < smallSize
          ? { _tag: "Whole", file, bytes: buffer.subarray(0, bytesRead) }
          : { _tag: "Start", file }
      } finally {
        await handle.close()
      }
    } catch {
      return { _tag: "Unreadable" }
    }
  })

const matchWhole = (
  query: Query,
  expression: RegExp,
  { bytes, file }: { readonly bytes: Uint8Array; readonly file: string }
): ReadonlyArray<Hit> => {
  const encoding = encodingOf(bytes)
  if (isBinary(bytes, encoding)) return []
  const matcher = makeMatcher(query, expression, file)
  const splitter = makeLineSplitter()
  if (!matcher.take(splitter.push(decoderOf(encoding).decode(bytes)))) matcher.take(splitter.end())
  return matcher.hits
}

const scan = (query: Query, expression: RegExp, file: string): Effect.Effect<ReadonlyArray<Hit>, ToolFailure> =>
  Effect.acquireUseRelease(
    Effect.tryPromise(() => openRealPath(file)),
    (handle) => scanOpen(query, expression, file, handle),
    (handle) => Effect.promise(() => handle.close())
  ).pipe(Effect.catchTag("UnknownException", () => Effect.succeed([unreadable])))

const scanOpen = Effect.fnUntraced(function*(query: Query, expression: RegExp, file: string, handle: FileHandle) {
  const buffer = new Uint8Array(blockSize)
  const splitter = makeLineSplitter()
  const matcher = makeMatcher(query, expression, file)
  let decoder: TextDecoder | undefined
  for (;;) {
    const { bytesRead } = yield* Effect.tryPromise(() => handle.read(buffer, 0, blockSize, null))
    const block = buffer.subarray(0, bytesRead)
    decoder ??= new TextDecoder(encodingOf(block))
    if (isBinary(block, decoder.encoding)) return []
    const last = bytesRead === 0
    const text = decoder.decode(block, { stream: !last })
    const isDone = yield* withRegExpTimeout(
      query.pattern,
      () => matcher.take(splitter.push(text)) || last && matcher.take(splitter.end())
    )
    if (last || isDone) return matcher.hits
  }
})

/** UTF-16 text begins with a byte order mark of two bytes. */
const encodingOf = ([first, second]: Uint8Array): string =>
  first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : "utf-8"

/** For content that is there as a whole. */
const decoderOf = (encoding: string): TextDecoder => {
  const decoder = decoders.get(encoding) ?? new TextDecoder(encoding)
  decoders.set(encoding, decoder)
  return decoder
}

const decoders = new Map<string, TextDecoder>()

const isBinary = (bytes: Uint8Array, encoding: string): boolean => encoding === "utf-8" && bytes.includes(0)

/** `take` returns whether there are enough matches, with their context lines. */
const makeMatcher = ({ context, maxPerFile }: Query, expression: RegExp, file: string) => {
  const hits: Array<Hit> = []
  const before: Array<Hit> = []
  let number = 0
  let matches = 0
  let isWanted = 0
  const hitOf = (line: string, isMatch: boolean): Hit => ({ _tag: "Line", file, number, text: cutLine(line), isMatch })
  return {
    hits,
    take: (lines: ReadonlyArray<string>): boolean => {
      for (const whole of lines) {
        const line = whole.endsWith("\r") ? whole.slice(0, -1) : whole
        number++
        const isMatch = matches < maxPerFile && expression.test(line)
        if (isMatch) {
          matches++
          hits.push(...before.splice(0), hitOf(line, true))
          isWanted = context
        } else if (isWanted > 0) {
          isWanted--
          hits.push(hitOf(line, false))
        } else if (context > 0) {
          before.push(hitOf(line, false))
          if (before.length > context) before.shift()
        }
        if (matches === maxPerFile && isWanted === 0) return true
      }
      return false
    }
  }
}
