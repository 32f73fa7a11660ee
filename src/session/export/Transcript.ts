/**
 * A session as a person reads it: what was asked, thought, said and done, turn by turn. It is a fold over the events of
 * the log, and what every export is made of.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { field, parse, text as textIn } from "../../internal/json.ts"
import { isMessage, isReasoning, type Item, text as textOf } from "../../responses/Item.ts"
import { argument, isToolCall, type Output, outputText, type ToolCall } from "../../responses/ToolCall.ts"
import * as Usage from "../../responses/Usage.ts"
import { isSearch, queryOf } from "../../responses/WebSearch.ts"
import { type Compacted, itemId, type Stored, type ToolEnded, type TurnEnd } from "../SessionEvent.ts"
import { count } from "./wording.ts"

export interface Transcript {
  /** What the model was told before the first prompt. */
  readonly told: ReadonlyArray<string>
  readonly turns: ReadonlyArray<Turn>
  /** All model calls, in their order. */
  readonly steps: ReadonlyArray<Step>
  /** What all of it has used, compactions too. */
  readonly usage: Usage.Usage
}

/** Times are in milliseconds since the epoch. */
export interface Turn {
  readonly number: number
  readonly at: number
  readonly model: string
  readonly effort: string | undefined
  readonly prompt: Said
  readonly entries: ReadonlyArray<Entry>
  readonly end: Ending | undefined
}

/** Words with pictures, which are `data:` URLs, or a word for what is none. */
export interface Said {
  readonly text: string
  readonly images: ReadonlyArray<string>
}

export type Entry =
  | { readonly _tag: "Answer"; readonly text: string; readonly isRemark: boolean }
  | { readonly _tag: "Thoughts"; readonly text: string }
  | { readonly _tag: "Heard"; readonly said: Said }
  | { readonly _tag: "Note"; readonly text: string }
  | Call

export interface Call {
  readonly _tag: "Call"
  readonly name: string
  /** What it is about, in a line: a command, a path. */
  readonly about: string
  readonly argument: string
  readonly isJson: boolean
  /** `open` if nobody saw its end. */
  readonly status: ToolEnded["status"] | "open"
  /** A command may end well for the model, and badly for a person: `exit 1`, `SIGKILL`. */
  readonly failure: string | undefined
  readonly output: Said | undefined
  readonly changes: ReadonlyArray<Change>
  /** How long it took, unless nobody would have noticed. */
  readonly millis: number | undefined
}

/** How a file was changed, as far as an export shows it. */
export const Change = Schema.Struct({
  path: Schema.String,
  kind: Schema.Literal("create", "edit", "delete", "move"),
  from: Schema.optional(Schema.String),
  diff: Schema.String,
  added: Schema.Number,
  removed: Schema.Number,
  omitted: Schema.optional(Schema.Number),
  note: Schema.optional(Schema.String)
})

export type Change = typeof Change.Type

export interface Ending {
  readonly status: "completed" | "failed" | "interrupted" | "limited"
  /** Why it did not complete. */
  readonly why: string | undefined
}

/** A model call: what it cost, how long it took, and how long the calls that it made took together. */
export interface Step {
  readonly turn: number
  readonly model: string
  readonly usage: Usage.Usage
  readonly millis: number
  readonly toolMillis: number
}

export const fromEvents = (log: ReadonlyArray<Stored>): Transcript => {
  const told: Array<string> = []
  const turns: Array<Draft> = []
  const steps: Array<{ -readonly [key in keyof Step]: Step[key] }> = []
  const calls = new Map<string, Open>()
  /** When the model, or a tool, could begin. */
  let since = 0
  let usage = Usage.zero

  for (const { at: time, event } of log) {
    const at = DateTime.toEpochMillis(time)
    const turn = turns.at(-1)
    switch (event._tag) {
      case "TurnStarted": {
        const input = event.input.filter(isMessage)
        const prompt = input.filter(({ role }) => role === "user").map(saidIn)
        if (turn === undefined) told.push(...input.filter(({ role }) => role !== "user").map(textOf))
        turns.push({
          number: turns.length + 1,
          at,
          model: event.model,
          effort: event.effort,
          prompt: together(prompt),
          entries: [],
          end: undefined
        })
        break
      }
      case "TurnResumed":
        if (turn?.end !== undefined) resumed(turn, turn.end)
        break
      case "InputAdded":
        if (event.kind !== "background") turn?.entries.push({ _tag: "Heard", said: together(event.input.map(saidIn)) })
        break
      case "ModelResponded": {
        if (turn?.end !== undefined) resumed(turn, turn.end)
        usage = Usage.add(usage, event.usage)
        const isOnTheWay = event.items.some(isToolCall)
        for (const [index, item] of event.items.entries()) {
          if (!isToolCall(item)) turn?.entries.push(...entriesOf(item, isOnTheWay))
          else {
            const call = callOf(item)
            calls.set(itemId(event.turnId, event.step, index), { call, since: at, isRunning: false })
            turn?.entries.push(call)
          }
        }
        steps.push({
          turn: turns.length,
          model: event.model,
          usage: event.usage,
          millis: Math.max(0, at - since),
          toolMillis: 0
        })
        break
      }
      case "Compacted":
        usage = Usage.add(usage, event.usage)
        turn?.entries.push({ _tag: "Note", text: compacted(event) })
        break
      case "PermissionDecided": {
        const open = calls.get(event.itemId)
        // A call that runs is not ended by a no to what it asks.
        if (open !== undefined && !open.isRunning && event.decision === "denied") open.call.failure = "denied"
        break
      }
      case "ToolStarted": {
        const open = calls.get(event.itemId)
        if (open !== undefined) {
          open.since = at
          open.isRunning = true
          // A hook may have put other arguments in the place of the model's.
          open.call.argument = argument(event.call)
          open.call.about = aboutOf(event.call)
        }
        break
      }
      case "ToolEnded": {
        const open = calls.get(event.itemId)
        const step = steps.at(-1)
        if (open === undefined) break
        finish(open, event, at)
        if (step !== undefined) step.toolMillis = Math.max(step.toolMillis, at - open.since)
        break
      }
      case "TurnCompleted":
      case "TurnFailed":
      case "TurnInterrupted":
      case "TurnLimited":
        if (turn !== undefined) turn.end = endOf(event)
        break
      default:
        break
    }
    since = at
  }
  return { told, turns, steps, usage }
}

