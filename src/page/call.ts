/**
 * A call of a tool: what it does, in a line, and what came of it behind that.
 */
import type { Change, EndedCall } from "../agent/JsonLine.ts"
import { exactly, line, output } from "../internal/visible.ts"
import { h } from "./dom.ts"
import { took } from "./words.ts"

type Ended = typeof EndedCall.Type

export interface Call {
  readonly element: HTMLElement
  /** What it has last told of its progress. */
  readonly progress: (text: string) => void
  readonly end: (ended: Ended, at: string) => void
  /** Nobody will hear of its end any more. */
  readonly cutOff: () => void
}

export const make = ({ arguments: args, name }: Pick<Ended, "arguments" | "name">, at: string): Call => {
  const mark = h("span", { class: "mark", title: "running" }, "…")
  const facts = h("span", { class: "took" })
  const counts = h("span", { class: "counts" })
  const body = h("div", { class: "body" }, ...argument(name, args))
  const live = h("pre", { class: "live", hidden: true })
  const summary = h("summary", {}, mark, h("b", {}, line(name)), h("code", {}, line(about(args))), counts, facts)
  const details = h("details", { class: "call open" }, summary, body)
  const element = h("div", { class: "item" }, details, live)

  const set = (className: string, sign: string, meaning: string, text: string) => {
    details.className = `call ${className}`
    mark.textContent = sign
    mark.title = meaning
    facts.textContent = text
    live.remove()
  }

  return {
    element,
    progress: (text) => {
      live.hidden = false
      live.textContent = output(text).split("\n").slice(-rows).join("\n")
    },
    end: (ended, now) => {
      const failure = failureOf(ended)
      const time = took(Date.parse(now) - Date.parse(at))
      set(
        failure === undefined ? "well" : "badly",
        failure === undefined ? "✓" : "✗",
        failure ?? "done",
        [failure, time].filter((fact) => fact !== undefined && fact !== "").join(" · ")
      )
      const { changes = [] } = ended
      if (changes.length > 0) {
        const sum = (of: "added" | "removed") => changes.reduce((all, change) => all + change[of], 0)
        counts.append(h("ins", {}, `+${sum("added")}`), " ", h("del", {}, `−${sum("removed")}`))
        body.replaceChildren(...changes.map(diff))
        details.open = true
      }
      const text = outputText(ended.output)
      if (text.trim() === "" || changes.length > 0 && failure === undefined) return
      body.append(h("div", { class: "output" }, pre(output(text.replace(/\n+$/, "")))))
    },
    cutOff: () => {
      if (details.classList.contains("open")) set("badly", "✗", "cut off", "cut off")
    }
  }
}

/** How many lines of a running command are seen. */
const rows = 8

/** A text to scroll in, also with keys. */
const pre = (text: string): HTMLElement => h("pre", { tabindex: "0" }, h("code", {}, text))

/** A change of a file, line by line. */
export const diff = ({ diff, from, kind, note, omitted, path }: typeof Change.Type): HTMLElement => {
  const heading = h(
    "figcaption",
    {},
    verbs[kind],
    " ",
    h("code", {}, line(from === undefined ? path : `${from} → ${path}`))
  )
  const lines = diff === "" ? [] : diff.replace(/\n$/, "").split("\n")
  const shown = lines.map((text) => h("span", { class: kindOf(text) }, text.slice(0, 1) + exactly(text.slice(1))))
  const more = [note, omitted === undefined ? undefined : `${omitted} more lines are not shown`]
  return h(
    "figure",
    { class: "diff" },
    heading,
    ...shown.length === 0 ? [] : [h("pre", { tabindex: "0" }, ...shown.flatMap((row) => [row, "\n"]))],
    ...more.flatMap((text) => text === undefined ? [] : [h("p", { class: "note" }, text)])
  )
}

const verbs = { create: "New file", edit: "Changed", delete: "Deleted", move: "Moved" }

const kindOf = (line: string): string =>
  line.startsWith("@@") ? "hunk" : line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : "same"

const fieldsOf = (args: string): { readonly [name: string]: unknown } | undefined => {
  try {
    const value: unknown = JSON.parse(args)
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/** The command or the path of a call, else the first of its arguments. */
const about = (args: string): string => {
  const fields = fieldsOf(args)
  if (fields === undefined) {
    const files = Array.from(args.matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.+)$/gm), ([, file = ""]) => file)
    return (files.length > 0 ? files.join(", ") : args).slice(0, 500)
  }
  const texts = [fields["command"], fields["path"], ...Object.values(fields)]
  return (texts.find((value) => typeof value === "string") ?? "").slice(0, 500).replaceAll(/\s+/g, " ")
}

/** What the model wrote: a command as one, JSON laid out. */
const argument = (name: string, args: string): ReadonlyArray<Node> => {
  const fields = fieldsOf(args)
  if (fields === undefined) return args.trim() === "" ? [] : [pre(exactly(args))]
  const [first, ...others] = Object.entries(fields)
  if (first === undefined || name === "read" && others.length === 0) return []
  return others.length === 0 && first[0] === "command" && typeof first[1] === "string"
    ? [pre(exactly(first[1]))]
    : [pre(exactly(JSON.stringify(fields, null, 2)))]
}

/** A command may end well for the model, and badly for a person. */
const failureOf = ({ details, status }: Ended): string | undefined => {
  const code = details?.["exit_code"]
  const signal = details?.["signal"]
  if (typeof signal === "string") return signal
  if (typeof code === "number" && code !== 0) return `exit ${code}`
  return status === "completed" ? undefined : status
}

const outputText = (output: Ended["output"]): string =>
  typeof output === "string" ? output : output.map((part) => {
    const text = part["text"]
    if (typeof text === "string") return text
    return part["type"] === "input_image"
      ? `[picture: ${String(part["mime_type"])}, ${String(part["bytes"])} bytes]`
      : ""
  }).join("\n")
