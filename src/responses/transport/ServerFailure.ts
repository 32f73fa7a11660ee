/**
 * The common shape of the ways in which servers report a failure: an HTTP status with `{"error":{…}}`, with
 * `{"detail":…}`, or with plain text; a `response.failed` event; an `error` event. Here the forms are read;
 * `FailureReason` judges what they say.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Predicate from "effect/Predicate"
import { defined, field, number, parse, text } from "../../internal/json.ts"
import { oneLine, presentable } from "../../internal/presentable.ts"
import { requestId } from "../../internal/requestId.ts"
import * as FinishReason from "../FinishReason.ts"
import { ModelError } from "../ModelError.ts"
import type { StreamEvent } from "../StreamEvent.ts"
import * as FailureReason from "./FailureReason.ts"
import * as RequestedWait from "./RequestedWait.ts"
import * as SharedPlan from "./SharedPlan.ts"
import * as WebPage from "./WebPage.ts"

/** @since 0.1.0 @category models */
export interface ServerFailure {
  readonly status: number | undefined
  readonly type: string
  readonly code: string
  /** Other words for programs, such as Google's `RESOURCE_EXHAUSTED`. */
  readonly words: ReadonlyArray<string>
  readonly message: string
  /** How long to wait, in milliseconds, if the body says so. */
  readonly wait: number | undefined
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
 * Reads the answer to a request that was refused. The body may be JSON of any kind, whatever its content type says, an
 * event of a stream, plain text, or a web page from a machine between us and the server; a header may hold what the body
 * does not.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromHttp = (status: number, headers: Headers, body: string): ServerFailure => {
  const read = fromBody(isEncoded(headers) ? "" : parse(body) ?? firstEvent(body) ?? plainText(body, status, headers))
  const inHeader = fromBody(decodeHeader(headers["x-error-json"]))
  return {
    ...read,
    status,
    type: read.type || inHeader.type,
    code: read.code || inHeader.code,
    message: tellingStatus(status, headers, body) ??
      (read.message || inHeader.message || presentable(headers["x-openai-authorization-error"] ?? "")),
    headers: { ...read.headers, ...headers }
  }
}

/** Whether the body has an encoding that we did not ask for, and cannot read. */
const isEncoded = (headers: Headers): boolean => !/^(?:identity)?$/i.test(headers["content-encoding"]?.trim() ?? "")

/** Some servers have already begun to stream when they refuse. An event that does not say why tells nothing. */
const firstEvent = (body: string): unknown => {
  const data = /^(?:event:.*\r?\n)?(?:data|error):(.*)/.exec(body.trimStart())?.[1]
  const event = data === undefined ? undefined : parse(data)
  const { code, message } = fromBody(event)
  return message === "" && code === "" ? undefined : event
}

/** The reasons that a status gives better than its body, which comes from a machine in between. */
const tellingStatus = (status: number, headers: Headers, body: string): string | undefined => {
  if (status === 413 && (body.trim() === "" || WebPage.isPage(body))) {
    return "it is larger than this server takes; shorten the conversation"
  }
  const { location } = headers
  return location !== undefined && status >= 300 && status < 400
    ? `it is sent on (status ${status}) to ${presentable(location)}, which is not followed; ` +
      "name the server itself in OPENAI_BASE_URL"
    : undefined
}

/** The message of a body that is not JSON. */
const plainText = (body: string, status: number, headers: Headers): string => {
  if (WebPage.isPage(body)) return WebPage.sentence(body, status, headers["cf-ray"])
  // Cloudflare says no more than its status to programs.
  return /^\s*error code: \d+\s*$/i.test(body) ? WebPage.cloudflare(status) ?? body : body
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
    reason: FailureReason.of(failure, now),
    detail: detailOf(failure),
    ...defined({
      code: code === "" ? undefined : code,
      param,
      status,
      ...requestIds(headers)
    })
  })
}

const detailOf = ({ code, message: whole, param = "" }: ServerFailure): string => {
  const message = presentable(whole)
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
export const requestIds = (headers: Headers): { readonly requestId?: string; readonly cfRay?: string } =>
  defined({ requestId: requestId(headers), cfRay: headers["cf-ray"] })

/**
 * The same, with the current time.
 *
 * @since 0.1.0
 * @category conversions
 */
export const fail = (failure: ServerFailure): Effect.Effect<never, ModelError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => toModelError(failure, now))

