/**
 * What a scripted model says: items and turns. `ScriptEvents` makes stream events of them.
 *
 * @since 0.1.0
 */
import { randomBytes } from "node:crypto"
import type { FunctionCall, Item, Message, Reasoning } from "../responses/Item.ts"
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
 * A turn, or what makes it from its request, and throws where that is not the expected one.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = Turn | ((request: Request) => Turn)

/**
 * Plays the turns in order, and throws at the next call after the last one.
 *
 * @example
 * ```ts
 * import { Script, ScriptedResponses } from "effixir/testing"
 *
 * const Model = ScriptedResponses.layer(Script.fromTurns([
 *   Script.answer(Script.think("It wants the weather."), Script.call("temperature", { city: "Lisbon" }, "call_1")),
 *   (request) => Script.answer(Script.say(`I have heard ${request.input.length} items.`))
 * ]))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTurns = (turns: ReadonlyArray<Step>): Script => (request, n) => {
  const turn = turns[n]
  if (turn === undefined) throw new Error(`The script has ${turns.length} turns, and the model was called once more`)
  return typeof turn === "function" ? turn(request) : turn
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
  summary: summary.map((text) => ({ type: "summary_text", text }))
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

/**
 * @example
 * ```ts
 * import { Script } from "effixir/testing"
 *
 * // What servers do when they do not answer.
 * const failures = [
 *   Script.refuse(503, { error: { message: "Overloaded" } }, { "retry-after": "1" }),
 *   Script.fail({ code: "server_error", message: "Something went wrong" }),
 *   Script.failPlan("subscription_sharing_usage_unavailable"),
 *   Script.incomplete("max_output_tokens", Script.say("It was a dark and")),
 *   Script.cut(3, Script.say("It was a dark and stormy night."))
 * ]
 * ```
 *
 * @since 0.1.0 @category turns
 */
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

const newId = (prefix: string): string => `${prefix}_${randomBytes(25).toString("hex")}`

const newCallId = (): string => `call_${randomBytes(12).toString("hex")}`
