/**
 * What a failure means to the caller: the reason, judged by what the server says. Codes count before words and words
 * before the status, because servers agree on statuses least.
 *
 * The words are those of real servers; `test/responses/transport/refusals.ts` has them with their sources, and the
 * ordinary sentences that must not be taken for them.
 *
 * @internal
 */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import { defined } from "../../internal/json.ts"
import { presentable } from "../../internal/presentable.ts"
import * as RateLimitReading from "../account/RateLimitReading.ts"
import type { Reason } from "../ModelError.ts"
import * as RequestedWait from "./RequestedWait.ts"
import type { ServerFailure } from "./ServerFailure.ts"
import * as SharedPlan from "./SharedPlan.ts"

/**
 * @param now in milliseconds since 1970, for times that the server gives relative to it
 *
 * @since 0.1.0
 * @category conversions
 */
export const of = (failure: ServerFailure, now: number): Reason => {
  const { code, headers, message, status, type } = failure
  const said = new Set([code, type, ...failure.words].map(plain))
  const says = (words: ReadonlyArray<string>) => words.some((word) => said.has(plain(word)))
  const tells = (patterns: ReadonlyArray<RegExp>) => patterns.some((pattern) => pattern.test(message))
  const overloaded: Reason = { _tag: "Overloaded", ...defined({ retryAfter: RequestedWait.of(failure, now) }) }

  // Its codes mean the same whatever the status.
  const ofPlan = SharedPlan.reasonOf(code) ?? SharedPlan.reasonOf(type)
  if (ofPlan !== undefined) return ofPlan._tag === "Overloaded" ? overloaded : ofPlan

  // Another tier has room; this one will not have it within a minute, so a retry is useless.
  if (says(["flex_unavailable"])) return { _tag: "InvalidRequest" }
  if (says(["usage_limit_reached"]) || tells([/\busage limit has been reached/i])) {
    return {
      _tag: "UsageLimitReached",
      ...defined({
        plan: failure.plan ?? headers["x-codex-plan-type"],
        resetsAt: resetOf(failure, now),
        kind: headers["x-codex-rate-limit-reached-type"],
        limit: limitOf(headers),
        promo: presentable(headers["x-codex-promo-message"] ?? "") || undefined,
        windows: windowsOf(headers, now)
      })
    }
  }
  if (says(["usage_not_included"])) return { _tag: "QuotaExceeded", kind: "usage_not_included" }
  if (status === 402 || says(emptyAccount.codes) || tells(emptyAccount.words) || isUsedUp(failure)) {
    return { _tag: "QuotaExceeded" }
  }
  if (isBeyondRateLimit(message)) return { _tag: "InvalidRequest" }
  if ((status === undefined || status >= 500) && tells(loading)) return { ...overloaded, isLoading: true }

  // "Too many tokens" is said of a minute as well. A machine in between counts bytes, and has no words for it.
  if (status === 413 || says(overflow.codes) || status !== 429 && tells(overflow.words)) {
    return { _tag: "ContextOverflow" }
  }
  if (says(filtered.codes) || tells(filtered.words)) return { _tag: "ContentFiltered" }
  if (says(["malformed_function_call"])) return { _tag: "MalformedOutput" }
  if (says(noSuchModel.codes) || tells(noSuchModel.words)) return { _tag: "ModelUnavailable" }
  const mayBeCredential = status === undefined || status === 400 || status === 403
  if (status === 401 || says(credential.codes) || mayBeCredential && tells(credential.words)) {
    return { _tag: "Unauthorized" }
  }
  if (status === 501 || status === 500 && tells(neverServed)) return { _tag: "InvalidRequest" }
  if (says(atCapacity)) return overloaded
  if (status === 429 || says(limited.codes) || status === undefined && tells(limited.words)) {
    return { _tag: "RateLimited", ...defined({ retryAfter: RequestedWait.ofRateLimit(failure, now) }) }
  }
  // A stream that was accepted and then failed is the server's trouble, unless it names a fault of the request.
  const isOurs = status === undefined
    ? says(faultOfRequest) || /^(?:invalid|unsupported|image|empty_image|failed_to_download|missing|previous_response)_/
      .test(code) ||
      tells(complainsOfRequest)
    : status < 500 && status !== 408
  return isOurs ? { _tag: "InvalidRequest" } : overloaded
}

/** Servers write the same word in different ways: `DataInspectionFailed`, `data_inspection_failed`. */
const plain = (word: string): string => word.toLowerCase().replaceAll(/[^a-z0-9]/g, "")

interface Patterns {
  readonly codes: ReadonlyArray<string>
  readonly words: ReadonlyArray<RegExp>
}

