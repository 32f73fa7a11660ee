import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { RequestListener } from "node:http"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as Item from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"
import { recorder } from "../recorder.ts"
import { real, serve } from "./loopback.ts"
import { block } from "./sse.ts"
import { transports } from "./transports.ts"

const prompt = "a prompt that nobody else reads"
const key = "sk-secret"

const stream = Stream.unwrap(Effect.map(Responses.Responses, (responses) =>
  responses.stream(Request.make({
    model: "gpt-5.5",
    instructions: "Be brief.",
    input: [Item.userMessage(prompt)],
    cacheKey: "session-1"
  }))))

const blocks = ScriptEvents.events(Script.answer(Script.say("Grüße 👋")), { model: "gpt-5.5", responseId: "resp_1" })
  .map(
    block
  )

/** What the conventions name: ids, names and counts. */
const conventional = [
  "error.type",
  "gen_ai.conversation.id",
  "gen_ai.operation.name",
  "gen_ai.provider.name",
  "gen_ai.request.model",
  "gen_ai.response.finish_reasons",
  "gen_ai.response.id",
  "gen_ai.response.model",
  "gen_ai.usage.cache_read.input_tokens",
  "gen_ai.usage.input_tokens",
  "gen_ai.usage.output_tokens",
  "gen_ai.usage.reasoning.output_tokens"
]

describe("A span", () => {
  const outcomes: ReadonlyArray<readonly [name: string, RequestListener]> = [
    ["answered", (_, response) => void response.end(blocks.join(""))],
    ["refused", (_, response) => {
      response.writeHead(400).end(JSON.stringify({ error: { message: `What is "${prompt}"?` } }))
    }],
    [
      "failed on the way",
      (_, response) =>
        void response.end(blocks[0] + block({ type: "error", code: "invalid_prompt", message: `What is "${prompt}"?` }))
    ]
  ]
  for (const [name, listener] of outcomes) {
    it.scopedLive(`holds ids and counts of a call, and nothing else, when it is ${name}`, () =>
      Effect.gen(function*() {
        const url = yield* serve(listener)
        const { spans, tracer } = recorder()
        yield* Stream.runDrain(stream).pipe(
          Effect.provide(real(url, { key })),
          Effect.ignore,
          Effect.withSpan("around"),
          Effect.withTracer(tracer)
        )
        const open = spans.find((span) => span.name === "Responses.open")
        if (name === "refused") assert.match(String(open?.told), /ModelError: InvalidRequest/)
        assert.deepInclude(Object.fromEntries(open?.attributes ?? []), { model: "gpt-5.5", items: 1 })
        assert.isAbove(spans.length, 1)
        const all = JSON.stringify(spans.map((span) => [span.name, Array.from(span.attributes), span.told]))
        for (const secret of [prompt, "Be brief", key, "Bearer", "Grüße"]) assert.notInclude(all, secret)
        const known: ReadonlySet<string> = new Set([...conventional, "model", "items"])
        const keys = spans.flatMap((span) => Array.from(span.attributes.keys()))
        assert.deepStrictEqual(keys.filter((key) => !known.has(key)), [])
      }))
  }

  it.scopedLive("is around every attempt of its call", () =>
    Effect.gen(function*() {
      let requests = 0
      const url = yield* serve((_, response) =>
        void (requests++ === 0 ? response.writeHead(500).end() : response.end(blocks.join("")))
      )
      const { spans, tracer } = recorder()
      yield* Stream.runDrain(stream).pipe(Effect.provide(real(url, { key })), Effect.withTracer(tracer))
      const call = spans.find(({ name }) => name.startsWith("chat "))
      assert.isDefined(call)
      const attempts = spans.filter(({ name }) => name === "Responses.open")
      assert.lengthOf(attempts, 2)
      for (const { parentId } of attempts) assert.strictEqual(parentId, call?.id)
    }))

  it.scopedLive("holds no more of a call over a WebSocket", () =>
    Effect.gen(function*() {
      const script: Script.Script = (_, n) =>
        n === 0
          ? Script.answer(Script.say("Grüße 👋"))
          : Script.fail({ code: "invalid_prompt", message: `What is "${prompt}"?` })
      const simulator = yield* OpenAiSimulator.make({ script })
      const { spans, tracer } = recorder()
      const secret = Redacted.value(simulator.apiKey)
      const auth = AuthClient.layer({
        chatgptBaseUrl: simulator.chatgptBaseUrl,
        apiBaseUrl: simulator.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      }).pipe(
        Layer.provide(Layer.mock(Credentials.Credentials, {
          current: Effect.succeed({ credential: apiKey(simulator.apiKey), source: "environment" as const, reason: "" })
        })),
        Layer.provide(FetchHttpClient.layer)
      )
      yield* Effect.all([Stream.runDrain(stream), Effect.ignore(Stream.runDrain(stream))], { discard: true }).pipe(
        Effect.provide(Layer.provide(transports[1].layer({}), auth)),
        Effect.withTracer(tracer)
      )
      const opened = spans.filter((span) => span.name === "Responses.open")
      assert.deepStrictEqual(opened.map(({ attributes }) => attributes.get("isReused")), [false, true])
      const all = JSON.stringify(spans.map((span) => [span.name, Array.from(span.attributes), span.told]))
      for (const word of [prompt, "Be brief", secret, "Bearer", "Grüße"]) assert.notInclude(all, word)
      const known: ReadonlySet<string> = new Set([...conventional, "model", "items", "isContinued", "isReused"])
      const keys = spans.flatMap((span) => Array.from(span.attributes.keys()))
      assert.deepStrictEqual(keys.filter((key) => !known.has(key)), [])
    }))
})
