import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as DeviceLogin from "../../src/auth/DeviceLogin.ts"
import { type DevicePoll, OAuth, OAuthError, type Tokens } from "../../src/auth/OAuth.ts"
import { jwt, nested } from "./tokens.ts"

const grant = {
  code: Redacted.make("c0de"),
  verifier: Redacted.make("v"),
  redirectUri: "https://x/deviceauth/callback"
}
const pending: DevicePoll = { _tag: "Pending" }
const slowDown: DevicePoll = { _tag: "SlowDown" }
const approved: DevicePoll = { _tag: "Approved", grant }
const trouble = (retryAfter?: number) =>
  new OAuthError({ reason: "Transport", detail: "down", ...(retryAfter === undefined ? {} : { retryAfter }) })

const tokens: Tokens = {
  access_token: Redacted.make(jwt({ exp: 1000 })),
  refresh_token: Redacted.make("r"),
  id_token: Redacted.make(jwt(nested({ chatgpt_account_id: "acct" }))),
  expires_in: 3600
}

/** A server that gives these answers one after the other, the last one again and again; and when it was asked. */
const server = Effect.fnUntraced(function*(options: {
  readonly start?: ReadonlyArray<OAuthError>
  readonly polls: ReadonlyArray<DevicePoll | OAuthError>
  readonly tokens?: Tokens | OAuthError
}) {
  const asked = yield* Ref.make<ReadonlyArray<number>>([])
  const started = yield* Ref.make(0)
  const note = Effect.flatMap(Clock.currentTimeMillis, (now) => Ref.updateAndGet(asked, (all) => [...all, now / 1000]))
  const code = {
    deviceAuthId: Redacted.make("d"),
    userCode: "ABCD-12345",
    verificationUri: "https://auth.test/codex/device",
    interval: Duration.seconds(5)
  }
  const layer = Layer.mock(OAuth, {
    authorizeUrl: () => "",
    startDevice: Effect.flatMap(
      Ref.getAndUpdate(started, (n) => n + 1),
      (n) => options.start?.[n] ?? Effect.succeed(code)
    ),
    pollDevice: () =>
      Effect.flatMap(note, (all): Effect.Effect<DevicePoll, OAuthError> => {
        const answer = options.polls[Math.min(all.length, options.polls.length) - 1] ?? pending
        return answer instanceof OAuthError ? answer : Effect.succeed(answer)
      }),
    exchange: () => options.tokens instanceof OAuthError ? options.tokens : Effect.succeed(options.tokens ?? tokens),
    revoke: () => Effect.void
  })
  return { asked: Ref.get(asked), layer, started: Ref.get(started) }
})

/** Signs in while so much time passes. */
const signIn = (layer: Layer.Layer<OAuth>, time: Duration.DurationInput) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(Effect.either(Stream.runCollect(DeviceLogin.login)))
    yield* TestClock.adjust(time)
    return yield* Fiber.join(fiber)
  }).pipe(Effect.provide(layer))

