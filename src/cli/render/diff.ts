/**
 * Changes of files for a person: which, and what of them.
 */
import { exactly, line } from "../../internal/visible.ts"
import type { FileChange } from "../../tools/workspace/FileChange.ts"
import { bar, bold, markEscapes, type Options, quoted, rowsOf } from "../verbatim.ts"

/** What happens to a file, in one line. If links lead elsewhere, it shows the real path too. */
export const headingOf = (change: FileChange): string => {
  const { added, from, isElsewhere, kind, note, path, real, removed } = change
  const target = isElsewhere === true ? ` -> ${line(real)}` : ""
  const source = from === undefined ? "" : `${line(from)} to `
  const counts = [
    ...added + removed > 0 ? [`+${added} -${removed}`] : note === undefined ? ["no line changes"] : [],
    ...note === undefined ? [] : [note]
  ].join("; ")
  return `${verbs[kind]} ${source}${line(path)}${target} (${counts})`
}

const verbs: { readonly [kind in FileChange["kind"]]: string } = {
  create: "create",
  edit: "change",
  delete: "delete",
  move: "move"
}

/** The rows for all changed files. */
export const changeRows = (changes: ReadonlyArray<FileChange>, options: Options): ReadonlyArray<string> =>
  changes.flatMap((change) => [
    ...quoted(headingOf(change), options).map((row) => bold(row, options)),
    ...diffRows(change, options)
  ])

/** The lines of a change with line numbers: old numbers for removed lines, new ones for all others. */
const diffRows = ({ diff, omitted }: FileChange, { hasColors, size: { columns } }: Options): ReadonlyArray<string> => {
  const rows: Array<string> = []
  const lines = diff.replace(/\n$/, "").split("\n")
  const size = String(highest(lines)).length
  let [old, young] = [0, 0]
  for (const text of diff === "" ? [] : lines) {
    const header = hunk.exec(text)
    if (header !== null) {
      if (rows.length > 0) rows.push(`${bar.first}${" ".repeat(size)}   ⋮`)
      old = Number(header[1])
      young = Number(header[2])
      continue
    }
    const sign = text[0] ?? " "
    const number = sign === "-" ? old : young
    if (sign === " " || sign === "-") old++
    if (sign === " " || sign === "+") young++
    const gutter = `${sign === "\\" ? " ".repeat(size) : String(number).padStart(size)} ${sign} `
    for (const row of rowsOf(sign === "\\" ? text.slice(2) : shown(text.slice(1)), Math.max(10, columns - size - 5))) {
      const head = row.isContinued ? bar.next + " ".repeat(gutter.length) : bar.first + gutter
      const color = colors[sign]
      const said = hasColors ? markEscapes(row.text) : row.text
      rows.push(hasColors && color !== undefined ? `${color}${head}${said}\u001B[39m` : head + said)
    }
  }
  return omitted === undefined ? rows : [...rows, more(omitted)]
}

/** The row that says how much of a diff is not shown. */
export const more = (count: number): string => `  … ${count} more ${count === 1 ? "line" : "lines"}`

/** A tab is as wide as most editors show it: a diff of code that is indented by tabs has one in each line. */
const shown = (text: string): string => {
  let column = 0
  return exactly(
    text.replaceAll(/[^\t]*\t/g, (piece) => {
      column += piece.length - 1
      const blanks = 4 - column % 4
      column += blanks
      return piece.slice(0, -1) + " ".repeat(blanks)
    })
  )
}

const hunk = /^@@ -(\d+),\d+ \+(\d+),\d+ @@/

const highest = (lines: ReadonlyArray<string>): number =>
  lines.reduce((most, line) => {
    const [, old, oldCount, young, youngCount] = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@/.exec(line) ?? []
    return old === undefined ? most : Math.max(most, Number(old) + Number(oldCount), Number(young) + Number(youngCount))
  }, 0)

const colors: { readonly [sign: string]: string } = { "-": "\u001B[31m", "+": "\u001B[32m" }
