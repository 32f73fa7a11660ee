/**
 * What `grep`, `find` and `ls` need of the machine: to list folders without following links, to search lines, and to
 * stop patterns that would never finish.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import * as CutOutput from "../../prompts/CutOutput.ts"
import type { ToolFailure } from "../Tool.ts"

/** @since 0.1.0 @category models */
export interface Entry {
  readonly name: string
  readonly kind: "File" | "Folder" | "Link" | "Other"
}

/** @since 0.1.0 @category models */
export interface Query {
  readonly pattern: string
  readonly isLiteral: boolean
  readonly ignoresCase: boolean
  /** How many lines to give before and after each match. */
  readonly context: number
  /** How many matches of one file are enough. */
  readonly maxPerFile: number
}

/**
 * Files to search, by their real paths. Some of them may be all the files of a folder but for a few, so that the folder can
 * be searched as a whole, without its subfolders, its links, and what has a name that begins with a dot.
 *
 * @since 0.1.0
 * @category models
 */
export interface Selection {
  /** All of them, in order. */
  readonly files: ReadonlyArray<string>
  /** The folders that can be searched as a whole, with their files that are to be searched, and those that are not. */
  readonly folders: ReadonlyArray<{
    readonly path: string
    readonly files: ReadonlyArray<string>
    readonly without: ReadonlyArray<string>
  }>
  /** The files that are in none of these folders. */
  readonly apart: ReadonlyArray<string>
}

/**
 * A line of a file, as text and without its end: one that matches, or one near it. Or a file that cannot be read.
 *
 * @since 0.1.0
 * @category models
 */
export type Hit =
  | {
    readonly _tag: "Line"
    readonly file: string
    readonly number: number
    readonly text: string
    readonly isMatch: boolean
  }
  | { readonly _tag: "Unreadable" }

/**
 * Lines are cut to this many characters.
 *
 * @since 0.1.0
 * @category limits
 */
export const maxLineLength = 500

/** @since 0.1.0 @category limits */
export const cutLine = (line: string): string =>
  line.length > maxLineLength ? CutOutput.lineCut(line.slice(0, maxLineLength).replace(/[\uD800-\uDBFF]$/, "")) : line

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { NodeFileSearch } from "effixir/node"
 * import { FileSearch } from "effixir/tools"
 *
 * const query = { pattern: "deprecated", isLiteral: true, ignoresCase: false, context: 0, maxPerFile: 10 }
 *
 * // The lines of some files that have a word.
 * const linesIn = (files: ReadonlyArray<string>) =>
 *   Stream.unwrap(
 *     Effect.map(FileSearch.FileSearch, (search) => search.lines(query, { files, folders: [], apart: files }))
 *   ).pipe(
 *     Stream.filter((hit) => hit._tag === "Line"),
 *     Stream.map(({ file, number, text }) => `${file}:${number} ${FileSearch.cutLine(text)}`),
 *     Stream.provideLayer(NodeFileSearch.layer)
 *   )
 * ```
 *
 * @since 0.1.0 @category services
 */
export class FileSearch extends Context.Tag("effixir/tools/workspace/FileSearch")<FileSearch, {
  /** The entries of each folder, or nothing for one that cannot be read. */
  readonly entries: (
    folders: ReadonlyArray<string>
  ) => Effect.Effect<ReadonlyArray<Option.Option<ReadonlyArray<Entry>>>>
  /** The lines that match, file by file in the order given. Binary files have none. */
  readonly lines: (query: Query, selection: Selection) => Stream.Stream<Hit, ToolFailure>
  /** Runs work that may hang on a pattern, with a time limit. */
  readonly withRegExpTimeout: <A>(pattern: string, work: () => A) => Effect.Effect<A, ToolFailure>
}>() {}
