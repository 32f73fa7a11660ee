/**
 * Rows of cells in columns, for a person.
 */
import { cells } from "./verbatim.ts"

/** Each column is as wide as its widest cell; the last one ends where its cells do. */
export const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const columns = Math.max(0, ...rows.map(({ length }) => length)) - 1
  const widths = Array.from(
    { length: columns },
    (_, column) => Math.max(...rows.map((row) => cells(row[column] ?? "")))
  )
  return rows.map((row) => `${row.map((cell, at) => padded(cell, widths[at] ?? 0)).join("  ").trimEnd()}\n`).join("")
}

export const padded = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - cells(text)))
