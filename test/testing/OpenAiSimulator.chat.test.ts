import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as ChatCompletions from "../../src/responses/chat/ChatCompletions.ts"
import { type Item, userMessage } from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import type { StreamEvent } from "../../src/responses/StreamEvent.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { bearer, post } from "./http.ts"

const path = "/v1/chat/completions"
const user = { role: "user", content: "hi" }
const body = { model: "qwen3", messages: [user], stream: true }
const tools = [{ type: "function", function: { name: "ls" } }]
const call = (id: string, json = "{}") => ({ id, type: "function", function: { name: "ls", arguments: json } })
const calling = (...ids: ReadonlyArray<string>) => ({
  role: "assistant",
  content: null,
  tool_calls: ids.map((id) => call(id))
})
const tool = (id: string) => ({ role: "tool", tool_call_id: id, content: "a.txt" })

const simulator = (script: Script.Script = () => Script.answer(Script.say("Hello"))) =>
  OpenAiSimulator.layer({ script })

const send = (change: object) =>
  Effect.gen(function*() {
    const { apiKey } = yield* OpenAiSimulator.OpenAiSimulator
    return yield* post(path, { ...body, ...change }, bearer(apiKey))
  })

const refusals: ReadonlyArray<readonly [what: string, change: object, message: RegExp]> = [
  ["store", { store: false }, /^Unrecognized request argument supplied: store$/],
  ["include", { include: [] }, /^Unrecognized request argument supplied: include$/],
  ["input", { input: [] }, /^Unrecognized request argument supplied: input$/],
  ["a key for the cache", { prompt_cache_key: "s" }, /supplied: prompt_cache_key$/],
  ["an answer in one piece", { stream: false }, /^Invalid 'stream'/],
  ["no model", { model: "" }, /^Invalid 'model'/],
  ["no messages", { messages: [] }, /^Invalid 'messages/],
  ["a role not known", { messages: [{ role: "developer", content: "x" }] }, /^Invalid 'messages/],
  ["a field not known in a message", { messages: [{ ...user, phase: "final_answer" }] }, /^Invalid 'messages/],
  ["an image in an output", { messages: [{ ...tool("a"), content: [{ type: "image_url" }] }] }, /^Invalid 'messages/],
  [
    "arguments that are no object",
    { messages: [{ ...calling(), tool_calls: [call("a", "{\"x\"")] }, tool("a")] },
    /^Invalid 'messages/
  ],
  ["a list of no tools", { tools: [] }, /^Invalid 'tools/],
  ["a choice without tools", { tool_choice: "auto" }, /only allowed when 'tools' are specified/],
  ["a call without its output", { messages: [user, calling("a", "b"), tool("a")] }, /response messages: b$/],
  ["an output that comes late", { messages: [user, calling("a"), user, tool("a")] }, /response messages: a$/],
  ["an output without its call", { messages: [user, tool("a")] }, /^messages with role 'tool' must be a response/],
  [
    "thoughts that are not asked for",
    { messages: [{ ...calling("a"), reasoning_content: "Hm." }, tool("a")] },
    /supplied: reasoning_content$/
  ],
  [
    "a call without its thoughts where they are",
    { model: "deepseek-v3.2", messages: [calling("a"), tool("a")] },
    /^The reasoning_content in the thinking mode must be passed back/
  ],
  [
    "the older name of a limit for a model that reasons",
    { model: "gpt-5.5", messages: [user], max_tokens: 10 },
    /^Unsupported parameter: 'max_tokens' .* Use 'max_completion_tokens' instead/
  ],
  [
    "tools for a model that has them with the Responses API only",
    { model: "gpt-6.2-sol", tools },
    /^Function tools are not supported with gpt-6.2-sol .* use \/v1\/responses/
  ],
  ["to be told how GPT-6.2 chooses its words", { model: "gpt-6.2-sol", temperature: 0 }, /^Unsupported.*'temperature'/],
  ["an effort that a model has not", { model: "gpt-6.2-sol", reasoning_effort: "none" }, /^Unsupported value.*'none'/],
  ["an output that comes twice", { messages: [calling("a"), tool("a"), tool("a")] }, /^messages with role 'tool'/]
]

/** The client of a dialect in front of the simulator. */
const client = (dialect: Layer.Layer<Responses.Responses, never, AuthClient.AuthClient>) =>
  Layer.unwrapEffect(Effect.map(OpenAiSimulator.OpenAiSimulator, (server) =>
    dialect.pipe(
      Layer.provide(AuthClient.layer({
        chatgptBaseUrl: server.chatgptBaseUrl,
        apiBaseUrl: server.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      })),
      Layer.provide(Layer.mock(Credentials.Credentials, {
        current: Effect.succeed({ credential: apiKey(server.apiKey), source: "environment" as const, reason: "" })
      })),
      Layer.provide(FetchHttpClient.layer)
    )))

/** All that one call tells, over this dialect. */
const ask = (dialect: typeof Responses.layer, input: ReadonlyArray<Item>) =>
  Effect.flatMap(Responses.Responses, (responses) =>
    Stream.runFold(
      responses.stream(Request.make({ model: "gpt-5.5", instructions: "Be brief.", input, cacheKey: "s" })),
      new Array<StreamEvent>(),
      (events, event) => [...events, event]
    )).pipe(Effect.provide(client(dialect)))

/** What is said of each item and of the whole, without names and numbers that no two responses share. */
const essence = (events: ReadonlyArray<StreamEvent>) => ({
  order: events.map(({ type }) => type),
  deltas: events.flatMap((event) => "delta" in event ? [event.delta] : []),
  finishReason: events.reduce(Response.add, Response.empty).finishReason,
  usage: events.reduce(Response.add, Response.empty).usage
})

describe("Chat Completions of OpenAiSimulator", () => {
  for (const [what, change, message] of refusals) {
    it.effect(`refuses ${what}`, () =>
      Effect.gen(function*() {
        const answer = yield* send(change)
        assert.strictEqual(answer.status, 400)
        assert.match(Object(answer.json).error.message, message)
      }).pipe(Effect.provide(simulator())))
  }

  it.effect("wants the key", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* post(path, body)).status, 401)
    }).pipe(Effect.provide(simulator())))

  it.effect("streams chunks, tells the usage to who asks for it, and says that it is done", () =>
    Effect.gen(function*() {
      const answer = yield* send({ stream_options: { include_usage: true } })
      assert.strictEqual(answer.status, 200)
      assert.match(answer.headers["content-type"] ?? "", /^text\/event-stream/)
      const blocks = answer.text.trimEnd().split("\n\n").map((block) => block.slice("data: ".length))
      assert.strictEqual(blocks.at(-1), "[DONE]")
      assert.include(blocks.at(-2), "\"prompt_tokens\":100")
      assert.include(blocks.at(-3), "\"finish_reason\":\"stop\"")
      assert.notInclude((yield* send({})).text, "prompt_tokens")
    }).pipe(Effect.provide(simulator())))

  it.effect("shows a script the request in the words of the Responses API", () =>
    Effect.gen(function*() {
      const image = { type: "image_url", image_url: { url: "https://x.test/a.png" } }
      const { status } = yield* send({
        tools,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: [{ type: "text", text: "hi" }, image] },
          { ...calling("a"), content: "Let me look." },
          tool("a")
        ]
      })
      assert.strictEqual(status, 200)
    }).pipe(Effect.provide(simulator((request) => {
      assert.strictEqual(request.instructions, "Be brief.")
      assert.deepStrictEqual(request.input, [
        {
          type: "message",
          role: "user",
          content: [{ type: "input_text", text: "hi" }, { type: "input_image", image_url: "https://x.test/a.png" }]
        },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "Let me look." }] },
        { type: "function_call", call_id: "a", name: "ls", arguments: "{}" },
        { type: "function_call_output", call_id: "a", output: "a.txt" }
      ])
      assert.deepStrictEqual(request.tools.map(({ name }) => name), ["ls"])
      return Script.answer(Script.say("Hello"))
    }))))

  it.effect("shows a script the thoughts that a model wants back", () =>
    Effect.gen(function*() {
      const messages = [{ ...calling("a"), reasoning_content: "Hm." }, tool("a"), {
        ...calling("b"),
        reasoning_content: " "
      }, tool("b")]
      assert.strictEqual((yield* send({ model: "deepseek-v3.2", messages })).status, 200)
    }).pipe(Effect.provide(simulator((request) => {
      assert.deepStrictEqual(request.input.slice(0, 4).map((item) => item.type), [
        "reasoning",
        "function_call",
        "function_call_output",
        "function_call"
      ])
      assert.deepStrictEqual(request.input[0], { type: "reasoning", summary: [{ type: "summary_text", text: "Hm." }] })
      return Script.answer(Script.say("Hello"))
    }))))

  const turns: ReadonlyArray<readonly [what: string, turn: Script.Turn]> = [
    ["an answer", Script.answer(Script.say("Hello, how are you?"))],
    ["thoughts and a call", Script.answer(Script.think("Let me see."), Script.call("ls", { path: "." }, "c1"))],
    ["a response cut short", Script.incomplete("max_output_tokens", Script.say("Hello, how"))],
    ["a refusal", Script.answer({ ...Script.say(""), content: [{ type: "refusal", refusal: "I will not." }] })]
  ]
  for (const [what, turn] of turns) {
    it.effect(`gives the events of the Responses API, one for one: ${what}`, () =>
      Effect.gen(function*() {
        const [chat, responses] = yield* Effect.forEach(
          [ChatCompletions.layer, Responses.layer],
          (dialect) => ask(dialect, [userMessage("Hi")])
        )
        assert.deepStrictEqual(essence(chat ?? []), essence(responses ?? []))
      }).pipe(Effect.provide(simulator(() => turn))))
  }

  const failures: ReadonlyArray<readonly [turn: Script.Turn, reason: string]> = [
    [Script.refuse(400, { error: { code: "context_length_exceeded", message: "Too long" } }), "ContextOverflow"],
    [Script.refuse(404, { error: { message: "model \"x\" not found, try pulling it first" } }), "ModelUnavailable"],
    [Script.fail({ code: "invalid_prompt", message: "No" }), "ContentFiltered"]
  ]
  for (const [turn, reason] of failures) {
    it.effect(`fails as the Responses API does: ${turn._tag} with ${reason}`, () =>
      Effect.gen(function*() {
        for (const dialect of [ChatCompletions.layer, Responses.layer]) {
          const error = yield* Effect.flip(ask(dialect, [userMessage("Hi")]))
          assert.strictEqual(error.reason._tag, reason)
        }
      }).pipe(Effect.provide(simulator(() => turn))))
  }

  // Between its attempts the client waits by the clock, and between its bytes for a socket.
  it.live("is asked again when a stream breaks off, and gives each item once", () =>
    Effect.gen(function*() {
      const events = yield* ask(ChatCompletions.layer, [userMessage("Hi")])
      assert.strictEqual(events.filter(({ type }) => type === "effixir.retry").length, 1)
      assert.strictEqual(Response.text(events.reduce(Response.add, Response.empty)), "Hello, how are you?")
    }).pipe(Effect.provide(simulator((_, n) => {
      const hello = Script.say("Hello, how are you?")
      return n === 0 ? Script.cut(2, hello) : Script.answer(hello)
    }))))
})
