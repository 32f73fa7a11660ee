import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import type { ModelError, Reason } from "../../../src/responses/ModelError.ts"
import * as StreamEvent from "../../../src/responses/StreamEvent.ts"
import * as ServerFailure from "../../../src/responses/transport/ServerFailure.ts"
import * as Recordings from "../recordings.ts"

type Tag = Reason["_tag"]

const now = Date.UTC(2026, 10, 22, 12)

const http = (status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): ModelError =>
  ServerFailure.toModelError(
    ServerFailure.fromHttp(status, headers, typeof body === "string" ? body : JSON.stringify(body)),
    now
  )

const inStream = (raw: object): ModelError | undefined => {
  const failure = ServerFailure.fromEvent(StreamEvent.fromJson(raw))
  return failure === undefined ? undefined : ServerFailure.toModelError(failure, now)
}

/** What a person would expect of a recorded refusal, by what it says. The first row that fits counts. */
const expectations: ReadonlyArray<readonly [RegExp, Tag]> = [
  [/"usage_limit_reached"/, "UsageLimitReached"],
  [/"insufficient_quota"/, "QuotaExceeded"],
  [/"context_length_exceeded"/, "ContextOverflow"],
  [/"model_not_found"|Model not found/, "ModelUnavailable"],
  [/"token_invalidated"|"refresh_token_reused"/, "Unauthorized"],
  [/"server_error"|"server_is_overloaded"/, "Overloaded"],
  [/Response with id '\w+' not found/, "InvalidRequest"],
  [
    /"(?:invalid|unsupported)_(?:file|value)"|"missing_required_parameter"|"previous_response_not_found"/,
    "InvalidRequest"
  ],
  [/without its required following item|Unsupported parameter|Deep research models require/, "InvalidRequest"],
  [/Store must be set to false/, "InvalidRequest"]
]

const limit = { type: "usage_limit_reached", message: "The usage limit has been reached" }

/** Errors that may turn up in any of the four places. */
const anywhere: ReadonlyArray<readonly [status: number, code: string, message: string, Tag]> = [
  [429, "insufficient_quota", "You exceeded your current quota.", "QuotaExceeded"],
  [403, "usage_not_included", "Upgrade to Plus.", "QuotaExceeded"],
  [429, "rate_limit_exceeded", "Rate limit reached. Please try again in 11.054s.", "RateLimited"],
  [400, "context_length_exceeded", "Too long.", "ContextOverflow"],
  [413, "context_window_exceeded", "Too long.", "ContextOverflow"],
  [400, "exceed_context_size_error", "Too long.", "ContextOverflow"],
  [400, "invalid_prompt", "This prompt is not allowed.", "ContentFiltered"],
  [400, "content_policy_violation", "This is not allowed.", "ContentFiltered"],
  [400, "cyber_policy", "This looks like an attack.", "ContentFiltered"],
  [400, "bio_policy", "This looks dangerous.", "ContentFiltered"],
  [404, "model_not_found", "There is no such model.", "ModelUnavailable"],
  [401, "token_invalidated", "Please try signing in again.", "Unauthorized"],
  [401, "token_expired", "Your authentication token has expired.", "Unauthorized"],
  [401, "refresh_token_reused", "Please try signing in again.", "Unauthorized"],
  [402, "insufficient_quota", "Insufficient credits.", "QuotaExceeded"],
  [401, "invalid_api_key", "Incorrect API key.", "Unauthorized"],
  [503, "server_is_overloaded", "Busy.", "Overloaded"],
  [429, "subscription_sharing_usage_limit_exceeded", "No more today.", "UsageLimitReached"],
  [429, "subscription_sharing_workplace_individual_usage_limit_exceeded", "No more today.", "UsageLimitReached"],
  [503, "subscription_sharing_usage_unavailable", "Try again.", "Overloaded"],
  [503, "subscription_sharing_user_unavailable", "Try again.", "Overloaded"],
  [503, "subscription_sharing_v2_user_unavailable", "Try again.", "Overloaded"],
  [403, "subscription_sharing_user_not_eligible", "Not with this plan.", "Forbidden"],
  [403, "subscription_sharing_v2_user_not_eligible", "Not with this plan.", "Forbidden"],
  [403, "subscription_sharing_v2_client_not_enabled", "Not this program.", "Forbidden"],
  [400, "subscription_sharing_unsupported_capability", "Not with a plan.", "InvalidRequest"],
  [403, "subscription_sharing_route_not_supported", "Not this path.", "InvalidRequest"],
  [401, "subscription_sharing_invalid_user", "Who is this?", "Unauthorized"],
  [403, "chatpass_v2_scope_not_authorized", "Not agreed to.", "Forbidden"],
  [403, "chatpass_v2_invalid_authorization_context", "Not agreed to.", "Forbidden"],
  // Its status may be another one.
  [400, "subscription_sharing_usage_limit_exceeded", "No more today.", "UsageLimitReached"],
  [403, "subscription_sharing_user_unavailable", "Try again.", "Overloaded"],
  [429, "flex_unavailable", "No room in flex.", "InvalidRequest"],
  [503, "slow_down", "Busy.", "Overloaded"],
  [500, "server_error", "The server had an error.", "Overloaded"],
  [504, "vector_store_timeout", "The vector store was too slow.", "Overloaded"],
  [400, "invalid_encrypted_content", "The encrypted content could not be verified.", "InvalidRequest"],
  [400, "unsupported_image_media_type", "Send a PNG.", "InvalidRequest"],
  [400, "image_too_large", "Send a smaller one.", "InvalidRequest"],
  [400, "empty_image_file", "Send another one.", "InvalidRequest"],
  [400, "failed_to_download_image", "Send another one.", "InvalidRequest"]
]

