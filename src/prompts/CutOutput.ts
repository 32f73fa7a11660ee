/**
 * What the model is told of output that it is not shown, or not all of: how much there is, and how to get at the rest.
 *
 * @internal
 */

const maxListed = 10

/**
 * The first of a list, and how many more there are.
 *
 * @since 0.1.0
 * @category lists
 */
export const first = (all: ReadonlyArray<string>): string =>
  `${all.slice(0, maxListed).join(", ")}${all.length > maxListed ? ` and ${all.length - maxListed} more` : ""}`

/**
 * Of a tool that does not bound its output itself. `shown` is how many lines, or bytes where the first line alone is too
 * long.
 *
 * @since 0.1.0
 * @category outputs
 */
export const outputCut = (
  shown: { readonly bytes: number } | { readonly lines: number; readonly of: number }
): string =>
  `[Output cut: ${"bytes" in shown ? `the first ${shown.bytes} bytes` : `${shown.lines} of ${shown.of} lines`} are ` +
  "shown. Ask for less, or for the next part, to read on.]"

/** @since 0.1.0 @category outputs */
export const partsLeftOut = (count: number): string => `[Left out: ${count}, being no text and too many or too large.]`

/** @since 0.1.0 @category outputs */
export const lineCut = (start: string): string => `${start} [line cut]`

/**
 * The end of the output of a command. `location` is where the rest is; where it `isWhole`, all of it.
 *
 * @since 0.1.0
 * @category commands
 */
export const commandOutputCut = ({ isWhole, lines, location, maxBytes, removed, shownLines }: {
  readonly shownLines: number
  readonly lines: number
  readonly location: string | undefined
  readonly isWhole: boolean
  readonly maxBytes: number
  readonly removed: ReadonlyArray<string>
}): string => {
  const rest = location !== undefined && isWhole
    ? `The whole output, up to ${maxBytes / 1024 / 1024} MB, is in ${location}: look into it with bash (grep, sed -n).`
    : `${
      location === undefined ? "The rest could not be kept" : `Only its beginning could be kept, in ${location}`
    }. ` +
      "To read on, send the output to a file (command > output.txt 2>&1) and read that."
  const gone = removed.length === 0 ? "" : ` To make room, older outputs were deleted: ${first(removed)}.`
  return `[Output cut: the last ${shownLines} of ${lines} lines are shown. ${rest}${gone}]`
}

/**
 * A part of a file. `next` is the line to read on from, if there is one.
 *
 * @since 0.1.0
 * @category files
 */
export const linesShown = (
  { count, last, line, next }: {
    readonly line: number
    readonly last: number
    readonly count: number
    readonly next: number | undefined
  }
): string => `[Lines ${line}-${last} of ${count} are shown.${readOn(next)}]`

/** @since 0.1.0 @category files */
export const longLine = (
  { bytes, count, line, next }: {
    readonly line: number
    readonly count: number
    readonly bytes: number
    readonly next: number | undefined
  }
): string =>
  `[Line ${line} of ${count} is too long: its first ${bytes} bytes are shown. Use bash (cut -c) for the rest.` +
  `${readOn(next)}]`

const readOn = (next: number | undefined): string => next === undefined ? "" : ` Read on with offset=${next}.`

/** @since 0.1.0 @category searches */
export const moreMatches = (shown: number, canRaiseLimit: boolean): string =>
  `[The first ${shown} matching ${shown === 1 ? "line is" : "lines are"} shown; there are more. Narrow the ` +
  `pattern, path or glob${canRaiseLimit ? ", or set a higher limit" : ""}.]`

/** @since 0.1.0 @category searches */
export const morePaths = (shown: number): string =>
  `[The first ${shown} paths are shown; there are more. Narrow the glob or path.]`

/**
 * `maxLimit` is what the limit may be raised to, if it may be raised.
 *
 * @since 0.1.0
 * @category searches
 */
export const moreNames = (shown: number, all: number, maxLimit: number | undefined): string =>
  `[${shown} of ${all} names are shown. ${
    maxLimit === undefined ? "Use find with a glob." : `Set limit to see up to ${maxLimit}, or use find with a glob.`
  }]`

/** @since 0.1.0 @category searches */
export const namesNotShown = (count: number): string =>
  `[${count} hidden or ignored ${count === 1 ? "name is" : "names are"} not shown; bash (ls -a) shows them.]`

/** @since 0.1.0 @category searches */
export const searchStopped = (time: string): string =>
  `[The search was stopped after ${time}: what it had found is shown. Search in a smaller folder, or for less.]`

/** @since 0.1.0 @category searches */
export const secretsLeftOut = (count: number): string => filesLeftOut(count, "that may hold secrets")

/** @since 0.1.0 @category searches */
export const deniedLeftOut = (count: number): string => filesLeftOut(count, "that a rule hides")

const filesLeftOut = (count: number, which: string): string =>
  `[${count} ${count === 1 ? "file" : "files"} ${which} ${count === 1 ? "was" : "were"} left out.]`

/** @since 0.1.0 @category searches */
export const unreadableFiles = (count: number): string =>
  `[${count} ${count === 1 ? "file or folder" : "files or folders"} could not be read.]`

/** @since 0.1.0 @category searches */
export const unreadableFolders = (count: number): string =>
  `[${count} ${count === 1 ? "folder" : "folders"} could not be read.]`
