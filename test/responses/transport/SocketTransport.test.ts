import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as AuthClient from "../../../src/auth/AuthClient.ts"
import { ofOthers } from "../../../src/auth/Host.ts"
import * as RateLimits from "../../../src/responses/account/RateLimits.ts"
import * as Item from "../../../src/responses/Item.ts"
import type { ModelError } from "../../../src/responses/ModelError.ts"
import * as Request from "../../../src/responses/Request.ts"
import * as Response from "../../../src/responses/Response.ts"
import * as Responses from "../../../src/responses/Responses.ts"
import type { StreamEvent } from "../../../src/responses/StreamEvent.ts"
import { SocketClient, SocketClosed, SocketRefused } from "../../../src/responses/transport/SocketClient.ts"
import * as SocketTransport from "../../../src/responses/transport/SocketTransport.ts"
import * as Script from "../../../src/testing/Script.ts"
import * as ScriptEvents from "../../../src/testing/ScriptEvents.ts"

const once: Responses.Options = { retry: { attempts: 1, elapsed: 0 } }
const twice: Responses.Options = { retry: { attempts: 2, elapsed: 0 } }

const request = (...input: ReadonlyArray<Item.Item>): Request.Request =>
  Request.make({ model: "gpt-5.5", instructions: "Be brief.", input, cacheKey: "session-1" })

const hi = Item.userMessage("Hi")
const more = Item.userMessage("More")

/** Everything that a call tells, with its failure. */
const listen = (request: Request.Request) =>
  Effect.gen(function*() {
    const responses = yield* Responses.Responses
    const events: Array<StreamEvent> = []
    const end = yield* Effect.either(
      Stream.runForEach(responses.stream(request), (event) => Effect.sync(() => events.push(event)))
    )
    const failure: ModelError | undefined = end._tag === "Left" ? end.left : undefined
    return { events, types: events.map(({ type }) => type), failure, reason: failure?.reason._tag }
  })

interface Sent {
  readonly connection: number
  readonly previous_response_id?: string
  readonly input: ReadonlyArray<Item.Item>
}

type Reply = Stream.Stream<object, SocketClosed>

