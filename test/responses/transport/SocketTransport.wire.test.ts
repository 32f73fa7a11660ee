import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as AuthClient from "../../../src/auth/AuthClient.ts"
import * as ChatGptOAuth from "../../../src/auth/chatgpt/ChatGptOAuth.ts"
import { apiKey, type Credential } from "../../../src/auth/Credential.ts"
import * as Credentials from "../../../src/auth/Credentials.ts"
import * as CredentialStore from "../../../src/auth/CredentialStore.ts"
import * as OAuth from "../../../src/auth/OAuth.ts"
import * as Item from "../../../src/responses/Item.ts"
import * as Request from "../../../src/responses/Request.ts"
import * as Response from "../../../src/responses/Response.ts"
import * as Responses from "../../../src/responses/Responses.ts"
import type { StreamEvent } from "../../../src/responses/StreamEvent.ts"
import * as SocketTransport from "../../../src/responses/transport/SocketTransport.ts"
import * as OpenAiSimulator from "../../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../../src/testing/Script.ts"
import { serve, socketClient, transports } from "../transports.ts"

type Layers = Layer.Layer<Responses.Responses, never, AuthClient.AuthClient>

const once: Responses.Options = { retry: { attempts: 1, elapsed: 0 } }
const [sse, webSocket] = transports
const sockets = webSocket.layer(once)
const auto = Layer.provide(SocketTransport.layerAuto(once), socketClient)

/** The real client in front of the simulator, with a credential of somebody who is signed in there. */
const over = (responses: Layers, credential?: Credential) =>
  Layer.unwrapEffect(Effect.gen(function*() {
    const simulator = yield* OpenAiSimulator.OpenAiSimulator
    return responses.pipe(
      Layer.provide(AuthClient.layer({
        chatgptBaseUrl: simulator.chatgptBaseUrl,
        apiBaseUrl: simulator.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      })),
      Layer.provide(Credentials.layer({ apiKey: Option.none(), choice: "any" })),
      Layer.provide([OAuth.layer({ issuer: simulator.issuer, originator: "effixir" }), ChatGptOAuth.layer(simulator)]),
      Layer.provide(CredentialStore.layerMemory(credential ?? (yield* simulator.signIn()))),
      Layer.provide(FetchHttpClient.layer)
    )
  }))

const call = (...input: ReadonlyArray<Item.Item>) =>
  Effect.gen(function*() {
    const responses = yield* Responses.Responses
    const events: Array<StreamEvent> = []
    yield* Stream.runForEach(
      responses.stream(Request.make({ model: "gpt-5.5", instructions: "Be brief.", input, cacheKey: "session-1" })),
      (event) => Effect.sync(() => events.push(event))
    )
    return {
      items: Response.items(events.reduce(Response.add, Response.empty)).map(Item.withoutId),
      retries: events.filter(({ type }) => type === "effixir.retry").length
    }
  })

const ask = (...input: ReadonlyArray<Item.Item>) =>
  Effect.map(call(...input), ({ items, retries }) => {
    assert.strictEqual(retries, 0)
    return items
  })

const received = (method: string) =>
  Effect.flatMap(
    OpenAiSimulator.OpenAiSimulator,
    ({ requests }) => Effect.map(requests, (all) => all.filter((request) => request.method === method))
  )

const hi = Item.userMessage("Hi")
const hello = OpenAiSimulator.layer({ script: () => Script.answer(Script.say("Hello")) })

