/**
 * Turns the chunks of a Chat Completions stream into the equivalent events of the Responses API.
 *
 * Servers differ in everything but the text: thoughts have two names or stand in the answer, calls come in many ways
 * (`ChatCalls`), and a few send a finished message in the place of its pieces, or behind them.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { defined, field, number, parse, text } from "../../internal/json.ts"
import * as FinishReason from "../FinishReason.ts"
import type { ToolDeclaration } from "../Request.ts"
import type { StreamEvent } from "../StreamEvent.ts"
import * as ThinkTags from "../ThinkTags.ts"
import type { Reader } from "../transport/Sse.ts"
import * as ChatCalls from "./ChatCalls.ts"
import * as ChatOutput from "./ChatOutput.ts"
import * as ChatUsage from "./ChatUsage.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The tools that were declared: what a call is depends on its tool. */
  readonly tools: ReadonlyArray<ToolDeclaration>
  /** Whether thoughts may stand in front of the answer, between tags. */
  readonly hasThinkTags: boolean
}

/**
 * A response ends with `[DONE]`, or with the last byte if the server has sent a finish reason before: the usage may
 * stand between the two. Choices are parts of one answer, because no more than one is asked for.
 *
 * @since 0.1.0
 * @category decoding
 */
export const reader = ({ hasThinkTags, tools }: Options) => (tell: (event: StreamEvent) => void): Reader => {
  const custom = new Set(tools.flatMap((tool) => tool.type === "custom" ? [tool["name"]] : []))
  const output = ChatOutput.make(tell, (name) => custom.has(name))
  const choices = new Map<number, Choice>()
  let isBegun = false
  let usage: object | undefined

  const choiceOf = (choice: unknown): Choice => {
    const index = number(field(choice, "index")) ?? 0
    const known = choices.get(index)
    if (known !== undefined) return known
    const added = choiceReader(output, index, hasThinkTags)
    choices.set(index, added)
    return added
  }

  const end = (): void => {
    if (!isBegun) return
    const finishes = Array.from(choices.values(), ({ finish }) => finish()).filter((word) => word !== undefined)
    const reasons = finishes.map((word) => ({ word, ...FinishReason.fromWord(word) }))
    const failed = reasons.find((reason) => reason._tag === "Failed")
    if (failed !== undefined) {
      const message = `the server ended the response with the word "${failed.word}"`
      return tell({ type: "error", code: failed.code, message })
    }
    for (const choice of choices.values()) choice.end()
    output.end(reasons.find((reason) => reason._tag === "Incomplete")?.reason, usage)
  }

  const hasFinished = (): boolean =>
    choices.size > 0 && Array.from(choices.values()).every(({ finish }) => finish() !== undefined)

  return {
    data: (data, name) => {
      if (data.trim() === "[DONE]") return end()
      const chunk = parse(data)
      if (chunk === undefined) return
      const told = field(chunk, "choices")
      const all: ReadonlyArray<unknown> = Array.isArray(told) ? told : []
      const error = errorOf(chunk, all, name)
      if (error !== undefined) return tell(error)
      const counted = ChatUsage.fromChunk(chunk, all)
      if (!Array.isArray(told) && counted === undefined) return tell({ type: "unknown", raw: chunk })
      if (!isBegun) output.begin({ id: text(field(chunk, "id")), model: text(field(chunk, "model")) })
      isBegun = true
      for (const choice of all) choiceOf(choice).take(choice)
      usage = counted ?? usage
    },
    end: () => {
      if (hasFinished()) end()
    },
    hasFinished
  }
}

interface Choice {
  readonly take: (choice: unknown) => void
  readonly finish: () => string | undefined
  readonly end: () => void
}

