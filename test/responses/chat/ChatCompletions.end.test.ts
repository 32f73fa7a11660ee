import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import { AuthClient } from "../../../src/auth/AuthClient.ts"
import { ofOthers } from "../../../src/auth/Host.ts"
import * as ChatCompletions from "../../../src/responses/chat/ChatCompletions.ts"
import * as Request from "../../../src/responses/Request.ts"
import * as Response from "../../../src/responses/Response.ts"
import * as Responses from "../../../src/responses/Responses.ts"
import { bytes } from "../sse.ts"

const request = Request.make({ model: "m", instructions: "", input: [], cacheKey: "s" })

const data = (chunk: object) => `data: ${JSON.stringify({ id: "chatcmpl-1", ...chunk })}\n\n`
const said = (content: string, finish_reason: string | null, index = 0) =>
  data({ choices: [{ index, delta: { content }, finish_reason }] })
const usage = data({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } })

/** A server that says this, each a second after the other, and never closes. */
const server = (counter: { calls: number }, ...texts: ReadonlyArray<string>) =>
  Layer.provide(
    Responses.layerWith({ dialect: ChatCompletions.dialect }),
    Layer.mock(AuthClient, {
      client: HttpClient.make((request) =>
        Effect.gen(function*() {
          counter.calls++
          let push: (text: string) => void = () => {}
          const body = new ReadableStream({
            start: (controller) => {
              push = (text) => controller.enqueue(bytes(text))
            }
          })
          yield* Effect.forkDaemon(
            Effect.forEach(texts, (text) => Effect.zipRight(Effect.sync(() => push(text)), Effect.sleep("1 second")))
          )
          return HttpClientResponse.fromWeb(request, new globalThis.Response(body))
        })
      ).pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl("https://model.test"))),
      account: Effect.succeed("api-key"),
      wire: Effect.succeed(ofOthers)
    })
  )

/** Lets time pass in small steps, so that what a chunk leads to happens before the next. */
const pass = (seconds: number) =>
  Effect.forEach(
    Array.from({ length: seconds * 4 }),
    () =>
      Effect.zipRight(
        TestClock.adjust("250 millis"),
        Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      )
  )

describe("a server that says how the answer ended, and never closes", () => {
  const answerOf = (seconds: number, ...texts: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const counter = { calls: 0 }
      const fiber = yield* Effect.fork(Effect.provide(Responses.complete(request), server(counter, ...texts)))
      yield* pass(seconds)
      const exit = yield* fiber.poll
      if (Option.isNone(exit)) {
        yield* Fiber.interrupt(fiber)
        return undefined
      }
      assert.strictEqual(counter.calls, 1)
      return yield* Fiber.join(fiber)
    })

  it.effect("is waited for a few seconds, and what it used counts", () =>
    Effect.gen(function*() {
      const response = yield* answerOf(8, said("Hel", null), said("lo", "stop"), usage)
      assert.strictEqual(response && Response.text(response), "Hello")
      assert.strictEqual(response?.usage.inputTokens, 7)
    }))

  it.effect("cannot put the end off by signs of life", () =>
    Effect.gen(function*() {
      const alive = Array.from({ length: 20 }, () => ": keep-alive\n\n")
      const response = yield* answerOf(8, said("Hello", "stop"), ...alive)
      assert.strictEqual(response && Response.text(response), "Hello")
    }))

  it.effect("is waited for longer where a choice has not ended, or nothing is said of the end", () =>
    Effect.gen(function*() {
      assert.isUndefined(yield* answerOf(60, said("Hello", null)))
      assert.isUndefined(yield* answerOf(60, said("A", "stop"), said("B", null, 1)))
    }))
})
