/**
 * Text with a look, in rows of a terminal: how it is wrapped, and how it is written.
 */
import { cells } from "../verbatim.ts"

/** A piece of text with one look. The style is what stands in an SGR sequence, such as `1;36`; empty for plain text. */
export interface Span {
  readonly text: string
  readonly style: string
}

export type Row = ReadonlyArray<Span>

export const span = (text: string, style = ""): Span => ({ text, style })

/** A style on top of another. */
export const styled = (style: string, more: string): string =>
  style === "" ? more : more === "" ? style : `${style};${more}`

export const bold = "1"
export const dim = "2"

/** A row as it is written. It begins and ends plain, so rows can be written in any order. */
export const toText = (row: Row, colors: boolean): string => {
  if (!colors) return row.map(({ text }) => text).join("")
  let text = ""
  let style = ""
  for (const piece of row) {
    if (piece.style !== style) {
      if (style !== "") text += "\u001B[0m"
      if (piece.style !== "") text += `\u001B[${piece.style}m`
      style = piece.style
    }
    text += piece.text
  }
  return style === "" ? text : `${text}\u001B[0m`
}

export const widthOf = (row: Row): number => row.reduce((sum, { text }) => sum + cells(text), 0)

/** Rows behind a margin; that of the first may differ. An empty row gets no blanks. */
export const behind = (first: Row, rest: Row, rows: ReadonlyArray<Row>): ReadonlyArray<Row> =>
  rows.map((row, index) => {
    const margin = index === 0 ? first : rest
    return row.length === 0 && margin.every(({ text }) => text.trim() === "") ? row : [...margin, ...row]
  })

/**
 * Running text in rows, broken between words, and between characters where scripts write without spaces. A line end in
 * the text ends a row. A word that is longer than a row is broken, never cut.
 */
export const wrap = (spans: ReadonlyArray<Span>, width: number): ReadonlyArray<Row> => {
  const rows: Array<Row> = []
  let row: Array<Span> = []
  let used = 0
  let word: Array<Span> = []
  let size = 0
  let gap: Span | undefined

  const endRow = () => {
    rows.push(row)
    row = []
    used = 0
    gap = undefined
  }
  const endWord = () => {
    if (word.length === 0) return
    const between = row.length === 0 || gap === undefined ? 0 : gap.text.length
    if (row.length > 0 && used + between + size > width) endRow()
    else if (gap !== undefined && row.length > 0) {
      row.push(gap)
      used += between
    }
    gap = undefined
    if (size <= width) {
      row.push(...word)
      used += size
    } else {
      const broken = breakAnywhere(word, width)
      rows.push(...broken.slice(0, -1))
      row = [...broken.at(-1) ?? []]
      used = widthOf(row)
    }
    word = []
    size = 0
  }

  for (const { style, text } of spans) {
    for (const part of text.match(parts) ?? []) {
      if (part === "\n") {
        endWord()
        endRow()
      } else if (part.startsWith(" ")) {
        endWord()
        gap = span(part, style)
      } else {
        if (breakable.test(part)) endWord()
        word.push(span(part, style))
        size += cells(part)
        if (breakable.test(part)) endWord()
      }
    }
  }
  endWord()
  if (row.length > 0 || rows.length === 0) rows.push(row)
  return rows
}

/**
 * Text whose blanks matter, such as a line of code, in rows that together are the text. They break behind a blank where
 * there is one in their second half.
 */
export const breakAnywhere = (spans: ReadonlyArray<Span>, width: number): ReadonlyArray<Row> => {
  if (widthOf(spans) <= width) return [spans]
  const rows: Array<Row> = []
  let row: Array<Span> = []
  let used = 0
  // Where the row could end: in front of the span with this number, and how much of the row that is.
  let blank = { at: 0, used: 0 }
  const add = (text: string, style: string) => {
    const last = row.at(-1)
    if (last?.style === style && blank.at < row.length) row[row.length - 1] = span(last.text + text, style)
    else row.push(span(text, style))
  }
  for (const { style, text } of spans) {
    for (const [character] of text.matchAll(characters)) {
      const size = cells(character)
      if (used + size > width && row.length > 0) {
        const isAtBlank = blank.used > width / 2
        rows.push(isAtBlank ? row.slice(0, blank.at) : row)
        row = isAtBlank ? row.slice(blank.at) : []
        used = isAtBlank ? used - blank.used : 0
        blank = { at: 0, used: 0 }
      }
      add(character, style)
      used += size
      if (character === " ") blank = { at: row.length, used }
    }
  }
  return row.length > 0 ? [...rows, row] : rows
}

/** One row, which ends with an ellipsis where there is more. */
export const fit = (spans: ReadonlyArray<Span>, width: number): Row => {
  if (widthOf(spans) <= width) return spans
  const [row = []] = breakAnywhere(spans, Math.max(1, width - 1))
  return [...row, span("…", row.at(-1)?.style ?? "")]
}

/** Tabs as blanks up to the next stop. */
export const expandTabs = (line: string, stop = 4): string => {
  if (!line.includes("\t")) return line
  let column = 0
  return line.replaceAll(/[^\t]*\t/g, (piece) => {
    const blanks = stop - (column + cells(piece.slice(0, -1))) % stop
    column += cells(piece.slice(0, -1)) + blanks
    return piece.slice(0, -1) + " ".repeat(blanks)
  })
}

/** Scripts without spaces between words, and pictographs: a row may end beside each, but not before what closes. */
const wide = String
  .raw`[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303f\uff00-\uff60]`

/** `、。，．：；！？）」』】》〉〕·ー…`, by their numbers because the bundler cannot escape what is raw. */
const closing = String
  .raw`[\u3001\u3002\uff0c\uff0e\uff1a\uff1b\uff01\uff1f\uff09\u300d\u300f\u3011\u300b\u3009\u3015\u00b7\u30fc\u2026]`

const picture = String
  .raw`\p{RI}\p{RI}|\p{Extended_Pictographic}(?:[\ufe0f\u20e3\u{1f3fb}-\u{1f3ff}]|\u200d\p{Extended_Pictographic})*`

const breakable = new RegExp(`^(?:${wide}|(?=[^\\0-\\x7f])(?:${picture}))`, "u")

const parts = new RegExp(
  `\\n| +|${wide}\\p{M}*(?:${closing})*|(?=[^\\0-\\xff])(?:${picture})\\p{M}*|(?:(?!${wide})[^\\n ])(?:(?!${wide}|(?=[^\\0-\\xff])\\p{Extended_Pictographic})[^\\n ])*`,
  "gu"
)

/** What stays together. */
const characters = new RegExp(`(?:${picture}|[^])[\\p{M}\\u200d]*`, "gu")
