import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { SocketClient } from "../../src/responses/transport/SocketClient.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"
import { socketClient } from "../responses/transports.ts"
import { bearer, signedIn } from "./http.ts"

const simulator = (sockets: OpenAiSimulator.Sockets = {}) =>
  OpenAiSimulator.layer({ script: (request, n) => Script.answer(Script.say(`${n}: ${request.input.length}`)), sockets })

const user = { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }
const body = {
  type: "response.create",
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [user],
  store: false
}

const connect = (headers: Readonly<Record<string, string>>, path = "/backend-api/codex/responses") =>
  Effect.gen(function*() {
    const { url } = yield* OpenAiSimulator.OpenAiSimulator
    const sockets = yield* SocketClient
    return yield* sockets.connect(`${url.replace("http", "ws")}${path}`, headers)
  }).pipe(Effect.provide(socketClient))

/** A connection of somebody who is signed in, and what it answers to a message, up to the last event. */
const dial = Effect.gen(function*() {
  const { messages, send } = yield* connect(yield* signedIn)
  return (message: object | string) =>
    Effect.gen(function*() {
      yield* send(typeof message === "string" ? message : JSON.stringify(message))
      const events = yield* messages.pipe(
        Stream.map((text) => JSON.parse(text)),
        Stream.takeUntil(({ type }) => type === "response.completed" || type === "error"),
        Stream.runCollect
      )
      return [...events]
    })
})

const textOf = (events: ReadonlyArray<{ readonly type: string; readonly item?: unknown }>) =>
  events.filter(({ type }) => type === "response.output_item.done")
    .map(({ item }) => (item as ScriptEvents.JsonEvent & { content: Array<{ text: string }> }).content[0]?.text).join()

