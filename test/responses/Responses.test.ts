import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import { ofOthers } from "../../src/auth/Host.ts"
import { SignedOut } from "../../src/auth/SignedOut.ts"
import * as RateLimits from "../../src/responses/account/RateLimits.ts"
import * as Dialect from "../../src/responses/Dialect.ts"
import * as Item from "../../src/responses/Item.ts"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { block, bytes } from "./sse.ts"
import { serve, type Transport, transports } from "./transports.ts"

const request = Request.make({
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [Item.userMessage("Hi")],
  cacheKey: "session-1"
})

const stream = Stream.unwrap(Effect.map(Responses.Responses, (responses) => responses.stream(request)))
const ask = Stream.runFold(stream, Response.empty, Response.add)
const failure = Effect.flip(ask)

const createdEvent = { type: "response.created", response: { id: "resp_1" } }
const completedEvent = { type: "response.completed", response: { id: "resp_1", output: [] } }
const created = block(createdEvent)
const completed = block(completedEvent)

type Handler = (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<globalThis.Response, RequestError>

/** One attempt is enough where the attempts are not what is looked at; `Retry.test.ts` looks at them. */
const [sse] = transports
const budget: Responses.Options = { retry: { attempts: 1, elapsed: 0 } }

/** The client over a network that is this function. */
const over = (handler: Handler, options: Responses.Options = {}) =>
  Layer.provide(
    Responses.layerWith({ ...budget, ...options }),
    Layer.mock(AuthClient.AuthClient, {
      client: HttpClient.make((request) =>
        Effect.map(handler(request), (response) => HttpClientResponse.fromWeb(request, response))
      ).pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("https://model.test"))),
      account: Effect.succeed("chatgpt:acct-1"),
      wire: Effect.succeed(ofOthers)
    })
  )

const answers = (body: string | ReadableStream | null, init: ResponseInit) =>
  over(() => Effect.sync(() => new globalThis.Response(body, init)))

/** A body that says this, and then nothing for ever. */
const silentAfter = (text: string) => new ReadableStream({ start: (controller) => controller.enqueue(bytes(text)) })

/** A body that never stops talking. */
const endless = (text: string) => new ReadableStream({ pull: (controller) => controller.enqueue(bytes(text)) })

/** The client, real down to the socket, in front of a server. */
const real = (transport: Transport, baseUrl: string, key = "sk-secret", signedOut?: SignedOut) =>
  transport.layer(budget).pipe(
    Layer.provide(AuthClient.layer({
      chatgptBaseUrl: baseUrl,
      apiBaseUrl: baseUrl,
      originator: "effixir",
      organization: Option.none(),
      project: Option.none()
    })),
    Layer.provide(Layer.mock(Credentials.Credentials, {
      current: signedOut ??
        Effect.succeed({ credential: apiKey(Redacted.make(key)), source: "environment" as const, reason: "" })
    })),
    Layer.provide(FetchHttpClient.layer)
  )

