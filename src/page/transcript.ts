/**
 * What happens in a session, as elements: a fold over its lines.
 */
import type { JsonLine } from "../agent/JsonLine.ts"
import { output } from "../internal/visible.ts"
import type { Answer } from "../server/Api.ts"
import * as Call from "./call.ts"
import { h, isTyping } from "./dom.ts"
import * as Markdown from "./markdown.ts"
import * as Question from "./question.ts"
import { tokens } from "./words.ts"

export interface Transcript {
  readonly element: HTMLElement
  /** What was said to the turn and not heard yet; it stands below the rest. */
  readonly waiting: HTMLElement
  /** Shows such words until the turn has heard them; the result takes them away. */
  readonly wait: (text: string) => () => void
  readonly push: (line: JsonLine) => void
  /** The connection is lost: what was on its way comes again, as far as it is in the log. */
  readonly forget: () => void
  /** Shows all that has come. */
  readonly flush: () => void
}

export interface Options {
  readonly answer: (item: string, answer: typeof Answer.Encoded) => Promise<void>
  /** Tells whether a turn is on its way, and whether it waits for an answer. */
  readonly onState: (state: { readonly isRunning: boolean; readonly isAsking: boolean }) => void
}

/** A text on its way, or whole. */
interface Said {
  readonly element: HTMLElement
  text: string
  readonly show: (text: string) => void
  isWhole: boolean
}

