/**
 * Why a model call gave no answer: one class, and a reason that says what the caller may do about it.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { manageUsage } from "../auth/Host.ts"
import { isAdvice, isFinal } from "../internal/networkProblem.ts"
import { Window } from "./account/RateLimitReading.ts"

/**
 * - `UsageLimitReached` the plan is used up until `resetsAt`; `kind` is the server's word for the kind of limit,
 *   `limit` the name of one that is not the plan's own, `promo` what the server offers, and `windows` tells how far
 *   each of them is used
 * - `RateLimited` too many requests just now; `retryAfter` in milliseconds when the server said
 * - `QuotaExceeded` the API account has no credit left, or the plan does not include this: then `kind`, the server's
 *   word, is `usage_not_included`
 * - `Unauthorized` the credential was refused, or there is none
 * - `Forbidden` the credential is good, and not for this: the plan, the workspace or what was agreed to does not allow
 *   it; `kind` is the server's word for which of them
 * - `ModelUnavailable` this account cannot use this model; `models` are those that it can, if that is known
 * - `ContextOverflow` the conversation no longer fits into the model
 * - `InvalidRequest` the server refused the request as it stands
 * - `ContentFiltered` the server declined for reasons of policy
 * - `Overloaded` the server is at capacity or failed, or is loading the model (`isLoading`); `retryAfter` in
 *   milliseconds when the server said
 * - `Transport` the server was not reached, or did not answer
 * - `StreamIncomplete` the stream ended, or broke off, before the response did
 * - `IdleTimeout` the server fell silent
 * - `MalformedOutput` the answer could not be understood
 * - `NoAnswer` the model ended its turn without saying anything
 *
 * @since 0.1.0
 * @category models
 */
export const Reason = Schema.Union(
  Schema.TaggedStruct("UsageLimitReached", {
    plan: Schema.optional(Schema.String),
    resetsAt: Schema.optional(Schema.DateTimeUtc),
    kind: Schema.optional(Schema.String),
    limit: Schema.optional(Schema.String),
    promo: Schema.optional(Schema.String),
    windows: Schema.optional(Schema.Array(Window))
  }),
  Schema.TaggedStruct("RateLimited", { retryAfter: Schema.optional(Schema.Number) }),
  Schema.TaggedStruct("QuotaExceeded", { kind: Schema.optional(Schema.String) }),
  Schema.TaggedStruct("Unauthorized", {}),
  Schema.TaggedStruct("Forbidden", { kind: Schema.String }),
  Schema.TaggedStruct("ModelUnavailable", { models: Schema.optional(Schema.Array(Schema.String)) }),
  Schema.TaggedStruct("ContextOverflow", {}),
  Schema.TaggedStruct("InvalidRequest", {}),
  Schema.TaggedStruct("ContentFiltered", {}),
  Schema.TaggedStruct("Overloaded", {
    retryAfter: Schema.optional(Schema.Number),
    isLoading: Schema.optional(Schema.Literal(true))
  }),
  Schema.TaggedStruct("Transport", {}),
  Schema.TaggedStruct("StreamIncomplete", {}),
  Schema.TaggedStruct("IdleTimeout", {}),
  Schema.TaggedStruct("MalformedOutput", {}),
  Schema.TaggedStruct("NoAnswer", {})
)

/** @since 0.1.0 @category models */
export type Reason = typeof Reason.Type

