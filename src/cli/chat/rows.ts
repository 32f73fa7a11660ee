import { cells } from "../verbatim.ts"

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