/** @param depth how often a message was found to hold another body */
const fromBody = (said: unknown, depth = 0): ServerFailure => {
  // Google's servers send a list of one.
  const body: unknown = Array.isArray(said) ? said[0] : said
  const nested = nestedIn(body)
  const fields = Predicate.isRecord(nested) ? nested : body
  const type = text(field(fields, "type")) ?? text(field(fields, "error_type")) ?? ""
  const code = field(fields, "code") ?? field(fields, "error_code") ?? field(body, "code")
  const plan = field(fields, "plan_type")
  const metadata = field(fields, "metadata")
  const outer: ServerFailure = {
    status: [field(body, "status"), field(body, "status_code"), field(fields, "status"), code].map(statusIn)
      .find((status) => status !== undefined),
    // An event has its own.
    type: type === "error" || type.startsWith("response.") ? "" : type,
    code: textOrJson(code),
    words: wordsIn(fields),
    message: oneLine(Predicate.isString(nested) ? nested : sentenceOf(fields)),
    wait: RequestedWait.inBody(fields) ?? RequestedWait.inBody(body),
    param: presentable(text(field(fields, "param")) ?? "") || undefined,
    plan: plan === undefined ? undefined : textOrJson(plan),
    resetsAt: number(field(fields, "resets_at")),
    resetsInSeconds: number(field(fields, "resets_in_seconds")),
    headers: { ...headersOf(field(body, "headers")), ...headersOf(field(metadata, "headers")) }
  }
  if (depth === maxDepth) return outer
  // A server that stands before others hands on what they say, in the place of a message or beside it.
  const raw = field(metadata, "raw")
  const quoted = Predicate.isString(raw) ? parse(raw) ?? raw : raw
  if (quoted !== undefined) return quoting(outer, fromBody(quoted, depth + 1), `${outer.message}: `)
  const inner = /^\s*[{[]/.test(outer.message) ? parse(outer.message) : undefined
  return inner === undefined ? outer : quoting(outer, fromBody(inner, depth + 1), "")
}

const maxDepth = 3

const nestedIn = (body: unknown): unknown => {
  const { detail, error, errors } = {
    detail: field(body, "detail"),
    error: field(body, "error"),
    errors: field(body, "errors")
  }
  if (Predicate.isRecord(error) || Predicate.isString(error) && error !== "") return error
  if (Predicate.isRecord(detail)) return detail
  return Array.isArray(errors) ? errors[0] : undefined
}

/** What one server says of another: the other's words are the more precise. */
const quoting = (outer: ServerFailure, inner: ServerFailure, before: string): ServerFailure => ({
  ...outer,
  status: outer.status ?? inner.status,
  type: inner.type || outer.type,
  code: inner.code || outer.code,
  words: [outer.type, outer.code, ...outer.words, ...inner.words],
  message: inner.message === "" ? outer.message : `${before}${inner.message}`,
  wait: outer.wait ?? inner.wait,
  param: outer.param ?? inner.param,
  headers: { ...inner.headers, ...outer.headers }
})

/** A status may be told as a number or a text, beside other codes in the same place. */
const statusIn = (value: unknown): number | undefined => {
  const status = Predicate.isString(value) && /^\d{3}$/.test(value) ? Number(value) : number(value)
  return status !== undefined && status >= 400 && status < 600 ? status : undefined
}

/** Google, Azure and OpenRouter say why in places of their own. */
const wordsIn = (fields: unknown): ReadonlyArray<string> => {
  const list = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []
  const details = list(field(fields, "details"))
  return [
    field(fields, "status"),
    field(fields, "error_type"),
    field(field(fields, "innererror"), "code"),
    field(field(fields, "metadata"), "error_type"),
    ...details.map((detail) => field(detail, "reason")),
    ...details.flatMap((detail) => list(field(detail, "violations")).map((violation) => field(violation, "quotaId")))
  ].filter(Predicate.isString)
}

/** The message of an object, or of several; what has none is told as JSON. */
const sentenceOf = (value: unknown): string => {
  if (Array.isArray(value)) return value.map(sentenceOf).filter((sentence) => sentence !== "").join("; ")
  const name = Predicate.isRecord(value) ? messageNames.find((name) => field(value, name) !== undefined) : undefined
  if (name === undefined) return Predicate.isString(value) ? value : ""
  const said = field(value, name)
  const sentence = Predicate.isString(said) ? said : sentenceOf(said) || JSON.stringify(said)
  // FastAPI says which field it means.
  const place = field(value, "loc")
  return Array.isArray(place) && place.length > 0 ? `${sentence} (${place.join(".")})` : sentence
}

const messageNames = ["message", "detail", "msg", "error_message", "error_msg", "error_description", "Message"]

/** In an event their names are written in any case, and their values may be numbers. */
const headersOf = (headers: unknown): Headers =>
  Predicate.isRecord(headers)
    ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
    : {}

/** Base64 of JSON. */
const decodeHeader = (header: string | undefined): unknown =>
  header === undefined ? {} : parse(Either.getOrElse(Encoding.decodeBase64String(header), () => "")) ?? {}

/** A code that is not a text is kept as JSON. */
const textOrJson = (value: unknown): string => text(value) ?? (value === undefined ? "" : JSON.stringify(value))
