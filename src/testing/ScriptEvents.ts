/**
 * The stream events that the real servers would send for the turns of a script.
 *
 * @example
 * ```ts
 * import { Script, ScriptEvents } from "effixir/testing"
 *
 * // What a server of your own streams for a turn.
 * const body = ScriptEvents.events(Script.answer(Script.say("Hello there")), { model: "gpt-6.2-sol", responseId: "resp_1" })
 *   .map(ScriptEvents.toSse)
 *   .join("")
 * ScriptEvents.words("Hello there") // the pieces in which it comes
 * ```
 *
 * @since 0.1.0
 */
import { isFunctionCall, isMessage, isReasoning, type Item } from "../responses/Item.ts"
import type { Usage } from "../responses/Usage.ts"
import { defaultUsage, type Failure, type FailurePlace, type Turn } from "./Script.ts"

/**
 * One event of a stream as plain JSON.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** @since 0.1.0 @category models */
export interface EventOptions {
  readonly model: string
  readonly responseId: string
  /** Unix seconds. */
  readonly createdAt?: number
  /** Whether the last event repeats the items, as the API does and the ChatGPT host does not. */
  readonly hasFinalOutput?: boolean
}

/**
 * The events of a turn, in the shapes and the order of the real servers. A refusal has none.
 *
 * @since 0.1.0
 * @category encoding
 */
export const events = (turn: Turn, options: EventOptions): ReadonlyArray<JsonEvent> =>
  tellTurn(turn, options).map(numbered)

/**
 * One event as a block of a server-sent event stream.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toSse = (event: JsonEvent): string => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`

const numbered = (event: JsonEvent, index: number): JsonEvent => ({ ...event, sequence_number: index })

const tellTurn = (turn: Turn, options: EventOptions): ReadonlyArray<JsonEvent> => {
  switch (turn._tag) {
    case "Answer":
      return [
        ...begin(options),
        ...turn.items.flatMap(tellItem),
        complete(turn.items, turn.usage ?? defaultUsage, options)
      ]
    case "Incomplete":
      return [
        ...begin(options),
        ...turn.items.flatMap(tellItem),
        end("incomplete", options, {
          incomplete_details: { reason: turn.reason },
          output: options.hasFinalOutput === true ? turn.items : [],
          usage: usageJson(defaultUsage)
        })
      ]
    case "Fail":
      return [...begin(options), failure(turn.error, turn.as, options)]
    case "Refuse":
      return []
    case "Cut":
      return [...begin(options), ...turn.items.flatMap(tellItem)].slice(0, turn.afterEvents)
  }
}

const begin = (options: EventOptions): ReadonlyArray<JsonEvent> => [
  { type: "response.created", response: response("in_progress", options) },
  { type: "response.in_progress", response: response("in_progress", options) }
]

const complete = (items: ReadonlyArray<Item>, usage: Usage, options: EventOptions): JsonEvent =>
  end("completed", options, {
    completed_at: options.createdAt ?? 0,
    output: options.hasFinalOutput === true ? items : [],
    usage: usageJson(usage)
  })

const end = (status: string, options: EventOptions, fields: object): JsonEvent => ({
  type: `response.${status}`,
  response: { ...response(status, options), ...fields }
})

const failure = ({ status, ...error }: Failure, as: FailurePlace, options: EventOptions): JsonEvent => {
  switch (as) {
    case "response.failed":
      return end("failed", options, { error })
    case "error":
      return { param: null, ...error, type: "error" }
    case "error-nested":
      return { type: "error", error: { param: null, ...error }, ...(status === undefined ? {} : { status }) }
  }
}

const response = (status: string, options: EventOptions) => ({
  id: options.responseId,
  object: "response",
  created_at: options.createdAt ?? 0,
  status,
  background: false,
  completed_at: null,
  error: null,
  frequency_penalty: 0,
  incomplete_details: null,
  instructions: null,
  max_output_tokens: null,
  max_tool_calls: null,
  model: options.model,
  moderation: null,
  output: [],
  parallel_tool_calls: true,
  presence_penalty: 0,
  previous_response_id: null,
  prompt_cache_key: null,
  prompt_cache_retention: "24h",
  reasoning: { effort: "medium", summary: null },
  safety_identifier: null,
  service_tier: "auto",
  store: false,
  temperature: 1,
  text: { format: { type: "text" }, verbosity: "medium" },
  tool_choice: "auto",
  tools: [],
  top_logprobs: 0,
  top_p: 1,
  truncation: "disabled",
  usage: null,
  user: null,
  metadata: {}
})

const usageJson = (usage: Usage) => ({
  input_tokens: usage.inputTokens,
  input_tokens_details: { cached_tokens: usage.cachedInputTokens },
  output_tokens: usage.outputTokens,
  output_tokens_details: { reasoning_tokens: usage.reasoningOutputTokens },
  total_tokens: usage.inputTokens + usage.outputTokens
})

const tellItem = (item: Item, output_index: number): ReadonlyArray<JsonEvent> => {
  const at = { item_id: item["id"], output_index }
  const done = { type: "response.output_item.done", item, output_index }
  const added = (started: object) => ({
    type: "response.output_item.added",
    item: { ...item, ...started },
    output_index
  })
  if (isMessage(item)) {
    return [
      added({ status: "in_progress", content: [] }),
      ...item.content.flatMap((part, content_index) => tellPart(part, { ...at, content_index })),
      done
    ]
  }
  if (isReasoning(item)) {
    return [
      added({ summary: [] }),
      ...item.summary.flatMap((part, summary_index) => tellSummary(part, { ...at, summary_index })),
      done
    ]
  }
  if (isFunctionCall(item)) {
    return [
      added({ status: "in_progress", arguments: "" }),
      ...words(item.arguments).map(delta("response.function_call_arguments.delta", at)),
      { type: "response.function_call_arguments.done", arguments: item.arguments, ...at },
      done
    ]
  }
  return [added({}), done]
}

const tellPart = (part: Item, at: object): ReadonlyArray<JsonEvent> => {
  const field = part.type === "refusal" ? "refusal" : "text"
  const kind = part.type === "refusal" ? "response.refusal" : "response.output_text"
  const text = String(part[field] ?? "")
  const extra = part.type === "refusal" ? {} : { logprobs: [] }
  return [
    { type: "response.content_part.added", part: { ...part, [field]: "" }, ...at },
    ...words(text).map(delta(`${kind}.delta`, { ...extra, ...at })),
    { type: `${kind}.done`, [field]: text, ...extra, ...at },
    { type: "response.content_part.done", part, ...at }
  ]
}

const tellSummary = (part: Item, at: object): ReadonlyArray<JsonEvent> => {
  const text = String(part["text"] ?? "")
  return [
    { type: "response.reasoning_summary_part.added", part: { type: "summary_text", text: "" }, ...at },
    ...words(text).map(delta("response.reasoning_summary_text.delta", at)),
    { type: "response.reasoning_summary_text.done", text, ...at },
    { type: "response.reasoning_summary_part.done", part, ...at }
  ]
}

const delta = (type: string, at: object) => (text: string): JsonEvent => ({ type, delta: text, ...at })

/**
 * Pieces of about a word; joined they are the text again.
 *
 * @since 0.1.0
 * @category encoding
 */
export const words = (text: string): ReadonlyArray<string> => text.match(/\s*\S{1,12}|\s+$/gu) ?? []
