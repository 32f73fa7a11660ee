/**
 * What a terminal shows of what is written to it, as far as the live area makes use of a terminal. Anything else that
 * would control it is an error.
 */
import { cells } from "../../../src/cli/verbatim.ts"

export const make = (columns: number, rows: number) => {
  /** All rows, with those that have scrolled out of sight. */
  let lines: Array<string> = [""]
  let [row, column] = [0, 0]
  let isCursorShown = true
  let width = columns

  const top = () => Math.max(0, lines.length - rows)
  const put = (character: string) => {
    const size = cells(character)
    if (size === 0) {
      const line = cellsOf(lines[row] ?? "")
      line[column - 1] += character
      lines[row] = line.join("")
      return
    }
    if (column + size > width) lineFeed(0)
    const line = [...cellsOf(lines[row] ?? "")]
    while (line.length < column) line.push(" ")
    line.splice(column, size, character, ...Array.from({ length: size - 1 }, () => ""))
    lines[row] = line.join("")
    column += size
  }
  const lineFeed = (to: number) => {
    row++
    column = to
    if (row === lines.length) lines.push("")
  }
  const control = (parameters: string, final: string) => {
    const count = Number(parameters || "1")
    switch (final) {
      case "A":
        if (row - count < top()) throw new Error("the cursor would leave the screen")
        row -= count
        return
      case "B":
        if (row + count >= lines.length) throw new Error("the cursor would leave the screen")
        row += count
        return
      case "G":
        column = count - 1
        return
      case "J":
        lines = lines.slice(0, row + 1)
        lines[row] = cellsOf(lines[row] ?? "").slice(0, column).join("")
        return
      case "K":
        if (parameters === "2") lines[row] = ""
        else lines[row] = cellsOf(lines[row] ?? "").slice(0, Math.min(column, width - 1)).join("")
        return
      case "h":
      case "l":
        if (parameters !== "?25") throw new Error(`an unknown mode: ${parameters}`)
        isCursorShown = final === "h"
        return
      case "m":
        return
      default:
        throw new Error(`an unknown sequence: ${parameters}${final}`)
    }
  }

  return {
    write: (text: string) => {
      // oxlint-disable-next-line no-control-regex -- what controls a terminal begins with a control character
      for (const [whole, parameters, final = "", character] of text.matchAll(/\u001b\[([?\d;]*)([A-Za-z])|([^])/gu)) {
        if (character === undefined) control(parameters ?? "", final)
        else if (whole === "\r") column = 0
        else if (whole === "\n") lineFeed(column)
        else if (/\p{Cc}/u.test(whole)) throw new Error(`a control character: ${JSON.stringify(whole)}`)
        else put(whole)
      }
    },
    /** As many terminals do, wraps the rows anew. */
    resize: (columns: number) => {
      width = columns
      const before = lines.slice(0, row).flatMap((line) => wrapped(line, columns))
      const at = wrapped(lines[row] ?? "", columns)
      lines = [...before, ...at, ...lines.slice(row + 1).flatMap((line) => wrapped(line, columns))]
      row = before.length + Math.floor(column / columns)
      column %= columns
    },
    /** Up to the last that is not blank. */
    lines: () => lines.slice(0, lines.findLastIndex((line) => line.trim() !== "") + 1).map((line) => line.trimEnd()),
    cursor: () => ({ row, column, isShown: isCursorShown })
  }
}

/** An entry for each cell; the second of a wide character is empty. */
const cellsOf = (line: string): Array<string> => {
  const all: Array<string> = []
  for (const character of line) {
    const size = cells(character)
    if (size === 0) all[all.length - 1] += character
    else all.push(character, ...Array.from({ length: size - 1 }, () => ""))
  }
  return all
}

const wrapped = (line: string, columns: number): ReadonlyArray<string> => {
  const all = cellsOf(line.trimEnd())
  const rows = []
  for (let at = 0; at < all.length; at += columns) rows.push(all.slice(at, at + columns).join(""))
  return rows.length === 0 ? [""] : rows
}
