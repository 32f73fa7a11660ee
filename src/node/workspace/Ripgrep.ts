/**
 * Searches lines with ripgrep, which is much faster and never hangs on a pattern.
 *
 * @internal
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import { closeSync } from "node:fs"
import { delimiter, isAbsolute, join } from "node:path"
import type { Readable } from "node:stream"
import { field, number, parse, text } from "../../internal/json.ts"
import { cutLine, type Hit, type Query, type Selection } from "../../tools/workspace/FileSearch.ts"
import { isExecutable } from "../files/isExecutable.ts"
import { openRealPathSync, pathOf } from "../files/openRealPath.ts"
import * as ChildEnvironment from "../process/ChildEnvironment.ts"
import { makeLineSplitter } from "./lineSplitter.ts"

/**
 * Ripgrep failed: it is no longer installed, or does not support the pattern.
 *
 * @since 0.1.0
 * @category errors
 */
export class CannotSearch extends Data.TaggedError("CannotSearch")<{}> {}

/**
 * The path of `rg`, if it is installed. An `rg` inside the project does not count: it would run without anyone's
 * consent.
 *
 * @since 0.1.0
 * @category finding
 */
export const find = (path: string = process.env["PATH"] ?? ""): Option.Option<string> =>
  Option.fromNullable(
    path.split(delimiter)
      .filter((folder) => isAbsolute(folder) && !folder.includes("node_modules"))
      .map((folder) => join(folder, "rg"))
      .find(isExecutable)
  )

const options = (query: Query): ReadonlyArray<string> => [
  "--no-config",
  "--crlf",
  // Checks every byte: a file with a zero byte is binary.
  "--no-mmap",
  // The files are chosen already.
  "--no-ignore",
  query.ignoresCase ? "--ignore-case" : "--case-sensitive",
  ...query.isLiteral ? ["--fixed-strings"] : [],
  `--regexp=${query.pattern}`
]

/**
 * The lines that match, file by file in the order given. We choose the files, not ripgrep, so that the choice does not
 * depend on its version and settings, and it never opens a secret. A first run, with as many threads as it likes, only
 * finds which files match; it gets whole folders as such, which it lists sooner than it reads as many paths. Matches
 * there in other files are ignored. A second run gets the matching files by handles: a path may have led the first one
 * elsewhere, through a link made after the files were listed.
 *
 * @since 0.1.0
 * @category searching
 */
export const lines = (program: string, query: Query, selection: Selection): Stream.Stream<Hit, CannotSearch> =>
  Stream.unwrap(Effect.map(
    matching(program, query, selection),
    (found) => Stream.flatMap(Stream.fromIterable(groups(found)), (group) => searchHeld(program, query, group))
  ))

/** In groups of which all files can be open at a time: a small one first, for it is often enough. */
const groups = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
  const groups: Array<ReadonlyArray<A>> = []
  for (let start = 0, size = firstGroup; start < all.length; start += size, size = Math.min(size * 4, maxGroup)) {
    groups.push(all.slice(start, start + size))
  }
  return groups
}

const firstGroup = 64
const maxGroup = 256

const searchHeld = (program: string, query: Query, found: Iterable<Candidate>): Stream.Stream<Hit, CannotSearch> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const held = new Map<string, string>()
    const missed: Array<Hit> = []
    for (const hit of found) {
      const handle = hit._tag === "File" ? yield* Effect.option(hold(hit.file)) : Option.none()
      if (hit._tag === "File" && Option.isSome(handle)) held.set(pathOf(hit.file, handle.value), hit.file)
      else missed.push({ _tag: "Unreadable" })
    }
    const named = (hit: Hit): Hit => hit._tag === "Line" ? { ...hit, file: held.get(hit.file) ?? hit.file } : hit
    const hits = held.size === 0 ? Stream.empty : Stream.map(search(program, query, [...held.keys()]), named)
    return Stream.concat(hits, Stream.fromIterable(missed))
  }))

