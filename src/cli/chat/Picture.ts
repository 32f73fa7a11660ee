/**
 * The rows at the end of the screen that may change, and how they are changed.
 */
import type { Size } from "../Screen.ts"
import { cells } from "../verbatim.ts"

/** What is to be shown: rows no wider than the screen, and where in them the cursor is seen, if it is. */
export interface View {
  readonly rows: ReadonlyArray<string>
  readonly cursor?: { readonly row: number; readonly column: number } | undefined
}

/** What is shown, and where in it the cursor is. */
export interface Picture {
  readonly columns: number
  readonly rows: ReadonlyArray<string>
  readonly row: number
  readonly column: number
  readonly isCursorShown: boolean
}

export const empty = (columns: number): Picture => ({ columns, rows: [""], row: 0, column: 0, isCursorShown: true })

/** What is written to get from one picture to the next, below what is printed meanwhile: only what differs. */
export const draw = (before: Picture, { columns, rows: height }: Size, printed: ReadonlyArray<string>, view: View) => {
  // The row below the last one is left to the terminal.
  const skipped = Math.max(0, view.rows.length - Math.max(1, height - 1))
  const live = view.rows.slice(skipped)
  const cursor = view.cursor && { ...view.cursor, row: Math.max(0, view.cursor.row - skipped) }
  let text = ""
  let { row: at, rows: old } = before
  if (columns !== before.columns) {
    // The terminal has wrapped the rows anew.
    const above = old.slice(0, at).reduce((sum, row) => sum + heightOf(row, columns), 0)
    text += `${above === 0 ? "" : `\u001B[${above}A`}\r\u001B[J`
    old = [""]
    at = 0
  }
  const goTo = (row: number) => {
    if (row < at) text += `\u001B[${at - row}A`
    if (row > at) text += `\u001B[${row - at}B`
    at = row
  }
  const rows = [...printed, ...live.length === 0 ? [""] : live]
  for (const [index, row] of rows.entries()) {
    const was = old[index]
    if (was === row) continue
    if (was === undefined) {
      goTo(index - 1)
      text += `\r\n${row}`
      at = index
    } else {
      goTo(index)
      text += change(was, row, columns)
    }
  }
  if (rows.length < old.length) {
    goTo(rows.length)
    text += "\r\u001B[J"
  }
  const isCursorShown = cursor !== undefined || live.length === 0
  const row = Math.min(cursor === undefined ? rows.length - 1 : printed.length + cursor.row, rows.length - 1)
  const column = cursor?.column ?? 0
  const picture = { columns, rows: rows.slice(printed.length), row: row - printed.length, column, isCursorShown }
  const isSame = text === "" && row === at && column === before.column && isCursorShown === before.isCursorShown
  if (isSame) return { text, picture }
  goTo(row)
  const hide = before.isCursorShown ? "\u001B[?25l" : ""
  const show = isCursorShown ? "\u001B[?25h" : ""
  return { text: `${hide}${text}${column === 0 ? "\r" : `\u001B[${column + 1}G`}${show}`, picture }
}

/** Writes a row over another one: where it begins with the same plain text, only the rest. */
const change = (was: string, row: string, columns: number): string => {
  let same = 0
  while (same < was.length && was.charCodeAt(same) === row.charCodeAt(same) && isPlain(row.charCodeAt(same))) same++
  // Whatever belongs to the character before is written with it.
  if (same > 0) same--
  const rest = row.slice(same)
  const begin = same === 0 ? "\r" : `\u001B[${same + 1}G`
  // In the last column the cursor stands on the last character, which would be erased.
  const end = widthOf(row) < columns && widthOf(was) > widthOf(row) ? "\u001B[K" : ""
  return `${begin}${rest}${end}`
}

const isPlain = (code: number): boolean => code >= 0x20 && code < 0x7f

/** How many cells a row of ours takes. */
export const widthOf = (row: string): number => cells(row.replaceAll(sequences, ""))

/** How many rows of the terminal it takes. */
const heightOf = (row: string, columns: number): number => Math.max(1, Math.ceil(widthOf(row) / columns))

/** Our own sequences; there are no others in a row. */
// oxlint-disable-next-line no-control-regex -- they begin with a control character
const sequences = /\u001b\[[\d;]*m/g