/**
 * A model call failed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ModelError extends Schema.TaggedError<ModelError>("effixir/responses/ModelError")("ModelError", {
  reason: Reason,
  /** What the server, or the network, said. */
  detail: Schema.String,
  /** The server's own word for it, such as `invalid_encrypted_content`. */
  code: Schema.optional(Schema.String),
  /** What of the request it is about. */
  param: Schema.optional(Schema.String),
  /** Of HTTP, or the one that an event told. */
  status: Schema.optional(Schema.Number),
  /** What the operators of the server, and of the network before it, find this call by. */
  requestId: Schema.optional(Schema.String),
  cfRay: Schema.optional(Schema.String),
  /** How often the request was sent, if more than once: the HTTP client of a program may try again by itself. */
  sends: Schema.optional(Schema.Number),
  cause: Schema.optional(Schema.Defect)
}) {
  /** Whether the same request may succeed if it is sent again. */
  get isRetryable(): boolean {
    return retryable.has(this.reason._tag) && !isFinal(this.cause)
  }

  /** Whether the server was reached, and is still loading the model. */
  get isLoading(): boolean {
    return this.reason._tag === "Overloaded" && this.reason.isLoading === true
  }

  /** How long the server asks to wait before that, in milliseconds. */
  get retryAfter(): number | undefined {
    return this.reason._tag === "RateLimited" || this.reason._tag === "Overloaded" ? this.reason.retryAfter : undefined
  }

  override get message(): string {
    // The error of the credential lookup explains best why there is no credential.
    if (this.reason._tag === "Unauthorized" && this.cause instanceof Error) return this.cause.message
    const status = this.status === undefined ? "" : ` (status ${this.status})`
    const said = this.detail === "" ? status : `: ${this.detail}`
    const sentence = this.reason._tag === "Transport" && isAdvice(this.cause) ? unreachable : sentenceOf(this.reason)
    return `${sentence}${said}${this.requestId === undefined ? "" : ` (request ${this.requestId})`}`
  }
}

/**
 * The same error without what `hide` cuts out. A cause that quotes a secret is left out: the secret may be anywhere in
 * it.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ModelError, Responses } from "effixir"
 * import type { Request } from "effixir"
 *
 * const ask = (request: Request.Request, key: string) =>
 *   Responses.complete(request).pipe(
 *     Effect.mapError((error) => ModelError.withoutSecrets(error, (text) => text.replaceAll(key, "***")))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutSecrets = (error: ModelError, hide: (text: string) => string): ModelError => {
  const { cause, reason, ...fields } = error
  const quotes = (text: string) => hide(text) !== text
  const isCauseTold = !quotes(messagesOf(cause))
  if (isCauseTold && !quotes(JSON.stringify([reason, fields]))) return error
  const hidden = <A>(value: A): A =>
    JSON.parse(JSON.stringify(value), (_, value: unknown) => Predicate.isString(value) ? hide(value) : value)
  return new ModelError({
    ...hidden(fields),
    reason: decodeReason(hidden(encodeReason(reason))),
    ...(isCauseTold ? { cause } : {})
  })
}

const encodeReason = Schema.encodeSync(Reason)
const decodeReason = Schema.decodeSync(Reason)

/** All messages of an error and its causes. */
const messagesOf = (error: unknown, depth = 0): string =>
  error instanceof Error && depth < 10
    ? `${error.stack ?? error.message}\n${messagesOf(error.cause, depth + 1)}`
    : String(error)

const retryable: ReadonlySet<Reason["_tag"]> = new Set([
  "RateLimited",
  "Overloaded",
  "Transport",
  "StreamIncomplete",
  "IdleTimeout"
])

const unreachable = "The model could not be reached"

const sentenceOf = (reason: Reason): string => {
  switch (reason._tag) {
    case "UsageLimitReached": {
      if (reason.kind?.startsWith("subscription_sharing_") === true) return sharedLimit(reason.kind)
      const plan = reason.plan === undefined ? "" : ` (${reason.plan} plan)`
      const until = reason.resetsAt === undefined ? "Try again later" : `Try again after ${local(reason.resetsAt)}`
      const whose = reason.limit === undefined ? "" : ` for ${reason.limit}`
      const offer = reason.promo === undefined ? "" : ` ${reason.promo.replace(/[.\s]+$/, "")}.`
      return `The ChatGPT usage limit${whose} is reached${plan}.${offer} ${until}${alternative(reason)}, or ${useKey}`
    }
    case "RateLimited":
      return `Too many requests; ${waitAdvice(reason.retryAfter) ?? "wait a little and try again"}`
    case "QuotaExceeded":
      return reason.kind === notIncluded
        ? `The ChatGPT plan of this account does not include this; ${plus}, or ${useKey}`
        : "The account has no quota left for this; check its plan and billing"
    case "Unauthorized":
      return "The credential was not accepted; sign in with `effixir login` or check OPENAI_API_KEY"
    case "Forbidden":
      return forbidden(reason.kind)
    case "ModelUnavailable":
      return `This model cannot be used with this account; choose another one${listed(reason.models)}`
    case "ContextOverflow":
      return "The conversation no longer fits into the model's context window; begin a new session, ask for less at a " +
        "time, or choose a model with a larger window"
    case "InvalidRequest":
      return "The server refused the request"
    case "ContentFiltered":
      return "The server declined to answer"
    case "Overloaded":
      if (reason.isLoading === true) return "The server is still loading the model; try again when it is ready"
      return `The model is overloaded or failing; ${waitAdvice(reason.retryAfter) ?? "try again later"}`
    case "Transport":
      return `${unreachable}; check the network and any proxy (HTTPS_PROXY)`
    case "StreamIncomplete":
      return "The stream ended before the response was complete"
    case "IdleTimeout":
      return "The server fell silent"
    case "MalformedOutput":
      return "The server's answer could not be understood"
    case "NoAnswer":
      return "The model ended without an answer"
  }
}