describe("SocketTransport on the wire", () => {
  it.effect("gives the same items for fewer bytes", () => {
    const file = "line\n".repeat(200)
    const turns = [
      Script.answer(Script.think("Hm."), Script.call("read", { path: "a" }, "call_1")),
      Script.answer(Script.call("read", { path: "b" }, "call_2")),
      Script.answer(Script.say("Two files."))
    ]
    const converse = Effect.gen(function*() {
      const items: Array<Item.Item> = [hi]
      for (const call of ["call_1", "call_2"]) {
        items.push(...(yield* ask(...items)), Item.functionCallOutput(call, file))
      }
      items.push(...(yield* ask(...items)))
      return items
    })
    /** The conversation, what the model was asked in its last step, and how much was sent for it. */
    const through = (responses: Layers, method: string) => {
      let asked: ReadonlyArray<Item.Item> = []
      const script: Script.Script = (request, n) => {
        asked = request.input.map(Item.withoutId)
        return turns[n] ?? Script.answer()
      }
      return Effect.gen(function*() {
        const items = yield* Effect.provide(converse, over(responses))
        const bodies = (yield* received(method)).map(({ body }) => body)
        return { items, asked, bodies, size: JSON.stringify(bodies).length }
      }).pipe(Effect.provide(OpenAiSimulator.layer({ script })))
    }
    return Effect.gen(function*() {
      const overHttp = yield* through(sse.layer(once), "POST")
      const overSocket = yield* through(sockets, "MESSAGE")
      assert.deepStrictEqual(overSocket.items, overHttp.items)
      assert.deepStrictEqual(overSocket.asked, overHttp.asked)
      assert.strictEqual(overSocket.bodies.length, 3)
      assert.deepPropertyVal(overSocket.bodies[1], "input", [Item.functionCallOutput("call_1", file)])
      assert.deepPropertyVal(overSocket.bodies[2], "input", [Item.functionCallOutput("call_2", file)])
      assert.property(overSocket.bodies[2], "previous_response_id")
      // Each of the two files is sent once instead of twice and once.
      assert.isBelow(overSocket.size, overHttp.size - file.length)
    })
  })

  it.effect("refreshes a token that the upgrade was refused for", () =>
    Effect.gen(function*() {
      const simulator = yield* OpenAiSimulator.OpenAiSimulator
      const credential = yield* simulator.signIn()
      yield* simulator.invalidateAccessTokens
      yield* Effect.provide(ask(hi), over(sockets, credential))
      const paths = (yield* simulator.requests).map(({ method, path }) => `${method} ${path}`)
      assert.deepStrictEqual(paths, [
        "GET /backend-api/codex/responses",
        "POST /oauth/token",
        "GET /backend-api/codex/responses",
        "MESSAGE /backend-api/codex/responses"
      ])
    }).pipe(Effect.provide(hello)))

  it.effect("believes a server that refuses a key", () =>
    Effect.gen(function*() {
      const { apiKey: good } = yield* OpenAiSimulator.OpenAiSimulator
      yield* Effect.provide(ask(hi), over(sockets, apiKey(good)))
      const bad = apiKey((yield* (yield* OpenAiSimulator.OpenAiSimulator).signIn()).access_token)
      const error = yield* Effect.flip(Effect.provide(ask(hi), over(auto, bad)))
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.strictEqual(error.code, "invalid_api_key")
      assert.deepStrictEqual(yield* received("POST"), [])
    }).pipe(Effect.provide(hello)))

  it.effect("goes on over a new connection when the server ends the old one", () =>
    Effect.gen(function*() {
      const first = yield* ask(hi)
      yield* TestClock.adjust("4 minutes")
      const second = yield* ask(hi, ...first, hi)
      yield* TestClock.adjust("4 minutes")
      const { retries } = yield* call(hi, ...first, hi, ...second, hi)
      assert.strictEqual(retries, 1)
      assert.strictEqual((yield* received("GET")).length, 2)
      const sizes = (yield* received("MESSAGE")).map(({ body }) =>
        (body as { readonly input: Array<unknown> }).input.length
      )
      // The system prompt is the first of them.
      assert.deepStrictEqual(sizes, [2, 1, 1, 6])
    }).pipe(Effect.provide(Layer.provideMerge(
      over(webSocket.layer({ retry: { attempts: 2, elapsed: 0 } })),
      OpenAiSimulator.layer({
        script: () => Script.answer(Script.say("Hello")),
        sockets: { maxAge: "5 minutes" }
      })
    ))))

  const tooLarge = OpenAiSimulator.layer({
    script: () => Script.answer(Script.say("Hello")),
    sockets: { maxMessageSize: 1000 }
  })
  const large = Item.userMessage("a".repeat(100_000))

  it.effect("says that a request is too large", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ask(large))
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.include(error.message, "larger than a WebSocket message may be")
    }).pipe(Effect.provide(Layer.provideMerge(over(sockets), tooLarge))))

  it.effect("sends a request over HTTP that is too large, if it may", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* ask(large)).length, 1)
      assert.strictEqual((yield* received("POST")).length, 1)
    }).pipe(Effect.provide(Layer.provideMerge(over(auto), tooLarge))))

  it.effect("asks a server that takes no WebSockets once", () =>
    Effect.gen(function*() {
      yield* ask(hi)
      yield* ask(hi)
      assert.strictEqual((yield* received("GET")).length, 1)
      assert.strictEqual((yield* received("POST")).length, 2)
    }).pipe(Effect.provide(Layer.provideMerge(
      over(auto),
      OpenAiSimulator.layer({
        script: () => Script.answer(Script.say("Hello")),
        sockets: { isRefusing: true }
      })
    ))))

  it.live("makes a call again whose connection has broken in the middle", () =>
    Effect.gen(function*() {
      const responses = yield* Responses.Responses
      const events = yield* Stream.runCollect(Stream.catchAll(
        responses.stream(Request.make({ model: "gpt-5.5", instructions: "Be brief.", input: [hi], cacheKey: "k" })),
        (error) => Stream.make({ type: "failed", reason: error.reason._tag } as const)
      ))
      const told = [...events].map((event) => event.type === "failed" ? event.reason : event.type)
      assert.deepStrictEqual(told, [
        "response.created",
        "response.in_progress",
        "effixir.retry",
        "response.created",
        "response.in_progress",
        "StreamIncomplete"
      ])
      assert.strictEqual((yield* received("GET")).length, 2)
      assert.strictEqual((yield* received("POST")).length, 0)
    }).pipe(Effect.provide(Layer.provideMerge(
      over(Layer.provide(SocketTransport.layerAuto({ retry: { attempts: 2, elapsed: "1 minute" } }), socketClient)),
      OpenAiSimulator.layer({
        script: () => Script.answer(Script.say("Hello")),
        sockets: { breaksAfter: 2 }
      })
    ))))

  it.scopedLive("closes the connection at once when it is interrupted", () =>
    Effect.gen(function*() {
      const closed = yield* Queue.unbounded<void>()
      const url = yield* serve((peer) => {
        peer.onClose(() => Queue.unsafeOffer(closed, undefined))
        peer.say({ type: "response.created", response: { id: "resp_1" } })
      })
      const auth = AuthClient.layer({
        chatgptBaseUrl: url,
        apiBaseUrl: url,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      }).pipe(
        Layer.provide(Layer.mock(Credentials.Credentials, {
          current: Effect.succeed({
            credential: apiKey(Redacted.make("sk-1")),
            source: "environment" as const,
            reason: ""
          })
        })),
        Layer.provide(FetchHttpClient.layer)
      )
      const interrupt = Effect.gen(function*() {
        const heard = yield* Deferred.make<void>()
        const responses = yield* Responses.Responses
        const request = Request.make({ model: "gpt-5.5", instructions: "Be brief.", input: [hi], cacheKey: "k" })
        const call = yield* Effect.fork(
          Stream.runForEach(responses.stream(request), () => Deferred.succeed(heard, undefined))
        )
        yield* Deferred.await(heard)
        const [time] = yield* Effect.timed(Effect.zipRight(Fiber.interrupt(call), Queue.take(closed)))
        return Duration.toMillis(time)
      })
      const times = yield* Effect.provide(Effect.replicateEffect(interrupt, 5), Layer.provide(sockets, auth))
      // A busy machine may be late once.
      assert.isBelow(Math.min(...times), 100)
    }))
})
