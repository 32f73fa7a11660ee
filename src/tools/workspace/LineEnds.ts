/**
 * How the lines of a text end. Models quote lines with a bare newline, whatever the file uses, and some files use both:
 * texts are compared without their line ends, and a new line ends as its neighbour does.
 *
 * @internal
 */

/**
 * A line without its end.
 *
 * @since 0.1.0
 * @category models
 */
export interface Line {
  readonly text: string
  readonly end: string
}

/**
 * The lines of a text. Only the last one may have no end; an empty rest after the last end is no line.
 *
 * @since 0.1.0
 * @category conversions
 */
export const lines = (text: string): ReadonlyArray<Line> => {
  const all = text.split("\n").map((line): Line =>
    line.endsWith("\r") ? { text: line.slice(0, -1), end: "\r\n" } : { text: line, end: "\n" }
  )
  const last = all.pop()
  const rest = last === undefined || last.end === "\n" ? last?.text ?? "" : `${last.text}\r`
  return rest === "" ? all : [...all, { text: rest, end: "" }]
}

/** @since 0.1.0 @category conversions */
export const toLf = (text: string): string => text.replaceAll("\r\n", "\n")

/**
 * The offset in a text for one in the same text with bare newlines. Offsets are given in ascending order.
 *
 * @since 0.1.0
 * @category conversions
 */
export const offsets = (text: string): (plain: number) => number => {
  let removed = 0
  let next = text.indexOf("\r\n")
  return (plain) => {
    // The line end is one character in the plain text, and all of it comes before what follows it.
    while (next !== -1 && next - removed < plain) {
      removed++
      next = text.indexOf("\r\n", next + 2)
    }
    return plain + removed
  }
}

/**
 * A text that takes the place of a part of another one, with the line ends of that part, line by line, and of the lines
 * around it.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fit = (
  text: string,
  part: string,
  around: { readonly before: string; readonly after: string }
): string => {
  const ends = part.match(/\r?\n/g) ?? []
  const otherwise = ends.at(-1) ?? lastEnd(around.before) ?? /\r?\n/.exec(around.after)?.[0] ?? "\n"
  let at = 0
  return toLf(text).replaceAll("\n", () => ends[at++] ?? otherwise)
}

const lastEnd = (text: string): string | undefined => {
  const at = text.lastIndexOf("\n")
  return at === -1 ? undefined : text[at - 1] === "\r" ? "\r\n" : "\n"
}