/** The account has nothing left to pay with, or its allowance is used up for longer than anybody waits. */
const emptyAccount: Patterns = {
  codes: [
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "billing_hard_limit_reached",
    "billing_not_active",
    "exceeded_current_quota_error",
    "arrearage",
    // Zhipu's numbers: no balance, the allowance of the day, of the plan.
    "1113",
    "1304",
    "1308",
    "1310"
  ],
  words: [
    /\binsufficient (?:account )?(?:balance|credits?|funds|quota)\b/i,
    /\bcredit balance is too low\b/i,
    /\b(?:run|ran) out of credits\b|\bused all (?:of )?(?:its |your |the )?available credits\b/i,
    /\b(?:doesn't|don't|does not|do not) have (?:any|enough|sufficient) credits\b/i,
    /\brequires more credits\b|\bpayment is past due\b|\baccount is in good standing\b/i,
    /\breached (?:your|its|the) (?:\w+ ){0,2}(?:usage|spending) limit\b|(?:^|: )usage limit reached\b/i,
    /余额不足/
  ]
}

/**
 * OpenAI says "You exceeded your current quota" of an empty account, Google of the last minute too, and then how long
 * to wait.
 */
const isUsedUp = ({ message, wait, words }: ServerFailure): boolean =>
  words.some((word) => /per_?day/i.test(word)) ||
  /\bexceeded (?:your|its) current quota\b/i.test(message) && wait === undefined &&
    !/\bretry in \d/i.test(message) && !words.includes("RESOURCE_EXHAUSTED")

/** Whether the request is larger than what may be sent in a whole minute, so that waiting does not help. */
const isBeyondRateLimit = (message: string): boolean => {
  const [, limit = "", requested = ""] = /\blimit:? ?(\d[\d,_]*)\b.{0,40}?\brequested:? ?(\d[\d,_]*)/i.exec(message) ??
    []
  const isRate = /\bper (?:second|minute|min|hour|day)\b|\b[RT]P[SMHD]\b/i.test(message)
  return isRate && limit !== "" && amount(requested) > amount(limit)
}

const amount = (digits: string): number => Number(digits.replaceAll(/[,_]/g, ""))

const loading: ReadonlyArray<RegExp> = [
  /(?:^|: )loading model\b/i,
  /\bmodel\b.{0,150}?\bis (?:currently |still |being )*load(?:ing|ed)\b/i,
  /\bstill loading\b/i
]