/** Synchronously: ripgrep has just read it. */
const hold = (file: string) =>
  Effect.acquireRelease(
    Effect.try(() => ({ fd: openRealPathSync(file) })),
    ({ fd }) => Effect.sync(() => closeSync(fd))
  )

type Candidate = { readonly _tag: "File"; readonly file: string } | { readonly _tag: "Unreadable" }

/** The files in which something matches, in the order given. */
const matching = Effect.fnUntraced(function*(program: string, query: Query, selection: Selection) {
  const folder = folderOf(selection.files)
  const found = new Set<string>()
  let complaints = 0
  for (const args of commandLines(selection, folder)) {
    complaints += yield* nameMatching(program, [...options(query), "--files-with-matches", ...args], folder, found)
  }
  return [
    ...found.size === 0 ?
      [] :
      selection.files.flatMap((file): ReadonlyArray<Candidate> => found.has(file) ? [{ _tag: "File", file }] : []),
    ...Array.from({ length: complaints }, (): Candidate => ({ _tag: "Unreadable" }))
  ]
})

/** Adds the files that it names, and gives the number of files it reported errors for. */
const nameMatching = Effect.fnUntraced(function*(
  program: string,
  args: ReadonlyArray<string>,
  folder: string,
  found: Set<string>
) {
  const splitter = makeLineSplitter("\0")
  const child = yield* start(program, args, folder)
  yield* NodeStream.fromReadable<CannotSearch>(() => child.stdout, () => new CannotSearch()).pipe(
    Stream.decodeText(),
    Stream.runForEach((text) =>
      Effect.sync(() => {
        for (const path of splitter.push(text)) found.add(`${folder}${path.slice(1)}`)
      })
    )
  )
  const { complaints, isKnown } = yield* child.ended
  return isKnown ? complaints : yield* new CannotSearch()
}, Effect.scoped)

/** The deepest folder that contains all files, to keep paths short: they have to fit on the command line. */
const folderOf = (files: ReadonlyArray<string>): string => {
  let folder = files[0] ?? ""
  do folder = folder.slice(0, folder.lastIndexOf("/"))
  while (!files.every((file) => file.startsWith(`${folder}/`)))
  return folder
}

/** What is to be searched, as words that fit on a command line, and the next ones. */
const commandLines = ({ apart, folders }: Selection, above: string): ReadonlyArray<ReadonlyArray<string>> => {
  const all: Array<{ readonly globs: Array<string>; readonly paths: Array<string> }> = []
  let room = 0
  const add = (path: string, globs: ReadonlyArray<string> = []): void => {
    const size = globs.reduce((sum, glob) => sum + sizeOf(glob), sizeOf(path))
    if (size > room) {
      all.push({ globs: [], paths: [] })
      room = maxArguments
    }
    room -= size
    all.at(-1)?.globs.push(...globs)
    all.at(-1)?.paths.push(path)
  }
  const relative = (path: string) => `.${path.slice(above.length)}`
  for (const { files, path, without } of folders) {
    const globs = without.flatMap((file) => leaveOut(file.slice(above.length)))
    if (globs.reduce((sum, glob) => sum + sizeOf(glob), 0) < maxArguments / 2) add(relative(path), globs)
    else for (const file of files) add(relative(file))
  }
  for (const file of apart) add(relative(file))
  return all.map(({ globs, paths }) => [...globs, "--null", "--max-depth=1", "--", ...paths])
}

const sizeOf = (word: string): number => Buffer.byteLength(word) + 10

/**
 * Limit of the arguments on one command line, in bytes: half of what the system takes by default, which the
 * environment shares.
 */
const maxArguments = process.platform === "linux" ? 1024 * 1024 : 128 * 1024

/** Excludes a file. Files that cannot be excluded this way are searched in vain. */
const leaveOut = (path: string): ReadonlyArray<string> =>
  /[\p{Cc}\u2028\u2029]|\s$/u.test(path) ? [] : [`--glob=!${path.replaceAll(/[[\]{}*?!#\\]/g, "\\$&")}`]