describe("DeviceLogin", () => {
  it.effect("shows a code, asks at the interval until it is entered, and signs in", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* server({ polls: [pending, pending, approved] })
      const states = Chunk.toReadonlyArray(yield* Effect.flatten(signIn(layer, "1 minute")))
      const [shown, signedIn] = states
      assert.deepInclude(shown, { _tag: "CodeShown", userCode: "ABCD-12345" })
      assert.strictEqual(shown?._tag === "CodeShown" ? DateTime.toEpochMillis(shown.expiresAt) : 0, 15 * 60_000)
      assert.strictEqual(signedIn?._tag === "SignedIn" ? signedIn.credential.account_id : "", "acct")
      assert.strictEqual(signedIn?._tag === "SignedIn" ? signedIn.credential.expires_at : 0, 10_000 + 3_600_000)
      assert.deepStrictEqual(yield* asked, [0, 5, 10])
    }))

  it.effect("asks less often, for good, each time the server wants it to", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* server({ polls: [slowDown, pending, slowDown, pending, approved] })
      yield* Effect.flatten(signIn(layer, "5 minutes"))
      assert.deepStrictEqual(yield* asked, [0, 10, 20, 35, 50])
    }))

  it.effect("goes on through trouble, and waits as long as the server says", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* server({ polls: [trouble(), trouble(30_000), trouble(1000), approved] })
      yield* Effect.flatten(signIn(layer, "5 minutes"))
      assert.deepStrictEqual(yield* asked, [0, 5, 35, 40])
    }))

  it.effect("goes on through a page of a network block now and then", () =>
    Effect.gen(function*() {
      const page = new OAuthError({ reason: "Blocked", detail: "status 403" })
      const passing = yield* server({ polls: [page, page, pending, page, trouble(), page, page, approved] })
      yield* Effect.flatten(signIn(passing.layer, "1 minute"))
      assert.lengthOf(yield* passing.asked, 8)
    }))

  it.effect("says so when a network block lasts", () =>
    Effect.gen(function*() {
      const page = new OAuthError({ reason: "Blocked", detail: "status 403" })
      const lasting = yield* server({ polls: [pending, page] })
      const error = yield* Effect.flip(Effect.flatten(signIn(lasting.layer, "1 minute")))
      assert.strictEqual(error.reason, "Blocked")
      assert.include(error.message, "HTTPS_PROXY")
      assert.deepStrictEqual(yield* lasting.asked, [0, 5, 10, 15])
    }))

  it.effect("gives up after fifteen minutes", () =>
    Effect.gen(function*() {
      const { asked, layer } = yield* server({ polls: [pending] })
      const error = yield* Effect.flip(Effect.flatten(signIn(layer, "1 hour")))
      assert.strictEqual(error.reason, "Expired")
      assert.strictEqual((yield* asked).at(-1), 15 * 60)
    }))

  it.effect("tells at the deadline what the server said last", () =>
    Effect.gen(function*() {
      const waiting = yield* server({ polls: [trouble(), pending] })
      const entered = yield* Effect.flip(Effect.flatten(signIn(waiting.layer, "1 hour")))
      assert.include(entered.message, "nobody entered the code")
      const broken = yield* server({ polls: [pending, trouble()] })
      const unknown = yield* Effect.flip(Effect.flatten(signIn(broken.layer, "1 hour")))
      assert.strictEqual(unknown.reason, "Expired")
      assert.notInclude(unknown.message, "nobody")
      assert.include(unknown.message, "trouble (down)")
    }))

  it.effect("fails at once when the person has said no", () =>
    Effect.gen(function*() {
      const { layer } = yield* server({ polls: [pending, new OAuthError({ reason: "Denied", detail: "no" })] })
      assert.strictEqual((yield* Effect.flip(Effect.flatten(signIn(layer, "10 seconds")))).reason, "Denied")
    }))

  it.effect("asks for a code four times when the server is in trouble", () =>
    Effect.gen(function*() {
      const passing = yield* server({ start: [trouble(), trouble(5000), trouble()], polls: [approved] })
      yield* Effect.flatten(signIn(passing.layer, "1 minute"))
      assert.strictEqual(yield* passing.started, 4)
      const lasting = yield* server({ start: Array.from({ length: 9 }, () => trouble()), polls: [] })
      assert.strictEqual((yield* Effect.flip(Effect.flatten(signIn(lasting.layer, "1 minute")))).reason, "Transport")
      assert.strictEqual(yield* lasting.started, 4)
    }))

  it.effect("does not ask again where there is no sign-in by code", () =>
    Effect.gen(function*() {
      const { layer, started } = yield* server({
        start: [new OAuthError({ reason: "DeviceCodeDisabled", detail: "" })],
        polls: []
      })
      assert.strictEqual((yield* Effect.flip(Effect.flatten(signIn(layer, 0)))).reason, "DeviceCodeDisabled")
      assert.strictEqual(yield* started, 1)
    }))

  it.effect("cannot use tokens that name no account", () =>
    Effect.gen(function*() {
      const { layer } = yield* server({ polls: [approved], tokens: { ...tokens, id_token: null } })
      const error = yield* Effect.flip(Effect.flatten(signIn(layer, "1 minute")))
      assert.strictEqual(error.reason, "Protocol")
      assert.include(error.message, "account")
    }))
})
