import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { clientVersion } from "../../src/auth/Host.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { get, post, signedIn } from "./http.ts"

const simulator = OpenAiSimulator.layer({ script: () => Script.answer(Script.say("Hello")) })

/** The headers of somebody who uses a plan on the API. */
const planned = Effect.gen(function*() {
  const { signInWithChatGpt } = yield* OpenAiSimulator.OpenAiSimulator
  const { access_token } = yield* signInWithChatGpt()
  return { authorization: `Bearer ${Redacted.value(access_token)}` }
})

const keyed = Effect.map(OpenAiSimulator.OpenAiSimulator, ({ apiKey }) => ({
  authorization: `Bearer ${Redacted.value(apiKey)}`
}))

const user = { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }
const prompt = { type: "message", role: "developer", content: [{ type: "input_text", text: "Be brief." }] }
const echo = { type: "function", name: "echo", description: "Says it back", strict: false, parameters: {} }
const additional = { type: "additional_tools", role: "developer", tools: [echo] }
const body = { model: "gpt-6.2-sol", input: [additional, prompt, user], store: false, stream: true }

const unsupported = (change: object, param: string) =>
  Effect.gen(function*() {
    const { json, status } = yield* post("/v1/responses", { ...body, ...change }, yield* planned)
    assert.strictEqual(status, 400)
    assert.nestedPropertyVal(json, "error.code", "subscription_sharing_unsupported_capability")
    assert.nestedPropertyVal(json, "error.param", param)
  }).pipe(Effect.provide(simulator))

describe("The API host of OpenAiSimulator, used with a plan", () => {
  it.effect("takes tools and prompt in the input, and tells a script of them", () => {
    const seen: Array<unknown> = []
    return Effect.gen(function*() {
      const { headers, status, text } = yield* post("/v1/responses", body, yield* planned)
      assert.strictEqual(status, 200)
      assert.isUndefined(headers["content-type"])
      assert.include(text, "\"output\":[]")
      assert.deepStrictEqual(seen, [["Be brief.", [echo], [user]]])
    }).pipe(Effect.provide(OpenAiSimulator.layer({
      script: ({ input, instructions, tools }) => {
        seen.push([instructions, tools, input])
        return Script.answer(Script.say("Hello"))
      }
    })))
  })

  it.effect("may say what a stream is, and repeat its items", () =>
    Effect.gen(function*() {
      const { headers, text } = yield* post("/v1/responses", body, yield* planned)
      assert.include(headers["content-type"], "text/event-stream")
      assert.match(text, /"type":"response.completed".*"output":\[\{/)
    }).pipe(Effect.provide(OpenAiSimulator.layer({
      script: () => Script.answer(Script.say("Hello")),
      streams: { hasContentType: true, hasFinalOutput: true }
    }))))

  it.effect.each([
    "background",
    "conversation",
    "max_output_tokens",
    "metadata",
    "previous_response_id",
    "prompt_cache_retention",
    "prompt_cache_options",
    "service_tier",
    "temperature",
    "top_p",
    "truncation",
    "user"
  ])("takes no %s", (name) => unsupported({ [name]: 1 }, name))

  it.effect("takes no system messages", () =>
    unsupported({ input: [{ type: "message", role: "system", content: [] }] }, "input[0].role"))
  it.effect("takes no effort updates", () =>
    unsupported({ input: [user, { type: "configuration_update", reasoning: {} }] }, "input[1]"))
  it.effect("runs no tools itself but for a search of the web", () =>
    Effect.gen(function*() {
      yield* unsupported({ tools: [{ type: "web_search" }, { type: "code_interpreter" }] }, "tools[1].type")
      yield* unsupported(
        { input: [{ ...additional, tools: [echo, { type: "tool_search" }] }, user] },
        "input[0].tools[1].type"
      )
      const inside = { type: "namespace", name: "own", description: "Ours", tools: [echo, { type: "file_search" }] }
      yield* unsupported({ tools: [inside] }, "tools[0].tools[1].type")
    }))
  it.effect("has no files, and takes no sound and no films", () =>
    Effect.gen(function*() {
      const parts = [
        { type: "input_file", file_id: "file_1" },
        { type: "input_image", file_id: "file_1" },
        { type: "input_audio", input_audio: { data: "", format: "wav" } },
        { type: "input_video", video_url: "https://x.test/a.mp4" }
      ]
      for (const part of parts) {
        yield* unsupported({ input: [{ ...user, content: [...user.content, part] }] }, "input[0].content[1]")
      }
    }))
  it.effect("knows some models only", () =>
    Effect.gen(function*() {
      const { json } = yield* post("/v1/responses", { ...body, model: "gpt-4o" }, yield* planned)
      assert.deepStrictEqual(json, {
        detail: "The 'gpt-4o' model is not supported when using Codex with a ChatGPT account."
      })
    }).pipe(Effect.provide(simulator)))

  it.effect("lists models by who asks, and to a client of which age", () =>
    Effect.gen(function*() {
      const mine = yield* planned
      const slugs = ({ json }: { readonly json: unknown }) =>
        (json as { readonly models: ReadonlyArray<{ readonly slug: string }> }).models.map(({ slug }) => slug)
      assert.deepStrictEqual(slugs(yield* get(`/v1/models?client_version=${clientVersion}`, mine)), [
        "gpt-6.2-sol",
        "gpt-6-astra",
        "gpt-5.6-sol",
        "gpt-5.5"
      ])
      assert.deepStrictEqual(slugs(yield* get("/v1/models", mine)), ["gpt-5.6-sol", "gpt-5.5"])
      assert.deepStrictEqual(slugs(yield* get("/v1/models?client_version=0.153.0", mine)), [
        "gpt-6-astra",
        "gpt-5.6-sol",
        "gpt-5.5"
      ])
      assert.property((yield* get("/v1/models", yield* keyed)).json, "data")
    }).pipe(Effect.provide(simulator)))

  it.effect("has nothing else", () =>
    Effect.gen(function*() {
      const mine = yield* planned
      for (const path of ["/v1/responses/compact", "/v1/chat/completions", "/v1/embeddings"]) {
        const { json, status } = yield* post(path, {}, mine)
        assert.strictEqual(status, 403)
        assert.nestedPropertyVal(json, "error.code", "subscription_sharing_route_not_supported")
      }
      assert.strictEqual((yield* post("/v1/files", {}, yield* keyed)).status, 404)
    }).pipe(Effect.provide(simulator)))

  it.effect("knows the tokens that it has given out", () =>
    Effect.gen(function*() {
      const { invalidateAccessTokens } = yield* OpenAiSimulator.OpenAiSimulator
      const mine = yield* planned
      yield* invalidateAccessTokens
      const { json, status } = yield* post("/v1/responses", body, mine)
      assert.deepStrictEqual([status, json], [401, { detail: { error_code: "invalid_token" } }])
    }).pipe(Effect.provide(simulator)))
})

describe("The ChatGPT host of OpenAiSimulator", () => {
  it.effect("tells Codex which workspace there is", () =>
    Effect.gen(function*() {
      const { json, status } = yield* get("/backend-api/wham/accounts/check", yield* signedIn)
      assert.strictEqual(status, 200)
      assert.nestedPropertyVal(json, "accounts[0].account_routing_override", "NO_CONSTRAINT")
      assert.strictEqual((yield* get("/backend-api/wham/accounts/check")).status, 401)
    }).pipe(Effect.provide(simulator)))
})