/** The lines of the files, in the order given. */
const search = (
  program: string,
  query: Query,
  files: ReadonlyArray<string>
): Stream.Stream<Hit, CannotSearch> =>
  Stream.unwrapScoped(Effect.gen(function*() {
    const child = yield* start(program, [
      ...options(query),
      "--json",
      "--threads=1",
      `--max-count=${query.maxPerFile}`,
      `--context=${query.context}`,
      "--",
      ...files
    ], "/")
    const splitter = makeLineSplitter()
    const reader = makeReader()
    const output = NodeStream.fromReadable<CannotSearch>(() => child.stdout, () => new CannotSearch()).pipe(
      Stream.decodeText(),
      Stream.mapConcat((text) => splitter.push(text).flatMap(reader))
    )
    const rest = Stream.unwrap(Effect.map(child.ended, ({ complaints, isKnown }) =>
      isKnown
        ? Stream.fromIterable(Array.from({ length: complaints }, (): Hit => ({ _tag: "Unreadable" })))
        : Stream.fail(new CannotSearch())))
    return Stream.concat(output, rest)
  }))

/**
 * Starts it for as long as the scope is open. `ended` gives the number of files it reported errors for, and whether it
 * understood the search (`isKnown`).
 */
const start = Effect.fnUntraced(function*(program: string, args: ReadonlyArray<string>, folder: string) {
  const child = yield* Effect.acquireRelease(
    launch(program, args, folder),
    (child) => Effect.sync(() => child.kill("SIGKILL"))
  )
  // Nothing else reads stderr, and a full pipe would stop the search.
  let complaints = 0
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text.split("(os error ").length - 1
  })
  const ended = new Promise<{ readonly complaints: number; readonly isKnown: boolean }>((resolve) =>
    child.once(
      "close",
      (code) => resolve({ complaints, isKnown: code === 0 || code === 1 || code === 2 && complaints > 0 })
    )
  )
  return { stdout: child.stdout, ended: Effect.promise(() => ended) }
})

const launch = (
  program: string,
  args: ReadonlyArray<string>,
  folder: string
): Effect.Effect<ChildProcessByStdio<null, Readable, Readable>, CannotSearch> =>
  Effect.flatMap(ChildEnvironment.make(), (env) =>
    Effect.async((resume) => {
      try {
        const child = spawn(program, args, {
          cwd: folder === "" ? "/" : folder,
          stdio: ["ignore", "pipe", "pipe"],
          env
        })
        child.once("error", () => resume(new CannotSearch()))
        child.once("spawn", () => resume(Effect.succeed(child)))
      } catch {
        resume(new CannotSearch())
      }
    }))

/** Reads the messages one by one, and gives the lines of a file once the whole file is known to be text. */
const makeReader = () => {
  let lines: Array<Hit> = []
  return (json: string): ReadonlyArray<Hit> => {
    // The positions of matches are not needed, and may be longer than the line.
    const end = json.indexOf(",\"submatches\":[")
    const message = parse(end === -1 ? json : `${json.slice(0, end)}}}`)
    const data = field(message, "data")
    switch (field(message, "type")) {
      case "begin":
        lines = []
        return []
      case "match":
      case "context": {
        const line = number(field(data, "line_number"))
        const content = textOf(field(data, "lines"))
        const file = textOf(field(data, "path"))
        if (line === undefined || content === undefined || file === undefined) return []
        lines.push({
          _tag: "Line",
          file,
          number: line,
          text: cutLine(content.replace(/\r?\n$/, "")),
          isMatch: field(message, "type") === "match"
        })
        return []
      }
      case "end":
        return field(data, "binary_offset") === undefined ? lines : []
      default:
        return []
    }
  }
}

/** What is not UTF-8 comes as bytes. */
const textOf = (content: unknown): string | undefined => {
  const bytes = text(field(content, "bytes"))
  return bytes === undefined ? text(field(content, "text")) : Buffer.from(bytes, "base64").toString("utf8")
}
