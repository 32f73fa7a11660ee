/**
 * Turns the chunks of a Chat Completions stream into the equivalent events of the Responses API.
 *
 * Servers differ in everything but the text: thoughts have two names, calls come without an id or an index, or whole,
 * or all of them under index 0, and a few send a finished message in the place of its pieces.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { defined, field, number, parse, text } from "../../internal/json.ts"
import type { ToolDeclaration } from "../Request.ts"
import type { StreamEvent } from "../StreamEvent.ts"
import type { Reader } from "../transport/Sse.ts"
import * as ChatOutput from "./ChatOutput.ts"

/**
 * A response ends with `[DONE]`, or with the last byte if the server has sent a finish reason before: the usage may
 * stand between the two.
 *
 * @param tools those that were declared: what a call is depends on its tool
 *
 * @since 0.1.0
 * @category decoding
 */
export const reader = (tools: ReadonlyArray<ToolDeclaration>) => (tell: (event: StreamEvent) => void): Reader => {
  const custom = new Set(tools.flatMap((tool) => tool.type === "custom" ? [tool["name"]] : []))
  const output = ChatOutput.make(tell, (name) => custom.has(name))
  const calls: Array<Call> = []
  let isBegun = false
  let hasSaid = false
  let finish: string | undefined
  let usage: object | undefined

  const say = (kind: ChatOutput.Kind, piece: string): void => {
    if (piece === "") return
    hasSaid = true
    output.say(kind, piece)
  }

  const takeCall = (piece: unknown): void => {
    const id = word(field(piece, "id"))
    const name = word(field(field(piece, "function"), "name"))
    const index = number(field(piece, "index"))
    const json = argumentsOf(piece)
    const known = index === undefined
      ? calls.findLast((call) => id === undefined || call.id === id)
      : calls.findLast((call) => call.index === index)
    const call = known === undefined || name !== undefined && isAnother(known, { id, json, name })
      ? { id, index, json: "", more: {}, name: undefined, take: undefined }
      : known
    if (call !== known) calls.push(call)
    hasSaid = true
    call.more = { ...call.more, ...moreOf(piece) }
    if (call.name === undefined && name !== undefined) {
      call.name = name
      call.take = output.call(name, call.id ??= id, () => call.more)
      if (call.json !== "") call.take(call.json)
    }
    if (json === "") return
    call.json += json
    call.take?.(json)
  }

  const takeChoice = (choice: unknown): void => {
    const delta = field(choice, "delta")
    // The whole text after its pieces adds nothing.
    const said = delta ?? (hasSaid ? undefined : field(choice, "message"))
    const content = field(said, "content")
    say("thought", word(field(said, "reasoning_content")) ?? word(field(said, "reasoning")) ?? "")
    const details = field(said, "reasoning_details")
    if (Array.isArray(details)) output.details(details)
    if (Array.isArray(content)) { for (const part of content) say(...partOf(part)) }
    else say("answer", text(content) ?? "")
    say("refusal", text(field(said, "refusal")) ?? "")
    const calls = field(said, "tool_calls")
    if (Array.isArray(calls)) { for (const call of calls) takeCall(call) }
    finish = word(field(choice, "finish_reason")) ?? finish
  }

  const end = (): void => {
    if (!isBegun) return
    if (finish !== undefined && broken.has(finish)) {
      return tell({ type: "error", message: `the server ended the response with the word "${finish}"` })
    }
    for (const call of calls) if (call.take === undefined) output.call("", call.id, () => call.more)(call.json)
    output.end(incomplete.get(finish ?? ""), usage)
  }

  return {
    data: (data, name) => {
      if (data.trim() === "[DONE]") return end()
      const chunk = parse(data)
      if (chunk === undefined) return
      const choices = field(chunk, "choices")
      const choice = Array.isArray(choices) ? choices.find(isFirst) : undefined
      const error = errorOf(chunk, choice, name)
      if (error !== undefined) return tell(error)
      if (!Array.isArray(choices)) return tell({ type: "unknown", raw: chunk })
      if (!isBegun) output.begin({ id: text(field(chunk, "id")), model: text(field(chunk, "model")) })
      isBegun = true
      takeChoice(choice)
      usage = usageOf(field(chunk, "usage") ?? field(choice, "usage")) ?? usage
    },
    end: () => {
      if (finish !== undefined) end()
    }
  }
}

