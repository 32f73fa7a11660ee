import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Stream from "effect/Stream"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import { Responses } from "../../src/responses/Responses.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"

const request = (cacheKey: string) => Request.make({ model: "gpt-5.5", instructions: "Be brief.", input: [], cacheKey })

const ask = (cacheKey: string) =>
  Effect.flatMap(
    Responses,
    (responses) => Stream.runFold(responses.stream(request(cacheKey)), Response.empty, Response.add)
  )

const reasonOf = (turn: Script.Turn) =>
  Effect.map(Effect.flip(ask("k")), (error: ModelError) => [error.reason._tag, error.status]).pipe(
    Effect.provide(ScriptedResponses.layer(() => turn))
  )

describe("ScriptedResponses", () => {
  it.effect("plays its turns and remembers what it was asked", () => {
    const hello = [Script.think("Hm."), Script.say("Hello")]
    const bye = [Script.say("Bye")]
    return Effect.gen(function*() {
      const first = yield* ask("one")
      const second = yield* ask("two")
      assert.deepStrictEqual(Response.items(first), hello)
      assert.deepStrictEqual(Response.items(second), bye)
      assert.notStrictEqual(first.id, second.id)
      const scripted = yield* ScriptedResponses.ScriptedResponses
      assert.deepStrictEqual(yield* scripted.requests, [request("one"), request("two")])
    }).pipe(
      Effect.provide(ScriptedResponses.layer(Script.fromTurns([Script.answer(...hello), Script.answer(...bye)])))
    )
  })

  it.effect("lets a script look at the request", () =>
    Effect.gen(function*() {
      const response = yield* ask("secret")
      assert.propertyVal(Response.items(response)[0], "name", "secret0")
    }).pipe(
      Effect.provide(
        ScriptedResponses.layer((request, n) => Script.answer(Script.call(`${request.prompt_cache_key}${n}`, {})))
      )
    ))

  it.effect("dies when the script has run out", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(ask("k"))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }).pipe(Effect.provide(ScriptedResponses.layer(Script.fromTurns([])))))

  it.effect("fails as the wire does", () =>
    Effect.gen(function*() {
      const overloaded = { code: "server_is_overloaded", message: "Busy." }
      const limit = { error: { type: "usage_limit_reached", message: "Used up.", plan_type: "plus" } }
      assert.deepStrictEqual(yield* reasonOf(Script.fail(overloaded)), ["Overloaded", undefined])
      assert.deepStrictEqual(yield* reasonOf(Script.fail(overloaded, "error")), ["Overloaded", undefined])
      assert.deepStrictEqual(yield* reasonOf(Script.fail({ ...overloaded, status: 503 }, "error-nested")), [
        "Overloaded",
        503
      ])
      assert.deepStrictEqual(yield* reasonOf(Script.refuse(429, limit)), ["UsageLimitReached", 429])
      assert.deepStrictEqual(yield* reasonOf(Script.refuse(502, "<html>")), ["Overloaded", 502])
      assert.deepStrictEqual(yield* reasonOf(Script.cut(4, Script.say("never ends"))), ["StreamIncomplete", undefined])
    }))

  it.effect("tells what was said before the connection was cut", () =>
    Effect.gen(function*() {
      const responses = yield* Responses
      const said = yield* responses.stream(request("k")).pipe(
        Stream.catchAll(() => Stream.empty),
        Stream.runCount
      )
      assert.strictEqual(said, 5)
    }).pipe(Effect.provide(ScriptedResponses.layer(() => Script.cut(5, Script.say("never ends"))))))

  it.effect("speaks for the account it is told to", () =>
    Effect.gen(function*() {
      const responses = yield* Responses
      assert.strictEqual(yield* responses.account, "chatgpt:acct-1")
    }).pipe(Effect.provide(ScriptedResponses.layer(() => Script.answer(), { account: "chatgpt:acct-1" }))))
})
