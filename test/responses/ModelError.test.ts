import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Schema from "effect/Schema"
import { networkProblem, ProxyProblem } from "../../src/internal/networkProblem.ts"
import { ModelError, type Reason } from "../../src/responses/ModelError.ts"

const resetsAt = DateTime.unsafeMake("2026-10-01T12:00:00Z")

/** Each reason, whether sending again may help, and what a person reads. */
const table: ReadonlyArray<readonly [Reason, boolean, RegExp]> = [
  [
    { _tag: "UsageLimitReached", plan: "plus", resetsAt },
    false,
    /\(plus plan\)\. Try again after 1 Oct 2026, \d\d:\d\d, upgrade to Pro .*buy credits .*OPENAI_API_KEY/
  ],
  [
    { _tag: "UsageLimitReached" },
    false,
    /reached\. Try again later, or use an API key \(OPENAI_API_KEY and `--auth api-key`\)/
  ],
  [
    { _tag: "UsageLimitReached", plan: "plus", limit: "GPT-5.3-Codex-Spark", resetsAt },
    false,
    /limit for GPT-5\.3-Codex-Spark is reached \(plus plan\)\. Try again after .*, switch to another model, or use an API key/
  ],
  [
    { _tag: "UsageLimitReached", plan: "free", promo: "Visit https://x.test to try Plus for free." },
    false,
    /reached \(free plan\)\. Visit https:\/\/x\.test to try Plus for free\. Try again later, or use an API key/
  ],
  [{ _tag: "RateLimited", retryAfter: 1500 }, true, /wait a little/],
  [{ _tag: "RateLimited", retryAfter: 25_000 }, true, /Too many requests; the server asks to wait 25 seconds:/],
  [{ _tag: "RateLimited", retryAfter: 600_000 }, true, /the server asks to wait 10 minutes:/],
  [{ _tag: "Overloaded", retryAfter: 3 * 3_600_000 }, true, /failing; the server asks to wait 3 hours:/],
  [{ _tag: "QuotaExceeded" }, false, /check its plan and billing/],
  [
    { _tag: "QuotaExceeded", kind: "usage_not_included" },
    false,
    /plan of this account does not include this; upgrade to Plus \(https:.*\), or use an API key/
  ],
  [
    { _tag: "UsageLimitReached", kind: "subscription_sharing_usage_limit_exceeded" },
    false,
    // Neither a time nor another way to pay is guessed.
    /^The ChatGPT usage limit for this program is reached\. Manage usage: https:\/\/chatgpt\.com\/settings\/usage; it is the limit of your plan, or one that you have set for this program:/
  ],
  [
    { _tag: "UsageLimitReached", kind: "subscription_sharing_workplace_individual_usage_limit_exceeded" },
    false,
    /settings\/usage; the administrator of your workspace can raise it:/
  ],
  [{ _tag: "Forbidden", kind: "subscription_sharing_user_not_eligible" }, false, /may not use its plan here/],
  [{ _tag: "Forbidden", kind: "subscription_sharing_v2_client_not_enabled" }, false, /login --codex/],
  [{ _tag: "Forbidden", kind: "chatpass_v2_scope_not_authorized" }, false, /login --chatgpt` and let it use your plan/],
  [{ _tag: "ModelUnavailable", models: ["gpt-a", "gpt-b"] }, false, /choose another one: gpt-a, gpt-b:/],
  [
    { _tag: "ModelUnavailable", models: Array.from({ length: 20 }, (_, n) => `m${n}`) },
    false,
    /: m0, .*, m11, and 8 more \(`effixir models`\):/
  ],
  [{ _tag: "Unauthorized" }, false, /sign in with `effixir login` or check OPENAI_API_KEY/],
  [{ _tag: "ModelUnavailable" }, false, /choose another one/],
  [{ _tag: "ContextOverflow" }, false, /context window/],
  [{ _tag: "InvalidRequest" }, false, /refused the request/],
  [{ _tag: "ContentFiltered" }, false, /declined/],
  [{ _tag: "Overloaded" }, true, /try again later/],
  [{ _tag: "Transport" }, true, /check the network and any proxy/],
  [{ _tag: "StreamIncomplete" }, true, /ended before/],
  [{ _tag: "IdleTimeout" }, true, /fell silent/],
  [{ _tag: "MalformedOutput" }, false, /could not be understood/],
  [{ _tag: "NoAnswer" }, false, /without an answer/]
]

describe("ModelError", () => {
  it("says once what to do where the network does so", () => {
    const cause = new ProxyProblem("ALL_PROXY names the proxy a:1, which is gone; unset it", true)
    const reason = { _tag: "Transport" } as const
    assert.strictEqual(
      new ModelError({ reason, detail: networkProblem(cause), cause: new Error("fetch failed", { cause }) }).message,
      "The model could not be reached: ALL_PROXY names the proxy a:1, which is gone; unset it"
    )
    const untrusted = Object.assign(new Error("self-signed"), { code: "DEPTH_ZERO_SELF_SIGNED_CERT" })
    assert.match(
      new ModelError({ reason, detail: networkProblem(untrusted), cause: untrusted }).message,
      /^The model could not be reached: the certificate of the server is not trusted \(self-signed\); if it is/
    )
  })

  it.each(table)("says what to do: $_tag", (reason, isRetryable, says) => {
    const error = new ModelError({ reason, detail: "so it is", requestId: "req_1", status: 400 })
    assert.strictEqual(error.isRetryable, isRetryable)
    assert.match(error.message, says)
    assert.match(error.message, /: so it is \(request req_1\)$/)
    assert.notInclude(error.message, "\n")
  })

  it("adds nothing where nothing was said", () => {
    const error = new ModelError({ reason: { _tag: "NoAnswer" }, detail: "" })
    assert.strictEqual(error.message, "The model ended without an answer")
  })

  it.each(table)("survives being written down: $_tag", (reason) => {
    const error = new ModelError({ reason, detail: "so it is", status: 400 })
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(ModelError)(error)))
    const back = Schema.decodeUnknownSync(ModelError)(json)
    assert.deepStrictEqual(back.reason, reason)
    assert.strictEqual(back.message, error.message)
  })
})
