/** Bars of how many times each row takes of what it is compared with; the line is once. */
import type { Table } from "../table.ts"

const [width, left, right, height] = [760, 330, 70, 24]

/** Nothing, where no row is compared with another. */
export const plot = ({ rows, title }: Table): string | undefined => {
  const bars = rows.flatMap(({ name, times }) => times === undefined ? [] : [{ name: name.trim(), ...times }])
  if (bars.length === 0) return undefined
  const most = Math.max(1.2, ...bars.map(({ ratio }) => ratio))
  const x = (ratio: number) => Math.round(left + ratio / most * (width - left - right))
  const drawn = bars.map(({ name, of, ratio }, at) => {
    const y = 10 + at * height
    return `<text x="${left - 10}" y="${y + 15}" text-anchor="end">${escaped(name)}</text>` +
      `<rect class="${ratio > 1 ? "more" : "less"}" x="${left}" y="${y + 3}" width="${
        x(ratio) - left
      }" height="16" rx="2"/>` +
      `<text x="${x(ratio) + 6}" y="${y + 15}">${ratio.toFixed(2)}<title>× ${escaped(of)}</title></text>`
  })
  const bottom = 10 + bars.length * height
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 22}" role="img">
<title>${escaped(title)}</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #24292f } .once { stroke: #57606a; stroke-dasharray: 3 3 }
.more { fill: #bc8c3c } .less { fill: #3c8c5c } @media (prefers-color-scheme: dark) { text { fill: #d0d7de } .once { stroke: #8b949e } }
</style>
${drawn.join("\n")}
<line class="once" x1="${x(1)}" y1="6" x2="${x(1)}" y2="${bottom + 2}"/>
<text x="${x(1)}" y="${bottom + 16}" text-anchor="middle">1 ×</text>
</svg>
`
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
