/**
 * The one shape behind the four places in which a server tells of a failure (an HTTP status with `{"error":{…}}`, one
 * with `{"detail":"…"}`, a `response.failed` event, an `error` event), and its reading as a {@link ModelError}.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import { field, number, parse, text } from "../internal/json.ts"
import { ModelError, type Reason } from "./ModelError.ts"
import type { StreamEvent } from "./StreamEvent.ts"

/** @since 0.1.0 @category models */
export interface ServerFailure {
  readonly status: number | undefined
  readonly type: string
  readonly code: string
  readonly message: string
  readonly plan: string | undefined
  /** Unix seconds. */
  readonly resetsAt: number | undefined
  /** Milliseconds. */
  readonly retryAfter: number | undefined
  readonly requestId: string | undefined
}

/**
 * Reads the answer to a request that was refused. The body may be JSON of either kind, plain text, or a web page of
 * something between us and the server.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromHttp = (
  status: number,
  headers: { readonly [name: string]: string | undefined },
  body: string
): ServerFailure => ({
  ...fromBody(parse(body) ?? plainText(body, headers["cf-ray"])),
  status,
  retryAfter: retryAfterOf(headers),
  requestId: headers["x-request-id"] ?? headers["x-oai-request-id"]
})

/**
 * Reads an event that ends a stream with a failure; `undefined` for every other event.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromEvent = (event: StreamEvent): ServerFailure | undefined => {
  if (event.type === "error") return fromBody(event)
  if (event.type === "response.failed") return fromBody(event.response ?? {})
  return undefined
}

/** @since 0.1.0 @category conversions */
export const toModelError = (failure: ServerFailure): ModelError =>
  new ModelError({
    reason: classify(failure),
    detail: failure.code === "unsupported_country_region_territory"
      ? `${failure.message}; if your browser uses a proxy, set HTTPS_PROXY to the same one`
      : failure.message,
    ...(failure.status === undefined ? {} : { status: failure.status }),
    ...(failure.requestId === undefined ? {} : { requestId: failure.requestId })
  })

const classify = (failure: ServerFailure): Reason => {
  const { code, message, status, type } = failure
  const says = (...words: ReadonlyArray<string>) => words.includes(code) || words.includes(type)

  if (says("usage_limit_reached")) {
    return {
      _tag: "UsageLimitReached",
      ...(failure.plan === undefined ? {} : { plan: failure.plan }),
      ...Option.match(instant(failure.resetsAt), { onNone: () => ({}), onSome: (resetsAt) => ({ resetsAt }) })
    }
  }
  if (says("insufficient_quota", "usage_not_included", "billing_hard_limit_reached")) return { _tag: "QuotaExceeded" }
  if (says("context_length_exceeded", "context_window_exceeded") || overflows.test(message)) {
    return { _tag: "ContextOverflow" }
  }
  if (says("cyber_policy", "bio_policy", "invalid_prompt", "content_filter", "image_content_policy_violation")) {
    return { _tag: "ContentFiltered" }
  }
  if (says("model_not_found") || noSuchModel.test(message)) return { _tag: "ModelUnavailable" }
  if (status === 401 || says("token_invalidated", "token_expired", "invalid_api_key")) return { _tag: "Unauthorized" }
  if (says("server_is_overloaded", "slow_down", "overloaded", "server_error", "service_unavailable_error")) {
    return { _tag: "Overloaded" }
  }
  if (status === 429 || says("rate_limit_exceeded", "too_many_requests")) {
    const retryAfter = failure.retryAfter ?? tryAgainIn(message)
    return { _tag: "RateLimited", ...(retryAfter === undefined ? {} : { retryAfter }) }
  }
  // A stream that was accepted and then failed is the server's trouble, unless it names a fault of the request.
  const isOurs = status === undefined
    ? type === "invalid_request_error" || faultOfRequest.test(code)
    : status < 500 && status !== 408
  return isOurs ? { _tag: "InvalidRequest" } : { _tag: "Overloaded" }
}

const overflows = /context (?:window|length)|maximum context|exceeds the context|(?:input|prompt) is too long/i
const faultOfRequest = /^(?:invalid|unsupported|image|empty_image|failed_to_download|missing|previous_response)_/
const noSuchModel = /\bmodel\b.*(?:is not supported when using|does not exist)|model not found/i

/** "Please try again in 11.054s" and its like, in milliseconds. */
const tryAgainIn = (message: string): number | undefined => {
  const match = /try again in (\d+(?:\.\d+)?)\s*(ms|s|seconds?)\b/i.exec(message)
  return match === null ? undefined : Math.ceil(Number(match[1]) * (match[2]?.toLowerCase() === "ms" ? 1 : 1000))
}

const retryAfterOf = (headers: { readonly [name: string]: string | undefined }): number | undefined => {
  const milliseconds = Number(headers["retry-after-ms"] ?? Number.NaN)
  if (Number.isFinite(milliseconds)) return milliseconds
  const seconds = Number(headers["retry-after"] ?? Number.NaN)
  return Number.isFinite(seconds) ? seconds * 1000 : undefined
}

const instant = (unixSeconds: number | undefined): Option.Option<DateTime.Utc> =>
  unixSeconds === undefined ? Option.none() : DateTime.make(unixSeconds * 1000)

/** A page made for a browser is not shown to a person at a terminal. */
const plainText = (body: string, cfRay: string | undefined): string => {
  if (!/^\s*</.test(body)) return body
  const ray = cfRay === undefined ? "" : ` (cf-ray ${cfRay})`
  return `a web page came back instead of an answer${ray}; a proxy or a network block may stand in between (a proxy of ` +
    "your own is set with HTTPS_PROXY)"
}

const fromBody = (body: unknown): ServerFailure => {
  const nested = field(body, "error")
  const fields = nested ?? body
  const plan = field(fields, "plan_type")
  return {
    status: number(field(body, "status") ?? field(body, "status_code")),
    type: textOrJson(field(nested, "type")),
    code: textOrJson(field(fields, "code")),
    message: presentable(
      Predicate.isString(fields) ? fields : textOrJson(field(fields, "message") ?? field(fields, "detail"))
    ),
    plan: plan === undefined ? undefined : textOrJson(plan),
    resetsAt: number(field(fields, "resets_at")),
    retryAfter: undefined,
    requestId: undefined
  }
}

const maxMessage = 500

/** One line of bearable length, and no credential in it: a server may quote the request. */
const presentable = (message: string): string =>
  message.replaceAll(/\bBearer\s+\S+/gi, "Bearer …").replaceAll(/\bsk-[\w-]{8,}/g, "sk-…").replaceAll(/\s+/g, " ")
    .trim().slice(0, maxMessage)

/** A code that is no text is still told. */
const textOrJson = (value: unknown): string => text(value) ?? (value === undefined ? "" : JSON.stringify(value))
