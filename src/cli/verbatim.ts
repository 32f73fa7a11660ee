/**
 * Shows text from a model, a server or a file verbatim in the rows of a terminal: broken where a row ends, with nothing
 * added and nothing lost.
 */
import { eastAsianWidth } from "get-east-asian-width"
import type { Size } from "./Screen.ts"

export interface Options {
  readonly size: Size
  readonly hasColors: boolean
}

/** Printed in front of each row of such text, where the text itself can put nothing. */
export const bar = { first: "│ ", next: "┊ " }

/** `isContinued` where the row goes on with a line of the text that did not fit the one above. */
export interface Row {
  readonly text: string
  readonly isContinued: boolean
}

/** The rows together are the text. They break behind a space where there is one in their second half. */
export const rowsOf = (text: string, width: number): ReadonlyArray<Row> =>
  text.split("\n").flatMap((line) => {
    const rows: Array<Row> = []
    let row = ""
    let used = 0
    // Where the row could end, and how much of it that is.
    let space = { at: 0, used: 0 }
    const end = (at: number) => {
      rows.push({ text: row.slice(0, at), isContinued: rows.length > 0 })
      row = row.slice(at)
    }
    for (const [part] of line.matchAll(parts)) {
      const size = cells(part)
      if (used + size > width && row !== "") {
        const isAtSpace = space.used > width / 2
        used -= isAtSpace ? space.used : used
        end(isAtSpace ? space.at : row.length)
        space = { at: 0, used: 0 }
      }
      row += part
      used += size
      if (part === " ") space = { at: row.length, used }
    }
    end(row.length)
    return rows
  })

/** On a terminal with colours, marks escapes and counts, so that they differ from the characters of the text. */
export const markEscapes = (row: string): string =>
  row.replaceAll(
    parts,
    (part) => part.length > 1 && part !== "\\\\" && isMark(part) || part === "⇥" ? inverse(part) : part
  )

/** How many cells of a row a text takes. */
export const cells = (text: string): number => {
  if (/^[ -~]*$/.test(text)) return text.length
  let sum = 0
  let last = 0
  for (const character of text) {
    // A narrow symbol becomes a picture, which most terminals show as wide.
    if (character === "\ufe0f" && last === 1) last = 1
    else if (/[\p{M}\p{Join_C}]/u.test(character)) continue
    else last = eastAsianWidth(character.codePointAt(0) ?? 0)
    sum += last
  }
  return sum
}

/** What is never split over two rows: the number of a character, a count, a character with its marks. */
const parts = /\\(?:x[\da-f]{2}|u[\da-f]{4}|u\{[\da-f]+\})|\\\\|⟨[^⟩]*⟩|[^]\p{M}*/gu

const isMark = (part: string): boolean => part.startsWith("\\") || part.startsWith("⟨")

const inverse = (text: string): string => `\u001B[7m${text}\u001B[27m`

/** Such a text with a bar in front of each row. */
export const quoted = (shown: string, { hasColors, size }: Options): ReadonlyArray<string> =>
  rowsOf(shown, roomIn(size)).map(({ isContinued, text }) =>
    (isContinued ? bar.next : bar.first) + (hasColors ? markEscapes(text) : text)
  )

/** How many cells of a row are left beside the bar. */
export const roomIn = ({ columns }: Size): number => Math.max(10, columns - bar.first.length)

export const bold = (text: string, { hasColors }: Options): string => hasColors ? `\u001B[1m${text}\u001B[22m` : text
