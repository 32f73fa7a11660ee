/**
 * The common shape of the four ways in which a server reports a failure (an HTTP status with `{"error":{…}}`, one with
 * `{"detail":"…"}`, a `response.failed` event, an `error` event), and its reading as a {@link ModelError}.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { defined, field, number, parse, text } from "../../internal/json.ts"
import { retryAfter as retryAfterOf } from "../../internal/retryAfter.ts"
import * as RateLimitReading from "../account/RateLimitReading.ts"
import * as FinishReason from "../FinishReason.ts"
import { ModelError, type Reason } from "../ModelError.ts"
import type { StreamEvent } from "../StreamEvent.ts"
import * as SharedPlan from "./SharedPlan.ts"

/** @since 0.1.0 @category models */
export interface ServerFailure {
  readonly status: number | undefined
  readonly type: string
  readonly code: string
  readonly message: string
  /** The part of the request that it is about. */
  readonly param: string | undefined
  readonly plan: string | undefined
  /** Unix seconds. */
  readonly resetsAt: number | undefined
  readonly resetsInSeconds: number | undefined
  /** Names in lower case. An event may carry headers too. */
  readonly headers: Headers
}

/** @since 0.1.0 @category models */
export interface Headers {
  readonly [name: string]: string | undefined
}

/**
 * Reads the answer to a request that was refused. The body may be JSON of either kind, plain text, or a web page from a
 * machine between us and the server; a header may hold what the body does not.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromHttp = (status: number, headers: Headers, body: string): ServerFailure => {
  const read = fromBody(isEncoded(headers) ? "" : parse(body) ?? plainText(body, headers["cf-ray"]))
  const inHeader = fromBody(decodeHeader(headers["x-error-json"]))
  return {
    ...read,
    status,
    type: read.type || inHeader.type,
    code: read.code || inHeader.code,
    message: tellingStatus(status, headers, body) ??
      (read.message || inHeader.message || presentable(headers["x-openai-authorization-error"] ?? "")),
    headers
  }
}

/** Whether the body has an encoding that we did not ask for, and cannot read. */
const isEncoded = (headers: Headers): boolean => !/^(?:identity)?$/i.test(headers["content-encoding"]?.trim() ?? "")

/** The reasons that a status gives better than its body, which comes from a machine in between. */
const tellingStatus = (status: number, headers: Headers, body: string): string | undefined => {
  if (status === 413 && isPage(body)) return "it is larger than this server takes; shorten the conversation"
  const { location } = headers
  return location !== undefined && status >= 300 && status < 400
    ? `it is sent on (status ${status}) to ${presentable(location)}, which is not followed; ` +
      "name the server itself in OPENAI_BASE_URL"
    : undefined
}

/**
 * Reads an event that ends a stream with a failure; `undefined` for every other event.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromEvent = (event: StreamEvent): ServerFailure | undefined => {
  switch (event.type) {
    case "error":
      return fromBody(event)
    case "response.failed":
      return fromBody(event.response ?? {})
    case "response.cancelled":
      return cancelled(event.response)
    case "response.completed":
    case "response.incomplete": {
      const status = field(event.response, "status")
      if (status === "cancelled") return cancelled(event.response)
      return status === "failed" ? fromBody(event.response) : cutOff(event.response)
    }
    default:
      return undefined
  }
}

/** A response that ends too early, for a reason for which what there is of it is no answer. */
const cutOff = (response: unknown): ServerFailure | undefined => {
  const word = text(field(field(response, "incomplete_details"), "reason"))
  const reason = word === undefined ? undefined : FinishReason.fromWord(word)
  return reason?._tag === "Failed"
    ? fromBody({ error: { code: reason.code, message: `the server ended the response with the word "${word}"` } })
    : undefined
}

const cancelled = (response: unknown): ServerFailure => {
  const failure = fromBody(response ?? {})
  return { ...failure, message: failure.message || "the server cancelled the response" }
}

/**
 * @param now in milliseconds since 1970, for times that the server gives relative to it
 *
 * @since 0.1.0
 * @category conversions
 */
export const toModelError = (failure: ServerFailure, now: number): ModelError => {
  const { code, headers, param, status } = failure
  return new ModelError({
    reason: classify(failure, now),
    detail: detailOf(failure),
    ...defined({
      code: code === "" ? undefined : code,
      param,
      status,
      ...names(headers)
    })
  })
}

const detailOf = ({ code, message, param = "" }: ServerFailure): string => {
  if (code === "unsupported_country_region_territory") {
    return `${message}; if your browser uses a proxy, set HTTPS_PROXY to the same one`
  }
  // What is refused may be said by nothing else.
  return SharedPlan.isUnsupported(code) && param !== "" && !message.includes(param)
    ? `${message === "" ? "it does not support a part of it" : message} (${param})`
    : message
}

