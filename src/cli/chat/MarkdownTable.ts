/**
 * A Markdown table in rows of a terminal. Cells are wrapped, never cut; where columns would be too narrow to read, each
 * line of the table becomes a list of names and values.
 */
import { cells } from "../verbatim.ts"
import { behind, bold, dim, type Row, type Span, span, styled, widthOf, wrap } from "./StyledText.ts"

export interface Table {
  readonly header: ReadonlyArray<Row>
  readonly lines: ReadonlyArray<ReadonlyArray<Row>>
  readonly align: ReadonlyArray<"left" | "center" | "right" | null>
}

/** A column that has to be narrowed is at least this wide. */
const minWidth = 8

const separator = " │ "

export const tableRows = (table: Table, width: number, style: string): ReadonlyArray<Row> => {
  const widths = widthsOf(table, width)
  return widths === undefined ? records(table, width, style) : grid(table, widths, style)
}

/** How wide each column is; `undefined` where one would be too narrow. */
const widthsOf = ({ header, lines }: Table, width: number): ReadonlyArray<number> | undefined => {
  const natural = header.map((head, column) =>
    [head, ...lines.map((line) => line[column] ?? [])].reduce((most, cell) => Math.max(most, naturalWidth(cell)), 1)
  )
  let room = width - separator.length * (header.length - 1)
  const widths = natural.map(() => 0)
  // Columns that need less than their share leave the rest to the others.
  let open = natural.map((size, column) => ({ column, size })).toSorted((a, b) => a.size - b.size)
  while (open.length > 0) {
    const [least] = open
    const share = Math.floor(room / open.length)
    if (least === undefined) break
    if (least.size <= share) {
      widths[least.column] = least.size
      room -= least.size
      open = open.slice(1)
      continue
    }
    if (share < minWidth) return undefined
    // What the division leaves over goes to the last ones.
    for (const [index, { column }] of open.entries()) {
      widths[column] = share + (index < room - share * open.length ? 1 : 0)
    }
    break
  }
  return widths
}

const naturalWidth = (cell: Row): number => {
  let most = 0
  let used = 0
  for (const { text } of cell) {
    for (const [index, line] of text.split("\n").entries()) {
      if (index > 0) used = 0
      used += cells(line)
      most = Math.max(most, used)
    }
  }
  return most
}

const grid = ({ align, header, lines }: Table, widths: ReadonlyArray<number>, style: string): ReadonlyArray<Row> => {
  const line = styled(style, dim)
  const draw = (row: ReadonlyArray<Row>): ReadonlyArray<Row> => {
    const wrapped = widths.map((width, column) => wrap(row[column] ?? [], width))
    const height = wrapped.reduce((most, { length }) => Math.max(most, length), 1)
    return Array.from({ length: height }, (_, at) =>
      widths.flatMap((width, column): ReadonlyArray<Span> => {
        const isLast = column === widths.length - 1
        const padded = pad(wrapped[column]?.[at] ?? [], width, align[column] ?? "left", isLast)
        return isLast ? padded : [...padded, span(separator, line)]
      }))
  }
  const rule: Row = [span(widths.map((width) => "─".repeat(width)).join("─┼─"), line)]
  const drawn = lines.map(draw)
  const isTall = drawn.some(({ length }) => length > 1)
  return [
    ...draw(header.map(strong)),
    rule,
    ...drawn.flatMap((rows, index) => isTall && index > 0 ? [rule, ...rows] : rows)
  ]
}

const pad = (row: Row, width: number, align: "left" | "center" | "right", isLast: boolean): Row => {
  const missing = Math.max(0, width - widthOf(row))
  const before = align === "right" ? missing : align === "center" ? Math.floor(missing / 2) : 0
  const after = isLast ? 0 : missing - before
  return [
    ...before === 0 ? [] : [span(" ".repeat(before))],
    ...row,
    ...after === 0 ? [] : [span(" ".repeat(after))]
  ]
}

const records = ({ header, lines }: Table, width: number, style: string): ReadonlyArray<Row> => {
  const rule: Row = [span("─".repeat(Math.min(width, 20)), styled(style, dim))]
  const record = (line: ReadonlyArray<Row>): ReadonlyArray<Row> =>
    header.flatMap((head, column) => {
      const cell = line[column] ?? []
      const name = head.length === 0 ? [] : [...strong(head), span(": ", style)]
      return cell.length === 0 && name.length === 0 ? [] : hanging([...name, ...cell], width)
    })
  return lines.length === 0
    ? hanging(header.flatMap((head, index) => index === 0 ? strong(head) : [span(", ", style), ...strong(head)]), width)
    : lines.flatMap((line, index) => index === 0 ? record(line) : [rule, ...record(line)])
}

/** Rows but the first are moved in. */
const hanging = (text: Row, width: number): ReadonlyArray<Row> => behind([], [span("  ")], wrap(text, width - 2))

const strong = (row: Row): Row => row.map(({ style, text }) => span(text, styled(style, bold)))
