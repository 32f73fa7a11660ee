/**
 * Finds the place in a text that is most like lines that were not found, so that the failure can suggest it. The work
 * is bounded, however large both are.
 *
 * @internal
 */
import { distance } from "../../vendor/levenshtein.ts"

/**
 * `line` counts from 1.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClosestMatch {
  readonly line: number
  readonly lines: ReadonlyArray<string>
  readonly differsInWhiteSpaceOnly: boolean
}

/** How much is compared: lines of the text, characters of a line, candidates, and lines and characters of each. */
const maxLines = 20_000
const maxLine = 200
const maxCandidates = 10
const maxWanted = 40
const maxWindow = 2000

/** Below this similarity there is no match. */
const enough = 0.6

/**
 * The lines that are most like the wanted ones; none if nothing is similar enough.
 *
 * @since 0.1.0
 * @category searching
 */
export const find = (lines: ReadonlyArray<string>, wanted: ReadonlyArray<string>): ClosestMatch | undefined => {
  const block = wanted.slice(0, maxWanted)
  const trimmed = block.map((line) => line.trim().slice(0, maxLine))
  // The longest line is the most distinctive; the others are compared only where it may be.
  const longest = Math.max(...trimmed.map(({ length }) => length))
  const probe = trimmed.findIndex(({ length }) => length === longest)
  if (longest <= 0) return undefined

  const candidates: Array<{ readonly at: number; readonly likeness: number }> = []
  for (const [at, line] of lines.slice(0, maxLines).entries()) {
    const likeness = alike(line.trim().slice(0, maxLine), trimmed[probe] ?? "")
    if (likeness < enough || likeness <= (candidates[maxCandidates - 1]?.likeness ?? 0)) continue
    candidates.push({ at: Math.max(0, at - probe), likeness })
    candidates.sort((a, b) => b.likeness - a.likeness)
    candidates.length = Math.min(candidates.length, maxCandidates)
  }

  const [best] = candidates
    .map(({ at }) => ({ at, likeness: alike(window(lines.slice(at, at + block.length)), window(block)) }))
    .filter(({ likeness }) => likeness >= enough)
    .toSorted((a, b) => b.likeness - a.likeness)
  if (best === undefined) return undefined
  const found = lines.slice(best.at, best.at + block.length)
  return {
    line: best.at + 1,
    lines: found,
    differsInWhiteSpaceOnly: found.length === wanted.length &&
      found.every((line, index) => withoutSpace(line) === withoutSpace(block[index] ?? ""))
  }
}

const window = (lines: ReadonlyArray<string>): string => lines.map((line) => line.trim()).join("\n").slice(0, maxWindow)

const withoutSpace = (line: string): string => line.replaceAll(/\s+/g, "")

/** From 0 for nothing in common to 1 for the same. Very different lengths are not compared further. */
const alike = (a: string, b: string): number => {
  const longer = Math.max(a.length, b.length)
  if (longer === 0) return 1
  return Math.min(a.length, b.length) / longer < enough ? 0 : 1 - distance(a, b) / longer
}