/**
 * What the operators of a server, and of the network before it, find a call by.
 *
 * @since 0.1.0
 * @category accessors
 */
export const names = (headers: Headers): { readonly requestId?: string; readonly cfRay?: string } =>
  defined({ requestId: headers["x-request-id"] ?? headers["x-oai-request-id"], cfRay: headers["cf-ray"] })

/**
 * The same, with the current time.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fail = (failure: ServerFailure): Effect.Effect<never, ModelError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => toModelError(failure, now))

const classify = (failure: ServerFailure, now: number): Reason => {
  const { code, message, status, type } = failure
  const says = (...words: ReadonlyArray<string>) => words.includes(code) || words.includes(type)

  const retryAfter = retryAfterOf(failure.headers, now) ?? tryAgainIn(message)
  const overloaded: Reason = { _tag: "Overloaded", ...defined({ retryAfter }) }

  // Its codes mean the same whatever the status.
  const ofPlan = SharedPlan.reasonOf(code) ?? SharedPlan.reasonOf(type)
  if (ofPlan !== undefined) return ofPlan._tag === "Overloaded" ? overloaded : ofPlan

  // Another tier has room; this one will not have it within a minute, so a retry is useless.
  if (says("flex_unavailable")) return { _tag: "InvalidRequest" }
  if (says("usage_limit_reached") || usedUp.test(message)) {
    return {
      _tag: "UsageLimitReached",
      ...defined({
        plan: failure.plan ?? failure.headers["x-codex-plan-type"],
        resetsAt: resetOf(failure, now),
        kind: failure.headers["x-codex-rate-limit-reached-type"],
        limit: limitOf(failure.headers),
        promo: presentable(failure.headers["x-codex-promo-message"] ?? "") || undefined,
        windows: windowsOf(failure.headers, now)
      })
    }
  }
  if (says("usage_not_included")) return { _tag: "QuotaExceeded", kind: "usage_not_included" }
  if (status === 402 || says("insufficient_quota", "billing_hard_limit_reached")) return { _tag: "QuotaExceeded" }
  if (
    says("context_length_exceeded", "context_window_exceeded", "exceed_context_size_error") || overflows.test(message)
  ) {
    return { _tag: "ContextOverflow" }
  }
  if (says(...refusalsOfContent)) return { _tag: "ContentFiltered" }
  if (says("malformed_function_call")) return { _tag: "MalformedOutput" }
  if (says("model_not_found") || noSuchModel.test(message)) return { _tag: "ModelUnavailable" }
  if (status === 401 || says(...refusalsOfCredential)) return { _tag: "Unauthorized" }
  if (says("server_is_overloaded", "slow_down", "overloaded", "server_error", "service_unavailable_error")) {
    return overloaded
  }
  if (status === 429 || says("rate_limit_exceeded", "too_many_requests")) {
    return { _tag: "RateLimited", ...defined({ retryAfter }) }
  }
  // A stream that was accepted and then failed is the server's trouble, unless it names a fault of the request.
  const isOurs = status === undefined
    ? type === "invalid_request_error" || faultOfRequest.test(code) || complainsOfRequest.test(message)
    : status < 500 && status !== 408
  return isOurs ? { _tag: "InvalidRequest" } : overloaded
}

const refusalsOfContent = [
  "cyber_policy",
  "bio_policy",
  "invalid_prompt",
  "content_filter",
  "content_policy_violation",
  "image_content_policy_violation"
]
const refusalsOfCredential = [
  "token_invalidated",
  "token_expired",
  "token_revoked",
  "invalid_token",
  "invalid_api_key",
  "authentication_error",
  "unauthorized",
  "refresh_token_expired",
  "refresh_token_reused",
  "refresh_token_invalidated"
]
const usedUp = /\busage limit has been reached/i
const overflows =
  /context (?:window|length|size)|maximum context|exceeds the context|(?:input|prompt) is too long|reduce the length of (?:the|your) (?:messages|input|prompt)/i
const faultOfRequest = /^(?:invalid|unsupported|image|empty_image|failed_to_download|missing|previous_response)_/
const complainsOfRequest =
  /^(?:unsupported|unknown|invalid|missing required) (?:parameter|value|type)\b|^item .* of type /i
const noSuchModel = /\bmodel\b.*(?:is not supported when using|does not exist)|\bmodel\b.{0,100}\bnot found/i

/** "Please try again in 11.054s", "in 6m0s", "in 20 minutes" and their like, in milliseconds. */
const tryAgainIn = (message: string): number | undefined => {
  const said = /try again in ((?:\d+(?:\.\d+)?\s*[a-z]+\s*)+)/i.exec(message)?.[1] ?? ""
  const parts = Array.from(said.toLowerCase().matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g))
  const known = parts.flatMap(([, amount, unit = ""]) => {
    const long = Object.hasOwn(units, unit) ? units[unit] : undefined
    return long === undefined ? [] : [Number(amount) * long]
  })
  return known.length === 0 ? undefined : Math.ceil(known.reduce((sum, part) => sum + part, 0))
}

