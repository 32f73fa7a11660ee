/**
 * Characters that look alike and are not the same: models write plain quotes, dashes and spaces where a text has curly,
 * long and unbreakable ones, and accents in one character where a text has them in two.
 *
 * @internal
 */

/**
 * A text in which all that looks alike is the same. `at` gives the offset in the text itself for one in `text`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Folded {
  readonly text: string
  readonly at: (offset: number) => number
}

/** @since 0.1.0 @category conversions */
export const fold = (given: string): Folded => {
  if (isAscii(given)) return { text: given, at: (offset) => offset }
  const starts: Array<number> = []
  let text = ""
  for (const { 0: cluster, index } of given.matchAll(clusters)) {
    const folded = foldCluster(cluster)
    for (let n = 0; n < folded.length; n++) starts.push(index)
    text += folded
  }
  return { text, at: (offset) => starts[offset] ?? given.length }
}

/**
 * A part of a text, from an offset up to another one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Place {
  readonly start: number
  readonly end: number
}

/**
 * A place with what it looks like.
 *
 * @since 0.1.0
 * @category models
 */
export interface Match extends Place {
  readonly folded: Folded
  /** The offset of the place in the folded text. */
  readonly foldedStart: number
}

/**
 * The one place of a text that looks like the wanted text; none if there are several, or nothing to look alike.
 *
 * @since 0.1.0
 * @category searching
 */
export const find = (text: string, wanted: string): Match | undefined => {
  if (!mayDiffer(text, wanted)) return undefined
  const [folded, pattern] = [fold(text), fold(wanted).text]
  const at = pattern === "" ? -1 : folded.text.indexOf(pattern)
  if (at === -1 || folded.text.includes(pattern, at + 1)) return undefined
  return { start: folded.at(at), end: folded.at(at + pattern.length), folded, foldedStart: at }
}

/**
 * The part of a place that a replacement changes, and what comes there: the beginning and the end that both texts have in
 * common stay as they are in the file.
 *
 * @since 0.1.0
 * @category searching
 */
export const narrow = (match: Match, old: string, by: string): { readonly place: Place; readonly text: string } => {
  const limit = Math.min(old.length, by.length)
  let head = 0
  while (head < limit && old[head] === by[head]) head++
  while (head > 0 && (isInside(old, head) || isInside(by, head))) head--
  let tail = 0
  while (tail < limit - head && old.at(-1 - tail) === by.at(-1 - tail)) tail++
  while (tail > 0 && (isInside(old, old.length - tail) || isInside(by, by.length - tail))) tail--
  const { folded, foldedStart } = match
  const after = (text: string) => folded.at(foldedStart + fold(text).text.length)
  return {
    place: { start: after(old.slice(0, head)), end: after(old.slice(0, old.length - tail)) },
    text: by.slice(head, by.length - tail)
  }
}

/** Whether an offset cuts a character from its other half, or from its marks. */
const isInside = (text: string, at: number): boolean =>
  /^[\p{M}\u1160-\u11FF]/u.test(text.slice(at, at + 2)) || /^[\uDC00-\uDFFF]/.test(text.slice(at, at + 1))

/**
 * Whether one of the texts can be the other one in look-alike characters: plain ones alone cannot.
 *
 * @since 0.1.0
 * @category predicates
 */
export const mayDiffer = (...texts: ReadonlyArray<string>): boolean => !texts.every(isAscii)

const isAscii = (text: string): boolean => !/[^\0-\x7F]/.test(text)

/** A character with the marks, or the vowels and finals of Korean letters, that are written after it. */
const clusters = /[^\p{M}\u1160-\u11FF]?[\p{M}\u1160-\u11FF]*/gsu

const foldCluster = (cluster: string): string => {
  const composed = cluster.normalize("NFC")
  return same.get(composed) ?? composed
}

const groups: ReadonlyArray<readonly [string, string]> = [
  ["'", "‘’‚‛′ʼ＇"],
  ["\"", "“”„‟″＂"],
  ["-", "‐‑‒–—―−﹣－"],
  [" ", "\u00A0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000"],
  ["", "\u00AD\u200B\u2060\uFEFF"]
]

const same: ReadonlyMap<string, string> = new Map(
  groups.flatMap(([plain, all]) => Array.from(all, (one) => [one, plain]))
)
