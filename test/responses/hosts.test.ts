import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey, type Credential } from "../../src/auth/Credential.ts"
import { Credentials } from "../../src/auth/Credentials.ts"
import * as Item from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"
import { chatGpt, subscription } from "../auth/tokens.ts"

interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly input: ReadonlyArray<Item.Item>; readonly [field: string]: unknown }
}

/** The hosts of OpenAI to somebody with this credential; each call is answered by the next turn, or by the last one. */
const hosts = (
  credential: Credential,
  turns: ReadonlyArray<Script.Turn> = [Script.answer(Script.say("Hello"))],
  apiBaseUrl = "https://api.openai.com/v1"
) => {
  const sent: Array<Sent> = []
  const client = HttpClient.make((request, url) =>
    Effect.sync(() => {
      const { body } = request
      const text = body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : "{}"
      sent.push({ url: url.href, headers: request.headers, body: JSON.parse(text) })
      const turn = turns[sent.length - 1] ?? turns.at(-1) ?? Script.answer()
      return HttpClientResponse.fromWeb(
        request,
        turn._tag === "Refuse"
          ? globalThis.Response.json(turn.body, { status: turn.status })
          // Nothing says what this is.
          : new globalThis.Response(
            new Blob([ScriptEvents.events(turn, { model: "m", responseId: "resp_1" }).map(ScriptEvents.toSse).join("")])
              .stream()
          )
      )
    })
  )
  const auth = AuthClient.layer({
    chatgptBaseUrl: "https://chatgpt.com/backend-api/codex",
    apiBaseUrl,
    originator: "effixir",
    organization: Option.some("org-1"),
    project: Option.none()
  })
  const selected = Effect.succeed({ credential, source: "store" as const, reason: "" })
  const layer = Responses.layerWith({ available: Effect.succeed(["gpt-6.2-sol", "gpt-5.5"]) }).pipe(
    Layer.provide(auth),
    Layer.provide(Layer.mock(Credentials, { current: selected, selected })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  const ask = (request: Request.Request) =>
    Effect.gen(function*() {
      const fiber = yield* Effect.fork(Effect.either(Responses.complete(request)))
      yield* TestClock.adjust("1 hour")
      return yield* yield* Fiber.join(fiber)
    }).pipe(Effect.provide(layer))
  return { ask, sent }
}

const echo: Request.FunctionTool = {
  type: "function",
  name: "echo",
  description: "Says it back",
  strict: false,
  parameters: { type: "object", properties: {} }
}
const grammar = { type: "grammar", syntax: "lark", definition: "start: /.+/" } as const
const patch: Request.CustomTool = { type: "custom", name: "patch", description: "Patches", format: grammar }
const search: Request.HostedTool = { type: "web_search" }

const prompt = Item.developerMessage("Be brief.")
const hi = Item.userMessage("Hi")

const request = (model: string, more: Partial<Request.Request> = {}): Request.Request => ({
  ...Request.make({ model, instructions: "Be brief.", input: [hi], tools: [echo, patch], cacheKey: "s" }),
  ...more
})

/** What the first call of this request is sent. */
const sentOf = (credential: Credential, request: Request.Request, apiBaseUrl?: string) =>
  Effect.gen(function*() {
    const { ask, sent } = hosts(credential, undefined, apiBaseUrl)
    yield* ask(request)
    return sent[0] ?? assert.fail("nothing was sent")
  })

const key = apiKey(Redacted.make("sk-1"))
const additional = { type: "additional_tools", role: "developer", tools: [echo, patch] }

describe("A model call", () => {
  it.effect("that a plan pays for on the API has its tools and its prompt in the input", () =>
    Effect.gen(function*() {
      const { body, headers, url } = yield* sentOf(chatGpt(), request("gpt-6.2-sol"))
      assert.strictEqual(url, "https://api.openai.com/v1/responses")
      assert.strictEqual(headers["authorization"], "Bearer a1")
      for (const name of ["chatgpt-account-id", "openai-organization", "openai-project"]) {
        assert.notProperty(headers, name)
      }
      assert.deepStrictEqual(body.input, [additional, prompt, hi])
      assert.notProperty(body, "tools")
      assert.notProperty(body, "instructions")
    }))

  it.effect("that a plan pays for has the tools of other models beside the input", () =>
    Effect.gen(function*() {
      for (const model of ["gpt-5.5", "o9-unheard-of"]) {
        const { body } = yield* sentOf(chatGpt(), request(model))
        assert.deepStrictEqual([body.input, body["tools"]], [[prompt, hi], [echo, patch]])
      }
      // The server's own tools are none of ours.
      const searching = yield* sentOf(chatGpt(), request("gpt-6.2-sol", { tools: [echo, search, patch] }))
      assert.deepStrictEqual([searching.body.input[0], searching.body["tools"]], [additional, [search]])
    }))

  it.effect("that a plan pays for asks for nothing that is refused", () =>
    Effect.gen(function*() {
      const update = { type: "configuration_update", reasoning: { effort: "high" } }
      const refused = {
        max_output_tokens: 100,
        temperature: 1,
        top_p: 1,
        top_logprobs: 5,
        metadata: { a: "b" },
        service_tier: "priority",
        prompt_cache_retention: "24h",
        user: "me",
        truncation: "auto",
        prompt_cache_options: { ttl: "30m" }
      }
      const asking = { ...request("gpt-6.2-sol", { input: [hi, update] }), ...refused }
      const { body } = yield* sentOf(chatGpt(), asking)
      for (const name of Object.keys(refused)) assert.notProperty(body, name)
      assert.deepStrictEqual(body.input, [additional, prompt, hi])
      // Who pays for every call may ask for all of it, but for what the model does not know.
      const paid = yield* sentOf(key, asking)
      const { prompt_cache_retention, temperature, top_logprobs, top_p, ...taken } = refused
      assert.deepInclude(paid.body, taken)
      const ofOthers = { prompt_cache_retention, temperature, top_logprobs, top_p }
      for (const name of Object.keys(ofOthers)) assert.notProperty(paid.body, name)
      assert.deepStrictEqual(paid.body.input, [prompt, hi, update])
      assert.deepInclude((yield* sentOf(key, { ...asking, model: "gpt-5.5" })).body, ofOthers)
    }))

  it.effect("has its prompt in the input on every host of OpenAI, and in a field of its own elsewhere", () =>
    Effect.gen(function*() {
      const ours = request("gpt-6.2-sol")
      for (
        const [credential, url] of [
          [subscription({ accountId: "acct-1" }), undefined],
          [key, undefined],
          [key, "https://eu.api.openai.com/v1"]
        ] as const
      ) {
        const { body } = yield* sentOf(credential, ours, url)
        assert.notProperty(body, "instructions")
        assert.deepStrictEqual([body.input, body["tools"]], [[prompt, hi], [echo, patch]])
      }
      for (
        const url of ["http://127.0.0.1:8080/v1", "https://api.openai.com.test/v1", "https://notapi.openai.com/v1"]
      ) {
        const { body } = yield* sentOf(key, ours, url)
        assert.deepStrictEqual([body["instructions"], body.input, body["tools"]], ["Be brief.", [hi], [echo, patch]])
      }
      const silent = yield* sentOf(key, { ...ours, instructions: "" })
      assert.deepStrictEqual(silent.body.input, [hi])
    }))
})

describe("A plan that is used up", () => {
  const code = "subscription_sharing_usage_limit_exceeded"
  const failure = { code, message: "You have reached your usage limit." }

  it.effect.each(
    [
      ["by its status", Script.refuse(429, { error: { ...failure, type: "rate_limit_error", param: null } })],
      ["by another status", Script.refuse(503, { detail: failure })],
      ["in the stream", Script.fail(failure)],
      ["in an event of its own", Script.fail(failure, "error")],
      ["in a nested event", Script.fail({ ...failure, status: 429 }, "error-nested")]
    ] as const
  )("costs one request, and is told %s", ([, turn]) =>
    Effect.gen(function*() {
      const { ask, sent } = hosts(chatGpt(), [turn])
      const error = yield* Effect.flip(ask(request("gpt-6.2-sol")))
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual(error.reason, { _tag: "UsageLimitReached", kind: code })
      assert.strictEqual(error.code, code)
      assert.include(error.message, "https://chatgpt.com/settings/usage")
      assert.notMatch(error.message, /API[ _]KEY/i)
    }))

  it.effect.each(["usage_unavailable", "user_unavailable"])(
    "may be just out of reach: %s",
    (what) =>
      Effect.gen(function*() {
        const passing = { code: `subscription_sharing_${what}`, message: "Try again." }
        for (const turn of [Script.refuse(503, { error: passing }), Script.fail(passing)]) {
          const lost = hosts(chatGpt(), [turn])
          assert.strictEqual((yield* Effect.flip(lost.ask(request("gpt-6.2-sol")))).reason._tag, "Overloaded")
          assert.strictEqual(lost.sent.length, 5)
          const mended = hosts(chatGpt(), [turn, Script.answer(Script.say("Hello"))])
          assert.strictEqual(Response.text(yield* mended.ask(request("gpt-6.2-sol"))), "Hello")
          assert.strictEqual(mended.sent.length, 2)
        }
      })
  )

  it.effect("is told from a part of the request that it does not take, which is not sent again", () =>
    Effect.gen(function*() {
      const refusal = { code: "subscription_sharing_unsupported_capability", message: "No.", param: "text.format" }
      const { ask, sent } = hosts(chatGpt(), [Script.refuse(400, { error: refusal })])
      const error = yield* Effect.flip(ask(request("gpt-6.2-sol")))
      assert.strictEqual(sent.length, 1)
      assert.deepStrictEqual([error.reason._tag, error.param], ["InvalidRequest", "text.format"])
      assert.include(error.message, "text.format")
    }))

  it.effect.each(["subscription_sharing_user_not_eligible", "chatpass_v2_scope_not_authorized"])(
    "is told from one that may not be used: %s",
    (code) =>
      Effect.gen(function*() {
        const { ask, sent } = hosts(chatGpt(), [Script.refuse(403, { error: { code, message: "No." } })])
        assert.deepStrictEqual((yield* Effect.flip(ask(request("gpt-6.2-sol")))).reason, {
          _tag: "Forbidden",
          kind: code
        })
        assert.strictEqual(sent.length, 1)
      })
  )
})

describe("Every failure that a plan can have", () => {
  const codes = Object.keys(Script.planFailures) as ReadonlyArray<Script.PlanFailure>
  const places = ["status", "response.failed", "error", "error-nested"] as const

  it.effect.each(codes)("is the same wherever it is told: %s", (code) =>
    Effect.gen(function*() {
      const told: Array<unknown> = []
      for (const place of places) {
        // A token that is refused is replaced once, which is not looked at here.
        const { ask, sent } = hosts(apiKey(Redacted.make("sk-1")), [Script.failPlan(code, place)])
        const { isRetryable, reason } = yield* Effect.flip(ask(request("gpt-6.2-sol")))
        told.push({ reason, isRetryable })
        assert.strictEqual(sent.length, isRetryable ? 5 : 1)
      }
      assert.deepStrictEqual(told, places.map(() => told[0]))
    }))
})

describe("A model that is refused", () => {
  it.effect("is told from those that there are", () =>
    Effect.gen(function*() {
      const { ask } = hosts(chatGpt(), [
        Script.refuse(400, { detail: "The 'gpt-4o' model is not supported when using Codex with a ChatGPT account." })
      ])
      const { message, reason } = yield* Effect.flip(ask(request("gpt-4o")))
      assert.deepStrictEqual(reason, { _tag: "ModelUnavailable", models: ["gpt-6.2-sol", "gpt-5.5"] })
      assert.include(message, "choose another one: gpt-6.2-sol, gpt-5.5:")
    }))
})