export const make = ({ answer, onState }: Options): Transcript => {
  const element = h("div", { class: "transcript", role: "log", "aria-label": "Transcript" })
  const waiting = h("div", { class: "transcript waiting", role: "status" })
  const unheard = new Map<HTMLElement, string>()
  let turn = element
  let isRunning = false
  const said = new Map<string, Said>()
  const calls = new Map<string, Call.Call>()
  const questions = new Map<string, Question.Question>()
  /** Texts that have grown since they were last drawn. */
  const grown = new Set<Said>()

  const state = (running: boolean) => {
    isRunning = running
    onState({ isRunning, isAsking: questions.size > 0 })
  }

  const note = (text: string, kind = "") => void turn.append(h("p", { class: `note ${kind}` }, text))

  const prompt = (text: string) => {
    const words = Markdown.make("prompt")
    words.show(text)
    turn.append(words.element)
  }

  const wait = (text: string) => {
    const element = h("p", { class: "queued" }, h("span", {}, "Heard next: "), output(text))
    unheard.set(element, text)
    waiting.append(element)
    return () => {
      element.remove()
      unheard.delete(element)
    }
  }

  const heard = (text: string) => {
    for (const [element, words] of unheard) {
      if (!text.includes(words)) continue
      element.remove()
      unheard.delete(element)
      return
    }
  }

  const sayer = (id: string, kind: "text" | "reasoning"): Said => {
    const known = said.get(id)
    if (known !== undefined) return known
    const words = Markdown.make(kind === "text" ? "answer" : "thought")
    const element = kind === "text"
      ? words.element
      : h("details", { class: "thoughts" }, h("summary", {}, "Thoughts"), words.element)
    const fresh: Said = { element, text: "", show: words.show, isWhole: false }
    said.set(id, fresh)
    turn.append(element)
    return fresh
  }

  const say = (id: string, kind: "text" | "reasoning", text: string, isRemark = false) => {
    if (text.trim() === "") return void drop(id)
    const known = sayer(id, kind)
    known.isWhole = true
    known.text = text
    grown.delete(known)
    known.show(text)
    known.element.classList.toggle("remark", isRemark)
  }

  const drop = (id: string) => {
    const known = said.get(id)
    if (known === undefined) return
    known.element.remove()
    grown.delete(known)
    said.delete(id)
  }

  /** What was on its way means nothing once the log has gone on without it. */
  const dropUnfinished = () => {
    for (const [id, { isWhole }] of said) if (!isWhole) drop(id)
  }

  const callOf = (item: Parameters<typeof Call.make>[0] & { readonly id: string }, at: string): Call.Call => {
    const known = calls.get(item.id)
    if (known !== undefined) return known
    const fresh = Call.make(item, at)
    calls.set(item.id, fresh)
    turn.append(fresh.element)
    return fresh
  }

  const closeQuestion = (id: string) => {
    questions.get(id)?.close()
    questions.delete(id)
  }

  const end = (text: string, kind: string) => {
    for (const id of questions.keys()) closeQuestion(id)
    for (const call of calls.values()) call.cutOff()
    calls.clear()
    said.clear()
    grown.clear()
    if (text !== "") note(text, kind)
    state(false)
  }

  const push = (line: JsonLine): void => {
    switch (line.type) {
      case "thread.started":
      case "error":
        return
      case "turn.started":
        turn = h("section", { class: "turn", "aria-label": line.turn_id })
        element.append(turn)
        if (line.input !== undefined && line.input !== "") prompt(line.input)
        return state(true)
      case "input.added":
        if (line.kind === "background") return
        heard(line.text)
        return prompt(line.text)
      case "item.delta": {
        const known = sayer(line.item_id, line.kind ?? "text")
        if (known.isWhole) return
        known.text += line.delta
        grown.add(known)
        return
      }
      case "item.started":
        callOf(line.item, line.ts)
        return isRunning ? undefined : state(true)
      case "item.updated":
        return calls.get(line.item.id)?.progress(line.item.text)
      case "item.completed":
        completed(line.item, line.ts)
        return isRunning ? undefined : state(true)
      case "usage":
        return dropUnfinished()
      case "retry":
        dropUnfinished()
        return note(`${line.message} It is tried again, ${line.attempt} of ${line.max}.`)
      case "compaction.started":
        return note("The conversation is being shortened, as the window of the model is nearly full.")
      case "compaction.completed":
        return note(
          `The conversation was shortened from ${tokens(line.before_tokens)} to ${tokens(line.after_tokens)} tokens.`
        )
      case "compaction.failed":
        return note(line.message, "failed")
      case "permission.requested":
        return ask(line)
      case "permission.decided": {
        closeQuestion(line.item_id)
        if (line.by === "person" && line.decision === "denied") {
          note(line.words === undefined ? "Not allowed." : `Not allowed: ${line.words}`)
        }
        return state(isRunning)
      }
      case "turn.completed":
        return end(line.finish_reason === "stop" ? "" : `Cut short: ${line.finish_reason}.`, "failed")
      case "turn.failed":
        return end(line.error.message, "failed")
      case "turn.interrupted":
        return end(
          line.reason === "shutdown" ? "The server ended; the turn goes on when it is back." : "Interrupted.",
          ""
        )
      case "turn.limited":
        return end(`Stopped at a limit: ${line.limit.replaceAll("_", " ")}.`, "failed")
    }
  }

  const completed = (item: Extract<JsonLine, { type: "item.completed" }>["item"], at: string): void => {
    if (item.type === "tool_call" && "status" in item && "name" in item) return finish(item, at)
    if (item.type === "agent_message" && "text" in item) {
      return say(item.id, "text", String(item.text), "phase" in item && item.phase === "commentary")
    }
    if (item.type === "reasoning" && "text" in item) return say(item.id, "reasoning", String(item.text))
    if (item.type === "web_search" && "query" in item) note(`The web was searched: ${String(item.query)}`)
  }

  const finish = (item: Parameters<Call.Call["end"]>[0], at: string) => {
    callOf(item, at).end(item, at)
    calls.delete(item.id)
  }

  const ask = (asked: Question.Asked) => {
    const { id } = asked.item
    if (questions.has(id)) return
    const question = Question.make(asked, (given) => answer(id, given))
    questions.set(id, question)
    turn.append(question.element)
    // Whoever writes something is not to answer by it.
    const isEmpty = document.activeElement instanceof HTMLTextAreaElement && document.activeElement.value === ""
    if (!isTyping() || isEmpty) question.element.focus()
    state(true)
  }

  return {
    element,
    waiting,
    wait,
    push,
    forget: () => dropUnfinished(),
    flush: () => {
      for (const one of grown) one.show(one.text)
      grown.clear()
    }
  }
}