const [second, minute, hour] = [1000, 60_000, 3_600_000]
const units: { readonly [unit: string]: number | undefined } = {
  ms: 1,
  s: second,
  sec: second,
  second,
  seconds: second,
  m: minute,
  min: minute,
  minute,
  minutes: minute,
  h: hour,
  hour,
  hours: hour
}

/** The windows of the limit that refused. */
const windowsOf = (headers: Headers, now: number): ReadonlyArray<RateLimitReading.Window> | undefined => {
  const reading = RateLimitReading.fromHeaders(headers, DateTime.unsafeMake(now))
  const active = reading?.limits.find(({ id }) => id === reading.activeLimit)
  return (active ?? reading?.limits[0])?.windows
}

/** The name of the limit that refused, unless it is the plan's own. */
const limitOf = (headers: Headers): string | undefined => {
  const id = headers["x-codex-active-limit"]?.trim().toLowerCase().replaceAll("_", "-")
  return id === undefined || id === RateLimitReading.mainLimit
    ? undefined
    : presentable(headers[`x-${id}-limit-name`] ?? "") || undefined
}

/** Servers send one of the two; the date is more precise. */
const resetOf = ({ resetsAt, resetsInSeconds }: ServerFailure, now: number): DateTime.Utc | undefined => {
  const at = resetsAt === undefined
    ? resetsInSeconds === undefined ? undefined : now + resetsInSeconds * 1000
    : resetsAt * 1000
  return at === undefined ? undefined : Option.getOrUndefined(DateTime.make(at))
}

/**
 * The message of a body that is not JSON. A page made for a browser is not shown to a person at a terminal.
 *
 * @since 0.1.0
 * @category decoding
 */
export const plainText = (body: string, cfRay?: string): string => {
  if (!isPage(body)) return body
  const ray = cfRay === undefined ? "" : ` (cf-ray ${cfRay})`
  return `a web page came back instead of an answer${ray}; a proxy or a network block may stand in between (a proxy of ` +
    "your own is set with HTTPS_PROXY)"
}

const isPage = (body: string): boolean => /^\s*</.test(body)

const fromBody = (said: unknown): ServerFailure => {
  // Google's servers send a list of one.
  const body: unknown = Array.isArray(said) ? said[0] : said
  const detail = field(body, "detail")
  const nested = field(body, "error") ?? (Predicate.isRecord(detail) ? detail : undefined)
  const fields = nested ?? body
  const plan = field(fields, "plan_type")
  return {
    status: number(field(body, "status") ?? field(body, "status_code")),
    type: textOrJson(field(nested, "type")),
    code: textOrJson(field(fields, "code") ?? field(nested, "error_code")),
    message: presentable(
      Predicate.isString(fields) ? fields : textOrJson(field(fields, "message") ?? field(fields, "detail"))
    ),
    param: presentable(text(field(fields, "param")) ?? "") || undefined,
    plan: plan === undefined ? undefined : textOrJson(plan),
    resetsAt: number(field(fields, "resets_at")),
    resetsInSeconds: number(field(fields, "resets_in_seconds")),
    headers: headersOf(field(body, "headers"))
  }
}

/** In an event their names are written in any case, and their values may be numbers. */
const headersOf = (headers: unknown): Headers =>
  Predicate.isRecord(headers)
    ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
    : {}

/** Base64 of JSON. */
const decodeHeader = (header: string | undefined): unknown =>
  header === undefined ? {} : parse(Either.getOrElse(Encoding.decodeBase64String(header), () => "")) ?? {}

const maxMessage = 500

/**
 * One line of limited length, without credentials: a server may quote the request.
 *
 * @since 0.1.0
 * @category conversions
 */
export const presentable = (message: string): string =>
  message.replaceAll(/\bBearer\s+\S+/gi, "Bearer …").replaceAll(/\bsk-[\w-]{8,}/g, "sk-…").replaceAll(/\s+/g, " ")
    .trim().slice(0, maxMessage)

/** A code that is not a text is kept as JSON. */
const textOrJson = (value: unknown): string => text(value) ?? (value === undefined ? "" : JSON.stringify(value))
