/**
 * How a file changes: for questions to the approver, and for user interfaces.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type * as Diff from "../../vendor/diff.ts"
import * as FileKind from "./FileKind.ts"
import * as TextFile from "./TextFile.ts"

/**
 * - `path` as the call names it, and `real` where it is written; `isElsewhere` where links lead from one to the other
 * - `from` where a file that moves comes from
 * - `diff` the hunks of a unified diff; `added` and `removed` count its lines
 * - `omitted` how many lines of the diff are left out here
 * - `note` why there is no diff, or what it does not show
 *
 * @since 0.1.0
 * @category schemas
 */
export const FileChange = Schema.Struct({
  path: Schema.String,
  real: Schema.String,
  isElsewhere: Schema.optional(Schema.Boolean),
  kind: Schema.Literal("create", "edit", "delete", "move"),
  from: Schema.optional(Schema.String),
  diff: Schema.String,
  added: Schema.Number,
  removed: Schema.Number,
  omitted: Schema.optional(Schema.Number),
  note: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type FileChange = typeof FileChange.Type

/**
 * A symbolic link, with the text of where it leads.
 *
 * @since 0.1.0
 * @category models
 */
export interface Link {
  readonly link: string
}

/** @since 0.1.0 @category models */
export const isLink = (value: unknown): value is Link => Predicate.hasProperty(value, "link")

/**
 * A file before and after. Bytes stand for a binary file; a size for a file too large to be read.
 *
 * @since 0.1.0
 * @category models
 */
export interface Versions extends Pick<FileChange, "path" | "real" | "isElsewhere" | "kind" | "from"> {
  readonly before: string | Uint8Array | Link | number | undefined
  readonly after: string | undefined
}

/**
 * @example
 * ```ts
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import type { Tool } from "effixir"
 * import { FileChange } from "effixir/tools"
 *
 * // What a tool of your own shows of a file that it changes.
 * const edited = (path: string, before: Uint8Array | FileChange.Link, after: string) =>
 *   FileChange.make({
 *     path,
 *     real: `/home/ada/app/${path}`,
 *     kind: "edit",
 *     before: FileChange.isLink(before) ? before : FileChange.readable(before),
 *     after
 *   })
 * const details = (changes: ReadonlyArray<FileChange.FileChange>) => ({ changes: FileChange.bound(changes) })
 *
 * // What a user interface reads of a result.
 * const show = ({ details }: Tool.Result) =>
 *   Effect.forEach(FileChange.inDetails(details), ({ added, path, removed }) =>
 *     Console.log(`${path} +${added} -${removed}`))
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = ({ after, before, ...of }: Versions): Effect.Effect<FileChange> => {
  if (Predicate.isNumber(before) || Predicate.isUint8Array(before) || isLink(before)) {
    // The old content cannot be shown line by line, the new one can.
    const hunks = after === undefined || after === "" ? [] : [replaced("", after)]
    return Effect.succeed({ ...of, ...told(hunks), note: opaque(before) })
  }
  // Where a file has CRLF line ends before and after, they need not be shown in each line.
  const isWindows = [before, after].every((text) => text === undefined || text === "" || TextFile.usesCrLf(text)) &&
    (before ?? "") + (after ?? "") !== ""
  const [old, young] = isWindows ? [toLf(before ?? ""), toLf(after ?? "")] : [before ?? "", after ?? ""]
  const note = isWindows ? { note: "its lines end as on Windows (CRLF)" } : {}
  return Effect.map(hunksOf(old, young), (hunks) => ({ ...of, ...told(hunks), ...note }))
}

/**
 * The content of a file as a change takes it: bytes stay bytes where it is no text.
 *
 * @since 0.1.0
 * @category conversions
 */
export const readable = (bytes: Uint8Array): string | Uint8Array => {
  if (bytes.subarray(0, 8192).includes(0)) return bytes
  try {
    return decoder.decode(bytes)
  } catch {
    return bytes
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const told = (hunks: ReadonlyArray<Hunk>): Pick<FileChange, "added" | "diff" | "removed"> => {
  const lines = hunks.flatMap(({ lines }) => lines)
  return {
    diff: hunks.map(format).join(""),
    added: lines.filter((line) => line.startsWith("+")).length,
    removed: lines.filter((line) => line.startsWith("-")).length
  }
}

/**
 * The changes with their diffs cut to a limit of lines and characters, for storage.
 *
 * @since 0.1.0
 * @category bounding
 */
export const bound = (changes: ReadonlyArray<FileChange>): ReadonlyArray<FileChange> => {
  let lines = maxLines
  let characters = maxCharacters
  return changes.map((change) => {
    const all = change.diff === "" ? [] : change.diff.replace(/\n$/, "").split("\n")
    let kept = 0
    for (const line of all) {
      if (lines < 1 || line.length + 1 > characters) break
      lines -= 1
      characters -= line.length + 1
      kept += 1
    }
    return kept === all.length
      ? change
      : { ...change, diff: all.slice(0, kept).map((line) => `${line}\n`).join(""), omitted: all.length - kept }
  })
}

/**
 * The changes in the details of a result.
 *
 * @since 0.1.0
 * @category decoding
 */
export const inDetails = (details: { readonly [name: string]: unknown } | undefined): ReadonlyArray<FileChange> => {
  const changes = details?.["changes"]
  return Schema.is(FileChanges)(changes) ? changes : []
}

const FileChanges = Schema.Array(FileChange)

const maxLines = 200
const maxCharacters = 16_000

interface Hunk {
  readonly oldStart: number
  readonly newStart: number
  readonly lines: ReadonlyArray<string>
}

/** How many lines around a change are shown. */
const context = 3

/** More differences than this are not looked for: everything between the first and the last is then shown as replaced. */
const maxDifferences = 1000

const hunksOf = (before: string, after: string): Effect.Effect<ReadonlyArray<Hunk>> => {
  if (before === after) return Effect.succeed([])
  if (before === "" || after === "") return Effect.succeed([replaced(before, after)])
  return Effect.map(
    library,
    ({ structuredPatch }) =>
      structuredPatch("", "", before, after, "", "", { context, maxEditLength: maxDifferences })?.hunks ??
        [replaced(before, after)]
  )
}

/** Only programs that change files need it. */
const library: Effect.Effect<typeof Diff> = Effect.promise(() => import("../../vendor/diff.ts"))

/** All between the first and the last line that differ, as one hunk. */
const replaced = (before: string, after: string): Hunk => {
  const [old, young] = [linesOf(before), linesOf(after)]
  let start = 0
  while (start < old.length && old[start] === young[start]) start++
  let end = 0
  while (end < Math.min(old.length, young.length) - start && old.at(-1 - end) === young.at(-1 - end)) end++
  const from = Math.max(0, start - context)
  const to = old.length - end
  return {
    oldStart: from + 1,
    newStart: from + 1,
    lines: [
      ...signed(" ", old.slice(from, start)),
      ...signed("-", old.slice(start, to)),
      ...signed("+", young.slice(start, young.length - end)),
      ...signed(" ", old.slice(to, to + context))
    ]
  }
}

/** The lines of a text; a last one without an end is another than one with an end. */
const linesOf = (text: string): ReadonlyArray<string> => {
  const lines = text.split("\n")
  const last = lines.pop() ?? ""
  return last === "" ? lines : [...lines, `${last}\n${endless}`]
}

const endless = "\\ No newline at end of file"

const signed = (sign: string, lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.flatMap((line) => `${sign}${line}`.split(/\n(?=\\)/))

const format = ({ lines, newStart, oldStart }: Hunk): string => {
  const count = (other: string) => lines.filter((line) => !line.startsWith(other) && !line.startsWith("\\")).length
  const range = (start: number, length: number) => `${length === 0 ? start - 1 : start},${length}`
  const header = `@@ -${range(oldStart, count("+"))} +${range(newStart, count("-"))} @@`
  return `${[header, ...lines].join("\n")}\n`
}

const opaque = (before: Uint8Array | Link | number): string =>
  isLink(before)
    ? `what is there now is a link to ${before.link}, which stays as it is`
    : Predicate.isNumber(before)
    ? `what is there now is too large to be shown (${FileKind.size(before)})`
    : `what is there now is a binary file (${FileKind.fromBytes(before)?.name ?? "of no known type"}, ${
      FileKind.size(before.length)
    })`

const toLf = (text: string): string => text.replaceAll("\r\n", "\n")