const choiceReader = (output: ChatOutput.ChatOutput, index: number, hasThinkTags: boolean): Choice => {
  const calls = ChatCalls.make(output, index)
  const tags = hasThinkTags ? ThinkTags.make() : undefined
  const said = new Set<string>()
  let finish: string | undefined

  const say = (kind: ChatOutput.Kind, piece: string): void => {
    if (piece === "") return
    said.add(kind)
    const parts = kind === "answer" ? tags?.push(piece) : undefined
    if (parts === undefined) return output.say(kind, piece, index)
    for (const [kind, text] of parts) output.say(kind, text, index)
  }
  const rest = (): void => {
    for (const [kind, text] of tags?.rest() ?? []) output.say(kind, text, index)
  }
  const takeCall = (call: unknown): void => {
    rest()
    said.add("call")
    calls.take(call)
  }

  /** @param isNew whether a part of the message is to be told: a message behind its pieces adds nothing */
  const takeMessage = (message: unknown, isNew: (kind: string) => boolean): void => {
    if (isNew("thought")) {
      say("thought", word(field(message, "reasoning_content")) ?? word(field(message, "reasoning")) ?? "")
    }
    const details = field(message, "reasoning_details")
    if (isNew("details") && Array.isArray(details)) {
      said.add("details")
      output.details(details)
    }
    if (isNew("answer")) { for (const part of partsOf(field(message, "content"))) say(...part) }
    if (isNew("refusal")) say("refusal", text(field(message, "refusal")) ?? "")
    if (!isNew("call")) return
    const told = field(message, "tool_calls")
    if (Array.isArray(told)) told.forEach(takeCall)
    // The older way to call, of one tool at a time.
    const only = field(message, "function_call")
    if (only !== undefined && !Array.isArray(told)) takeCall({ function: only })
  }

  return {
    take: (choice) => {
      const delta = field(choice, "delta")
      const message = field(choice, "message")
      takeMessage(delta, () => true)
      finish = word(field(choice, "finish_reason")) ?? finish
      if (message === undefined) return
      const before = new Set(said)
      takeMessage(message, (kind) => !before.has(kind))
      // A message that is no piece is whole.
      if (delta === undefined) finish ??= "stop"
    },
    finish: () => finish,
    end: () => {
      rest()
      calls.end()
    }
  }
}

const { word } = ChatCalls

/** A text, parts of it, or the object that a schema asked for. */
const partsOf = (content: unknown): ReadonlyArray<readonly [kind: ChatOutput.Kind, piece: string]> => {
  if (Array.isArray(content)) return content.map(partOf)
  if (!Predicate.isRecord(content)) return [["answer", text(content) ?? ""]]
  return [Predicate.isString(content["type"]) ? partOf(content) : ["answer", JSON.stringify(content)]]
}

/** Mistral's way to distinguish thoughts from the answer. */
const partOf = (part: unknown): readonly [kind: ChatOutput.Kind, piece: string] => {
  const thoughts = field(part, "thinking")
  if (thoughts === undefined) return ["answer", text(part) ?? text(field(part, "text")) ?? ""]
  const pieces = Array.isArray(thoughts) ? thoughts.map((thought) => field(thought, "text")) : [thoughts]
  return ["thought", pieces.map((piece) => text(piece) ?? "").join("")]
}

/** The HTTP status comes as the `code` of the error, if at all. */
const errorOf = (
  chunk: unknown,
  choices: ReadonlyArray<unknown>,
  name: string | undefined
): StreamEvent | undefined => {
  const error = field(chunk, "error") ??
    choices.map((choice) => field(choice, "error")).find((error) => error !== undefined) ??
    field(field(chunk, "x_groq"), "error") ??
    (field(chunk, "object") === "error" || name === "error" || field(chunk, "error_message") !== undefined
      ? chunk
      : undefined)
  if (!Predicate.isRecord(error) && (!Predicate.isString(error) || error === "")) return undefined
  const code = Number(field(error, "code"))
  const status = number(field(chunk, "status")) ?? (code >= 400 && code < 600 ? code : undefined)
  return { type: "error", error, ...defined({ status }) }
}