describe("The WebSockets of OpenAiSimulator", () => {
  it.scoped("tell the same events as a stream over HTTP", () =>
    Effect.gen(function*() {
      const say = yield* dial
      const events = yield* say(body)
      const expected = ScriptEvents.events(Script.answer(Script.say("0: 1")), { model: "gpt-5.5", responseId: "r" })
      assert.deepStrictEqual(events.map(({ type }) => type), expected.map(({ type }) => type))
      assert.deepStrictEqual(events.map((event) => event["sequence_number"]), expected.map((_, index) => index))
    }).pipe(Effect.provide(simulator())))

  it.scoped("remember a response on their own connection", () =>
    Effect.gen(function*() {
      const say = yield* dial
      const first = yield* say(body)
      const previous_response_id = first.at(-1).response.id
      assert.strictEqual(textOf(first), "0: 1")
      assert.strictEqual(textOf(yield* say({ ...body, previous_response_id })), "1: 3")
      const elsewhere = yield* (yield* dial)({ ...body, previous_response_id })
      assert.deepStrictEqual(elsewhere.map(({ error, status, type }) => ({ code: error.code, status, type })), [{
        code: "previous_response_not_found",
        status: 400,
        type: "error"
      }])
    }).pipe(Effect.provide(simulator())))

  it.scoped("prepare what will be continued, and ask the model nothing for that", () =>
    Effect.gen(function*() {
      const say = yield* dial
      const prepared = yield* say({ ...body, generate: false })
      assert.strictEqual(textOf(prepared), "")
      const previous_response_id = prepared.at(-1).response.id
      assert.strictEqual(textOf(yield* say({ ...body, previous_response_id })), "0: 2")
      assert.strictEqual(textOf(yield* say({ ...body, input: [], generate: false })), "")
    }).pipe(Effect.provide(simulator())))

  it.scoped("refuse what HTTP refuses, and stay open", () =>
    Effect.gen(function*() {
      const say = yield* dial
      const refused = (change: object | string) =>
        Effect.map(
          say(typeof change === "string" ? change : { ...body, ...change }),
          ([{ error, status }]) => [status, error.message]
        )
      assert.deepStrictEqual(yield* refused({ store: true }), [400, "Store must be set to false"])
      assert.deepStrictEqual(yield* refused({ top_p: 1 }), [400, "Unsupported parameter: top_p"])
      assert.deepStrictEqual(yield* refused({ input: "hi" }), [400, "Input must be a list"])
      assert.deepStrictEqual(yield* refused({ type: "hi" }), [400, "Expected an event of type response.create"])
      assert.deepStrictEqual(yield* refused("hi"), [400, "Expected an event of type response.create"])
      const output = { type: "function_call_output", call_id: "call_1", output: "" }
      assert.deepStrictEqual(yield* refused({ input: [output] }), [
        400,
        "No tool call found for function call output with call_id call_1."
      ])
      assert.strictEqual(textOf(yield* say(body)), "0: 1")
    }).pipe(Effect.provide(simulator())))

  it.scoped("take one request at a time", () =>
    Effect.gen(function*() {
      const { messages, send } = yield* connect(yield* signedIn)
      yield* send(JSON.stringify(body))
      yield* send(JSON.stringify(body))
      const [event] = yield* Stream.runCollect(Stream.take(messages, 1))
      assert.strictEqual(JSON.parse(event ?? "").error.code, "websocket_response_in_progress")
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script: () => Script.answer(Script.say("slow")), pace: "1 hour" }))))

  it.scoped("want a credential and a path that they know", () =>
    Effect.gen(function*() {
      const { apiKey } = yield* OpenAiSimulator.OpenAiSimulator
      const status = (headers: Readonly<Record<string, string>>, path?: string) =>
        Effect.match(connect(headers, path), { onFailure: ({ status }) => status, onSuccess: () => 101 })
      assert.strictEqual(yield* status({}), 401)
      assert.strictEqual(yield* status(yield* signedIn), 101)
      assert.strictEqual(yield* status(bearer(apiKey)), 401)
      assert.strictEqual(yield* status(bearer(apiKey), "/v1/responses"), 101)
      assert.strictEqual(yield* status(bearer(Redacted.make("sk-other")), "/v1/responses"), 401)
      assert.strictEqual(yield* status(yield* signedIn, "/elsewhere"), 404)
      const { body, headers } = yield* Effect.flip(connect({}))
      assert.strictEqual(headers["content-type"], "application/json")
      assert.strictEqual(JSON.parse(body).error.code, "token_invalidated")
    }).pipe(Effect.provide(simulator())))

  it.scoped("refuse every upgrade if they are told to", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(connect(yield* signedIn))).status, 426)
    }).pipe(Effect.provide(simulator({ isRefusing: true }))))

  it.scoped("have an age, and close behind themselves", () =>
    Effect.gen(function*() {
      const { messages, send } = yield* connect(yield* signedIn)
      yield* TestClock.adjust("61 minutes")
      yield* send(JSON.stringify(body))
      const [event] = yield* Stream.runCollect(Stream.take(messages, 1))
      assert.deepInclude(JSON.parse(event ?? ""), { type: "error", status: 400 })
      assert.strictEqual(JSON.parse(event ?? "").error.code, "websocket_connection_limit_reached")
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(messages))).code, 1000)
    }).pipe(Effect.provide(simulator({ maxAge: "1 hour" }))))

  it.scoped("break after so many events, or over a message that is too large", () =>
    Effect.gen(function*() {
      const { messages, send } = yield* connect(yield* signedIn)
      yield* send(JSON.stringify(body))
      const events: Array<string> = []
      const { code } = yield* Effect.flip(Stream.runForEach(messages, (text) => Effect.sync(() => events.push(text))))
      assert.strictEqual(code, 1006)
      assert.strictEqual(events.length, 3)
      const other = yield* connect(yield* signedIn)
      yield* other.send("a".repeat(1001))
      assert.strictEqual((yield* Effect.flip(Stream.runDrain(other.messages))).code, 1009)
    }).pipe(Effect.provide(simulator({ breaksAfter: 3, maxMessageSize: 1000 }))))
})