describe("Responses", () => {
  it.effect("sends the whole request, under the ids of its conversation", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<HttpClientRequest.HttpClientRequest>>([])
      yield* ask.pipe(Effect.provide(over((request) =>
        Effect.as(Ref.update(seen, (all) => [...all, request]), new globalThis.Response(completed))
      )))
      const [sent, ...more] = yield* Ref.get(seen)
      assert.deepStrictEqual(more, [])
      assert.strictEqual(sent?.method, "POST")
      assert.strictEqual(sent?.url, "https://model.test/responses")
      assert.deepInclude(sent?.headers, {
        accept: "text/event-stream",
        "session-id": "session-1",
        "thread-id": "session-1",
        "x-client-request-id": "session-1"
      })
      assert.strictEqual(sent?.body._tag, "Uint8Array")
      if (sent?.body._tag !== "Uint8Array") {
        return
      }
      assert.strictEqual(sent.body.contentType, "application/json")
      const body = JSON.parse(new TextDecoder().decode(sent.body.body))
      assert.deepStrictEqual(body, request)
      assert.deepInclude(body, {
        store: false,
        stream: true,
        include: ["reasoning.encrypted_content"],
        prompt_cache_key: "session-1"
      })
    }))

  it.effect("speaks for the account of the credential", () =>
    Effect.gen(function*() {
      const responses = yield* Responses.Responses
      assert.strictEqual(yield* responses.account, "chatgpt:acct-1")
    }).pipe(Effect.provide(answers(completed, {}))))

  it.effect.each([undefined, "text/plain", "application/json"])(
    "believes the body, and not its content type: %s",
    (type) =>
      Effect.gen(function*() {
        const response = yield* ask
        assert.strictEqual(response.id, "resp_1")
      }).pipe(Effect.provide(over(() =>
        Effect.sync(() => {
          const response = new globalThis.Response(`${created}${completed}`)
          if (type === undefined) response.headers.delete("content-type")
          else response.headers.set("content-type", type)
          return response
        })
      )))
  )

  it.effect("believes the status before the body", () =>
    Effect.gen(function*() {
      const error = yield* failure
      assert.strictEqual(error.reason._tag, "InvalidRequest")
      assert.strictEqual(error.status, 400)
    }).pipe(
      Effect.provide(answers(completed, { status: 400, headers: { "content-type": "text/event-stream" } }))
    ))

  it.effect("gives the advice of its dialect where the path is not known, and not where the model is not", () => {
    const dialect = { ...Dialect.responses, advice: "try another path" }
    const refused = (status: number, body: string) =>
      Effect.provide(failure, over(() => Effect.sync(() => new globalThis.Response(body, { status })), { dialect }))
    return Effect.gen(function*() {
      const path = yield* refused(404, "404 page not found")
      assert.deepStrictEqual([path.reason._tag, path.detail], [
        "InvalidRequest",
        "404 page not found; try another path"
      ])
      assert.strictEqual((yield* refused(404, "")).detail, "try another path")
      const model = yield* refused(404, JSON.stringify({ error: { message: "model \"x\" not found, try pulling it" } }))
      assert.deepStrictEqual([model.reason._tag, model.detail], [
        "ModelUnavailable",
        "model \"x\" not found, try pulling it"
      ])
      assert.notInclude((yield* refused(400, "no")).detail, "try")
    })
  })

  it.effect("does not wait for a refusal to fall silent", () =>
    Effect.gen(function*() {
      const waiting = yield* Effect.fork(failure)
      yield* TestClock.adjust("1 minute")
      const error = yield* Fiber.join(waiting)
      assert.strictEqual(error.reason._tag, "RateLimited")
      assert.strictEqual(error.detail, "wait")
    }).pipe(Effect.provide(answers(silentAfter("wait"), { status: 429 }))))

  it.effect("does not read a refusal that never stops", () =>
    Effect.gen(function*() {
      const error = yield* failure
      assert.strictEqual(error.reason._tag, "Overloaded")
      assert.strictEqual(error.detail.length, 500)
    }).pipe(Effect.provide(answers(endless(created.repeat(100)), { status: 503 }))))

  it.effect("takes the status of a refusal without a body for its word", () =>
    Effect.gen(function*() {
      const error = yield* failure
      assert.strictEqual(error.reason._tag, "Unauthorized")
      assert.strictEqual(error.requestId, "req_1")
    }).pipe(Effect.provide(answers(null, { status: 401, headers: { "x-request-id": "req_1" } }))))

  it.effect("tells who was not reached, by what the network said last", () =>
    Effect.gen(function*() {
      const refused = new Error("connect ECONNREFUSED 127.0.0.1:1")
      const causes = [
        new TypeError("fetch failed", { cause: refused }),
        new TypeError("fetch failed", {
          cause: new AggregateError([new Error("connect EADDRNOTAVAIL ::1:1"), refused])
        })
      ]
      for (const cause of causes) {
        const error = yield* Effect.provide(
          failure,
          over((request) => new RequestError({ request, reason: "Transport", cause }))
        )
        assert.strictEqual(error.reason._tag, "Transport")
        assert.include(error.detail, "connect ECONNREFUSED 127.0.0.1:1")
        assert.isTrue(error.isRetryable)
      }
    }))

  it.scoped("closes the connection after the end, even if the server does not", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const url = yield* serve((peer) => {
        peer.onClose(() => Deferred.unsafeDone(closed, Effect.void))
        peer.say(completedEvent)
      })
      yield* Effect.provide(ask, real(sse, url))
      yield* Deferred.await(closed)
    }))
})

