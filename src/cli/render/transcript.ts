/**
 * A session as a person reads it at a terminal.
 */
import { line, output, prose } from "../../internal/visible.ts"
import {
  type Call,
  type Entry,
  type Said,
  sentenceOf,
  type Transcript,
  type Turn
} from "../../session/export/Transcript.ts"
import { count, cut, took, when } from "../../session/export/wording.ts"

/** Of an output no more lines than this are shown, and of a change. */
const shownLines = 12
const shownChange = 60

export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
}

export const toText = ({ turns }: Transcript, style: Style): string =>
  turns.map((turn) => turnOf(turn, style)).join("\n")

const turnOf = ({ at, end, entries, model, number, prompt }: Turn, style: Style): string =>
  [
    style.dim(`── turn ${number}, ${when(at)}, ${line(model)} ──`),
    asked(prompt, style),
    ...entries.map((entry) => entryOf(entry, style)),
    ...end === undefined ? [style.dim("The turn has no end yet.")] : end.status === "completed" && end.why === undefined
      ? []
      : [style.dim(prose(sentenceOf(end)))]
  ].map((part) => `${part}\n`).join("\n")

const asked = ({ images, text }: Said, style: Style): string =>
  [...prose(text.trim()).split("\n"), ...images.map(() => "[picture]")]
    .map((row) => style.bold(`> ${row}`.trimEnd())).join("\n")

const entryOf = (entry: Entry, style: Style): string => {
  switch (entry._tag) {
    case "Answer":
      return entry.isRemark ? style.dim(prose(entry.text.trim())) : prose(entry.text.trim())
    case "Thoughts":
      return style.dim(prose(entry.text.trim()))
    case "Heard":
      return asked(entry.said, style)
    case "Note":
      return style.dim(prose(entry.text))
    case "Call":
      return callOf(entry, style)
  }
}

const callOf = (call: Call, style: Style): string => {
  const { about, changes, failure, millis, name, output: gave, status } = call
  const facts = [failure ?? (status === "open" ? "its end is not known" : ""), millis === undefined ? "" : took(millis)]
    .filter((fact) => fact !== "").map(prose).join(", ")
  const heading = `• ${line(name)} ${line(about)}${facts === "" ? "" : style.dim(` (${facts})`)}`
  const diffs = changes.map(({ added, diff, path, removed }) => {
    const { left, shown } = cut(diff, shownChange)
    return `  ${line(path)} (+${added} -${removed})\n${indented(shown, left)}`
  })
  if (diffs.length > 0 && status === "completed" || gave === undefined) return [heading, ...diffs].join("\n")
  const { left, shown } = cut(gave.text, shownLines)
  const pictures = gave.images.map(() => "  [picture]")
  const text = shown === "" ? [] : [style.dim(indented(shown, left))]
  return [heading, ...diffs, ...text, ...pictures].join("\n")
}

const indented = (text: string, left: number): string =>
  [...output(text).split("\n").map((row) => `  ${row}`), ...left === 0 ? [] : [`  … ${count(left, "more line")}`]].join(
    "\n"
  )
