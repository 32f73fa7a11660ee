/** What a bench has found: printed, and kept for `npm run bench:report` in the file that BENCH_RESULTS names. */
import { appendFileSync } from "node:fs"

/** Values are told with their units in the names of the columns. */
export interface Table {
  readonly title: string
  readonly columns: ReadonlyArray<string>
  readonly rows: ReadonlyArray<Row>
}

export interface Row {
  readonly name: string
  readonly cells: ReadonlyArray<string>
  /** What it takes, as a multiple of what something else takes in the same run. */
  readonly times?: { readonly ratio: number; readonly of: string } | undefined
}

export const tell = (table: Table): void => {
  const widths = table.columns.map((name, at) =>
    2 + Math.max(name.length, ...table.rows.map(({ cells }) => cells[at]?.length ?? 0))
  )
  const width = 2 + Math.max(...table.rows.map(({ name }) => name.length))
  const line = (name: string, cells: ReadonlyArray<string>, end = "") =>
    say(`${name.padEnd(width)}${widths.map((width, at) => (cells[at] ?? "").padStart(width)).join("")}${end}`.trimEnd())
  say(table.title)
  line("", table.columns)
  for (const { cells, name, times } of table.rows) {
    line(name, cells, times === undefined ? "" : `   ${times.ratio.toFixed(2)} × ${times.of}`)
  }
  say("")
  const file = process.env["BENCH_RESULTS"]
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(table)}\n`)
}

export const say = (line: string): void => void process.stdout.write(`${line}\n`)

export const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

/** How much of another side a side takes: the median over the rounds, in each of which both saw the same machine. */
export const ratio = (values: ReadonlyArray<number>, others: ReadonlyArray<number>): number =>
  median(values.map((value, round) => value / (others[round] ?? NaN)))
