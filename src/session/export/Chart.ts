/**
 * Tokens and time of each model call, drawn as bars: where a session has become long, and where it has waited.
 *
 * @internal
 */
import { escape } from "./escape.ts"
import type { Step } from "./Transcript.ts"
import { count, took } from "./wording.ts"

/** Below this a chart says nothing. */
const fewest = 2

const width = 720
const height = 72
const gap = 26

export const make = (steps: ReadonlyArray<Step>): string => {
  if (steps.length < fewest) return ""
  const tokens = steps.map(({ usage }) => usage.inputTokens + usage.outputTokens)
  const times = steps.map(({ millis, toolMillis }) => millis + toolMillis)
  const [mostTokens, mostTime] = [Math.max(1, ...tokens), Math.max(1, ...times)]
  const room = width / steps.length
  const bar = Math.min(36, room * 0.72)
  const bars = steps.map((step, at) => {
    const { millis, model, toolMillis, turn, usage } = step
    const x = at * room + (room - bar) / 2
    const fresh = usage.inputTokens - usage.cachedInputTokens
    const what = `Call ${at + 1}, turn ${turn}, ${model}\n` +
      `${count(usage.inputTokens, "token")} in, ${usage.cachedInputTokens.toLocaleString("en-US")} of them cached; ` +
      `${usage.outputTokens.toLocaleString("en-US")} out\nmodel ${took(millis)}, tools ${took(toolMillis)}`
    return `<g><title>${escape(what)}</title><rect class="hit" x="${digits(at * room)}" y="0" width="${
      digits(room)
    }" height="${2 * height + gap}"/>${
      stacked(x, bar, height, mostTokens, [
        ["cached", usage.cachedInputTokens],
        ["fresh", fresh],
        ["out", usage.outputTokens]
      ])
    }${stacked(x, bar, 2 * height + gap, mostTime, [["model", millis], ["tools", toolMillis]])}</g>`
  }).join("")
  const turns = steps.flatMap((step, at) => {
    const isFirst = at > 0 && step.turn !== steps[at - 1]?.turn
    const x = digits(at * room)
    return isFirst ? [`<line class="turn" x1="${x}" y1="0" x2="${x}" y2="${2 * height + gap}"/>`] : []
  }).join("")
  return `<figure class="chart">
<svg viewBox="0 0 ${width} ${2 * height + gap + 2}" role="img" aria-label="Tokens and time of each model call">
${turns}${bars}
<line x1="0" y1="${height}" x2="${width}" y2="${height}"/><line x1="0" y1="${2 * height + gap}" x2="${width}" y2="${
    2 * height + gap
  }"/>
</svg>
<figcaption><span>Tokens by call, up to ${mostTokens.toLocaleString("en-US")}</span>${legend("cached", "cached")}${
    legend("fresh", "new")
  }${legend("out", "out")}<span>Time, up to ${took(mostTime)}</span>${legend("model", "model")}${
    legend("tools", "tools")
  }</figcaption>
</figure>`
}

const legend = (kind: string, word: string): string => `<span class="legend"><i class="${kind}"></i>${word}</span>`

/** Rectangles on top of each other, the first at the bottom. */
const stacked = (
  x: number,
  width: number,
  bottom: number,
  most: number,
  parts: ReadonlyArray<readonly [kind: string, value: number]>
): string => {
  let y = bottom
  return parts.map(([kind, value]) => {
    const size = Math.max(0, value) / most * (height - 4)
    y -= size
    return size <= 0
      ? ""
      : `<rect class="${kind}" x="${digits(x)}" y="${digits(y)}" width="${digits(width)}" height="${digits(size)}"/>`
  }).join("")
}

const digits = (value: number): string => String(Math.round(value * 100) / 100)
