import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as zlib from "node:zlib"
import type { Item } from "../../src/responses/Item.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { bearer, get, post, signedIn } from "./http.ts"

const simulator = OpenAiSimulator.layer({ script: () => Script.answer(Script.say("Hello")) })
const chatGptPath = "/backend-api/codex/responses"

const user = { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }
const body = {
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [user],
  store: false,
  stream: true,
  include: ["reasoning.encrypted_content"]
}

/** Sends the body, changed, and expects this refusal. */
const refuses = (change: object, expected: object) =>
  Effect.gen(function*() {
    const answer = yield* post(chatGptPath, { ...body, ...change }, yield* signedIn)
    assert.strictEqual(answer.status, 400)
    assert.deepStrictEqual(answer.json, expected)
  }).pipe(Effect.provide(simulator))

const detail = (change: object, text: string) => refuses(change, { detail: text })

const replay = (input: ReadonlyArray<object>, message: string, code: string | null = null) =>
  refuses({ input: [user, ...input] }, { error: { type: "invalid_request_error", param: "input", message, code } })

const call = { type: "function_call", call_id: "call_1", name: "ls", arguments: "{}" }
const output = { type: "function_call_output", call_id: "call_1", output: "a.txt" }

describe("The ChatGPT host of OpenAiSimulator", () => {
  it.effect("streams without a content type and ends with an empty output", () =>
    Effect.gen(function*() {
      const answer = yield* post(chatGptPath, body, yield* signedIn)
      assert.strictEqual(answer.status, 200)
      assert.isUndefined(answer.headers["content-type"])
      assert.isString(answer.headers["x-request-id"])
      assert.strictEqual(answer.headers["x-codex-primary-used-percent"], "12.0")
      assert.strictEqual(answer.headers["x-codex-primary-reset-at"], "18000")
      const blocks = answer.text.trimEnd().split("\n\n")
      for (const [index, block] of blocks.entries()) {
        const [event, data] = block.split("\n")
        const json = JSON.parse(data?.slice("data: ".length) ?? "")
        assert.strictEqual(event, `event: ${json.type}`)
        assert.strictEqual(json.sequence_number, index)
      }
      assert.include(blocks.at(-1), "\"type\":\"response.completed\"")
      assert.include(blocks.at(-1), "\"output\":[]")
    }).pipe(Effect.provide(simulator)))

  it.effect("takes every field that the real one takes", () =>
    Effect.gen(function*() {
      const more = {
        tools: [],
        tool_choice: "auto",
        parallel_tool_calls: true,
        reasoning: { effort: "high", summary: "auto" },
        service_tier: "priority",
        prompt_cache_key: "k",
        text: { verbosity: "low" },
        client_metadata: {},
        // A message may leave its type out.
        input: [{ role: "developer", content: "Be kind." }, user]
      }
      assert.strictEqual((yield* post(chatGptPath, { ...body, ...more }, yield* signedIn)).status, 200)
    }).pipe(Effect.provide(simulator)))

  it.effect("wants a live access token of its own", () =>
    Effect.gen(function*() {
      const { accessToken, server } = yield* Effect.gen(function*() {
        const server = yield* OpenAiSimulator.OpenAiSimulator
        return { accessToken: (yield* server.signIn()).access_token, server }
      })
      const expected = {
        error: {
          message: "Your authentication token has been invalidated. Please try signing in again.",
          type: "invalid_request_error",
          code: "token_invalidated",
          param: null
        },
        status: 401
      }
      for (const headers of [{}, { authorization: "Bearer nonsense" }, bearer(server.apiKey)]) {
        const answer = yield* post(chatGptPath, body, headers)
        assert.strictEqual(answer.status, 401)
        assert.deepStrictEqual(answer.json, expected)
      }
      assert.strictEqual((yield* post(chatGptPath, body, bearer(accessToken))).status, 200)
      yield* TestClock.adjust("1 hour")
      const late = yield* post(chatGptPath, body, bearer(accessToken))
      assert.strictEqual(late.status, 401)
      assert.deepNestedPropertyVal(late.json, "error.code", "token_expired")

      const next = (yield* server.signIn()).access_token
      yield* server.invalidateAccessTokens
      assert.deepStrictEqual((yield* post(chatGptPath, body, bearer(next))).json, expected)
    }).pipe(Effect.provide(simulator)))

  it.effect("wants the account of the token", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const { access_token, account_id } = yield* server.signIn({ accountId: "acct-2" })
      const send = (account: string) =>
        post(chatGptPath, body, { ...bearer(access_token), "ChatGPT-Account-ID": account })
      assert.strictEqual(account_id, "acct-2")
      assert.strictEqual((yield* send("acct-2")).status, 200)
      assert.strictEqual((yield* send("acct-1")).status, 403)
    }).pipe(Effect.provide(simulator)))

  it.effect("wants store to be false", () => detail({ store: true }, "Store must be set to false"))
  it.effect("wants store to be there", () => detail({ store: undefined }, "Store must be set to false"))
  it.effect("wants stream to be true", () => detail({ stream: false }, "Stream must be set to true"))
  it.effect("takes the system prompt as the first message", () =>
    Effect.gen(function*() {
      const prompt = { type: "message", role: "developer", content: [{ type: "input_text", text: "Be brief." }] }
      const tools = { type: "additional_tools", role: "developer", tools: [] }
      const leading = { ...body, model: "gpt-5.6-sol", instructions: undefined, input: [tools, prompt, user] }
      assert.strictEqual((yield* post(chatGptPath, leading, yield* signedIn)).status, 200)
    }).pipe(Effect.provide(simulator)))
  it.effect("wants a list as input", () => detail({ input: "hi" }, "Input must be a list"))
  it.effect("takes no system messages", () =>
    detail({ input: [{ role: "system", content: "Be brief." }, user] }, "System messages are not allowed"))
  it.effect("knows some models only", () =>
    detail(
      { model: "gpt-5.4" },
      "The 'gpt-5.4' model is not supported when using Codex with a ChatGPT account."
    ))
  it.effect("wants JSON", () =>
    Effect.gen(function*() {
      const answer = yield* post(chatGptPath, "hi", yield* signedIn)
      assert.deepStrictEqual(answer.json, { detail: "Request body is not valid JSON" })
    }).pipe(Effect.provide(simulator)))

  it.effect.each([
    "max_completion_tokens",
    "temperature",
    "top_p",
    "previous_response_id",
    "user",
    "metadata",
    "context_management",
    "truncation",
    "prompt_cache_retention",
    "safety_identifier",
    "made_up"
  ])("takes no %s", (name) => detail({ [name]: 1 }, `Unsupported parameter: ${name}`))

  it.effect("takes no minimal effort", () =>
    refuses({ reasoning: { effort: "minimal" } }, {
      error: {
        type: "invalid_request_error",
        param: "reasoning.effort",
        message: "Unsupported value: 'minimal' is not supported with the 'gpt-5.5' model.",
        code: "unsupported_value"
      }
    }))

  it.effect("takes the efforts that a model has", () =>
    Effect.gen(function*() {
      const taken = ["gpt-6.2-sol high", "gpt-6.2-sol max", "gpt-5.5 xhigh"]
      const refused = [
        "gpt-6.2-sol none",
        "gpt-6-astra none",
        "gpt-5.6-sol minimal",
        "gpt-5.6-sol ultra",
        "gpt-5.5 max"
      ]
      for (const [status, pairs] of [[200, taken], [400, refused]] as const) {
        for (const [model, effort] of pairs.map((pair) => pair.split(" "))) {
          const answer = yield* post(chatGptPath, { ...body, model, reasoning: { effort } }, yield* signedIn)
          assert.strictEqual(answer.status, status, `${model} ${effort}`)
        }
      }
    }).pipe(Effect.provide(simulator)))

  const update = { type: "configuration_update", reasoning: { effort: "high" } }
  const additional = { type: "additional_tools", role: "developer", tools: [] }

  it.effect("takes items beside what was said from the models that know them, and where they belong", () =>
    Effect.gen(function*() {
      const input = (...items: ReadonlyArray<object>) => ({ input: items })
      const cases: ReadonlyArray<readonly [model: string, change: object, param: string | undefined]> = [
        ["gpt-6.2-sol", input(user, update), undefined],
        ["gpt-5.6-sol", input(user, update), "input[1]"],
        ["gpt-5.5", input(user, update), "input[1]"],
        ["gpt-6.2-sol", input(user, { ...update, reasoning: { effort: "none" } }), "reasoning.effort"],
        ["gpt-6.2-sol", input(user, { ...update, reasoning: {} }), "input[1].reasoning.effort"],
        ["gpt-5.6-sol", input(additional, user), undefined],
        ["gpt-5.5", input(additional, user), "input[0]"],
        ["gpt-6.2-sol", input(user, additional), "input[1]"],
        ["gpt-6.2-sol", input({ ...additional, role: "user" }, user), "input[0]"]
      ]
      const { apiKey } = yield* OpenAiSimulator.OpenAiSimulator
      for (const [path, headers] of [[chatGptPath, yield* signedIn], ["/v1/responses", bearer(apiKey)]] as const) {
        for (const [model, change, param] of cases) {
          const { json, status } = yield* post(path, { ...body, model, ...change }, headers)
          assert.strictEqual(status, param === undefined ? 200 : 400, `${model} ${JSON.stringify(change)}`)
          if (param !== undefined) assert.nestedPropertyVal(json, "error.param", param)
        }
      }
    }).pipe(Effect.provide(simulator)))

  it.effect("takes no limit that is too low for any answer", () =>
    detail({ max_output_tokens: 15 }, "max_output_tokens must be at least 16"))

  const zstd: unknown = Reflect.get(zlib, "zstdCompressSync")

  it.effect("takes bodies that are packed as Codex packs them, and the API does not", () =>
    Effect.gen(function*() {
      const { apiKey, url } = yield* OpenAiSimulator.OpenAiSimulator
      const bytes = typeof zstd === "function" ? zstd(JSON.stringify(body)) : "never unpacked"
      const send = (path: string, headers: object, encoding = "zstd") =>
        Effect.promise(() =>
          fetch(`${url}${path}`, {
            method: "POST",
            headers: { ...headers, "content-type": "application/json", "content-encoding": encoding },
            body: bytes
          }).then(({ status }) => status)
        )
      const headers = yield* signedIn
      assert.strictEqual(yield* send(chatGptPath, headers), typeof zstd === "function" ? 200 : 415)
      assert.strictEqual(yield* send(chatGptPath, headers, "gzip"), 415)
      assert.strictEqual(yield* send("/v1/responses", bearer(apiKey)), 415)
    }).pipe(Effect.provide(simulator)))

  it.effect("wants a type on every item", () =>
    refuses({ input: [user, { content: "hi" }] }, {
      error: {
        type: "invalid_request_error",
        param: "input[1].type",
        message: "Missing required parameter: 'input[1].type'.",
        code: "missing_required_parameter"
      }
    }))

  it.effect("wants an output for every call", () => replay([call], "No tool output found for function call call_1."))
  it.effect("wants a call for every output", () =>
    replay([output], "No tool call found for function call output with call_id call_1."))
  it.effect("wants a summary on every reasoning item", () =>
    replay(
      [{ type: "reasoning", encrypted_content: "gAAAAA" }],
      "Missing required parameter: 'input[1].summary'.",
      "missing_required_parameter"
    ))
  it.effect("does not keep reasoning items", () =>
    replay(
      [{ type: "reasoning", id: "rs_1", summary: [] }],
      "Item with id 'rs_1' not found. Items are not persisted when `store` is set to false. " +
        "Try again with `store` set to true, or remove this item from your input."
    ))
  it.effect("reads only what it has encrypted", () =>
    replay(
      [{ type: "reasoning", encrypted_content: "gAAAAA-from-elsewhere", summary: [] }],
      "The encrypted content gAAA...here could not be verified.",
      "invalid_encrypted_content"
    ))
  it.effect("takes an id once", () =>
    replay(
      [{ ...call, id: "fc_1" }, output, { ...call, id: "fc_1" }],
      "Duplicate item found with id fc_1. Remove duplicate items from your input and try again."
    ))
  it.effect("takes no namespace on a call", () =>
    replay([{ ...call, namespace: "x" }, output], "Unknown parameter: 'input[1].namespace'.", "unknown_parameter"))

  const long = `fc_${"a".repeat(62)}`
  const characters = "letters, numbers, underscores, or dashes, and that does not end with an underscore."
  it.effect.each([
    [long, "string too long. Expected a string with maximum length 64, but got a string with length 65 instead."],
    ["fc_a b", `'fc_a b'. Expected an ID that contains ${characters}`],
    ["fc_a_", `'fc_a_'. Expected an ID that contains ${characters}`],
    ["msg_a", "'msg_a'. Expected an ID that begins with 'fc'."]
  ])("refuses the id %s", ([id, message]) =>
    replay(
      [{ ...call, id }, output],
      `Invalid 'input[1].id': ${message}`,
      id === long ? "string_above_max_length" : "invalid_value"
    ))

  it.effect("replays its own reasoning for the same account and model", () => {
    const thought = Script.think("Hm.")
    const said: ReadonlyArray<Item> = [thought, Script.call("ls", {}, "call_1")]
    const { id: _, ...nameless } = thought
    return Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const mine = yield* signedIn
      const other = bearer((yield* server.signIn({ accountId: "acct-2" })).access_token)
      const send = (input: ReadonlyArray<object>, headers: Readonly<Record<string, string>>, model = "gpt-5.5") =>
        Effect.map(
          post(chatGptPath, { ...body, model, input: [user, ...input] }, headers),
          ({ json, status }) => status === 200 ? "ok" : String(Option.getOrUndefined(codeOf(json)))
        )

      assert.strictEqual(yield* send([nameless], mine), "invalid_encrypted_content")
      assert.strictEqual(yield* send([], mine), "ok")
      assert.strictEqual(yield* send([...said, output], mine), "ok")
      assert.strictEqual(yield* send([nameless, call, output], mine), "ok")
      assert.strictEqual(yield* send([nameless], mine), "ok")
      assert.strictEqual(yield* send([thought], mine), "null", "an id wants the item that followed")
      assert.strictEqual(yield* send([...said, output], other), "invalid_encrypted_content")
      assert.strictEqual(yield* send([...said, output], mine, "gpt-6-astra"), "invalid_encrypted_content")
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script: () => Script.answer(...said) })))
  })

  it.effect("answers as the script says, and says when it has run out", () =>
    Effect.gen(function*() {
      const send = post(chatGptPath, body, yield* signedIn)
      const refused = yield* send
      assert.strictEqual(refused.status, 429)
      assert.strictEqual(refused.headers["retry-after"], "3")
      assert.strictEqual(refused.headers["content-type"], "application/json")
      assert.deepStrictEqual(refused.json, { error: { type: "usage_limit_reached" } })
      assert.include((yield* send).text, "event: response.failed\n")
      assert.strictEqual((yield* send).text.match(/^event: /gm)?.length, 2)
      const over = yield* send
      assert.strictEqual(over.status, 400)
      assert.deepNestedPropertyVal(
        over.json,
        "error.message",
        "Error: The script has 3 turns, and the model was called once more"
      )
    }).pipe(Effect.provide(OpenAiSimulator.layer({
      script: Script.fromTurns([
        Script.refuse(429, { error: { type: "usage_limit_reached" } }, { "retry-after": "3" }),
        Script.fail({ code: "server_is_overloaded", message: "Busy." }),
        Script.cut(2, Script.say("never"))
      ])
    }))))

  it.effect("counts only the calls that reach the model", () =>
    Effect.gen(function*() {
      const headers = yield* signedIn
      yield* post(chatGptPath, { ...body, store: true }, headers)
      assert.include((yield* post(chatGptPath, body, headers)).text, "\"text\":\"0\"")
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script: (_, n) => Script.answer(Script.say(String(n))) }))))

  it.effect("lists its models", () =>
    Effect.gen(function*() {
      const headers = yield* signedIn
      const answer = yield* get("/backend-api/codex/models?client_version=1.0.0", headers)
      assert.deepNestedPropertyVal(answer.json, "models[0].slug", "only-one")
      const etag = answer.headers["etag"] ?? ""
      assert.isNotEmpty(etag)
      const known = yield* get("/backend-api/codex/models?client_version=1.0.0", { ...headers, "if-none-match": etag })
      assert.deepStrictEqual([known.status, known.text], [304, ""])
      assert.strictEqual((yield* get("/backend-api/codex/models", headers)).status, 400)
      assert.strictEqual((yield* get("/backend-api/codex/models?client_version=1.0.0")).status, 401)
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script: () => Script.answer(), models: ["only-one"] }))))

  it.effect("tells how much of the plan is used", () =>
    Effect.gen(function*() {
      const { json } = yield* get("/backend-api/wham/usage", yield* signedIn)
      assert.propertyVal(json, "plan_type", "plus")
      assert.nestedPropertyVal(json, "rate_limit.primary_window.limit_window_seconds", 18_000)
      assert.strictEqual((yield* get("/backend-api/wham/usage")).status, 401)
    }).pipe(Effect.provide(simulator)))

  it.effect("knows no other path", () =>
    Effect.gen(function*() {
      for (const path of ["/backend-api/codex/responses/compact", "/v1/completions"]) {
        const answer = yield* post(path, {})
        assert.strictEqual(answer.status, 404)
        assert.deepStrictEqual(answer.json, { detail: "Not Found" })
      }
    }).pipe(Effect.provide(simulator)))
})

