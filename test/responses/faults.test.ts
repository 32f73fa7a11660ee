import * as HttpClient from "@effect/platform/HttpClient"
import { RequestError, ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import type { RequestListener } from "node:http"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { ofOthers } from "../../src/auth/Host.ts"
import * as Item from "../../src/responses/Item.ts"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import type { StreamEvent } from "../../src/responses/StreamEvent.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"
import { real, serve } from "./loopback.ts"
import { block, bytes, cutAt } from "./sse.ts"

const request = Request.make({
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [Item.userMessage("Hi")],
  cacheKey: "session-1"
})

const stream = Stream.unwrap(Effect.map(Responses.Responses, (responses) => responses.stream(request)))

const said = [Script.think("Hm."), Script.call("ls", { path: "." }, "call_1"), Script.say("Grüße 👋")]
const told = ScriptEvents.events(Script.answer(...said), { model: "gpt-5.5", responseId: "resp_1" })
const blocks = told.map(block)
const created = blocks[0] ?? ""
const whole = Stream.make(bytes(blocks.join("")))

type Bytes = Stream.Stream<Uint8Array, string>

/** A status and a body; `undefined` for a server that never answers, a text for a connection that never is. */
type Answer = undefined | string | {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body: Bytes
}

/** The client over a network that answers like this, the first time and every other. */
const over = (answer: (n: number) => Answer, seen: { requests: number }) =>
  Layer.provide(
    Responses.layer,
    Layer.mock(AuthClient.AuthClient, {
      client: HttpClient.make((request) =>
        Effect.suspend(() => {
          const given = answer(seen.requests++)
          if (given === undefined) return Effect.never
          return Predicate.isString(given)
            ? new RequestError({
              request,
              reason: "Transport",
              cause: new TypeError("fetch failed"),
              description: given
            })
            : Effect.succeed(respond(request, given))
        })
      ).pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("https://model.test"))),
      wire: Effect.succeed(ofOthers)
    })
  )

/** Its body keeps to the clock of the test, which the body of a web response does not. */
const respond = (
  request: HttpClientRequest.HttpClientRequest,
  { body, headers = {}, status = 200 }: Exclude<Answer, undefined | string>
): HttpClientResponse.HttpClientResponse => {
  const response = HttpClientResponse.fromWeb(request, new globalThis.Response(null, { status, headers }))
  const stream = Stream.mapError(body, (cause) => new ResponseError({ request, response, reason: "Decode", cause }))
  return Object.create(response, { stream: { value: stream } })
}

interface Call {
  readonly events: ReadonlyArray<StreamEvent>
  readonly failure: ModelError | undefined
  readonly requests: number
  readonly seconds: number
}

/** One call and what becomes of it, on a clock that is as fast as it must be. */
const call = (answer: (n: number) => Answer): Effect.Effect<Call> =>
  Effect.gen(function*() {
    const seen = { requests: 0 }
    const events: Array<StreamEvent> = []
    const calling = yield* stream.pipe(
      Stream.runForEach((event) => Effect.sync(() => events.push(event))),
      Effect.either,
      Effect.zip(Clock.currentTimeMillis),
      Effect.provide(over(answer, seen)),
      Effect.fork
    )
    yield* TestClock.adjust("1 day")
    const [end, time] = yield* Fiber.join(calling)
    return {
      events,
      failure: Option.getOrUndefined(Either.getLeft(end)),
      requests: seen.requests,
      seconds: time / 1000
    }
  })

const refusal = (status: number, body = "", headers: Record<string, string> = {}): Answer => ({
  status,
  headers,
  body: Stream.make(bytes(body))
})
const error = (fields: object) => JSON.stringify({ error: fields })
const silence = (after: string): Answer => ({ body: Stream.concat(Stream.make(bytes(after)), Stream.never) })
const cut = (after: string): Answer => ({ body: Stream.make(bytes(after)) })
const reset = (after: string): Answer => ({
  body: Stream.concat(Stream.make(bytes(after)), Stream.fail("read ECONNRESET"))
})

