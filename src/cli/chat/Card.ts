/**
 * A call of a tool as a card: its heading, and below it what it prints while it runs, then what came of it.
 */
import * as Effect from "effect/Effect"
import { output } from "../../internal/visible.ts"
import type { ToolEnded, ToolStarted } from "../../session/SessionEvent.ts"
import * as FileChange from "../../tools/workspace/FileChange.ts"
import { callLine, outputLines, usual } from "../render/call.ts"
import { behind, bold, dim, expandTabs, fit, type Row, span, toText, wrap } from "./StyledText.ts"

export interface Look {
  readonly width: number
  readonly colors: boolean
}

/** How many lines of the latest output are shown of a call that runs. */
const tailLines = 5

/** A call that runs. */
export const running = (event: ToolStarted, printed: string, look: Look): ReadonlyArray<string> =>
  written([...heading(event, look), ...tailOf(printed, look)], look)

/** The latest of what a call has printed. Of a line that was written over, the latest is shown. */
const tailOf = (printed: string, { width }: Look): ReadonlyArray<Row> =>
  printed.split(/\r?\n/).map((line) => output(line.slice(line.lastIndexOf("\r", line.length - 2) + 1)))
    .filter((line) => line.trim() !== "").slice(-tailLines)
    .map((line) => fit([span("  ┊ ", dim), span(expandTabs(line), dim)], width))

/**
 * A call that has ended: its plan, the first lines of its output, and the changes that it has made. One that was
 * interrupted has no output; what it has `printed` is all that is known of it.
 */
export const ended = Effect.fnUntraced(function*(event: ToolEnded, printed: string, look: Look) {
  const changes = FileChange.inDetails(event.details)
  const isPlan = Array.isArray(event.details?.["plan"])
  const isToldByChanges = changes.length > 0 && event.status === "completed"
  const result = isToldByChanges ? [] : outputLines(event).flatMap((line) =>
    isPlan
      ? behind([span("  ")], [span("    ")], wrap([span(line.trimStart())], look.width - 4))
      : [fit([span(expandTabs(line), dim)], look.width)]
  )
  const tail = event.status === "interrupted" ? tailOf(printed, look) : []
  return [...written([...heading(event, look), ...tail, ...result], look), ...yield* changeRows(changes, look)]
})

const heading = (event: ToolStarted | ToolEnded, { width }: Look): ReadonlyArray<Row> => {
  const [, name = "", about = ""] = /^(\S*) ?([^]*)$/.exec(callLine(event)) ?? []
  return behind(
    [span("• ")],
    [span("  ")],
    wrap([span(name, bold), ...about === "" ? [] : [span(` ${about}`)]], Math.max(1, width - 2))
  )
}

const changeRows = (changes: ReadonlyArray<FileChange.FileChange>, { colors, width }: Look) =>
  changes.length === 0
    ? Effect.succeed([])
    : Effect.map(Effect.promise(() => import("../render/diff.ts")), ({ changeRows, more }) => {
      const rows = changeRows(changes, { size: { columns: width, rows: usual.change }, hasColors: colors })
      return rows.length > usual.change
        ? [...rows.slice(0, usual.change - 1), more(rows.length - usual.change + 1)]
        : rows
    })

const written = (rows: ReadonlyArray<Row>, { colors }: Look): ReadonlyArray<string> =>
  rows.map((row) => toText(row, colors))
