import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { claims } from "../../src/auth/Credential.ts"
import * as DeviceLogin from "../../src/auth/DeviceLogin.ts"
import * as OAuth from "../../src/auth/OAuth.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"

const script: Script.Script = () => Script.answer()

const services = (options: Partial<OpenAiSimulator.Options> = {}) =>
  Layer.unwrapEffect(
    Effect.map(OpenAiSimulator.OpenAiSimulator, ({ issuer }) => OAuth.layer({ issuer, originator: "effixir" }))
  ).pipe(
    Layer.provide(FetchHttpClient.layer),
    Layer.provideMerge(OpenAiSimulator.layer({ script, ...options }))
  )

/** A sign-in that has shown its code. */
const begin = Effect.gen(function*() {
  const shown = yield* Deferred.make<DeviceLogin.CodeShown>()
  const fiber = yield* DeviceLogin.login.pipe(
    Stream.tap((state) => state._tag === "CodeShown" ? Deferred.succeed(shown, state) : Effect.void),
    Stream.runLast,
    Effect.flatten,
    Effect.fork
  )
  return { fiber, shown: yield* Deferred.await(shown) }
})

const polls = Effect.flatMap(
  OpenAiSimulator.OpenAiSimulator,
  ({ requests }) =>
    Effect.map(requests, (all) => all.filter(({ path }) => path === "/api/accounts/deviceauth/token").length)
)

/** Lets time pass in these steps, with all that goes over the wire in between, until it is so. */
const passUntil = <R>(isSo: Effect.Effect<boolean, never, R>, step: Duration.DurationInput) =>
  Effect.repeat(Effect.zipRight(TestClock.adjust(step), isSo), { until: (it) => it })

const isOver = (fiber: Fiber.RuntimeFiber<unknown, unknown>) => Effect.map(Fiber.poll(fiber), Option.isSome)

describe("DeviceLogin over HTTP", () => {
  it.effect("signs in once the person has entered the code", () =>
    Effect.gen(function*() {
      const simulator = yield* OpenAiSimulator.OpenAiSimulator
      const { fiber, shown } = yield* begin
      assert.strictEqual(shown.verificationUri, `${simulator.issuer}/codex/device`)
      yield* passUntil(Effect.map(polls, (count) => count >= 3), "1 second")
      assert.isFalse(yield* isOver(fiber))
      yield* simulator.approve(shown.userCode)
      yield* passUntil(isOver(fiber), "1 second")
      const state = yield* Fiber.join(fiber)
      assert.strictEqual(state._tag, "SignedIn")
      if (state._tag !== "SignedIn") return
      const { accountId, email } = claims(state.credential)
      assert.strictEqual(email, "ada@example.com")
      assert.strictEqual(state.credential.account_id, accountId)
    }).pipe(Effect.provide(services())))

  it.effect("polls at the interval of the server", () =>
    Effect.gen(function*() {
      const { fiber } = yield* begin
      yield* passUntil(Effect.map(polls, (count) => count === 1), 0)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(yield* polls, 1)
      yield* passUntil(Effect.map(polls, (count) => count === 2), "1 second")
      yield* Fiber.interrupt(fiber)
    }).pipe(Effect.provide(services({ pollInterval: "30 seconds" }))))

  it.effect("gives up with the code", () =>
    Effect.gen(function*() {
      const { fiber } = yield* begin
      yield* passUntil(isOver(fiber), "1 minute")
      assert.deepInclude(yield* Effect.flip(Fiber.join(fiber)), { _tag: "OAuthError", reason: "Expired" })
    }).pipe(Effect.provide(services())))
})