/** Four waits of 200 ms and twice as long each time, give or take a fifth. */
const backoff = [2.4, 3.6] as const
const atOnce = [0, 0] as const

/** Three waits of what the server says, and a fourth that is longer as a rule. */
const afterWords = [6, 6.42] as const

/** The stall of the first attempt is not charged to the budget, that of the second uses it up. */
const stalled = (seconds: number) => [2 * seconds + 0.16, 2 * seconds + 0.24] as const

const faults: ReadonlyArray<
  readonly [
    name: string,
    answer: Answer,
    reason: ModelError["reason"]["_tag"],
    requests: number,
    seconds: readonly [min: number, max: number]
  ]
> = [
  ["a connection that is refused", "connect ECONNREFUSED", "Transport", 5, backoff],
  ["a connection that is reset before the first byte", reset(""), "StreamIncomplete", 5, backoff],
  ["a connection that is reset in the middle", reset(created), "StreamIncomplete", 5, backoff],
  ["a stall before the head", undefined, "Transport", 2, stalled(120)],
  ["a stall before the first byte", { body: Stream.never }, "IdleTimeout", 2, stalled(120)],
  ["a stall in the middle", silence(created), "IdleTimeout", 2, stalled(300)],
  ["a stall in the middle of an event", silence(created.slice(0, -9)), "IdleTimeout", 2, stalled(300)],
  ["400", refusal(400, error({ message: "Unsupported parameter" })), "InvalidRequest", 1, atOnce],
  ["401", refusal(401), "Unauthorized", 1, atOnce],
  ["408", refusal(408), "Overloaded", 5, backoff],
  ["429", refusal(429), "RateLimited", 5, backoff],
  ["429 that says when", refusal(429, "", { "retry-after": "2" }), "RateLimited", 5, [8, 8]],
  ["429 that says when, for as long as there is time", refusal(429, "", { "retry-after": "25" }), "RateLimited", 3, [
    50,
    50
  ]],
  ["429 that asks for more time than there is", refusal(429, "", { "retry-after": "61" }), "RateLimited", 1, atOnce],
  [
    "429 that says in words when",
    refusal(429, error({ code: "rate_limit_exceeded", message: "Please try again in 1.5s." })),
    "RateLimited",
    5,
    afterWords
  ],
  [
    "429 for a plan that is used up",
    refusal(429, error({ type: "usage_limit_reached" })),
    "UsageLimitReached",
    1,
    atOnce
  ],
  ["429 for an empty account", refusal(429, error({ code: "insufficient_quota" })), "QuotaExceeded", 1, atOnce],
  ["500", refusal(500, error({ message: "Oops", type: "server_error" })), "Overloaded", 5, backoff],
  ["502 with a web page", refusal(502, "<html><h1>Bad Gateway</h1></html>"), "Overloaded", 5, backoff],
  ["503", refusal(503), "Overloaded", 5, backoff],
  [
    "503 whose body does not end",
    { status: 503, body: Stream.concat(Stream.make(bytes("busy")), Stream.never) },
    "Overloaded",
    5,
    [50 + backoff[0], 50 + backoff[1]]
  ],
  [
    "a web page in the place of a stream",
    cut("<html><h1>Sign in to this network</h1></html>"),
    "StreamIncomplete",
    5,
    backoff
  ],
  ["an empty body", cut(""), "StreamIncomplete", 5, backoff],
  [
    "a failure in the stream that may pass",
    cut(created + block({ type: "response.failed", response: { error: { code: "server_is_overloaded" } } })),
    "Overloaded",
    5,
    backoff
  ],
  [
    "a failure in the stream that does not pass",
    cut(created + block({ type: "error", error: { code: "context_length_exceeded" } })),
    "ContextOverflow",
    1,
    atOnce
  ],
  ...blocks.map((_, k) =>
    [
      `a stream that is cut after ${k} events`,
      cut(blocks.slice(0, k).join("")),
      "StreamIncomplete",
      5,
      backoff
    ] as const
  ),
  ...["ü", "👋"].map((character) => {
    const wire = bytes(blocks.join(""))
    const at = Buffer.from(wire).indexOf(character) + 1
    return [
      `a stream that is cut inside of ${character}`,
      { body: Stream.make(wire.subarray(0, at)) },
      "StreamIncomplete",
      5,
      backoff
    ] as const
  })
]