/**
 * The server says neither when the limit ends, nor whether it is the plan's or one that a person has set for this
 * program.
 */
const sharedLimit = (kind: string): string =>
  `The ChatGPT usage limit for this program is reached. Manage usage: ${manageUsage}` +
  (kind.includes("workplace")
    ? "; the administrator of your workspace can raise it"
    : "; it is the limit of your plan, or one that you have set for this program")

const forbidden = (kind: string): string => {
  if (kind.startsWith("chatpass_v2_")) {
    return "What you have agreed to does not allow this; sign in again with `effixir login --chatgpt` and let it use your plan"
  }
  return kind.endsWith("client_not_enabled")
    ? "This program may not use ChatGPT plans at the moment; sign in with `effixir login --codex`, or use an API key"
    : "This ChatGPT account may not use its plan here: the plan, the workspace or a policy does not allow it"
}

/** Lists the first few models. */
const listed = (models: ReadonlyArray<string> = []): string => {
  if (models.length === 0) return ""
  const more = models.length > maxListed ? `, and ${models.length - maxListed} more (\`effixir models\`)` : ""
  return `: ${models.slice(0, maxListed).join(", ")}${more}`
}

const maxListed = 12

const local = (time: DateTime.Utc): string =>
  DateTime.formatLocal(time, { locale: "en-GB", dateStyle: "medium", timeStyle: "short" })

/** Names the wait if it is longer than a person would expect. */
const waitAdvice = (retryAfter = 0): string | undefined => {
  const seconds = Math.ceil(retryAfter / 1000)
  if (seconds < 10) return undefined
  const [amount, unit] = seconds < 120
    ? [seconds, "seconds"]
    : seconds < 2 * 3600
    ? [Math.ceil(seconds / 60), "minutes"]
    : [Math.ceil(seconds / 3600), "hours"]
  return `the server asks to wait ${amount} ${unit}`
}

/** What else a person can do, depending on the kind of limit and the plan. */
const alternative = (
  { kind = "", limit, plan = "", promo }: Extract<Reason, { readonly _tag: "UsageLimitReached" }>
) => {
  if (limit !== undefined) return ", switch to another model"
  if (kind.startsWith("workspace_member")) return ", ask the owner of your workspace for more"
  if (kind === "workspace_owner_credits_depleted") return `, add credits (${usagePage})`
  if (kind.startsWith("workspace_owner")) return ", raise the spending limit of your workspace"
  if (promo !== undefined) return ""
  switch (plan) {
    case "free":
    case "go":
      return `, ${plus}`
    case "plus":
      return `, upgrade to Pro (https://chatgpt.com/explore/pro), buy credits (${usagePage})`
    case "pro":
    case "prolite":
      return `, buy credits (${usagePage})`
    case "team":
    case "business":
    case "self_serve_business_usage_based":
      return ", ask the administrator of your workspace for more"
    default:
      return ""
  }
}

/** The server's code for a plan that does not include this. */
const notIncluded = "usage_not_included"

const plus = "upgrade to Plus (https://chatgpt.com/explore/plus)"
const useKey = "use an API key (OPENAI_API_KEY and `--auth api-key`)"
const usagePage = "https://chatgpt.com/codex/settings/usage"