describe("The API host of OpenAiSimulator", () => {
  it.effect("lists its models, and others, by their ids", () =>
    Effect.gen(function*() {
      const { apiKey } = yield* OpenAiSimulator.OpenAiSimulator
      const answer = yield* get("/v1/models", bearer(apiKey))
      assert.deepNestedPropertyVal(answer.json, "data[0].id", "gpt-6.2-sol")
      assert.include(answer.text, "text-embedding-3-small")
      assert.strictEqual((yield* get("/v1/models")).status, 401)
    }).pipe(Effect.provide(simulator)))

  it.effect("streams with a content type and repeats the items in the end", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const more = { temperature: 0, max_output_tokens: 10, metadata: {}, model: "anything", input: "hi" }
      const answer = yield* post("/v1/responses", { ...body, ...more }, bearer(server.apiKey))
      assert.strictEqual(answer.status, 200)
      assert.strictEqual(answer.headers["content-type"], "text/event-stream; charset=utf-8")
      const last = JSON.parse(answer.text.trimEnd().split("data: ").at(-1) ?? "")
      assert.strictEqual(last.response.output[0].content[0].text, "Hello")
    }).pipe(Effect.provide(simulator)))

  it.effect("refuses to be told how GPT-6.2 chooses its words", () =>
    Effect.gen(function*() {
      const { apiKey } = yield* OpenAiSimulator.OpenAiSimulator
      const fields = [
        { temperature: 0 },
        { top_p: 1 },
        { top_logprobs: 1 },
        { include: ["message.output_text.logprobs"] }
      ]
      for (const field of fields) {
        const ask = (model: string) => post("/v1/responses", { ...body, model, ...field }, bearer(apiKey))
        const { json, status } = yield* ask("gpt-6.2-sol")
        assert.deepStrictEqual([status, (json as { error: { param: string } }).error.param], [
          400,
          Object.keys(field)[0]
        ])
        assert.strictEqual((yield* ask("gpt-6.1-sol")).status, 200)
      }
    }).pipe(Effect.provide(simulator)))

  it.effect("wants its own key", () =>
    Effect.gen(function*() {
      for (const headers of [{}, bearer(Redacted.make("sk-other")), yield* signedIn]) {
        const answer = yield* post("/v1/responses", body, headers)
        assert.strictEqual(answer.status, 401)
        assert.nestedPropertyVal(answer.json, "error.code", "invalid_api_key")
      }
    }).pipe(Effect.provide(simulator)))

  it.effect("has the same rules of replay, but keeps what it is asked to store", () =>
    Effect.gen(function*() {
      const { apiKey } = yield* OpenAiSimulator.OpenAiSimulator
      const status = (change: object) =>
        Effect.map(post("/v1/responses", { ...body, ...change }, bearer(apiKey)), ({ status }) => status)
      const stored = { input: [{ type: "reasoning", id: "rs_1", summary: [] }] }
      assert.strictEqual(yield* status({ input: [call] }), 400)
      assert.strictEqual(yield* status({ input: [call, output] }), 200)
      assert.strictEqual(yield* status({ input: [output], previous_response_id: "resp_1" }), 200)
      assert.strictEqual(yield* status(stored), 400)
      assert.strictEqual(yield* status({ ...stored, store: true }), 200)
      assert.strictEqual(yield* status({ model: undefined }), 400)
      assert.strictEqual(yield* status({ stream: false }), 200)
    }).pipe(Effect.provide(simulator)))
})

const codeOf = (json: unknown): Option.Option<unknown> =>
  Option.liftPredicate(
    json,
    (u): u is { readonly error: { readonly code: unknown } } => typeof u === "object" && u !== null && "error" in u
  ).pipe(Option.map(({ error }) => error.code))
