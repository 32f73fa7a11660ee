/**
 * Patches in the format that Codex's models write: which files are added, deleted and updated, with changes located by
 * the lines around them instead of by line numbers.
 *
 * @example
 * ```ts
 * import * as Either from "effect/Either"
 * import { Patch } from "effixir/tools"
 *
 * // The text of one file with a patch in it, or what is wrong with the patch.
 * const patched = (text: string, patch: string) =>
 *   Either.gen(function*() {
 *     const [change] = yield* Patch.parse(patch)
 *     if (change?._tag !== "Update") return yield* Either.left("it updates no file")
 *     const applied = yield* Patch.apply(text, change.hunks)
 *     return applied.text
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as Either from "effect/Either"
import * as EditFailures from "../../prompts/EditFailures.ts"
import * as LineEnds from "../workspace/LineEnds.ts"
import * as ClosestMatch from "./ClosestMatch.ts"
import * as LookAlikes from "./LookAlikes.ts"
import * as WrappedPatch from "./WrappedPatch.ts"

/**
 * What a patch does to one file.
 *
 * @since 0.1.0
 * @category models
 */
export type Change =
  | { readonly _tag: "Add"; readonly path: string; readonly lines: ReadonlyArray<string> }
  | { readonly _tag: "Delete"; readonly path: string }
  | {
    readonly _tag: "Update"
    readonly path: string
    readonly moveTo: string | undefined
    readonly hunks: ReadonlyArray<Hunk>
  }

/**
 * One place of a file. `anchors` are lines that come before it, each below the one before.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hunk {
  readonly anchors: ReadonlyArray<string>
  readonly lines: ReadonlyArray<{ readonly sign: Sign; readonly text: string }>
  readonly isAtEnd: boolean
}

type Sign = " " | "+" | "-"

/**
 * Reads a patch; what is wrong with it is said in a sentence.
 *
 * @since 0.1.0
 * @category decoding
 */
export const parse = (patch: string): Either.Either<ReadonlyArray<Change>, string> => {
  const lines = WrappedPatch.unwrap(patch.trim().split(/\r?\n/))
  if (lines[0]?.trim() !== begin) return Either.left(EditFailures.firstLineIsNot(begin))
  if (lines.at(-1)?.trim() !== end || lines.length < 2) return Either.left(EditFailures.lastLineIsNot(end))

  const changes: Array<Change> = []
  let at = 1
  const takeWhile = (belongs: (line: string) => boolean): ReadonlyArray<string> => {
    const from = at
    while (at < lines.length - 1 && belongs(lines[at] ?? "")) at++
    return lines.slice(from, at)
  }
  while (at < lines.length - 1) {
    const line = lines[at] ?? ""
    at++
    const [, kind, path = ""] = /^\*\*\* (Add|Delete|Update) File: *(.*?)\s*$/.exec(line) ?? []
    if (kind === undefined) {
      if (line.trim() === "") continue
      return Either.left(EditFailures.beginsNoFile(at, line))
    }
    if (path === "") return Either.left(EditFailures.namesNoFile(at))
    if (kind === "Delete") changes.push({ _tag: "Delete", path })
    if (kind === "Add") {
      changes.push({ _tag: "Add", path, lines: takeWhile((line) => line.startsWith("+")).map((line) => line.slice(1)) })
    }
    if (kind === "Update") {
      const moveTo = /^\*\*\* Move to: *(.*?)\s*$/.exec(lines[at] ?? "")?.[1]
      if (moveTo !== undefined) at++
      const from = at
      const hunks = parseHunks(takeWhile((line) => !line.startsWith("*** ") || line.trimEnd() === endOfFile), from + 1)
      if (Either.isLeft(hunks)) return Either.left(hunks.left)
      if (hunks.right.length === 0 && moveTo === undefined) return Either.left(EditFailures.updateWithoutLines(path))
      changes.push({ _tag: "Update", path, moveTo, hunks: hunks.right })
    }
  }
  return changes.length === 0 ? Either.left(EditFailures.patchWithoutFiles) : Either.right(changes)
}

const { begin, end } = WrappedPatch
const endOfFile = "*** End of File"

/** Some models write the numbers of other patch formats; they are not needed. */
const header = /^@@(?: -\d+(?:,\d+)? \+\d+(?:,\d+)? @@)?(?: (.*))?$/

const parseHunks = (lines: ReadonlyArray<string>, firstLine: number): Either.Either<ReadonlyArray<Hunk>, string> => {
  const hunks: Array<Hunk> = []
  let anchors: Array<string> = []
  let changes: Array<Hunk["lines"][number]> = []
  let isAtEnd = false
  const close = () => {
    if (changes.length > 0) hunks.push({ anchors, lines: changes, isAtEnd })
    if (changes.length > 0) anchors = []
    changes = []
    isAtEnd = false
  }
  for (const [index, line] of lines.entries()) {
    const anchor = header.exec(line)
    const sign = line === "" ? " " : line[0]
    if (anchor !== null) {
      close()
      if (anchor[1] !== undefined && anchor[1].trim() !== "") anchors.push(anchor[1])
    } else if (line.trimEnd() === endOfFile) isAtEnd = true
    else if (sign === " " || sign === "+" || sign === "-") changes.push({ sign, text: line.slice(1) })
    else return Either.left(EditFailures.unknownSign(firstLine + index, line))
  }
  close()
  return Either.right(hunks)
}

/**
 * A text with hunks in it. `alike` are the numbers of those that were only found in look-alike characters.
 *
 * @since 0.1.0
 * @category models
 */
