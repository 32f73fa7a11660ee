/**
 * A question whether a call may run, with exactly what it would do.
 */
import type { JsonLine } from "../agent/JsonLine.ts"
import { exactly, line } from "../internal/visible.ts"
import type { Answer } from "../server/Api.ts"
import { diff } from "./call.ts"
import { button, h, isTyping } from "./dom.ts"

export type Asked = Extract<JsonLine, { type: "permission.requested" }>

export interface Question {
  readonly element: HTMLElement
  /** It is answered, here or elsewhere. */
  readonly close: () => void
}

/** `answer` fails where the server does not take it. */
export const make = (asked: Asked, answer: (answer: typeof Answer.Encoded) => Promise<void>): Question => {
  const { always, changes = [], background = false, child, command, item, reason, tool, workdir, writable } = asked
  const words = h("input", {
    type: "text",
    placeholder: "With a no: what it should do instead",
    "aria-label": "Why not"
  })
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true })
  const since = performance.now()

  const give = (given: typeof Answer.Encoded) => {
    // Whoever was about to press something else has not read the question.
    if (performance.now() - since < readable) return
    for (const one of buttons) one.disabled = true
    answer(given).catch((error: unknown) => {
      for (const one of buttons) one.disabled = false
      trouble.hidden = false
      trouble.textContent = error instanceof Error ? error.message : String(error)
    })
  }
  const no = () => give({ answer: "no", ...words.value.trim() === "" ? {} : { words: words.value.trim() } })

  const buttons = [
    button("Yes", { class: "primary", "aria-keyshortcuts": "y" }, () => give({ answer: "yes" })),
    ...always.map(({ allows, scope }, index) =>
      button(
        allows.length === 0 ? `Always ${names[scope] ?? "this"}` : `Always: ${allows.map(line).join(", ")}`,
        index === 0 ? { "aria-keyshortcuts": "a" } : {},
        () => give({ answer: "always", ...isScope(scope) ? { scope } : {} })
      )
    ),
    button("No", { class: "no", "aria-keyshortcuts": "n" }, no)
  ]
  words.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.isComposing) no()
  })

  const subject = command !== undefined
    ? [
      exact(command),
      ...workdir === undefined ? [] : [h("p", { class: "about" }, "in ", h("code", {}, line(workdir)))]
    ]
    : changes.length > 0
    ? changes.map(diff)
    : [exact(pretty(item.arguments))]
  const what = background
    ? "run this command, which stays in the background"
    : writable !== undefined
    ? "run this command again, from its start"
    : command !== undefined
    ? "run this command"
    : changes.length > 0
    ? "change files"
    : "call it with"
  const element = h(
    "section",
    { class: "question", tabindex: "-1", "aria-label": `${tool} asks to ${what}` },
    h(
      "h3",
      {},
      h("code", {}, line(tool)),
      `${child === undefined ? "" : ` of the agent ${line(child.agent)}`} asks to ${what}`
    ),
    ...subject,
    ...reason === undefined ? [] : [h("p", { class: "about" }, `Asked because ${line(reason)}`)],
    h("div", { class: "answers" }, ...buttons, words),
    trouble
  )
  element.addEventListener("keydown", (event) => {
    if (isTyping() || event.ctrlKey || event.metaKey || event.altKey) return
    const pressed = buttons.find((one) => one.getAttribute("aria-keyshortcuts") === event.key)
    if (pressed === undefined) return
    event.preventDefault()
    pressed.click()
  })
  return { element, close: () => element.remove() }
}

/** In milliseconds. */
const readable = 500

const exact = (text: string): HTMLElement => h("pre", { tabindex: "0", class: "exact" }, h("code", {}, exactly(text)))

const names: { readonly [scope: string]: string } = {
  command: "this very command",
  files: "these files",
  folder: "this folder",
  tool: "this tool"
}

const scopes = ["command", "files", "folder", "tool"] as const

const isScope = (scope: string): scope is typeof scopes[number] => scopes.some((one) => one === scope)

const pretty = (json: string): string => {
  try {
    return JSON.stringify(JSON.parse(json), null, 2)
  } catch {
    return json
  }
}
