/**
 * What a scripted model says: items, turns, and the stream events that the real servers would send for them.
 *
 * @since 0.1.0
 */
import { randomBytes } from "node:crypto"
import {
  type FunctionCall,
  isFunctionCall,
  isMessage,
  isReasoning,
  type Item,
  type Message,
  type Reasoning
} from "../responses/Item.ts"
import type { Request } from "../responses/Request.ts"
import type { Usage } from "../responses/Usage.ts"

/**
 * The error object of a server. `status` is sent where the chosen kind of failure has one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly code: string
  readonly message: string
  readonly type?: string
  readonly status?: number
  readonly [field: string]: unknown
}

/**
 * What the model does with one request:
 *
 * - `Answer` says its items and completes
 * - `Incomplete` says its items and stops early, `reason` being `max_output_tokens`, `content_filter`, …
 * - `Fail` accepts the request and then sends an error inside the stream, in one of the three real ways
 * - `Refuse` answers with an HTTP status and a body; a body that is no string is sent as JSON
 * - `Cut` ends the connection after this many events, and before the last one
 *
 * @since 0.1.0
 * @category models
 */
export type Turn =
  | { readonly _tag: "Answer"; readonly items: ReadonlyArray<Item>; readonly usage?: Usage }
  | { readonly _tag: "Incomplete"; readonly items: ReadonlyArray<Item>; readonly reason: string }
  | { readonly _tag: "Fail"; readonly error: Failure; readonly as: FailurePlace }
  | {
    readonly _tag: "Refuse"
    readonly status: number
    readonly body: unknown
    readonly headers?: Readonly<Record<string, string>>
  }
  | { readonly _tag: "Cut"; readonly items: ReadonlyArray<Item>; readonly afterEvents: number }

/**
 * A `response.failed` event, an `error` event with flat fields, or one with the error nested in it.
 *
 * @since 0.1.0
 * @category models
 */
export type FailurePlace = "response.failed" | "error" | "error-nested"

/**
 * Decides what the model does with its call number `n`, counted from 0.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = (request: Request, n: number) => Turn

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

/**
 * Plays the turns in order, and throws at the next call after the last one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTurns = (turns: ReadonlyArray<Turn>): Script => (_, n) => {
  const turn = turns[n]
  if (turn === undefined) throw new Error(`The script has ${turns.length} turns, and the model was called once more`)
  return turn
}

/**
 * The text of an assistant.
 *
 * @since 0.1.0
 * @category items
 */
export const say = (text: string, options?: { readonly phase?: "commentary" | "final_answer" }): Message => ({
  id: newId("msg"),
  type: "message",
  status: "completed",
  content: [{ type: "output_text", annotations: [], logprobs: [], text }],
  ...(options?.phase === undefined ? {} : { phase: options.phase }),
  role: "assistant"
})

/**
 * A reasoning step with any number of summary paragraphs.
 *
 * @since 0.1.0
 * @category items
 */
export const think = (...summary: ReadonlyArray<string>): Reasoning => ({
  id: newId("rs"),
  type: "reasoning",
  encrypted_content: `gAAAAA${randomBytes(96).toString("base64url")}`,
  summary: summary.map(summaryPart)
})

/**
 * A call of a tool. Arguments given as a string are taken as they are, so that a model can send broken JSON.
 *
 * @since 0.1.0
 * @category items
 */
export const call = (name: string, args: object | string, callId: string = newCallId()): FunctionCall => ({
  id: newId("fc"),
  type: "function_call",
  status: "completed",
  arguments: typeof args === "string" ? args : JSON.stringify(args),
  call_id: callId,
  name
})

/** @since 0.1.0 @category turns */
export const answer = (...items: ReadonlyArray<Item>): Turn => ({ _tag: "Answer", items })

/** @since 0.1.0 @category turns */
export const incomplete = (reason: string, ...items: ReadonlyArray<Item>): Turn => ({
  _tag: "Incomplete",
  items,
  reason
})

/** @since 0.1.0 @category turns */
export const fail = (error: Failure, as: FailurePlace = "response.failed"): Turn => ({ _tag: "Fail", error, as })

/** @since 0.1.0 @category turns */
export const refuse = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Turn => ({
  _tag: "Refuse",
  status,
  body,
  headers
})

/** @since 0.1.0 @category turns */
export const cut = (afterEvents: number, ...items: ReadonlyArray<Item>): Turn => ({ _tag: "Cut", items, afterEvents })

/**
 * The errors of the API for calls that use a ChatGPT plan, and their usual status.
 *
 * @since 0.1.0
 * @category models
 */
export const planFailures = {
  subscription_sharing_usage_limit_exceeded: 429,
  subscription_sharing_workplace_individual_usage_limit_exceeded: 429,
  subscription_sharing_usage_unavailable: 503,
  subscription_sharing_user_unavailable: 503,
  subscription_sharing_user_not_eligible: 403,
  subscription_sharing_unsupported_capability: 400,
  subscription_sharing_route_not_supported: 403,
  subscription_sharing_invalid_user: 401,
  subscription_sharing_v2_client_not_enabled: 403,
  chatpass_v2_scope_not_authorized: 403,
  chatpass_v2_invalid_authorization_context: 403
} as const

/** @since 0.1.0 @category models */
export type PlanFailure = keyof typeof planFailures

/**
 * Such a failure, by its status or inside of the stream. `more` are fields of the error beside its code.
 *
 * @since 0.1.0
 * @category turns
 */
export const failPlan = (code: PlanFailure, as: "status" | FailurePlace = "status", more: object = {}): Turn => {
  const error = { message: `The plan cannot be used for this: ${code}`, ...more, code }
  return as === "status"
    ? refuse(planFailures[code], { error: { type: "invalid_request_error", param: null, ...error } })
    : fail({ ...error, status: planFailures[code] }, as)
}

/**
 * The usage of a turn that does not set its own.
 *
 * @since 0.1.0
 * @category models
 */
export const defaultUsage: Usage = {
  inputTokens: 100,
  cachedInputTokens: 0,
  outputTokens: 10,
  reasoningOutputTokens: 0
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
    { type: "response.reasoning_summary_part.added", part: summaryPart(""), ...at },
    ...words(text).map(delta("response.reasoning_summary_text.delta", at)),
    { type: "response.reasoning_summary_text.done", text, ...at },
    { type: "response.reasoning_summary_part.done", part, ...at }
  ]
}

const delta = (type: string, at: object) => (text: string): JsonEvent => ({ type, delta: text, ...at })

const summaryPart = (text: string): Item => ({ type: "summary_text", text })

/**
 * Pieces of about a word; joined they are the text again.
 *
 * @since 0.1.0
 * @category encoding
 */
export const words = (text: string): ReadonlyArray<string> => text.match(/\s*\S{1,12}|\s+$/gu) ?? []

const newId = (prefix: string): string => `${prefix}_${randomBytes(25).toString("hex")}`

const newCallId = (): string => `call_${randomBytes(12).toString("hex")}`