const overflow: Patterns = {
  codes: [
    "context_length_exceeded",
    "context_window_exceeded",
    "model_context_window_exceeded",
    "exceed_context_size_error",
    "context_exceeded",
    "model_max_prompt_tokens_exceeded",
    "tokens_limit_reached",
    "1261"
  ],
  words: [
    /\b(?:exceed|overflow|larger|longer|greater|more|beyond|too long|fit|out of room|out of context)\w*\b.{0,80}\bcontext(?:'s)? (?:window|length|size|limit)\b/i,
    /\bcontext (?:window|length|size|limit)\b.{0,80}\b(?:exceed|overflow|not enough|too small)/i,
    /\bexceeds? the context\b|\bmax(?:imum)? context\b|\bcontext the overflows\b/i,
    /\b(?:input|prompt|conversation)(?: \([^)]*\))? (?:is|are) too long\b|(?:^|: )prompt too long\b/i,
    /\blonger than the (?:maximum )?model length\b|\bmaximum (?:prompt|context) (?:length|size)\b/i,
    /\b(?:input|prompt) tokens? count\b.{0,60}\bexceed/i,
    /\bexceed\w* (?:the )?model(?:'s)? (?:max\w* )?(?:token limit|length)\b|\bmodel max length exceeded\b/i,
    /\bprompt (?:tokens )?(?:limit exceeded|exceeds (?:the )?max\w* length)\b/i,
    /\brange of input length should be\b/i,
    /`?\binputs?`? (?:tokens \+ `?max_new_tokens`? must be <=|must have less than \d+ tokens)/i,
    /\breduce the length of (?:the|your) (?:messages|input|prompt)\b/i
  ]
}

const filtered: Patterns = {
  codes: [
    "cyber_policy",
    "bio_policy",
    "invalid_prompt",
    "content_filter",
    "content_filtered",
    "content_policy_violation",
    "image_content_policy_violation",
    "responsible_ai_policy_violation",
    "data_inspection_failed",
    "prohibited_content",
    "1301"
  ],
  words: [
    /\bcontent (?:management|safety|moderation) (?:policy|policies)\b|\bviolates? (?:our |the )?usage (?:guidelines|policies|policy)\b/i,
    /\byour (?:input|prompt|request) was flagged\b|\bcontent exists risk\b/i,
    /\b(?:may|might) contain (?:inappropriate|unsafe|sensitive) content\b|不安全或敏感内容/i
  ]
}

/** A name, in quotes or not. */
const name = String.raw`(?:"[^"]{1,150}"|'[^']{1,150}'|\x60[^\x60]{1,150}\x60|[^\s"'\x60]{1,150})`
/** The model, with its name or without it, as what a sentence speaks of: a thing of the model is something else. */
const named = String.raw`(?<!\b(?:of|for|in|by|with) (?:this |the |that )?)\bmodels?(?:[\s:/]+${name})?,? `

const noSuchModel: Patterns = {
  codes: [
    "model_not_found",
    "invalid_model",
    "unknown_model",
    "model_not_available",
    "model_not_supported",
    "model_decommissioned",
    "deployment_not_found",
    "1211"
  ],
  words: [
    new RegExp(`${named}(?:(?:does |do |could |can )?not exist|doesn't exist|(?:is |was )?not found)\\b`, "i"),
    new RegExp(`${named}has been (?:decommissioned|retired|removed)\\b`, "i"),
    new RegExp(`${named}is not supported (?:when using|by)\\b`, "i"),
    /\b(?:requested|selected|specified|provided) model is not supported\b/i,
    /\bmodel not found\b|\bmodel access denied\b|\bno models? (?:is |are )?loaded\b/i,
    /\binvalid model(?: name| identifier| id)?(?::|,| ["'`]|$)/i,
    /\bunknown model(?::|,| ["'`]|$)/i,
    /\bis not a valid model\b|\bmodel identifier is invalid\b|(?:^|: )model: \S+$/i,
    /\bunable to access (?:non-serverless )?model\b|\bnot have access to (?:the |this )?model\b/i,
    /\bsupported (?:api )?model names are\b|\bno endpoints found\b|\bfailed to load model\b/i
  ]
}

const credential: Patterns = {
  codes: [
    "token_invalidated",
    "token_expired",
    "token_revoked",
    "invalid_token",
    "invalid_api_key",
    "incorrect_api_key",
    "api_key_invalid",
    "authentication_error",
    "invalid_authentication_error",
    "unauthorized",
    "unauthenticated",
    "refresh_token_expired",
    "refresh_token_reused",
    "refresh_token_invalidated"
  ],
  words: [
    /\b(?:incorrect|invalid|wrong|missing|expired) api[ _-]?key\b/i,
    /\bapi[ _-]?key (?:is )?(?:not valid|invalid|incorrect|expired|missing|not found)\b/i,
    /\bno api[ _-]?key (?:was )?provided\b|\binvalid authorization header\b|\bauthentication fail/i
  ]
}

/** Said with the status 500 of what the same request will meet again. */
const neverServed: ReadonlyArray<RegExp> = [
  /\b(?:is|are) not supported\b|\bunsupported (?:param|content|type|value)|\bdoes not support\b|\bonly '\w+' content type\b/i,
  /\brequires? --\w|\brequires more system memory\b/i,
  // A template, or JSON in the history, that cannot be read.
  /\bjinja\b|\bchat template\b|\bjson\.exception\b|\bfor this template\b|\bat (?:row|line) \d+, column \d+/i,
  /\bfailed to parse (?:messages|tools|tool call|grammar|json schema)\b/i
]

const atCapacity = [
  "server_is_overloaded",
  "slow_down",
  "overloaded",
  "overloaded_error",
  "engine_overloaded_error",
  "server_error",
  "service_unavailable_error",
  "unavailable_error"
]

const limited: Patterns = {
  codes: [
    "rate_limit_exceeded",
    "rate_limit_error",
    "too_many_requests",
    "resource_exhausted",
    "throttling",
    "throttling_exception",
    "limit_requests",
    "1302",
    "1303",
    "1305"
  ],
  words: [/\brate[- ]?limit(?:s|ed)?\b|\btoo many requests\b/i]
}

const faultOfRequest = ["invalid_request_error", "bad_request_error", "invalid_parameter_error", "invalid_argument"]
const complainsOfRequest = [
  /^(?:unsupported|unknown|invalid|missing required) (?:parameter|value|type)\b/i,
  /^item .* of type /i
]

/** The windows of the limit that refused. */
const windowsOf = (
  headers: ServerFailure["headers"],
  now: number
): ReadonlyArray<RateLimitReading.Window> | undefined => {
  const reading = RateLimitReading.fromHeaders(headers, DateTime.unsafeMake(now))
  const active = reading?.limits.find(({ id }) => id === reading.activeLimit)
  return (active ?? reading?.limits[0])?.windows
}

/** The name of the limit that refused, unless it is the plan's own. */
const limitOf = (headers: ServerFailure["headers"]): string | undefined => {
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
