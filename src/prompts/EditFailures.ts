/**
 * What the model is told of a change of files that cannot be made.
 *
 * @internal
 */

/** @since 0.1.0 @category files */
export const changedSinceRead = (path: string): string =>
  `${path} has changed since you last read it; read it again, then change it`

/** @since 0.1.0 @category files */
export const changedSinceAgreed =
  "What the user agreed to is not what this call would do now: the files have changed " +
  "since. No file was changed. Read them again, then make the call again"

/**
 * The disk has refused one file of several.
 *
 * @since 0.1.0
 * @category files
 */
export const notWritten = (problem: string): string => `${problem}. No file was changed.`

/** @since 0.1.0 @category edits */
export const oldStringEmpty = "old_string is empty; use write to make or replace a file"

/** @since 0.1.0 @category edits */
export const oldStringIsNew = "old_string and new_string are the same"

/** @since 0.1.0 @category edits */
export const oldStringNotThere = (path: string, nearest: Nearest | undefined): string =>
  `old_string is not in ${path}; read the file and quote it exactly. ${nearestLines(nearest)}`

/** @since 0.1.0 @category edits */
export const oldStringNotUnique = (path: string, times: number): string =>
  `old_string is ${times} times in ${path}; quote more of the lines around it, or set replace_all`

/** @since 0.1.0 @category patches */
export const patchTooLarge = "The patch is too large; write the files with write"

/** @since 0.1.0 @category patches */
export const patchUnreadable = (problem: string): string => `The patch cannot be read: ${problem}`

/** @since 0.1.0 @category patches */
export const patchDoesNotFit = (path: string, problem: string): string => `${path}: ${problem}\nNo file was changed.`

/** @since 0.1.0 @category patches */
export const alreadyThere = (path: string): string =>
  `${path} exists already; use *** Update File to change it. No file was changed.`

/** @since 0.1.0 @category patches */
export const notThereAnyMore = (path: string): string =>
  `${path} is not there any more when the patch comes to it. No file was changed.`

/** @since 0.1.0 @category patches */
export const leadsThroughDeleted = (path: string, link: string): string =>
  `${path} leads through ${link}, a link that the patch takes away before. No file was changed.`

/** @since 0.1.0 @category parsing */
export const firstLineIsNot = (begin: string): string => `the first line is not "${begin}"`

/** @since 0.1.0 @category parsing */
export const lastLineIsNot = (end: string): string => `the last line is not "${end}"`

/** @since 0.1.0 @category parsing */
export const beginsNoFile = (line: number, text: string): string =>
  `line ${line} (${text.slice(0, 80)}) begins no file; write *** Add, Delete or Update File: PATH`

/** @since 0.1.0 @category parsing */
export const namesNoFile = (line: number): string => `line ${line} names no file`

/** @since 0.1.0 @category parsing */
export const updateWithoutLines = (path: string): string => `the update of ${path} has no lines`

/** @since 0.1.0 @category parsing */
export const patchWithoutFiles = "it has no files"

/** @since 0.1.0 @category parsing */
export const unknownSign = (line: number, text: string): string =>
  `line ${line} (${text.slice(0, 80)}) begins with none of " ", "+", "-" and "@@"`

/** @since 0.1.0 @category hunks */
export const hunkDoesNotFit = (hunk: number, hunks: number, problem: string): string =>
  `hunk ${hunk} of ${hunks} does not fit: ${problem}`

/** @since 0.1.0 @category hunks */
export const anchorNotThere = (nearest: Nearest | undefined): string =>
  `the line after @@ is not there. ${nearestLines(nearest)}`

/** @since 0.1.0 @category hunks */
export const linesNotThere = (nearest: Nearest | undefined): string =>
  `the lines to change are not there. ${nearestLines(nearest)}`

/** @since 0.1.0 @category hunks */
export const linesComeBefore = (nearest: Nearest | undefined): string =>
  "the lines to change come before the place of the hunk above it, or of its @@ line. " + nearestLines(nearest)

/** The place that may have been meant; `line` counts from 1. */
interface Nearest {
  readonly line: number
  readonly lines: ReadonlyArray<string>
  readonly differsInWhiteSpaceOnly: boolean
}

const nearestLines = (nearest: Nearest | undefined): string => {
  if (nearest === undefined) return "Nothing there is like it."
  const shown = nearest.lines.slice(0, shownLines).map((line) => line.slice(0, maxLine))
  const more = nearest.lines.length > shown.length ? ["…"] : []
  const how = nearest.differsInWhiteSpaceOnly ? "differs in white space only" : "is the nearest"
  return [`Line ${nearest.line} ${how}:`, ...shown, ...more].join("\n")
}

/** How much of that place is shown: lines, and characters of each. */
const shownLines = 12
const maxLine = 200
