/**
 * A session as one page that needs nothing else: no script, no font, no picture from elsewhere, and a policy that forbids
 * the browser to load any. All text is escaped on its way in.
 *
 * @internal
 */
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import { pretty } from "../../internal/json.ts"
import { exactly } from "../../internal/visible.ts"
import * as Usage from "../../responses/Usage.ts"
import type { Summary } from "../Summary.ts"
import * as Chart from "./Chart.ts"
import { escape } from "./escape.ts"
import { css } from "./htmlStyle.ts"
import * as RichText from "./RichText.ts"
import { type Call, type Change, type Entry, type Said, sentenceOf, type Transcript, type Turn } from "./Transcript.ts"
import { costs, count, titleOf, took, when } from "./wording.ts"

export const make = Effect.fnUntraced(function*(summary: Summary, transcript: Transcript) {
  const rich = yield* RichText.make
  const digest = yield* Effect.promise(() => crypto.subtle.digest("SHA-256", new TextEncoder().encode(css)))
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${Encoding.encodeBase64(new Uint8Array(digest))}'`,
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'"
  ].join("; ")
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="effixir">
<title>${escape(titleOf(summary))}</title>
<style>${css}</style>
</head>
<body>
<header>
<h1>${escape(titleOf(summary)).replaceAll(/`([^`]+)`/g, "<code>$1</code>")}</h1>
${factsOf(summary, transcript)}
</header>
<main>
${Chart.make(transcript.steps)}
${toldBefore(transcript)}
${transcript.turns.map((turn) => turnOf(turn, transcript.turns.length, rich)).join("\n")}
</main>
<footer>Session <code>${escape(summary.id)}</code>, written down by effixir</footer>
</body>
</html>
`
})

const factsOf = (summary: Summary, transcript: Transcript): string => {
  const { usage } = transcript
  const millis = transcript.steps.reduce((sum, step) => sum + step.millis + step.toolMillis, 0)
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["Began", when(summary.createdAt)],
    ...summary.workspace === null ? [] : [["Folder", summary.workspace] as const],
    ...summary.model === null ? [] : [["Model", summary.model] as const],
    ["Turns", `${transcript.turns.length} (${count(transcript.steps.length, "model call")})`],
    [
      "Tokens in",
      `${usage.inputTokens.toLocaleString("en-US")} (${Math.round(Usage.cachedShare(usage) * 100)} % cached)`
    ],
    ["Tokens out", usage.outputTokens.toLocaleString("en-US")],
    ...costs(usage).map((cost) => ["Cost", cost] as const),
    ["At work", took(millis)]
  ]
  return `<dl class="facts">${
    facts.map(([name, value]) => `<div><dt>${name}</dt><dd>${escape(value)}</dd></div>`).join("")
  }</dl>`
}

const toldBefore = ({ told }: Transcript): string =>
  told.length === 0
    ? ""
    : `<details class="told"><summary>What the model was told first</summary>${
      told.map((text) => `<pre>${escape(text)}</pre>`).join("")
    }</details>`

const turnOf = (turn: Turn, turns: number, rich: RichText.RichText): string => {
  const { at, effort, end, entries, model, number, prompt } = turn
  const heading = turns === 1 ? "" : `<h2 id="turn-${number}"><a href="#turn-${number}">Turn ${number}</a></h2>`
  const about = [when(at), model, ...effort === undefined ? [] : [`effort ${effort}`]].map(escape).join(" · ")
  const isPlain = end?.status === "completed" && end.why === undefined
  const ended = isPlain ?
    "" :
    `<p class="note ${end?.status ?? "open"}">${
      escape(end === undefined ? "The turn has no end yet." : sentenceOf(end))
    }</p>`
  return `<section class="turn">
${heading}
<p class="about">${about}</p>
<div class="prompt">${saidOf(prompt, rich)}</div>
${entries.map((entry) => entryOf(entry, rich)).join("\n")}
${ended}
</section>`
}

const saidOf = ({ images, text }: Said, rich: RichText.RichText): string =>
  rich.prose(text) + images.map(imageOf).join("")

/** Only pictures that are in the log, of the kinds that a browser shows as nothing but pictures. */
const imageOf = (url: string): string =>
  /^data:image\/(?:png|jpeg|gif|webp);base64,[A-Za-z0-9+/=]+$/.test(url)
    ? `<img src="${url}" alt="a picture" loading="lazy">`
    : "<p class=\"note\">[picture]</p>"