interface Network {
  /** What a server says to the request number `n`, counted from 0. */
  readonly reply: (sent: Sent, n: number) => Reply
  /** How the connection number `n` comes to be, if it does. */
  readonly connect?: (n: number) => Effect.Effect<void, SocketRefused>
  /** What comes back over HTTP. */
  readonly http?: () => globalThis.Response
  readonly account?: () => string
  /** What the server says with every upgrade. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A network without sockets, and what went over it. */
const network = (
  { account = () => "a", connect = () => Effect.void, headers: answered = {}, http, reply }: Network
) => {
  const sent: Array<Sent> = []
  const opened: Array<{ readonly url: string; readonly headers: object; isOpen: boolean }> = []
  let posts = 0

  const sockets = Layer.succeed(SocketClient, {
    connect: (url, headers) =>
      Effect.gen(function*() {
        const state = { url, headers, isOpen: true }
        const connection = opened.push(state) - 1
        yield* connect(connection)
        const messages = yield* Mailbox.make<string, SocketClosed>()
        yield* Effect.addFinalizer(() =>
          Effect.sync(() => {
            state.isOpen = false
          })
        )
        const scope = yield* Effect.scope
        return {
          headers: answered,
          isOpen: Effect.sync(() => state.isOpen),
          messages: Mailbox.toStream(messages),
          send: (text) => {
            const frame = { ...JSON.parse(text), connection }
            sent.push(frame)
            return reply(frame, sent.length - 1).pipe(
              Stream.runForEach((event) => messages.offer("raw" in event ? String(event.raw) : JSON.stringify(event))),
              Effect.catchAll((closed) => messages.fail(closed)),
              Effect.forkIn(scope)
            )
          }
        }
      })
  })
  const to = HttpClientRequest.prependUrl("https://model.test/v1")
  const auth = Layer.mock(AuthClient.AuthClient, {
    client: HttpClient.make((request) => {
      posts += 1
      return Effect.sync(() => HttpClientResponse.fromWeb(request, http?.() ?? new globalThis.Response(null)))
    }).pipe(HttpClient.mapRequest(to)),
    send: (request, send) => send(HttpClientRequest.setHeader(to(request), "authorization", "Bearer t")),
    replace: () => Effect.succeedSome({ isRefreshed: true }),
    account: Effect.sync(account),
    wire: Effect.succeed(ofOthers)
  })
  return {
    sent,
    opened,
    posts: () => posts,
    open: () => opened.filter(({ isOpen }) => isOpen).length,
    only: (options: Responses.Options = once) =>
      Layer.provide(SocketTransport.layerWebSocket(options), [sockets, auth]),
    auto: (options: Responses.Options = once) => Layer.provide(SocketTransport.layerAuto(options), [sockets, auth])
  }
}

/** An answer of one message, `resp_…` being counted. */
const says = (text: string, n: number): Reply => Stream.fromIterable(told(text, n))
const told = (text: string, n: number): ReadonlyArray<object> =>
  ScriptEvents.events(Script.answer(Script.say(text)), { model: "gpt-5.5", responseId: `resp_${n}` })
const [created = {}] = told("", 0)

const closed = (code: number, by: "server" | "client" = "server", reason = "") => new SocketClosed({ code, reason, by })

const silent = Stream.never

const failing = (error: object, fields: object = {}): Reply =>
  Stream.concat(Stream.make({ type: "error", error, ...fields }), silent)

const answered = (events: ReadonlyArray<StreamEvent>): ReadonlyArray<Item.Item> =>
  Response.items(events.reduce(Response.add, Response.empty)).map(Item.withoutId)

const sse = () =>
  new globalThis.Response(told("over HTTP", 0).map((event) => ScriptEvents.toSse(event as never)).join(""))

const refusal = (status: number | undefined, body = "") =>
  new SocketRefused({ status, headers: {}, body, cause: new Error("connect ECONNREFUSED 127.0.0.1:1") })

describe("SocketTransport", () => {
  it.effect("connects where HTTP would be asked, as the same client", () => {
    const net = network({ reply: () => says("Hello", 0) })
    return Effect.gen(function*() {
      assert.strictEqual((yield* listen(request(hi))).reason, undefined)
      assert.strictEqual(net.opened[0]?.url, "wss://model.test/v1/responses")
      assert.deepStrictEqual({ ...net.opened[0]?.headers }, {
        authorization: "Bearer t",
        "openai-beta": "responses_websockets=2026-02-06",
        "session-id": "session-1",
        "thread-id": "session-1",
        "x-client-request-id": "session-1"
      })
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("says only what is new, over the same connection", () => {
    const net = network({ reply: (_, n) => says(`Answer ${n}`, n) })
    return Effect.gen(function*() {
      const first = answered((yield* listen(request(hi))).events)
      const second = answered((yield* listen(request(hi, ...first, more))).events)
      yield* listen(request(hi, ...first, more, ...second, hi))
      assert.deepStrictEqual(
        net.sent.map(({ connection, input, previous_response_id }) => ({
          connection,
          input,
          previous_response_id
        })),
        [
          { connection: 0, input: [hi], previous_response_id: undefined },
          { connection: 0, input: [more], previous_response_id: "resp_0" },
          { connection: 0, input: [hi], previous_response_id: "resp_1" }
        ]
      )
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("leaves out what of reasoning is never sent back", () => {
    const thought = { ...Script.think("Hm."), content: [] }
    const turn = Script.answer(thought, Script.call("ls", {}, "call_1"))
    const net = network({
      reply: (_, n) => Stream.fromIterable(ScriptEvents.events(turn, { model: "gpt-5.5", responseId: `resp_${n}` }))
    })
    return Effect.gen(function*() {
      const [reasoning, call] = answered((yield* listen(request(hi))).events)
      const { content: _, ...rest } = reasoning ?? { type: "" }
      const output = Item.functionCallOutput("call_1", "a.txt")
      yield* listen(request(hi, rest, call ?? hi, output))
      assert.deepStrictEqual(net.sent[1]?.input, [output])
    }).pipe(Effect.provide(net.only()))
  })

  const changes: Readonly<Record<string, (next: Request.Request) => Request.Request>> = {
    "the instructions": (next) => ({ ...next, instructions: "Be long." }),
    "the model": (next) => ({ ...next, model: "gpt-6-astra" }),
    "the tools": (next) => ({
      ...next,
      tools: [{ type: "function", name: "ls", description: "", strict: false, parameters: {} }]
    }),
    "a field that was not there": (next) => ({ ...next, reasoning: { effort: "high" } }),
    "what was said": (next) => ({ ...next, input: [Item.userMessage("Ho"), ...next.input.slice(1)] }),
    "what was answered": (next) => ({ ...next, input: [hi, Item.userMessage("?"), more] }),
    "where it goes on": (next) => ({ ...next, input: [hi, more] }),
    "nothing": (next) => ({ ...next, input: next.input.slice(0, -1) })
  }
  it.effect.each(Object.entries(changes))("says all when this is another one: %s", ([, change]) => {
    const net = network({ reply: (_, n) => says("Hello", n) })
    return Effect.gen(function*() {
      const first = answered((yield* listen(request(hi))).events)
      const next = change(request(hi, ...first, more))
      yield* listen(next)
      assert.strictEqual(net.opened.length, 1)
      assert.deepStrictEqual(net.sent[1]?.input, next.input)
      assert.strictEqual(net.sent[1]?.previous_response_id, undefined)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("says all after a response that was cut short", () => {
    const turn = Script.incomplete("max_output_tokens", Script.say("Hel"))
    const net = network({
      reply: () => Stream.fromIterable(ScriptEvents.events(turn, { model: "gpt-5.5", responseId: "resp_0" }))
    })
    return Effect.gen(function*() {
      const first = answered((yield* listen(request(hi))).events)
      yield* listen(request(hi, ...first, more))
      assert.strictEqual(net.sent[1]?.input.length, 3)
      assert.strictEqual(net.opened.length, 1)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("says all at once when the server has forgotten", () => {
    const net = network({
      reply: (sent, n) =>
        sent.previous_response_id === undefined
          ? says("Hello", n)
          : failing({ type: "invalid_request_error", code: "previous_response_not_found" }, { status: 400 })
    })
    return Effect.gen(function*() {
      const first = answered((yield* listen(request(hi))).events)
      const { reason, types } = yield* listen(request(hi, ...first, more))
      assert.strictEqual(reason, undefined)
      assert.deepStrictEqual(types.slice(0, 3), ["error", "effixir.retry", "response.created"])
      assert.deepStrictEqual(net.sent.map(({ input }) => input.length), [1, 1, 3])
      assert.strictEqual(net.opened.length, 1)
    }).pipe(Effect.provide(net.only(twice)))
  })

  it.effect("believes a server that knows nothing twice", () => {
    const net = network({ reply: () => failing({ code: "previous_response_not_found" }, { status: 400 }) })
    return Effect.gen(function*() {
      assert.strictEqual((yield* listen(request(hi))).reason, "InvalidRequest")
      assert.strictEqual(net.sent.length, 1)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("gives every session a connection, and every response at the same time", () => {
    const net = network({
      reply: (_, n) => Stream.concat(Stream.drain(Stream.fromEffect(Effect.sleep(1000))), says("Hello", n))
    })
    return Effect.gen(function*() {
      const all = [request(hi), request(hi), { ...request(hi), prompt_cache_key: "session-2" }]
      const calls = yield* Effect.fork(Effect.forEach(all, listen, { concurrency: "unbounded" }))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual((yield* Fiber.join(calls)).map(({ reason }) => reason), [undefined, undefined, undefined])
      assert.deepStrictEqual(net.sent.map(({ connection }) => connection), [0, 1, 2])
      assert.strictEqual(net.open(), 2, "one is kept for a session")
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("closes a connection that nobody has needed for five minutes", () => {
    const net = network({ reply: (_, n) => says("Hello", n) })
    return Effect.gen(function*() {
      yield* listen(request(hi))
      yield* TestClock.adjust("4 minutes")
      yield* listen(request(hi))
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual(net.open(), 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(net.open(), 0)
      yield* listen(request(hi))
      assert.deepStrictEqual(net.sent.map(({ connection }) => connection), [0, 0, 1])
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("leaves a connection long before it is an hour old", () => {
    const net = network({ reply: (_, n) => says("Hello", n) })
    return Effect.gen(function*() {
      yield* Effect.repeatN(Effect.zipRight(listen(request(hi)), TestClock.adjust("4 minutes")), 14)
      assert.deepStrictEqual(net.sent.map(({ connection }) => connection), [
        ...Array.from({ length: 12 }, () => 0),
        1,
        1,
        1
      ])
      assert.strictEqual(net.open(), 1)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("does not speak for one account over the connection of another", () => {
    let account = "a"
    const net = network({ reply: (_, n) => says("Hello", n), account: () => account })
    return Effect.gen(function*() {
      yield* listen(request(hi))
      account = "b"
      yield* listen(request(hi))
      assert.deepStrictEqual(net.sent.map(({ connection }) => connection), [0, 1])
      assert.strictEqual(net.open(), 1)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("closes its connections with its layer", () => {
    const net = network({ reply: (_, n) => says("Hello", n) })
    return Effect.gen(function*() {
      yield* Effect.provide(listen(request(hi)), net.only())
      assert.strictEqual(net.opened.length, 1)
      assert.strictEqual(net.open(), 0)
    })
  })

  const ends: ReadonlyArray<readonly [SocketClosed, string, string]> = [
    [closed(1000), "StreamIncomplete", ""],
    [closed(1011, "server", "internal error"), "StreamIncomplete", "internal error"],
    [closed(1012), "StreamIncomplete", "the server closed the connection with the code 1012"],
    [closed(1006), "StreamIncomplete", "the connection broke off"],
    [
      closed(1009),
      "InvalidRequest",
      "it is larger than a WebSocket message may be; shorten the conversation, or set the transport to `sse`"
    ],
    [closed(1003, "client", "a binary message came"), "MalformedOutput", "a binary message came"],
    [closed(1009, "client", "Max payload size exceeded"), "MalformedOutput", "Max payload size exceeded"],
    [closed(1006, "server", "read ECONNRESET"), "StreamIncomplete", "read ECONNRESET"]
  ]
  it.effect.each(ends)("knows a connection that ends before the response does: %s", ([closed, reason, detail]) => {
    const net = network({ reply: () => Stream.concat(Stream.make(created), Stream.fail(closed)) })
    return Effect.gen(function*() {
      const { failure, types } = yield* listen(request(hi))
      assert.deepStrictEqual(types, ["response.created"])
      assert.strictEqual(failure?.reason._tag, reason)
      assert.strictEqual(failure?.detail, detail)
      assert.strictEqual(net.open(), 0)
    }).pipe(Effect.provide(net.only()))
  })

  const failures: ReadonlyArray<readonly [object, object]> = [
    [
      { status: 429, headers: { "Retry-After": 7 }, error: { type: "too_many_requests", message: "Slow." } },
      { reason: { _tag: "RateLimited", retryAfter: 7000 }, status: 429, detail: "Slow." }
    ],
    [
      { status_code: 429, error: { type: "usage_limit_reached", message: "Used up.", plan_type: "plus" } },
      { reason: { _tag: "UsageLimitReached", plan: "plus" }, status: 429, detail: "Used up." }
    ],
    [{ error: { code: "server_error", message: "Oops." } }, {
      reason: { _tag: "Overloaded" },
      status: undefined,
      detail: "Oops."
    }],
    [{ code: "context_length_exceeded", message: "Too long." }, {
      reason: { _tag: "ContextOverflow" },
      status: undefined,
      detail: "Too long."
    }]
  ]
  it.effect.each(failures)("reads an error event like a refusal: %o", ([event, expected]) => {
    const net = network({ reply: () => Stream.concat(Stream.make({ type: "error", ...event }), silent) })
    return Effect.gen(function*() {
      const { failure, types } = yield* listen(request(hi))
      assert.deepStrictEqual(types, ["error"])
      assert.deepStrictEqual(
        { reason: { ...failure?.reason }, status: failure?.status, detail: failure?.detail },
        expected
      )
      assert.strictEqual(net.sent.length, 1)
      assert.strictEqual(net.open(), 0)
    }).pipe(Effect.provide(net.only()))
  })

  const limit = { code: "websocket_connection_limit_reached", message: "60 minutes" }
  const faults: Readonly<Record<string, Reply>> = {
    "is gone without a word": Stream.fail(closed(1006)),
    "is too old for the server": failing(limit, { status: 400 }),
    "is of a token that has run out": failing({ code: "token_expired" }, { status: 401 })
  }
  it.effect.each(Object.entries(faults))("takes a new connection when the old one %s", ([, fault]) => {
    const net = network({ reply: (_, n) => n === 1 ? fault : says("Hello", n) })
    return Effect.gen(function*() {
      const first = answered((yield* listen(request(hi))).events)
      const { reason, types } = yield* listen(request(hi, ...first, more))
      assert.strictEqual(reason, undefined)
      assert.strictEqual(types.filter((type) => type === "effixir.retry").length, 1)
      assert.deepStrictEqual(net.sent.map(({ connection, input }) => [connection, input.length]), [[0, 1], [0, 1], [
        1,
        3
      ]])
    }).pipe(Effect.provide(net.only(twice)))
  })

  const half = Stream.fromIterable(told("Half an ans", 0).slice(0, 4))
  it.effect("asks once more when the server ends a connection for its age in the middle of an answer", () => {
    const net = network({
      reply: (_, n) => n === 0 ? Stream.concat(half, failing(limit, { status: 400 })) : says("Whole", n)
    })
    return Effect.gen(function*() {
      const { events, reason, types } = yield* listen(request(hi))
      assert.isUndefined(reason)
      assert.isAbove(types.indexOf("effixir.retry"), 1)
      assert.deepStrictEqual(net.sent.map(({ connection }) => connection), [0, 1])
      // What came before is void.
      assert.strictEqual(Response.text(events.reduce(Response.add, Response.empty)), "Whole")
    }).pipe(Effect.provide(net.only(twice)))
  })

  it.effect("asks once more and no oftener", () => {
    const net = network({ reply: () => failing(limit, { status: 400 }) })
    return Effect.gen(function*() {
      const { failure, reason } = yield* listen(request(hi))
      assert.strictEqual(reason, "InvalidRequest")
      assert.strictEqual(failure?.code, limit.code)
      assert.deepStrictEqual(net.sent.map(({ connection }) => connection), [0, 1])
    }).pipe(Effect.provide(net.only({ retry: { attempts: 5, elapsed: "1 minute" } })))
  })

  it.effect.each(Object.entries(faults))("counts it in the one budget when a connection %s", ([, fault]) => {
    const net = network({ reply: (_, n) => n === 1 ? fault : says("Hello", n) })
    return Effect.gen(function*() {
      yield* listen(request(hi))
      const { failure, types } = yield* listen(request(hi))
      assert.isDefined(failure)
      assert.notInclude(types, "effixir.retry")
      assert.strictEqual(net.sent.length, 2)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("makes the call again when the limit comes in the middle", () => {
    const net = network({
      reply: (_, n) => n === 0 ? Stream.concat(Stream.make(created), failing(limit, { status: 400 })) : says("Hello", n)
    })
    return Effect.gen(function*() {
      const call = yield* Effect.fork(listen(request(hi)))
      yield* TestClock.adjust("1 second")
      const { reason, types } = yield* Fiber.join(call)
      assert.strictEqual(reason, undefined)
      assert.deepStrictEqual(types.slice(0, 3), ["response.created", "error", "effixir.retry"])
    }).pipe(Effect.provide(net.only({})))
  })

  const silences: ReadonlyArray<readonly [string, Reply, string]> = [
    ["never begins", silent, "IdleTimeout"],
    ["falls silent", Stream.concat(Stream.make(created), silent), "IdleTimeout"]
  ]
  it.effect.each(silences)("gives up on a server that %s", ([, reply, reason]) => {
    const net = network({ reply: () => reply })
    return Effect.gen(function*() {
      const call = yield* Effect.fork(listen(request(hi)))
      yield* TestClock.adjust("1 minute")
      assert.isTrue(Option.isNone(yield* Fiber.poll(call)))
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual((yield* Fiber.join(call)).reason, reason)
      assert.strictEqual(net.open(), 0)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("passes over what is no JSON once it has heard some, and not before", () => {
    const heard = network({
      reply: (_, n) => Stream.concat(Stream.make(created, { raw: "<!-- -->" }), says("Hello", n))
    })
    const foreign = network({ reply: () => Stream.concat(Stream.make({ raw: "hello there" }), silent) })
    return Effect.gen(function*() {
      assert.strictEqual((yield* Effect.provide(listen(request(hi)), heard.only())).reason, undefined)
      const { failure } = yield* Effect.provide(listen(request(hi)), foreign.only())
      assert.strictEqual(
        failure?.message,
        "The server's answer could not be understood: what came over the WebSocket is no JSON; set the transport to " +
          "`sse` or `auto`"
      )
    })
  })

  it.effect("tells what the server says with the upgrade of how much of the plan is used, and of the call", () => {
    const net = network({
      reply: () => failing({ message: "Oops.", type: "server_error" }),
      headers: {
        "x-codex-primary-used-percent": "42",
        "x-codex-primary-window-minutes": "300",
        "x-request-id": "req_1",
        "cf-ray": "ray_1"
      }
    })
    return Effect.gen(function*() {
      const limits = yield* RateLimits.RateLimits
      const { failure } = yield* Effect.provide(listen(request(hi)), net.only())
      const known = yield* limits.snapshot("a")
      assert.deepStrictEqual(
        Option.getOrThrow(known).limits.flatMap(({ windows }) => windows.map(({ usedPercent }) => usedPercent)),
        [42]
      )
      assert.deepInclude({ ...failure }, { requestId: "req_1", cfRay: "ray_1" })
    }).pipe(Effect.provide(RateLimits.layerMemory))
  })

  it.effect("waits as long as the server pings", () => {
    const pings = Stream.schedule(
      Stream.repeat(Stream.make({ raw: "" }), Schedule.recurs(19)),
      Schedule.spaced("1 minute")
    )
    const net = network({ reply: (_, n) => Stream.concat(pings, says("Hello", n)) })
    return Effect.gen(function*() {
      const call = yield* Effect.fork(listen(request(hi)))
      yield* TestClock.adjust("21 minutes")
      assert.strictEqual((yield* Fiber.join(call)).reason, undefined)
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("does not wait for a connection for long", () => {
    const net = network({ reply: () => silent, connect: () => Effect.never })
    return Effect.gen(function*() {
      const call = yield* Effect.fork(listen(request(hi)))
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* Fiber.join(call)).failure?.detail, "no answer within 15s")
    }).pipe(Effect.provide(net.only()))
  })

  it.effect("says what to do about a server that takes no WebSockets", () => {
    const net = network({ reply: () => silent, connect: () => refusal(426) })
    return Effect.gen(function*() {
      const { failure } = yield* listen(request(hi))
      assert.strictEqual(
        failure?.message,
        "The server refused the request: it takes no WebSockets; set the transport to `sse` or `auto`"
      )
    }).pipe(Effect.provide(net.only()))
  })
})

describe("SocketTransport with HTTP to fall back on", () => {
  const calls = Effect.zip(listen(request(hi)), listen(request(hi)))

  const binary = closed(1003, "client", "a binary message came")
  const unusable: ReadonlyArray<readonly [string, Omit<Network, "http">]> = [
    ["the first message is binary", { reply: () => Stream.fail(binary) }],
    ["the first message is no JSON", { reply: () => Stream.concat(Stream.make({ raw: "hello there" }), silent) }],
    ["only a ping came before", { reply: () => Stream.concat(Stream.make({ raw: "" }), Stream.fail(binary)) }],
    ["the server takes none", { reply: () => silent, connect: () => refusal(426) }],
    ["something in between takes none", { reply: () => silent, connect: () => refusal(502, "<html>") }],
    ["nobody is reached", { reply: () => silent, connect: () => refusal(undefined) }],
    ["they are closed before anything is told", { reply: () => Stream.fail(closed(1008)) }],
    ["the request is too large for them", { reply: () => Stream.fail(closed(1009)) }]
  ]
  it.effect.each(unusable)("goes on over HTTP, for the session, when %s", ([, broken]) => {
    const net = network({ ...broken, http: sse })
    return Effect.gen(function*() {
      const [first, second] = yield* calls
      for (const { events, types } of [first, second]) {
        assert.strictEqual(types[0], "response.created")
        assert.strictEqual(Response.text(events.reduce(Response.add, Response.empty)), "over HTTP")
      }
      assert.strictEqual(net.opened.length, 1)
      assert.strictEqual(net.posts(), 2)
      yield* listen({ ...request(hi), prompt_cache_key: "session-2" })
      assert.strictEqual(net.opened.length, 2)
    }).pipe(Effect.provide(net.auto()))
  })

  it.effect("goes on over HTTP when nothing comes", () => {
    const net = network({ reply: () => silent, http: sse })
    return Effect.gen(function*() {
      const call = yield* Effect.fork(listen(request(hi)))
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual((yield* Fiber.join(call)).reason, undefined)
      assert.strictEqual(net.posts(), 1)
    }).pipe(Effect.provide(net.auto()))
  })

  it.effect("does not blame WebSockets when HTTP does not work either", () => {
    const net = network({
      reply: () => silent,
      connect: () => refusal(undefined),
      http: () => new globalThis.Response(null, { status: 503 })
    })
    return Effect.gen(function*() {
      const [first] = yield* calls
      assert.strictEqual(first.reason, "Overloaded")
      assert.strictEqual(net.opened.length, 2)
      assert.strictEqual(net.posts(), 2)
    }).pipe(Effect.provide(net.auto()))
  })

  const words: ReadonlyArray<readonly [string, Omit<Network, "http">, string]> = [
    ["about the credential", { reply: () => silent, connect: () => refusal(401) }, "Unauthorized"],
    ["about the plan", { reply: () => silent, connect: () => refusal(429) }, "RateLimited"],
    [
      "about the request",
      { reply: () => failing({ type: "invalid_request_error" }, { status: 400 }) },
      "InvalidRequest"
    ]
  ]
  it.effect.each(words)("takes the server's word %s", ([, broken, reason]) => {
    const net = network({ ...broken, http: sse })
    return Effect.gen(function*() {
      assert.strictEqual((yield* listen(request(hi))).reason, reason)
      assert.strictEqual(net.posts(), 0)
    }).pipe(Effect.provide(net.auto()))
  })

  it.effect("makes a call that has begun again as it began", () => {
    const net = network({
      reply: (_, n) => n === 0 ? Stream.concat(Stream.make(created), Stream.fail(closed(1006))) : says("Hello", n),
      http: sse
    })
    return Effect.gen(function*() {
      const call = yield* Effect.fork(listen(request(hi)))
      yield* TestClock.adjust("1 second")
      const { reason, types } = yield* Fiber.join(call)
      assert.strictEqual(reason, undefined)
      assert.deepStrictEqual(types.slice(0, 3), ["response.created", "effixir.retry", "response.created"])
      assert.strictEqual(net.opened.length, 2)
      assert.strictEqual(net.posts(), 0)
    }).pipe(Effect.provide(net.auto({})))
  })

  it.effect("goes over to HTTP, and says so, when a message in the middle is too large", () => {
    const net = network({ reply: () => Stream.concat(Stream.make(created), Stream.fail(closed(1009))), http: sse })
    return Effect.gen(function*() {
      const { events, reason, types } = yield* listen(request(hi))
      assert.strictEqual(reason, undefined)
      assert.deepStrictEqual(types.slice(0, 3), ["response.created", "effixir.retry", "response.created"])
      assert.strictEqual(Response.text(events.reduce(Response.add, Response.empty)), "over HTTP")
      yield* listen(request(hi))
      assert.deepStrictEqual([net.opened.length, net.posts()], [1, 2])
    }).pipe(Effect.provide(net.auto(twice)))
  })

  it.effect("does not leave WebSockets for a connection that had grown old", () => {
    const net = network({ reply: (_, n) => n === 1 ? Stream.fail(closed(1006)) : says("Hello", n), http: sse })
    return Effect.gen(function*() {
      yield* listen(request(hi))
      const { reason, types } = yield* listen(request(hi))
      assert.strictEqual(reason, undefined)
      assert.strictEqual(types[0], "effixir.retry")
      assert.deepStrictEqual([net.opened.length, net.posts()], [2, 0])
    }).pipe(Effect.provide(net.auto(twice)))
  })
})
