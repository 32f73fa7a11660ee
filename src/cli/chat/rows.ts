import { cells, rowsOf } from "../verbatim.ts"

/** Cuts a text without sequences to a row. */
export const cut = (text: string, columns: number): string => {
  if (cells(text) <= columns) return text
  let used = 1
  let kept = ""
  for (const character of text) {
    used += cells(character)
    if (used > columns) break
    kept += character
  }
  return `${kept}…`
}

/** Lines that are too long are broken between words, and go on where their text begins. */
export const wrapped = (text: string, columns: number): ReadonlyArray<string> =>
  text.split("\n").flatMap((line) =>
    cells(line) < columns ? [line] : rowsOf(line, Math.max(10, columns - 1)).map(({ text }) => text.trimEnd())
  )
