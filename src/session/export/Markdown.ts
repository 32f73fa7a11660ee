/**
 * A session as Markdown: to read, to paste into an issue, to give to another model.
 *
 * @internal
 */
import { pretty } from "../../internal/json.ts"
import * as Usage from "../../responses/Usage.ts"
import type { Summary } from "../Summary.ts"
import { type Call, type Entry, type Said, sentenceOf, type Transcript, type Turn } from "./Transcript.ts"
import { costs, count, titleOf, took, when } from "./wording.ts"

export const make = (summary: Summary, transcript: Transcript): string =>
  `${[`# ${plain(titleOf(summary))}`, factsOf(summary, transcript), ...transcript.turns.map(turnOf)].join("\n\n")}\n`

const factsOf = (summary: Summary, transcript: Transcript): string => {
  const { usage } = transcript
  return [
    `- Session: \`${summary.id}\`, ${when(summary.createdAt)}`,
    ...summary.workspace === null ? [] : [`- Folder: ${codeSpan(summary.workspace)}`],
    ...summary.model === null ? [] : [`- Model: ${plain(summary.model)}`],
    `- ${count(transcript.turns.length, "turn")}, ${count(transcript.steps.length, "model call")}, ` +
    `${count(usage.inputTokens, "token")} in (${Math.round(Usage.cachedShare(usage) * 100)} % cached), ` +
    [`${usage.outputTokens.toLocaleString("en-US")} out`, ...costs(usage)].join(", ")
  ].join("\n")
}

const turnOf = ({ at, end, entries, model, number, prompt }: Turn): string =>
  [
    `## Turn ${number}`,
    `*${when(at)}, ${plain(model)}*`,
    quoted(prompt),
    ...entries.map(entryOf),
    ...end === undefined ? ["*The turn has no end yet.*"] : end.status === "completed" && end.why === undefined
      ? []
      : [`*${plain(sentenceOf(end))}*`]
  ].join("\n\n")

const entryOf = (entry: Entry): string => {
  switch (entry._tag) {
    case "Answer":
      return entry.text.trim()
    case "Thoughts":
      return folded("Thoughts", entry.text.trim())
    case "Heard":
      return quoted(entry.said)
    case "Note":
      return `*${plain(entry.text)}*`
    case "Call":
      return callOf(entry)
  }
}

const callOf = (call: Call): string => {
  const { about, argument, changes, failure, isJson, millis, name, output, status } = call
  const facts = [
    failure ?? (status === "open" ? "its end is not known" : undefined),
    millis === undefined ? undefined : took(millis)
  ].filter((fact) => fact !== undefined).join(", ")
  const heading = `**${plain(name)}** ${codeSpan(about)}${facts === "" ? "" : ` (${facts})`}`
  const diffs = changes.filter(({ diff }) => diff !== "").map(({ diff, path }) =>
    fenced("diff", `--- ${path}\n+++ ${path}\n${diff.trimEnd()}`)
  )
  const given = diffs.length > 0 || isShort(call)
    ? []
    : [fenced(isJson ? "json" : "", isJson ? pretty(argument) : argument)]
  const gave = output === undefined || diffs.length > 0 && status === "completed"
    ? []
    : [
      ...output.text.trim() === "" ? [] : [fenced("", output.text.trimEnd())],
      ...output.images.map(() => "*[picture]*")
    ]
  return [heading, ...given, ...diffs, ...gave].join("\n\n")
}

/** A call of which the heading says all. */
const isShort = ({ about, argument, isJson }: Call): boolean =>
  isJson && argument.length <= about.length + 24 && about.length < 1000

const quoted = ({ images, text }: Said): string =>
  [...text.trim() === "" ? [] : text.trim().split("\n"), ...images.map(() => "[picture]")]
    .map((line) => line === "" ? ">" : `> ${line}`).join("\n")

const folded = (title: string, text: string): string =>
  `<details>\n<summary>${title}</summary>\n\n${
    text.replaceAll(/<(?=\/?(?:details|summary)\b)/gi, "&lt;")
  }\n\n</details>`

/** A fence is longer than any run of backticks in it. */
const fenced = (language: string, text: string): string => {
  const fence = "`".repeat(Math.max(3, longestRun(text) + 1))
  return `${fence}${language}\n${text}\n${fence}`
}

const codeSpan = (text: string): string => {
  if (text === "") return ""
  const line = text.replaceAll(/\s+/g, " ")
  const fence = "`".repeat(longestRun(line) + 1)
  return fence.length > 1 || line.startsWith("`") || line.endsWith("`") ? `${fence} ${line} ${fence}` : `\`${line}\``
}

const longestRun = (text: string): number =>
  Array.from(text.matchAll(/`+/g)).reduce((most, [run]) => Math.max(most, run.length), 0)

/** Text in which Markdown is nothing but text. */
const plain = (text: string): string => text.replaceAll(/\s+/g, " ").replaceAll(/[\\`*_[\]<>#|~]/g, String.raw`\$&`)