const entryOf = (entry: Entry, rich: RichText.RichText): string => {
  switch (entry._tag) {
    case "Answer":
      return `<div class="answer${entry.isRemark ? " remark" : ""}">${rich.prose(entry.text)}</div>`
    case "Thoughts":
      return `<details class="thoughts"><summary>Thoughts</summary><div>${rich.prose(entry.text)}</div></details>`
    case "Heard":
      return `<div class="prompt">${saidOf(entry.said, rich)}</div>`
    case "Note":
      return `<p class="note">${escape(entry.text)}</p>`
    case "Call":
      return callOf(entry, rich)
  }
}

const callOf = (call: Call, rich: RichText.RichText): string => {
  const { about, changes, failure, millis, name, output, status } = call
  const isWell = status === "completed" && failure === undefined
  const mark = isWell ? "✓" : status === "open" ? "…" : "✗"
  const lines = changes.reduce(
    (sum, { added, removed }) => ({ added: sum.added + added, removed: sum.removed + removed }),
    { added: 0, removed: 0 }
  )
  const counts = changes.length === 0
    ? ""
    : `<span class="counts"><ins>+${lines.added}</ins> <del>−${lines.removed}</del></span>`
  const facts = [failure ?? (status === "open" ? "no end" : ""), millis === undefined ? "" : took(millis)]
    .filter((fact) => fact !== "").map(escape).join(" · ")
  const shown = [
    changes.length > 0 ? changes.map(diffOf).join("") : argumentOf(call, rich),
    ...output === undefined || changes.length > 0 && isWell ? [] : [outputOf(call, output, rich)]
  ].join("")
  return `<details class="call ${
    isWell ? "well" : status === "open" ? "open" : "badly"
  }"><summary><span class="mark">${mark}</span> <b>${escape(name)}</b> <code>${
    escape(about)
  }</code>${counts}<span class="took">${facts}</span></summary>${shown}</details>`
}

/** What the model wrote: a command as one, JSON laid out, a patch as a diff. */
const argumentOf = ({ about, argument, isJson, name }: Call, rich: RichText.RichText): string => {
  if (!isJson) return rich.code(argument, "diff")
  const command = /^\{\s*"command"\s*:\s*"/.test(argument) ? commandIn(argument) : undefined
  if (command !== undefined) return rich.code(command, "bash")
  // The heading says it all.
  return name === "read" && argument.length <= about.length + 24 ? "" : rich.code(pretty(argument), "json")
}

const commandIn = (argument: string): string | undefined => {
  const [, command] = /^\{\n {2}"command": ("(?:[^"\\]|\\.)*")\n\}$/.exec(pretty(argument)) ?? []
  return command === undefined ? undefined : String(JSON.parse(command))
}

const outputOf = ({ about, name, status }: Call, { images, text }: Said, rich: RichText.RichText): string => {
  const isFile = name === "read" && status === "completed"
  return (text.trim() === ""
    ? ""
    : `<div class="output">${rich.code(text, isFile ? extensionOf(about) : undefined)}</div>`) +
    images.map(imageOf).join("")
}

const extensionOf = (path: string): string | undefined => /\.(\w{1,10})$/.exec(path)?.[1]

const diffOf = ({ diff, from, kind, note, omitted, path }: Change): string => {
  const verb = { create: "New file", edit: "Changed", delete: "Deleted", move: "Moved" }[kind]
  const heading = `<figcaption>${verb} <code>${
    escape(from === undefined ? path : `${from} → ${path}`)
  }</code></figcaption>`
  const lines = diff === "" ? [] : diff.replace(/\n$/, "").split("\n")
  const rows = lines.map((line) => `<span class="${kindOf(line)}">${escape(exactly(line))}</span>`).join("\n")
  const more = [
    ...note === undefined ? [] : [note],
    ...omitted === undefined ? [] : [`${count(omitted, "more line")} not kept`]
  ].map((text) => `<p class="note">${escape(text)}</p>`).join("")
  return `<figure class="diff">${heading}${rows === "" ? "" : `<pre>${rows}</pre>`}${more}</figure>`
}

const kindOf = (line: string): string =>
  line.startsWith("@@") ? "hunk" : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same"