for (const transport of transports) {
  describe(`Responses over ${transport.name}`, () => {
    it.scoped("sends nothing before somebody listens, and once for each who does", () =>
      Effect.gen(function*() {
        let count = 0
        const url = yield* serve((peer) => {
          count += 1
          peer.say(completedEvent)
        })
        yield* Effect.gen(function*() {
          const responses = yield* Responses.Responses
          const stream = responses.stream(request)
          assert.strictEqual(count, 0)
          yield* Stream.runDrain(stream)
          yield* Stream.runDrain(stream)
        }).pipe(Effect.provide(real(transport, url)))
        assert.strictEqual(count, 2)
      }))

    it.scoped("takes JSON that is nested without end for an answer that cannot be understood", () =>
      Effect.gen(function*() {
        const unknown: unknown = JSON.parse(`${"[".repeat(600)}${"]".repeat(600)}`)
        const url = yield* serve((peer) => {
          peer.say(createdEvent)
          peer.say({ ...completedEvent, unknown })
        })
        const error = yield* Effect.provide(failure, real(transport, url))
        assert.strictEqual(error.reason._tag, "MalformedOutput")
        assert.include(error.message, "levels deep")
      }))

    it.scoped("says that a connection was refused", () =>
      Effect.gen(function*() {
        const url = yield* Effect.scoped(serve(404))
        const error = yield* Effect.provide(failure, real(transport, url))
        assert.strictEqual(error.reason._tag, "Transport")
        assert.match(error.detail, /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
      }))

    it.scoped("tells what came before a connection was cut", () =>
      Effect.gen(function*() {
        // What is not read yet when a connection breaks may be lost, so the server waits until it is.
        const heard = yield* Deferred.make<void>()
        const runtime = yield* Effect.runtime()
        const url = yield* serve((peer) => {
          peer.say(createdEvent)
          Runtime.runFork(runtime)(Effect.map(Deferred.await(heard), peer.cut))
        })
        const seen = yield* Stream.runCollect(
          stream.pipe(
            Stream.tap(() => Deferred.succeed(heard, undefined)),
            Stream.map(({ type }) => type),
            Stream.catchAll((error: ModelError) => Stream.make(error.reason._tag))
          )
        ).pipe(Effect.provide(real(transport, url)))
        const [first, last, ...more] = seen
        assert.strictEqual(first, "response.created")
        assert.include(["Transport", "StreamIncomplete"], last)
        assert.deepStrictEqual(more, [])
      }))

    it.effect("wants somebody to be signed in", () =>
      Effect.gen(function*() {
        const error = yield* failure
        assert.strictEqual(error.reason._tag, "Unauthorized")
        assert.include(error.message, "OPENAI_API_KEY")
        assert.include(error.message, "effixir login")
      }).pipe(Effect.provide(real(transport, "http://127.0.0.1:1", "", new SignedOut({ reason: "NeverSignedIn" })))))

    for (const how of ["interrupted", "left"] as const) {
      it.scoped(`closes the connection when it is ${how}`, () =>
        Effect.gen(function*() {
          const closed = yield* Deferred.make<void>()
          const url = yield* serve((peer) => {
            peer.onClose(() => Deferred.unsafeDone(closed, Effect.void))
            peer.say(createdEvent)
          })
          const heard = yield* Deferred.make<void>()
          const listening = how === "left"
            ? Stream.runDrain(Stream.take(stream, 1))
            : Stream.runForEach(stream, () => Deferred.succeed(heard, undefined)).pipe(
              Effect.fork,
              Effect.tap(Deferred.await(heard)),
              Effect.flatMap(Fiber.interrupt)
            )
          yield* Effect.provide(listening, real(transport, url))
          yield* Deferred.await(closed)
        }))
    }

    it.scoped("tells nobody the key, however it fails", () =>
      Effect.gen(function*() {
        const refusing = yield* serve(401)
        const cutting = yield* serve((peer) => peer.cut())
        const cases = [[refusing, "sk-s3cret"], [cutting, "sk-s3cret"], [refusing, "sk-\ns3cret"], [
          refusing,
          "sk-…s3cret"
        ]]
        for (const [url = "", key] of cases) {
          const exit = yield* Effect.exit(Effect.provide(ask, real(transport, url, key)))
          assert.strictEqual(exit._tag, "Failure")
          if (exit._tag !== "Failure") continue
          const error = Cause.squash(exit.cause)
          for (const told of [String(error), JSON.stringify(error), JSON.stringify(exit), Cause.pretty(exit.cause)]) {
            assert.notInclude(told, "s3cret")
          }
          assert.notInclude(Cause.pretty(exit.cause, { renderErrorCause: true }), "s3cret")
        }
      }))

    it.effect("gets from a server what a model says", () => {
      const said = [Script.think("Hm."), Script.call("ls", { path: "." }, "call_1"), Script.say("Grüße 👋")]
      return Effect.gen(function*() {
        const simulator = yield* OpenAiSimulator.OpenAiSimulator
        const response = yield* Effect.provide(
          ask,
          real(transport, simulator.apiBaseUrl, Redacted.value(simulator.apiKey))
        )
        assert.deepStrictEqual(Response.items(response), said)
        assert.strictEqual(response.finishReason, "stop")
        const received = (yield* simulator.requests).find(({ method }) => method === transport.method)
        const { stream: _, ...rest } = request
        const expected = transport.name === "SSE" ? request : { type: "response.create", ...rest }
        assert.deepStrictEqual<unknown>(received?.body, expected)
        if (transport.name === "WebSocket") return
        assert.strictEqual(received?.headers["accept"], "text/event-stream")
        assert.strictEqual(received?.headers["content-type"], "application/json")
      }).pipe(Effect.provide(OpenAiSimulator.layer({ script: () => Script.answer(...said) })))
    })
  })
}

describe("what a response says beside its events", () => {
  const plan = {
    type: "codex.rate_limits",
    plan_type: "plus",
    rate_limits: { primary: { used_percent: 42, window_minutes: 300, reset_at: 2_000_000_000 } }
  }

  it.effect("is heard by who remembers how much of the plan is used", () =>
    Effect.gen(function*() {
      const limits = yield* RateLimits.RateLimits
      yield* Effect.provide(ask, answers(`${block(plan)}${created}${completed}`, {}))
      const known = Option.getOrThrow(yield* limits.snapshot("chatgpt:acct-1"))
      assert.deepInclude(known.limits[0]?.windows[0], { kind: "five-hour", usedPercent: 42 })
    }).pipe(Effect.provide(RateLimits.layerMemory)))

  const late = { "X-Codex-Primary-Used-Percent": 43, "x-codex-primary-window-minutes": "300" }
  it.effect.each([
    { type: "error", status: 429, error: { type: "usage_limit_reached" }, headers: late },
    { type: "response.metadata", headers: late }
  ])("is heard in the headers of an event too: $type", (event) =>
    Effect.gen(function*() {
      const limits = yield* RateLimits.RateLimits
      yield* Effect.ignore(Effect.provide(ask, answers(`${created}${block(event)}`, {})))
      const known = Option.getOrThrow(yield* limits.snapshot("chatgpt:acct-1"))
      assert.deepInclude(known.limits[0]?.windows[0], { kind: "five-hour", usedPercent: 43 })
    }).pipe(Effect.provide(RateLimits.layerMemory)))

  it.effect("names the call whose stream fails", () =>
    Effect.gen(function*() {
      const error = yield* failure
      assert.deepInclude(error, { code: "invalid_prompt", requestId: "req_7", cfRay: "ray-7" })
    }).pipe(Effect.provide(answers(
      block({ type: "response.failed", response: { error: { code: "invalid_prompt", message: "No." } } }),
      { headers: { "x-request-id": "req_7", "cf-ray": "ray-7" } }
    ))))
})
