import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/TestClock"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import { Credentials } from "../../src/auth/Credentials.ts"
import * as ChatCompletions from "../../src/responses/chat/ChatCompletions.ts"
import * as Dialect from "../../src/responses/Dialect.ts"
import * as Item from "../../src/responses/Item.ts"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Responses from "../../src/responses/Responses.ts"
import { loading, type Refusal, refusals } from "./transport/refusals.ts"

const request = Request.make({
  model: "m",
  instructions: "Be brief.",
  input: [Item.userMessage("Hi")],
  cacheKey: "session-1"
})

type Client = (client: HttpClient.HttpClient) => HttpClient.HttpClient

/** Clients that programs make for themselves. */
const clients = {
  "as it is": (client) => client,
  filterStatusOk: HttpClient.filterStatusOk,
  filterStatus: HttpClient.filterStatus((status) => status === 200),
  "filterStatusOk after tap": (client) => client.pipe(HttpClient.tap(() => Effect.void), HttpClient.filterStatusOk)
} satisfies Record<string, Client>

const dialects = { "/responses": Dialect.responses, "/chat/completions": ChatCompletions.dialect }

/** One call over such a client, of a server that refuses: the error, and how often it was asked. */
const call = Effect.fnUntraced(function*(
  refusal: Pick<Refusal, "body" | "headers" | "status">,
  client: Client,
  dialect: Dialect.Dialect
) {
  let asked = 0
  const { body, headers = {}, status } = refusal
  const server = HttpClient.make((request) =>
    Effect.sync(() => {
      asked++
      const text = typeof body === "string" ? body : JSON.stringify(body)
      return HttpClientResponse.fromWeb(request, new Response(text, { status, headers }))
    })
  )
  const selected = Effect.succeed({ credential: apiKey(Redacted.make("sk-1")), source: "store" as const, reason: "" })
  const layer = Responses.layerWith({ dialect: { ...dialect, advice: "check the address" } }).pipe(
    Layer.provide(AuthClient.layer({
      chatgptBaseUrl: "https://chatgpt.test",
      apiBaseUrl: "https://host.test/v1",
      originator: "effixir",
      organization: Option.none(),
      project: Option.none()
    })),
    Layer.provide(Layer.mock(Credentials, { current: selected, selected })),
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client(server)))
  )
  const fiber = yield* Effect.fork(Effect.either(Effect.provide(Responses.complete(request), layer)))
  yield* TestClock.adjust("1 hour")
  const end = yield* Fiber.join(fiber)
  const error = Option.getOrThrow(Either.getLeft(end))
  return { error, asked }
})

const told = ({ code, detail, param, reason, status }: ModelError) => ({ code, detail, param, reason, status })

/** A model that is not there says nothing against the address; a path that is not there does. */
const isAboutAddress = ({ kind, status }: Pick<Refusal, "kind" | "status">) =>
  status === 404 && kind === "InvalidRequest"

describe("A server that refuses", () => {
  const what = ({ body, server, status }: Refusal) => `${server} ${status} ${JSON.stringify(body)}`

  for (const [path, dialect] of Object.entries(dialects)) {
    it.effect(`at ${path} is asked once, or as often as there is sense in it`, () =>
      Effect.gen(function*() {
        for (const refusal of refusals) {
          const { asked, error } = yield* call(refusal, clients["as it is"], dialect)
          assert.strictEqual(error.reason._tag, refusal.kind, what(refusal))
          if (refusal.isRetried) assert.isAbove(asked, 1, what(refusal))
          else assert.strictEqual(asked, 1, what(refusal))
          assert.strictEqual(error.detail.includes("check the address"), isAboutAddress(refusal), what(refusal))
        }
      }))
  }

  const { "as it is": plainly, ...filtering } = clients
  it.effect.each(Object.entries(filtering))(
    "tells the same over a client with %s",
    ([name, client]) =>
      Effect.gen(function*() {
        const some = name === "filterStatusOk" ? refusals : refusals.filter((_, n) => n % 10 === 0)
        for (const refusal of some) {
          const plain = yield* call(refusal, plainly, Dialect.responses)
          const other = yield* call(refusal, client, Dialect.responses)
          assert.deepStrictEqual(told(other.error), told(plain.error), what(refusal))
          assert.strictEqual(other.asked, plain.asked, what(refusal))
        }
      })
  )

  it.effect("is asked no more often than the budget has, by a client that tries again by itself", () =>
    Effect.gen(function*() {
      const refusal = { status: 503, body: { error: { message: "Busy" } } }
      const again = (client: HttpClient.HttpClient) =>
        HttpClient.retryTransient(client, { times: 3, schedule: Schedule.spaced("100 millis") })
      const ways: ReadonlyArray<Client> = [
        again,
        (client) => again(HttpClient.filterStatusOk(client)),
        (client) => HttpClient.filterStatusOk(again(client))
      ]
      for (const client of ways) {
        const { asked, error } = yield* call(refusal, client, Dialect.responses)
        assert.strictEqual(error.reason._tag, "Overloaded")
        assert.strictEqual(error.detail, "Busy")
        // The first attempt takes four of five; the one that is left is as many again.
        assert.strictEqual(asked, 8)
      }
      const often: Client = (client) => HttpClient.retryTransient(client, { times: 9 })
      assert.strictEqual((yield* call(refusal, often, Dialect.responses)).asked, 10)
    }))

  it.effect.each(loading)("is waited for when it is loading its model: $server", (refusal) =>
    Effect.gen(function*() {
      for (const client of Object.values(clients)) {
        const { asked, error } = yield* call(refusal, client, Dialect.responses)
        assert.isAbove(asked, 5)
        assert.include(error.message, "The server is still loading the model")
      }
    }))
})