describe("A fault that does not pass", () => {
  for (const [name, answer, reason, requests, [min, max]] of faults) {
    it.effect(`${name}: ${reason}, ${requests} requests`, () =>
      Effect.map(call(() => answer), ({ events, failure, ...call }) => {
        assert.strictEqual(failure?.reason._tag, reason)
        assert.strictEqual(call.requests, requests)
        assert.isAtLeast(call.seconds, min)
        assert.isAtMost(call.seconds, max)
        assert.notInclude(failure?.message ?? "", "<")
        const retries = events.flatMap((event) => event.type === "effixir.retry" ? [event.attempt] : [])
        assert.deepStrictEqual(retries, Array.from({ length: requests - 1 }, (_, n) => n + 2))
      }))
  }
})

describe("A fault that passes", () => {
  const passing = faults.filter(([, , , requests]) => requests > 1)
  for (const [name, answer] of passing) {
    it.effect(
      name,
      () =>
        Effect.map(call((n) => n === 0 ? answer : { body: whole }), ({ events, failure, requests }) => {
          assert.strictEqual(failure, undefined)
          assert.strictEqual(requests, 2)
          // What came before is void, so nothing is there twice.
          assert.deepStrictEqual(Response.items(events.reduce(Response.add, Response.empty)), said)
          const again = events.findIndex(({ type }) => type === "effixir.retry")
          assert.deepStrictEqual<ReadonlyArray<unknown>>(events.slice(again + 1), told)
        })
    )
  }
})

describe("A slow server", () => {
  /** A byte, or so, every four minutes: less than the patience between two of them. */
  const dripping = (pieces: Stream.Stream<Uint8Array>) => Stream.tap(pieces, () => Effect.sleep("4 minutes"))
  const last = `data: {"type":"response.completed"}\n\n`
  const drip = (text: string) => cutAt(bytes(text), Array.from(bytes(text).keys()))

  it.effect("may tell one byte at a time", () =>
    Effect.gen(function*() {
      const first = Stream.make(bytes(":\n\n"))
      const { failure, requests, seconds } = yield* call(() => ({ body: Stream.concat(first, dripping(drip(last))) }))
      assert.strictEqual(failure, undefined)
      assert.strictEqual(requests, 1)
      assert.strictEqual(seconds, (last.length + 1) * 240)
    }))

  it.effect("may tell nothing but comments", () =>
    Effect.gen(function*() {
      const comments = Stream.rechunk(Stream.make(...Array.from({ length: 30 }, () => bytes(":\n\n"))), 1)
      const first = Stream.make(bytes(":\n\n"))
      const body = Stream.concat(first, Stream.concat(dripping(comments), whole))
      const { events, failure, requests, seconds } = yield* call(() => ({ body }))
      assert.strictEqual(failure, undefined)
      assert.strictEqual(requests, 1)
      assert.strictEqual(seconds, 30 * 240)
      assert.lengthOf(events, told.length)
    }))

  const tooLarge: ReadonlyArray<readonly [what: string, start: string, end: string, told: ReadonlyArray<string>]> = [
    [
      "an event",
      `${created}data: {"type":"response.output_text.delta","delta":"`,
      `"}\n\n${last}`,
      ["response.created"]
    ],
    ["a body of JSON", "{\"object\":\"response\",\"status\":\"completed\",\"instructions\":\"", "\"}", []]
  ]
  it.effect.each(tooLarge)(
    "may not send %s that is larger than anything real",
    ([, head, tail, told]) =>
      Effect.gen(function*() {
        const much = bytes("x".repeat(64 * 1024))
        const size = 300 * 1024 * 1024
        let sent = 0
        let peak = 0
        const before = process.memoryUsage().heapUsed
        const event = Stream.fromIteratorSucceed(
          (function*() {
            for (; sent < size; sent += much.length) {
              if (sent % (8 * 1024 * 1024) === 0) peak = Math.max(peak, process.memoryUsage().heapUsed - before)
              yield much
            }
          })(),
          1
        )
        const start = Stream.make(bytes(head))
        const end = Stream.make(bytes(tail))
        const { events, failure, requests } = yield* call(() => ({
          body: Stream.concat(start, Stream.concat(event, end))
        }))
        assert.strictEqual(failure?.reason._tag, "MalformedOutput")
        assert.strictEqual(requests, 1)
        assert.deepStrictEqual(events.map(({ type }) => type), told)
        assert.isBelow(sent, 140 * 1024 * 1024)
        assert.isBelow(peak, 400 * 1024 * 1024)
      })
  )
})

