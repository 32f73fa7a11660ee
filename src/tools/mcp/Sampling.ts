/**
 * What an MCP server wants the model to answer (sampling), for a server that a person lets use the model.
 *
 * @internal
 */
import type * as Effect from "effect/Effect"
import { field, text } from "../../internal/json.ts"
import { type Item, text as textOf } from "../../responses/Item.ts"
import type { Usage } from "../../responses/Usage.ts"
import type { Form } from "./Elicitation.ts"

/**
 * A request as the server has written it. The model gets nothing else: neither the conversation nor tools.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly instructions: string
  readonly input: ReadonlyArray<Item>
  /** How long the answer may be, in characters. */
  readonly room: number
}

/**
 * `isCut` where the answer was longer than the request has room for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sample {
  readonly model: string
  readonly text: string
  readonly isCut: boolean
  readonly usage: Usage
}

/**
 * Asks the model. A failure is the end of a sentence.
 *
 * @since 0.1.0
 * @category models
 */
export type Ask = (request: Request) => Effect.Effect<Sample, string>

/** What a person reads before they agree, in characters. */
const maxPrompt = 16_000

/** How long an answer may be, in tokens, and how many characters stand for one. */
const maxTokens = 4096
const tokenSize = 4

/**
 * The request; nothing where it is no text alone, or longer than a person would read.
 *
 * @since 0.1.0
 * @category parsing
 */
export const requestOf = (params: unknown): Request | undefined => {
  const messages = field(params, "messages")
  const instructions = text(field(params, "systemPrompt")) ?? ""
  const tokens = field(params, "maxTokens")
  if (!Array.isArray(messages) || messages.length === 0 || typeof tokens !== "number" || tokens < 1) return undefined
  const input = messages.flatMap(itemsOf)
  const size = input.reduce((sum, { text }) => sum + text.length, instructions.length)
  if (input.some(({ item }) => item === undefined) || size > maxPrompt) return undefined
  return {
    instructions,
    input: input.flatMap(({ item }) => item ?? []),
    room: Math.min(tokens, maxTokens) * tokenSize
  }
}

interface Read {
  readonly text: string
  /** Absent for what is no text. */
  readonly item: Item | undefined
}

const itemsOf = (message: unknown): ReadonlyArray<Read> => {
  const content = field(message, "content")
  const isAnswer = field(message, "role") === "assistant"
  return (Array.isArray(content) ? content : [content]).map((part: unknown): Read => {
    const said = field(part, "type") === "text" ? text(field(part, "text")) : undefined
    return said === undefined ? { text: "", item: undefined } : {
      text: said,
      item: {
        type: "message",
        role: isAnswer ? "assistant" : "user",
        content: [{ type: isAnswer ? "output_text" : "input_text", text: said.toWellFormed() }]
      }
    }
  })
}

/**
 * What the person is asked before: they see all that the model would get.
 *
 * @since 0.1.0
 * @category conversions
 */
export const questionOf = (server: string, { input, instructions }: Request): Form => ({
  server,
  message: [
    "It wants your model to answer this, at your expense, and gets the answer:",
    ...instructions === "" ? [] : [`[instructions] ${instructions}`],
    ...input.map((item) => `[${String(item["role"])}] ${textOf(item)}`)
  ].join("\n"),
  fields: []
})