export interface Applied {
  readonly text: string
  readonly alike: ReadonlyArray<number>
}

/**
 * Puts hunks into a text, one below the other. What does not fit is said in sentences: which hunk, and what is nearest.
 * Lines that only lead to the place stay as they are in the text, and new lines end as their neighbours do.
 *
 * @since 0.1.0
 * @category combining
 */
export const apply = (text: string, hunks: ReadonlyArray<Hunk>): Either.Either<Applied, string> => {
  const old = LineEnds.lines(text)
  const lines = old.map(({ text }) => text)
  const result: Array<LineEnds.Line> = []
  const alike: Array<number> = []
  let done = 0
  const keepUpTo = (end: number) => {
    for (; done < end; done++) result.push(old[done] ?? { text: "", end: "" })
  }
  for (const [index, hunk] of hunks.entries()) {
    const place = locate(lines, hunk, done)
    if (Either.isLeft(place)) return Either.left(EditFailures.hunkDoesNotFit(index + 1, hunks.length, place.left))
    if (place.right.isAlike) alike.push(index + 1)
    keepUpTo(place.right.at)
    for (const { sign, text } of place.right.lines) {
      if (sign === " ") keepUpTo(done + 1)
      else if (sign === "+") result.push({ text, end: (old[done - 1] ?? old[done])?.end ?? "\n" })
      else done++
    }
  }
  keepUpTo(lines.length)
  const endsInNewline = text === "" || text.endsWith("\n")
  const usual = old.findLast(({ end }) => end !== "")?.end ?? "\n"
  const whole = result.map(({ end, text }, index) =>
    `${text}${index === result.length - 1 && !endsInNewline ? "" : end === "" ? usual : end}`
  )
  return Either.right({ text: whole.join(""), alike })
}

interface Place {
  readonly at: number
  readonly lines: Hunk["lines"]
  readonly isAlike: boolean
}

const locate = (lines: ReadonlyArray<string>, hunk: Hunk, from: number): Either.Either<Place, string> => {
  let start = from
  let isAlike = false
  for (const anchor of hunk.anchors) {
    const exact = seek(lines, [anchor], start)
    const at = exact ?? seekAlike(lines, [anchor], start)
    if (at === undefined) return Either.left(EditFailures.anchorNotThere(ClosestMatch.find(lines, [anchor])))
    isAlike ||= exact === undefined
    start = at + 1
  }
  const old = oldLines(hunk.lines)
  // Without context it goes below the anchor line, or at the end.
  if (old.length === 0) {
    return Either.right({ at: hunk.anchors.length > 0 ? start : lines.length, lines: hunk.lines, isAlike })
  }
  const last = lines.length - old.length
  const isAtEnd = hunk.isAtEnd && last >= start && seek(lines.slice(last), old, 0) === 0
  const at = isAtEnd ? last : seek(lines, old, start)
  if (at !== undefined) return Either.right({ at, lines: hunk.lines, isAlike })
  // Many patches end with an empty line that is not in the file.
  const final = hunk.lines.at(-1)
  if (final?.sign === " " && final.text === "" && hunk.lines.length > 1) {
    const shorter = locate(lines, { ...hunk, anchors: [], lines: hunk.lines.slice(0, -1) }, start)
    return Either.map(shorter, (place) => ({ ...place, isAlike: place.isAlike || isAlike }))
  }
  const alike = seekAlike(lines, old, start)
  if (alike !== undefined) return Either.right({ at: alike, lines: hunk.lines, isAlike: true })
  const problem = seek(lines, old, 0) === undefined ? EditFailures.linesNotThere : EditFailures.linesComeBefore
  return Either.left(problem(ClosestMatch.find(lines, old)))
}

const oldLines = (lines: Hunk["lines"]): ReadonlyArray<string> =>
  lines.flatMap(({ sign, text }) => sign === "+" ? [] : [text])

const asIs = (line: string): string => line
const readings: ReadonlyArray<(line: string) => string> = [asIs, (line) => line.trimEnd(), (line) => line.trim()]

/** How many lines are compared at most in each reading: a repetitive text could take too long. */
const maxComparisons = 20_000_000

/** The one place where consecutive lines look the same, whatever their quotes, dashes, spaces and accents are. */
const seekAlike = (lines: ReadonlyArray<string>, wanted: ReadonlyArray<string>, from: number): number | undefined => {
  const rest = lines.slice(from)
  if (!LookAlikes.mayDiffer(...wanted) && !rest.some((line) => LookAlikes.mayDiffer(line))) return undefined
  const reading = (line: string) => LookAlikes.fold(line).text.trim()
  const [text, pattern] = [rest.map(reading), wanted.map(reading)]
  const at = seek(text, pattern, 0)
  return at === undefined || seek(text, pattern, at + 1) !== undefined ? undefined : from + at
}

/** Where consecutive lines match: exactly, or ignoring white space at their ends, or at both ends. */
const seek = (lines: ReadonlyArray<string>, wanted: ReadonlyArray<string>, from: number): number | undefined => {
  for (const reading of readings) {
    const [text, pattern] = reading === asIs ? [lines, wanted] : [lines.map(reading), wanted.map(reading)]
    let comparisons = 0
    for (let at = from; at + pattern.length <= text.length && comparisons < maxComparisons; at++) {
      let matched = 0
      while (matched < pattern.length && text[at + matched] === pattern[matched]) matched++
      if (matched === pattern.length) return at
      comparisons += matched + 1
    }
  }
  return undefined
}
