/**
 * A call of a tool for a person: what it does, and what came of it.
 */
import { field, text } from "../../internal/json.ts"
import * as Visible from "../../internal/visible.ts"
import { outputText } from "../../responses/ToolCall.ts"
import type { ToolEnded, ToolStarted } from "../../session/SessionEvent.ts"
import { mainArgument } from "../../tools/mainArgument.ts"

/** How many lines are shown of an output and of a change, and how many characters of a line. */
export interface Room {
  readonly lines: number
  readonly change: number
  readonly width: number
}

export const usual: Room = { lines: 4, change: 20, width: 120 }
export const whole: Room = { lines: Infinity, change: Infinity, width: Infinity }

/** What is called, and with what, in one line. */
export const callLine = ({ call }: ToolStarted | ToolEnded, { width }: Room = usual): string => {
  return `${Visible.line(call.name)} ${short(Visible.line(mainArgument(call)), width)}`
}

/** What an agent that works for a call has begun to do. */
export const childLine = (agent: string, text: string, room: Room = usual): string =>
  `↳ ${Visible.line(agent)}: ${oneLine(text, room)}`

/** What came of it: a plan to tick off, or the first lines of the output. */
export const outputLines = (event: ToolEnded, room: Room = usual): ReadonlyArray<string> => {
  const cut = (line: string) => oneLine(line, room)
  const plan = planOf(event.details, room)
  if (plan !== undefined) return plan
  const lines = outputText(event.output).replace(/\r?\n$/, "").split(/\r?\n/)
  const shown = lines.slice(0, room.lines).map(cut)
  // A tool's note about its own output, such as how to read on, is never hidden.
  const last = lines.length > room.lines && /^\[.*\]$/.test(lines.at(-1) ?? "") ? lines.slice(-1).map(cut) : []
  const more = lines.length - shown.length - last.length
  return [
    ...shown.map((line, index) => `  ${index === 0 ? markOf(event) : " "} ${line}`),
    ...(more > 0 ? [`    … ${more} more ${more === 1 ? "line" : "lines"}`] : []),
    ...last.map((line) => `    ${line}`)
  ]
}

const marks: { readonly [status in ToolEnded["status"]]: string } = { completed: "✓", failed: "✗", interrupted: "■" }

/** A command that exits with an error is `completed` for the model; a person sees it as failed. */
const markOf = ({ details, status }: ToolEnded): string => {
  const { exit_code: code, signal } = details ?? {}
  if (status !== "completed") return marks[status]
  if (typeof signal === "string") return `✗ ${Visible.line(signal)}:`
  return typeof code === "number" && code !== 0 ? `✗ exit ${code}:` : marks.completed
}

/** A plan as a list to tick off. */
const planOf = (details: ToolEnded["details"], room: Room): ReadonlyArray<string> | undefined => {
  const plan = details?.["plan"]
  return Array.isArray(plan) && plan.length > 0
    ? plan.map((entry) =>
      `  ${boxes[text(field(entry, "status")) ?? ""] ?? "☐"} ${oneLine(text(field(entry, "step")) ?? "", room)}`
    )
    : undefined
}

const boxes: { readonly [status: string]: string } = { pending: "☐", in_progress: "▶", completed: "☑" }

/** A line of output, cut where it is too long to be read at a glance. */
export const oneLine = (text: string, { width }: Room = usual): string => {
  const line = Visible.output(text).replaceAll(/\s+/g, " ").trimEnd()
  return line.length > width ? `${line.slice(0, width - 1)}…` : line
}

/** A shortened call says how much is left out, because that part may matter. */
const short = (line: string, width: number): string =>
  line.length > width ? `${line.slice(0, width)}… (${line.length - width} more characters)` : line