const isFirst = (choice: unknown): boolean => (number(field(choice, "index")) ?? 0) === 0

/** What begins with the name; before that, pieces wait in `json`. */
interface Call {
  readonly index: number | undefined
  id: string | undefined
  json: string
  more: object
  name: string | undefined
  take: ((piece: string) => void) | undefined
}

/** What a server says of a call beyond the API, such as Gemini's signature of its thoughts; it wants that back. */
const moreOf = (piece: unknown): object => {
  const { function: told, id: _, index: _index, type: _type, ...rest } = Object(piece)
  const { arguments: _arguments, index: _at, name: _name, ...inner } = Object(told)
  const fields = known(rest)
  const inside = known(inner)
  return Object.keys(inside).length === 0 ? fields : { ...fields, function: inside }
}

const known = (fields: object): object =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** Whether a chunk with a name begins a new call, although it has the index of this one. */
const isAnother = (
  known: Call,
  piece: { readonly id: string | undefined; readonly name: string; readonly json: string }
): boolean => {
  if (known.name === undefined) return false
  if (piece.name !== known.name) return true
  return piece.id !== undefined && known.id !== undefined
    ? piece.id !== known.id
    : piece.json !== "" && Predicate.isRecord(parse(known.json))
}

/** Ollama sends an empty text for an absent one. */
const word = (value: unknown): string | undefined => value === "" ? undefined : text(value)

/** Some servers send the object itself. */
const argumentsOf = (call: unknown): string => {
  const json = field(field(call, "function"), "arguments")
  return text(json) ?? (json === undefined ? "" : JSON.stringify(json))
}

/** Mistral's way to distinguish thoughts from the answer. */
const partOf = (part: unknown): [kind: ChatOutput.Kind, piece: string] => {
  const thoughts = field(part, "thinking")
  if (thoughts === undefined) return ["answer", text(field(part, "text")) ?? ""]
  const pieces = Array.isArray(thoughts) ? thoughts.map((thought) => field(thought, "text")) : [thoughts]
  return ["thought", pieces.map((piece) => text(piece) ?? "").join("")]
}

/** Why a response stops short, in the words of the Responses API. */
const incomplete: ReadonlyMap<string, string> = new Map([
  ["length", "max_output_tokens"],
  ["max_tokens", "max_output_tokens"],
  ["model_length", "max_output_tokens"],
  ["content_filter", "content_filter"]
])

const broken: ReadonlySet<string> = new Set(["error", "abort"])

/** The HTTP status comes as the `code` of the error, if at all. */
const errorOf = (chunk: unknown, choice: unknown, name: string | undefined): StreamEvent | undefined => {
  const error = field(chunk, "error") ?? field(choice, "error") ??
    (field(chunk, "object") === "error" || name === "error" ? chunk : undefined)
  if (!Predicate.isRecord(error) && (!Predicate.isString(error) || error === "")) return undefined
  const code = Number(field(error, "code"))
  const status = number(field(chunk, "status")) ?? (code >= 400 && code < 600 ? code : undefined)
  return { type: "error", error, ...defined({ status }) }
}

const usageOf = (usage: unknown): object | undefined => {
  if (!Predicate.isRecord(usage)) return undefined
  const cached = number(field(usage["prompt_tokens_details"], "cached_tokens")) ??
    // DeepSeek's word.
    number(usage["prompt_cache_hit_tokens"])
  return {
    input_tokens: number(usage["prompt_tokens"]) ?? 0,
    input_tokens_details: { cached_tokens: cached ?? 0 },
    output_tokens: number(usage["completion_tokens"]) ?? 0,
    output_tokens_details: {
      reasoning_tokens: number(field(usage["completion_tokens_details"], "reasoning_tokens")) ?? 0
    },
    total_tokens: number(usage["total_tokens"]) ?? 0
  }
}
