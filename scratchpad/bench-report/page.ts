/** The page docs/performance.md, made of what the benches have found. */
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import type { Row, Table } from "../table.ts"
import { plot } from "./plot.ts"

/** What one bench has found, and where and when. */
export interface Results {
  /** The npm script that has found it. */
  readonly script?: string
  readonly at: string
  readonly machine: string
  readonly versions: ReadonlyArray<string>
  readonly tables: ReadonlyArray<Table>
}

export interface Files {
  readonly [path: string]: string
}

/** The page and its pictures, by their paths in `docs`. */
export const files = (results: Readonly<Record<string, Results>>): Files => {
  const pictures: Record<string, string> = {}
  const sections = Object.entries(results).map(
    ([name, { at, machine, script = `bench:${name}`, tables, versions }]) => {
      const parts = tables.map((table, index) => {
        const picture = plot(table)
        const path = `performance/${name}-${index + 1}.svg`
        if (picture !== undefined) pictures[path] = picture
        const image = picture === undefined ? "" : `![${table.title}: times of what each is compared with](${path})\n\n`
        return `### ${table.title}\n\n${image}${markdown(table)}`
      })
      return `## ${script}\n\n${at}, ${machine}. ${versions.join(", ")}.\n\n${parts.join("\n\n")}`
    }
  )
  return { "performance.md": `${introduction}\n\n${sections.join("\n\n")}\n`, ...pictures }
}

export const write = (docs: string, results: Readonly<Record<string, Results>>): void => {
  for (const [path, text] of Object.entries(files(results))) writeFileSync(join(docs, path), text)
}

const introduction = `# Performance

What each bench has found, beside a peer, the least that any program must do, or an earlier build, in one run whose sides take
turns. Read the multiples: the same machine gives other times on another day. Made by \`npm run bench:report\` of
[results.json](performance/results.json), and never written by hand.`

const markdown = ({ columns, rows }: Table): string => {
  const hasTimes = rows.some(({ times }) => times !== undefined)
  const heads = ["", ...columns, ...hasTimes ? ["times"] : []]
  const line = (cells: ReadonlyArray<string>) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  const told = ({ cells, name, times }: Row) =>
    line([
      name,
      ...columns.map((_, at) => cells[at] ?? ""),
      ...!hasTimes ? [] : [times === undefined ? "" : `**${times.ratio.toFixed(2)}** × ${times.of}`]
    ])
  return [line(heads), `|---${"|--:".repeat(heads.length - 1)}|`, ...rows.map(told)].join("\n")
}