describe("An interruption", () => {
  const places: ReadonlyArray<readonly [name: string, RequestListener]> = [
    ["while the head is waited for", () => {}],
    ["while the first byte is waited for", (_, response) => response.flushHeaders()],
    ["in the middle", (_, response) => void response.write(created)],
    ["in the middle of a flood", (_, response) => {
      const pour = () => {
        while (!response.destroyed && response.write(created));
      }
      response.on("drain", pour)
      pour()
    }],
    ["while a refusal is read", (_, response) => void response.writeHead(503).write("busy")]
  ]
  for (const [name, listener] of places) {
    it.scopedLive(`closes the socket within 100 ms: ${name}`, () =>
      Effect.gen(function*() {
        // A busy machine may hold up one of them, and not every one.
        const took = yield* Effect.repeat(Effect.scoped(measured(listener)), { until: (took) => took < 100, times: 4 })
        assert.isBelow(took, 100)
      }))
  }

  const measured = (listener: RequestListener) =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<number>()
      const asked = yield* Deferred.make<void>()
      const url = yield* serve((request, response) => {
        request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.succeed(performance.now())))
        listener(request, response)
        Deferred.unsafeDone(asked, Effect.void)
      })
      const calling = yield* Effect.fork(Effect.provide(Stream.runDrain(stream), real(url)))
      yield* Deferred.await(asked)
      // Until the client has heard it too.
      yield* Effect.sleep("50 millis")
      assert.isFalse(yield* Deferred.isDone(closed))
      const start = performance.now()
      yield* Fiber.interrupt(calling)
      return (yield* Deferred.await(closed)) - start
    })

  it.scopedLive("ends the wait before another attempt, and there is none", () =>
    Effect.gen(function*() {
      let requests = 0
      let open = 0
      const url = yield* serve((_, response) => {
        requests++
        open++
        response.on("close", () => open--)
        response.writeHead(503, { "retry-after": "1" }).end("busy")
      })
      const waiting = yield* Deferred.make<void>()
      const calling = yield* stream.pipe(
        Stream.runForEach(({ type }) => type === "effixir.retry" ? Deferred.succeed(waiting, undefined) : Effect.void),
        Effect.provide(real(url)),
        Effect.fork
      )
      yield* Deferred.await(waiting)
      const start = performance.now()
      yield* Fiber.interrupt(calling)
      // Much less than the second that the server asks for.
      assert.isBelow(performance.now() - start, 900)
      assert.strictEqual(open, 0)
      yield* Effect.sleep("1200 millis")
      assert.strictEqual(requests, 1)
    }))
})