interface Draft extends Omit<Turn, "entries" | "end"> {
  readonly entries: Array<Entry>
  end: Ending | undefined
}

interface Open {
  readonly call: { -readonly [key in keyof Call]: Call[key] }
  since: number
  isRunning: boolean
}

/** A turn that was gone on with has its end at its end, and a note where it was cut off. */
const resumed = (turn: Draft, end: Ending): void => {
  turn.entries.push({ _tag: "Note", text: `${sentenceOf(end)} The turn was resumed.` })
  turn.end = undefined
}

/** How a turn ended, in a sentence. */
export const sentenceOf = ({ status, why }: Ending): string => {
  const reason = why === undefined ? "" : `: ${why.replace(/[.\s]+$/, "")}`
  switch (status) {
    case "completed":
      return reason === "" ? "Completed." : `Cut short${reason}.`
    case "failed":
      return `Failed${reason}.`
    case "interrupted":
      return `Interrupted${reason}.`
    case "limited":
      return `Stopped at a limit${reason}.`
  }
}

const endOf = (end: TurnEnd): Ending => {
  switch (end._tag) {
    case "TurnCompleted":
      return { status: "completed", why: end.finishReason === "stop" ? undefined : end.finishReason }
    case "TurnFailed":
      return { status: "failed", why: end.message }
    case "TurnInterrupted":
      return { status: "interrupted", why: end.reason }
    case "TurnLimited":
      return { status: "limited", why: end.limit }
  }
}

const entriesOf = (item: Item, isOnTheWay: boolean): ReadonlyArray<Entry> => {
  if (isMessage(item)) {
    const text = textOf(item)
    const isRemark = isOnTheWay || item.phase === "commentary"
    return text.trim() === "" ? [] : [{ _tag: "Answer", text, isRemark }]
  }
  if (isReasoning(item)) {
    const text = textOf(item)
    return text.trim() === "" ? [] : [{ _tag: "Thoughts", text }]
  }
  return isSearch(item) ? [{ _tag: "Note", text: `The web was searched: ${queryOf(item)}` }] : []
}

const callOf = (call: ToolCall): Open["call"] => ({
  _tag: "Call",
  name: call.name,
  about: aboutOf(call),
  argument: argument(call),
  isJson: call.type === "function_call",
  status: "open",
  failure: undefined,
  output: undefined,
  changes: [],
  millis: undefined
})

const finish = ({ call, since }: Open, { details, output, status }: ToolEnded, at: number): void => {
  const { exit_code: code, signal } = details ?? {}
  const badly = textIn(signal) ?? (Predicate.isNumber(code) && code !== 0 ? `exit ${code}` : undefined)
  call.status = status
  call.failure ??= badly ?? (status === "completed" ? undefined : status)
  call.output = saidBy(output)
  call.changes = Option.getOrElse(decodeChanges(details?.["changes"]), () => [])
  call.millis = at - since < noticeable ? undefined : at - since
}

/** In milliseconds. */
const noticeable = 100

const decodeChanges = Schema.decodeUnknownOption(Schema.Array(Change))

/** The command or the path of a call, else the first of its arguments. */
const aboutOf = (call: ToolCall): string => {
  const text = argument(call)
  if (call.type === "custom_tool_call") {
    const files = Array.from(text.matchAll(/^\*\*\* (?:Add|Update|Delete) File: (.+)$/gm), ([, file = ""]) => file)
    return oneLine(files.length > 0 ? files.join(", ") : text)
  }
  const args = parse(text)
  const first = Object.values(Predicate.isReadonlyRecord(args) ? args : {}).find(Predicate.isString)
  return oneLine(textIn(field(args, "command")) ?? textIn(field(args, "path")) ?? first ?? "")
}

const oneLine = (text: string): string => text.slice(0, 1000).replaceAll(/\s+/g, " ").trim()

const saidIn = (item: Item): Said => {
  const parts = isMessage(item) ? item.content : []
  return { text: textOf(item), images: imagesOf(parts) }
}

const saidBy = (output: Output): Said =>
  Predicate.isString(output)
    ? { text: output, images: [] }
    : { text: outputText(output.filter(({ type }) => type !== "input_image")), images: imagesOf(output) }

const imagesOf = (parts: ReadonlyArray<Item>): ReadonlyArray<string> =>
  parts.flatMap((part) => part.type === "input_image" ? [textIn(part["image_url"]) ?? ""] : [])

const together = (all: ReadonlyArray<Said>): Said => ({
  text: all.map(({ text }) => text).filter((text) => text !== "").join("\n\n"),
  images: all.flatMap(({ images }) => images)
})

const compacted = ({ afterTokens, beforeTokens, method }: Compacted): string =>
  `The conversation was compacted here, from about ${count(beforeTokens, "token")} to ${
    afterTokens.toLocaleString("en-US")
  } (${method === "hosted" ? "by the server" : "by a summary of the model"}).`
