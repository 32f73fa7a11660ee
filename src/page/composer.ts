/**
 * Where a person writes: to begin a turn, or to say something to one that runs.
 */
import { button, h } from "./dom.ts"

export interface Composer {
  readonly element: HTMLElement
  readonly field: HTMLTextAreaElement
  readonly setRunning: (isRunning: boolean) => void
  readonly complain: (message: string) => void
}

export interface Options {
  /** `key` stays the same for a text until it has got through, so that a lost answer begins no second turn. */
  readonly send: (text: string, key: string) => Promise<void>
  readonly stop: (() => Promise<void>) | undefined
  readonly placeholder: string
}

export const make = ({ placeholder, send, stop }: Options): Composer => {
  const field = h("textarea", { rows: "1", placeholder, "aria-label": placeholder, enterkeyhint: "send" })
  const trouble = h("p", { class: "trouble", role: "alert", hidden: true })
  const go = button("Send", { class: "primary" }, () => void submit())
  const halt = button("Stop", { class: "no", hidden: true, title: "Interrupt the turn (Esc)" }, () => void interrupt())
  // A text that is sent again, as its answer was lost, is the same turn.
  let sending = { text: "", key: newKey() }
  let isSending = false

  const complain = (message: string) => {
    trouble.hidden = message === ""
    trouble.textContent = message
  }

  const attempt = async (work: Promise<void>): Promise<boolean> => {
    try {
      await work
      complain("")
      return true
    } catch (error) {
      complain(error instanceof Error ? error.message : String(error))
      return false
    }
  }

  const submit = async () => {
    const text = field.value.trim()
    if (text === "" || isSending) return
    isSending = true
    go.disabled = true
    if (sending.text !== text) sending = { text, key: newKey() }
    if (await attempt(send(text, sending.key))) {
      if (field.value.trim() === text) field.value = ""
      sending = { text: "", key: newKey() }
    }
    isSending = false
    go.disabled = false
  }

  const interrupt = async () => {
    if (stop !== undefined && !halt.hidden) await attempt(stop())
  }

  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return
    // On a telephone there is no other key for a new line.
    const isPhone = matchMedia("(pointer: coarse)").matches
    if (
      event.key === "Enter" && !event.shiftKey && !isPhone || event.key === "Enter" && (event.ctrlKey || event.metaKey)
    ) {
      event.preventDefault()
      void submit()
    }
    if (event.key === "Escape") {
      event.preventDefault()
      if (halt.hidden) field.blur()
      else void interrupt()
    }
  })

  return {
    element: h(
      "div",
      { class: "composer" },
      trouble,
      h("div", { class: "write" }, field, h("div", { class: "keys" }, halt, go))
    ),
    field,
    setRunning: (isRunning) => {
      halt.hidden = !isRunning || stop === undefined
      go.textContent = isRunning ? "Steer" : "Send"
      field.placeholder = isRunning ? "Say something to the turn that runs" : placeholder
    },
    complain
  }
}

/** `randomUUID` is there only where the connection is safe. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