/** What the API may name in a response that has failed, beside the above. */
const named: ReadonlyArray<readonly [code: string, Tag]> = [
  ["invalid_image", "InvalidRequest"],
  ["invalid_image_format", "InvalidRequest"],
  ["invalid_base64_image", "InvalidRequest"],
  ["invalid_image_url", "InvalidRequest"],
  ["invalid_image_mode", "InvalidRequest"],
  ["image_too_small", "InvalidRequest"],
  ["image_parse_error", "InvalidRequest"],
  ["image_content_policy_violation", "ContentFiltered"],
  ["image_file_too_large", "InvalidRequest"],
  ["image_file_not_found", "InvalidRequest"]
]

/** Overflow as servers tell of it when no code does. */
const overflows = [
  "Your input exceeds the context window of this model. Please adjust your input and try again.",
  "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
  "The prompt exceeds the context length.",
  "The request exceeds the context of this model",
  "Input is too long for requested model.",
  "prompt is too long: 210000 tokens > 200000 maximum",
  "the request exceeds the available context size, try increasing it",
  "Please reduce the length of the messages or completion."
]

const page =
  `<!DOCTYPE html>\n<html><head><title>Attention Required! | Cloudflare</title></head><body>blocked</body></html>`

describe("ServerFailure", () => {
  describe.runIf(Recordings.areHere)("ServerFailure over recorded refusals", () => {
    it("classifies each as a person would", () => {
      for (const { body, status } of Recordings.refusals) {
        const told = JSON.stringify(body)
        const expected = expectations.find(([pattern]) => pattern.test(told))?.[1]
        assert.isDefined(expected, told)
        const error = body["type"] === "response.failed" ? inStream(body) : http(status ?? 429, body)
        assert.strictEqual(error?.reason._tag, expected, told)
        const message = Recordings.at(body, "error", "message") ?? body["detail"] ??
          Recordings.at(body, "response", "error", "message")
        assert.strictEqual(error?.detail, message)
      }
    })

    it("tells when each used-up plan is good again", () => {
      for (const { body, status } of Recordings.refusals) {
        const resetsAt = Recordings.at(body, "error", "resets_at")
        if (typeof resetsAt !== "number") continue
        const { reason } = http(status ?? 429, body)
        assert.deepStrictEqual(reason, {
          _tag: "UsageLimitReached",
          plan: String(Recordings.at(body, "error", "plan_type")),
          resetsAt: DateTime.unsafeMake(resetsAt * 1000)
        })
      }
    })
  })

  it("reads a refusal in the words of either half of the plan's route", () => {
    const token = http(401, { detail: { error_code: "invalid_token" } })
    assert.deepInclude({ ...token }, { reason: { _tag: "Unauthorized" }, code: "invalid_token" })
    const part = http(400, {
      detail: { code: "subscription_sharing_unsupported_capability", param: "tools[0].type" }
    }, { "x-request-id": "req-1" })
    assert.deepInclude({ ...part }, { reason: { _tag: "InvalidRequest" }, param: "tools[0].type", requestId: "req-1" })
    assert.include(part.message, "tools[0].type")
    const said = http(400, { error: { code: part.code, message: "'top_p' is not supported.", param: "top_p" } })
    assert.strictEqual(said.detail, "'top_p' is not supported.")
    assert.strictEqual(said.param, "top_p")
    assert.strictEqual(http(503, { detail: "Down for a while" }).reason._tag, "Overloaded")
    assert.isFalse(http(403, { detail: "Not in your region" }).isRetryable)
  })

  it.each(anywhere)("reads the same in every place: %i %s", (status, code, message, expected) => {
    const error = { code, message }
    const places = [
      http(status, { error: { ...error, type: null, param: null } }),
      http(status, { error: { type: code, message, code: null } }),
      inStream({ type: "response.failed", response: { status: "failed", error } }),
      inStream({ type: "error", ...error, param: null }),
      inStream({ type: "error", error, status }),
      inStream({ type: "error", error: { ...error, type: "" }, status_code: status })
    ]
    for (const place of places) {
      assert.strictEqual(place?.reason._tag, expected)
      assert.strictEqual(place?.detail, message)
    }
    for (const place of [places[0], places[4], places[5]]) assert.strictEqual(place?.status, status)
  })

  it("reads a used-up plan in every place", () => {
    const error = { ...limit, plan_type: "plus", resets_at: 1_777_936_568, resets_in_seconds: 13_872 }
    const expected = { _tag: "UsageLimitReached", plan: "plus", resetsAt: DateTime.unsafeMake(1_777_936_568_000) }
    for (
      const place of [
        http(429, { error }),
        inStream({ type: "response.failed", response: { error } }),
        inStream({ type: "error", error, status: 429 }),
        inStream({ type: "error", error, status_code: 429 })
      ]
    ) assert.deepStrictEqual<unknown>(place?.reason, expected)
  })

  it("reads a used-up plan that does not say when it is good again", () => {
    assert.deepStrictEqual<unknown>(http(429, { error: limit }).reason, { _tag: "UsageLimitReached" })
    const odd = { ...limit, plan_type: null, resets_at: 1e300 }
    assert.deepStrictEqual<unknown>(http(429, { error: odd }).reason, { _tag: "UsageLimitReached" })
  })

  it.each(overflows)("knows a conversation that is too long: %s", (message) => {
    for (
      const error of [
        http(400, { error: { message, type: "invalid_request_error", code: null } }),
        http(413, { error: { message } }),
        http(400, { detail: message }),
        inStream({ type: "response.failed", response: { error: { code: "invalid_request", message } } }),
        inStream({ type: "error", message }),
        inStream({ type: "error", error: { message }, status: 400 })
      ]
    ) assert.strictEqual(error?.reason._tag, "ContextOverflow")
  })

  it.each(
    [
      [400, "The 'gpt-5.4' model is not supported when using Codex with a ChatGPT account.", "ModelUnavailable"],
      [404, "The model `gpt-9` does not exist or you do not have access to it.", "ModelUnavailable"],
      [404, "Model not found gpt-9", "ModelUnavailable"],
      [404, "model \"gpt-oss\" not found, try pulling it first", "ModelUnavailable"],
      [404, "Not Found", "InvalidRequest"],
      [400, "Instructions are required", "InvalidRequest"],
      [401, "Unauthorized", "Unauthorized"],
      [408, "Timeout", "Overloaded"],
      [429, "Too many requests", "RateLimited"],
      [500, "", "Overloaded"],
      [503, "Try later", "Overloaded"],
      [529, "Overloaded", "Overloaded"]
    ] as const
  )("reads the status where no code is told: %i %s", (status, message, expected) => {
    for (
      const error of [http(status, { detail: message }), http(status, { error: { message } }), http(status, message)]
    ) {
      assert.strictEqual(error.reason._tag, expected)
      assert.strictEqual(error.detail, message)
      assert.strictEqual(error.status, status)
    }
  })

  it("takes a stream that fails without a word for the server's trouble", () => {
    for (
      const raw of [{ type: "error" }, { type: "error", error: null }, { type: "response.failed", response: null }]
    ) {
      const error = inStream(raw)
      assert.strictEqual(error?.reason._tag, "Overloaded")
      assert.strictEqual(error?.message, "The model is overloaded or failing; try again later")
    }
  })

  it.each(
    [
      ["Unsupported parameter: 'max_tool_calls'", "InvalidRequest"],
      ["Item 'rs_1' of type 'reasoning' was provided without its required following item.", "InvalidRequest"],
      ["The usage limit has been reached", "UsageLimitReached"],
      ["Something went wrong", "Overloaded"]
    ] as const
  )("reads the words of a stream that fails where no code is told: %s", (message, expected) => {
    assert.strictEqual(inStream({ type: "error", code: null, message })?.reason._tag, expected)
  })

  it("says in a sentence what no body says", () => {
    const sentence = (status: number, body = "", headers: Readonly<Record<string, string>> = {}) =>
      http(status, body, headers).message
    assert.strictEqual(sentence(409), "The server refused the request (status 409)")
    const moved = sentence(307, page, { location: "https://other.test/v1/responses" })
    assert.match(moved, /status 307\) to https:\/\/other\.test\/v1\/responses, which is not followed.*OPENAI_BASE_URL/)
    assert.match(sentence(413, page), /larger than this server takes; shorten the conversation/)
    for (const body of [page, "", JSON.stringify({ message: "Request Entity Too Large" })]) {
      assert.strictEqual(http(413, body).reason._tag, "ContextOverflow", "so that it is compacted")
    }
    assert.strictEqual(
      sentence(400, "\u001f\u008b\b", { "content-encoding": "gzip" }),
      "The server refused the request (status 400)"
    )
    assert.include(
      sentence(400, JSON.stringify([{ error: { code: 400, message: "API key not valid" } }])),
      "API key not valid"
    )
  })

  it.each(named)("knows what the API names in a response that has failed: %s", (code, expected) => {
    const error = { code, message: "Send another one." }
    assert.strictEqual(inStream({ type: "response.failed", response: { error } })?.reason._tag, expected)
    assert.strictEqual(inStream({ type: "error", param: null, ...error })?.reason._tag, expected)
  })

  it("reads an odd body without losing what it says", () => {
    assert.strictEqual(http(400, { error: "plain" }).detail, "plain")
    assert.strictEqual(http(422, { detail: [{ msg: "field required" }] }).detail, "field required")
    assert.strictEqual(http(400, "  upstream said no \n").detail, "upstream said no")
    assert.strictEqual(http(400, "").detail, "")
    assert.strictEqual(http(400, "[]").detail, "")
    assert.strictEqual(http(502, "x".repeat(10_000)).detail.length, 500)
  })

  it.each(["", "\n  ", "\uFEFF"])("never shows a web page: %j before it", (space) => {
    for (const [status, expected] of [[403, "InvalidRequest"], [502, "Overloaded"], [429, "RateLimited"]] as const) {
      const error = http(status, `${space}${page}`, { "cf-ray": "8f1-FRA" })
      assert.strictEqual(error.reason._tag, expected)
      assert.notMatch(error.message, /[<>]|html|Attention/i)
      assert.include(error.message, "cf-ray 8f1-FRA")
      assert.include(error.message, "a proxy or a network block")
    }
    assert.notInclude(http(403, `${space}${page}`).message, "cf-ray")
  })

  it("tells how long to wait, by the most exact source that there is", () => {
    const wait = (headers: Readonly<Record<string, string>>, message = "") => {
      const { reason } = http(429, { error: { code: "rate_limit_exceeded", message } }, headers)
      return reason._tag === "RateLimited" ? reason.retryAfter : undefined
    }
    const soon = "Rate limit reached. Please try again in 11.054s. Visit the dashboard."
    assert.strictEqual(wait({ "retry-after-ms": "1500", "retry-after": "9" }, soon), 1500)
    assert.strictEqual(wait({ "retry-after": "2" }, soon), 2000)
    assert.strictEqual(wait({ "retry-after": "Sun, 22 Nov 2026 12:00:07 GMT" }, soon), 7000)
    assert.strictEqual(wait({ "retry-after": "Sun, 22 Nov 2026 11:00:00 GMT" }, soon), 0)
    assert.strictEqual(wait({ "retry-after": "soon" }, soon), 11_054)
    assert.strictEqual(wait({}, soon), 11_054)
    assert.strictEqual(wait({}, "Please try again in 250ms."), 250)
    assert.strictEqual(wait({}, "TRY AGAIN IN 3 SECONDS"), 3000)
    assert.strictEqual(wait({}, "Please try again in 6m0s."), 360_000)
    assert.strictEqual(wait({}, "Please try again in 1h2m3.5s."), 3_723_500)
    assert.strictEqual(wait({}, "Please try again in 20 minutes."), 1_200_000)
    assert.strictEqual(wait({}, "Please try again in 1 hour 5 min, or later."), 3_900_000)
    assert.strictEqual(wait({}, "Please try again in a while."), undefined)
    assert.strictEqual(wait({}, "Please try again in 2 moons."), undefined)
    assert.strictEqual(wait({}, "Please try again in 2 constructor."), undefined)
    assert.strictEqual(wait({ "retry-after": "9".repeat(400) }), 1e12)
    assert.strictEqual(wait({}), undefined)
  })

  it("waits as long as the message of a stream says", () => {
    const error = { code: "rate_limit_exceeded", message: "Please try again in 1.5s." }
    for (const raw of [{ type: "response.failed", response: { error } }, { type: "error", error, status: 429 }]) {
      assert.deepStrictEqual<unknown>(inStream(raw)?.reason, { _tag: "RateLimited", retryAfter: 1500 })
    }
  })

  it("names the request that a person may ask the server's people about", () => {
    const id = (headers: Readonly<Record<string, string>>) => http(500, "", headers).requestId
    assert.strictEqual(id({ "x-request-id": "req_1", "x-oai-request-id": "req_2" }), "req_1")
    assert.strictEqual(id({ "x-oai-request-id": "req_2" }), "req_2")
    assert.strictEqual(id({}), undefined)
    assert.include(http(500, "", { "x-request-id": "req_1" }).message, "(request req_1)")
  })

  it("tells how long an overloaded server wants to be left alone", () => {
    const { reason } = http(503, { error: { code: "server_is_overloaded", message: "Busy." } }, { "retry-after": "3" })
    assert.deepStrictEqual<unknown>(reason, { _tag: "Overloaded", retryAfter: 3000 })
  })

  it("reckons when a used-up plan is good again from how long that takes", () => {
    const { reason } = http(429, { error: { ...limit, resets_in_seconds: 90 } })
    assert.deepStrictEqual<unknown>(reason, { _tag: "UsageLimitReached", resetsAt: DateTime.unsafeMake(now + 90_000) })
  })

  it("says what a person can do about a used-up plan", () => {
    const says = (plan: string, kind?: string) =>
      http(
        429,
        { error: { ...limit, plan_type: plan } },
        kind === undefined ? {} : { "x-codex-rate-limit-reached-type": kind }
      ).message
    assert.match(says("free"), /upgrade to Plus \(https:/)
    assert.match(says("plus"), /upgrade to Pro .*buy credits/)
    assert.match(says("pro"), /buy credits/)
    assert.match(says("team"), /ask the administrator/)
    assert.match(says("team", "workspace_member_credits_depleted"), /ask the owner of your workspace/)
    assert.match(says("team", "workspace_owner_credits_depleted"), /add credits/)
    assert.match(says("team", "workspace_owner_usage_limit_reached"), /spending limit/)
    assert.match(says("enterprise"), /Try again later, or use an API key/)
  })

  it("tells what the server offers, and which limit it is if it is not the plan's own", () => {
    const reason = (headers: Readonly<Record<string, string>>) => http(429, { error: limit }, headers).reason
    assert.deepStrictEqual<unknown>(
      reason({ "x-codex-active-limit": "codex_spark", "x-codex-spark-limit-name": "GPT-5.3-Codex-Spark" }),
      { _tag: "UsageLimitReached", limit: "GPT-5.3-Codex-Spark" }
    )
    assert.deepStrictEqual<unknown>(
      reason({ "x-codex-active-limit": "codex", "x-codex-limit-name": "Codex", "x-codex-promo-message": "Try  Pro." }),
      { _tag: "UsageLimitReached", promo: "Try Pro." }
    )
    assert.deepStrictEqual<unknown>(reason({ "x-codex-active-limit": "premium", "x-codex-promo-message": " " }), {
      _tag: "UsageLimitReached"
    })
  })

  it("says which plan includes what this one does not, wherever the server tells of it", () => {
    const error = { type: "usage_not_included", message: "Usage is not included in your plan." }
    const raw = { type: "response.failed", response: { error: { code: error.type, message: error.message } } }
    for (const told of [http(429, { error }), http(403, { error: { code: error.type } }), inStream(raw)]) {
      assert.include(told?.message, "does not include this; upgrade to Plus (https://chatgpt.com/explore/plus)")
    }
  })

  it("tells how far the windows of a used-up plan are used", () => {
    const { reason } = http(429, { error: limit }, {
      "x-codex-active-limit": "premium",
      "x-codex-primary-used-percent": "12",
      "x-codex-primary-window-minutes": "300",
      "x-premium-primary-used-percent": "100.0",
      "x-premium-primary-window-minutes": "10080",
      "x-premium-primary-reset-at": String(now / 1000 + 60)
    })
    assert.deepStrictEqual<unknown>(reason, {
      _tag: "UsageLimitReached",
      windows: [{ kind: "weekly", minutes: 10_080, usedPercent: 100, resetsAt: DateTime.unsafeMake(now + 60_000) }]
    })
  })

  it("reads what only a header says", () => {
    const json = Buffer.from(JSON.stringify({ error: { code: "token_invalidated", message: "Over." } })).toString(
      "base64"
    )
    const error = http(401, "", { "x-error-json": json, "cf-ray": "8f1-FRA" })
    assert.deepInclude(error, { code: "token_invalidated", detail: "Over.", cfRay: "8f1-FRA" })
    assert.strictEqual(http(400, { detail: "No." }, { "x-error-json": "%%%" }).detail, "No.")
    assert.strictEqual(
      http(401, "", { "x-openai-authorization-error": "Bearer abc has ended" }).detail,
      "Bearer … has ended"
    )
  })

  it("reads the headers that come with an event", () => {
    const error = inStream({
      type: "error",
      status: 429,
      error: limit,
      headers: { "X-Codex-Plan-Type": "plus", "x-request-id": "req_1", "X-Count": 1 }
    })
    assert.deepInclude(error?.reason, { _tag: "UsageLimitReached", plan: "plus" })
    assert.strictEqual(error?.requestId, "req_1")
  })

  it("finds no failure in any other event", () => {
    for (const type of ["response.completed", "response.incomplete", "response.created", "keepalive"]) {
      assert.strictEqual(inStream({ type, response: { error: { code: "server_error" } } }), undefined)
    }
  })
})
