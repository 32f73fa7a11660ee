/**
 * The line below the input: who answers, where, how much of the window and of the plan is used, how long, and what it
 * costs.
 */
import { line } from "../../internal/visible.ts"
import { cells } from "../verbatim.ts"
import { dim, fit, span, toText } from "./StyledText.ts"

export interface Status {
  readonly model: string
  readonly effort?: string | undefined
  readonly folder: string
  readonly branch?: string | undefined
  readonly context?: { readonly tokens: number; readonly window: number | null } | undefined
  /** The windows of the plan. */
  readonly windows?: ReadonlyArray<{ readonly minutes: number; readonly usedPercent: number }> | undefined
  /** In milliseconds. */
  readonly elapsed?: number | undefined
  /** In US dollars. */
  readonly cost?: number | undefined
  readonly width: number
  readonly colors: boolean
}

/** One row. Where there is no room for all of it, what is looked for least often is left out. */
export const row = (status: Status): string => {
  const { branch, colors, context, cost, effort, elapsed, folder, model, width, windows = [] } = status
  const parts: ReadonlyArray<Part> = [
    { rank: 0, text: line(effort === undefined ? model : `${model} ${effort}`) },
    { rank: 4, text: line(branch === undefined ? folder : `${folder} (${branch})`) },
    ...context === undefined ? [] : [{ rank: 1, text: windowOf(context) }],
    ...windows.map(({ minutes, usedPercent }) => ({ rank: 2, text: `${lengthOf(minutes)} ${percent(usedPercent)}` })),
    ...elapsed === undefined ? [] : [{ rank: 5, text: clock(elapsed) }],
    ...cost === undefined ? [] : [{ rank: 3, text: `$${cost.toFixed(cost < 1 ? 3 : 2)}` }]
  ]
  let shown = parts
  for (let rank = 5; rank > 0 && cells(joined(shown)) > width; rank--) {
    shown = shown.filter((part) => part.rank !== rank)
  }
  return toText(fit([span(joined(shown), dim)], width), colors)
}

interface Part {
  readonly rank: number
  readonly text: string
}

const joined = (parts: ReadonlyArray<Part>): string => parts.map(({ text }) => text).join(" · ")

const percent = (value: number): string => `${Math.round(value)} %`

const windowOf = ({ tokens, window }: { readonly tokens: number; readonly window: number | null }): string =>
  window === null || window <= 0
    ? `${thousands(tokens)} tokens`
    : `${percent(tokens / window * 100)} of ${thousands(window)}`

const thousands = (tokens: number): string =>
  tokens < 1000 ?
    String(tokens) :
    tokens < 1_000_000 ?
    `${Math.round(tokens / 1000)}k` :
    `${Math.round(tokens / 100_000) / 10}M`

const lengthOf = (minutes: number): string =>
  minutes % (7 * 24 * 60) === 0
    ? minutes === 7 * 24 * 60 ? "week" : `${minutes / (7 * 24 * 60)} weeks`
    : minutes % (24 * 60) === 0
    ? `${minutes / (24 * 60)}d`
    : minutes % 60 === 0
    ? `${minutes / 60}h`
    : `${minutes}min`

/** As `0:05`, `12:34`, `1:02:03`. */
const clock = (millis: number): string => {
  const seconds = Math.max(0, Math.floor(millis / 1000))
  const two = (value: number) => String(value).padStart(2, "0")
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}
