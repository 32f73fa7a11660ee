import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { ChatGptOAuth } from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import type { Stored, Subscription } from "../../src/auth/Credential.ts"
import { Credentials, layer as credentialsLayer } from "../../src/auth/Credentials.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import { OAuth, OAuthError, type Renewal } from "../../src/auth/OAuth.ts"
import { SignedOut } from "../../src/auth/SignedOut.ts"
import { forAll } from "../forAll.ts"
import { jwt, nested } from "./tokens.ts"

/** The access token `a1`, whose refresh token is `r1`, of account `me`; good for so long. */
const signedIn = (n: number, lifetime: Duration.DurationInput = "1 hour", account = "me"): Subscription => ({
  kind: "subscription",
  access_token: Redacted.make(`a${n}`),
  refresh_token: Redacted.make(`r${n}`),
  expires_at: Duration.toMillis(lifetime),
  account_id: account
})

const name = (credential: Stored): string =>
  credential.kind === "subscription" ? Redacted.value(credential.access_token) : "key"

type Refresh = (n: number) => Effect.Effect<Renewal, OAuthError | SignedOut>

/** Every refresh gives the next pair, and the pair before is spent. */
const next = (n: number): Renewal => ({
  access_token: Redacted.make(`a${n + 1}`),
  refresh_token: Redacted.make(`r${n + 1}`),
  expires_in: 3600
})

const setup = Effect.fnUntraced(function*(initial: Subscription | undefined, answer: Refresh) {
  const asked = yield* Ref.make<ReadonlyArray<string>>([])
  const revoked = yield* Ref.make<ReadonlyArray<string>>([])
  const oauth = Layer.mock(OAuth, {
    authorizeUrl: () => "",
    revoke: (token) => Ref.update(revoked, (tokens) => [...tokens, Redacted.value(token)]),
    refresh: (token) =>
      Effect.zipRight(
        Ref.update(asked, (tokens) => [...tokens, Redacted.value(token)]),
        Effect.suspend(() => answer(Number(Redacted.value(token).slice(1))))
      )
  })
  const services = yield* Layer.build(
    credentialsLayer({ apiKey: Option.none(), choice: "any" }).pipe(
      Layer.provideMerge(CredentialStore.layerMemory(initial)),
      Layer.provide([oauth, Layer.mock(ChatGptOAuth, { issuer: "", authorizeUrl: () => "" })])
    )
  )
  const { current, replace } = yield* Effect.provide(Credentials, services)
  const store = yield* Effect.provide(CredentialStore.CredentialStore, services)
  return {
    store,
    replace,
    asked: Ref.get(asked),
    revoked: Ref.get(revoked),
    current: Effect.map(current, ({ credential }) => name(credential)),
    stored: Effect.map(store.load, (stored) => Option.isSome(stored) ? name(stored.value) : "")
  }
})

const works: Refresh = (n) => Effect.succeed(next(n))
const trouble = new OAuthError({ reason: "Transport", detail: "down" })
const reused = new SignedOut({ reason: "RefreshTokenReused" })

describe("a token that is about to expire", () => {
  it.scoped("is used until five minutes before its end, and then refreshed once", () =>
    Effect.gen(function*() {
      const { asked, current, stored } = yield* setup(signedIn(1, "1 hour"), works)
      yield* TestClock.adjust("54 minutes")
      assert.strictEqual(yield* current, "a1")
      assert.deepStrictEqual(yield* asked, [])
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* current, "a2")
      assert.strictEqual(yield* current, "a2")
      assert.strictEqual(yield* stored, "a2")
      assert.deepStrictEqual(yield* asked, ["r1"])
    }))

  it.scoped("is refreshed once for all who ask at the same time", () =>
    Effect.gen(function*() {
      const { asked, current } = yield* setup(signedIn(1, 0), (n) => Effect.delay(works(n), "1 second"))
      const fiber = yield* Effect.fork(Effect.all(Array.from({ length: 8 }, () => current), { concurrency: 8 }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(fiber), Array(8).fill("a2"))
      assert.deepStrictEqual(yield* asked, ["r1"])
    }))

  it.scoped("is refreshed in the background of a program that runs for long, and never twice", () =>
    Effect.gen(function*() {
      const { asked, current, stored } = yield* setup(signedIn(1, "1 hour"), works)
      assert.strictEqual(yield* current, "a1")
      yield* TestClock.adjust("54 minutes")
      assert.strictEqual(yield* stored, "a1")
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(yield* stored, "a2")
      yield* TestClock.adjust("56 minutes")
      assert.strictEqual(yield* stored, "a3")
      assert.deepStrictEqual(yield* asked, ["r1", "r2"])
    }))

  it.scoped("is left alone by a program that has not used it", () =>
    Effect.gen(function*() {
      const { asked } = yield* setup(signedIn(1, "1 hour"), works)
      yield* TestClock.adjust("1 day")
      assert.deepStrictEqual(yield* asked, [])
    }))

  it.scoped("goes on being used while the server is in trouble, as long as it is good", () =>
    Effect.gen(function*() {
      const { current } = yield* setup(signedIn(1, "3 minutes"), () => trouble)
      const fiber = yield* Effect.fork(current)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "a1")
    }))

  it.scoped("holds nobody up for long while it is good, and is there when the server has answered after all", () =>
    Effect.gen(function*() {
      const { asked, current, stored } = yield* setup(
        signedIn(1, "4 minutes"),
        (n) => Effect.delay(works(n), "15 seconds")
      )
      const three = yield* Effect.fork(Effect.all([current, current, current], { concurrency: 3 }))
      yield* TestClock.adjust("2 seconds")
      assert.deepStrictEqual(yield* Fiber.join(three), ["a1", "a1", "a1"])
      assert.strictEqual(yield* current, "a1")
      yield* TestClock.adjust("13 seconds")
      assert.deepStrictEqual([yield* stored, yield* current, yield* asked], ["a2", "a2", ["r1"]])
    }))

  it.scoped("is not asked for again and again while the server is in trouble", () =>
    Effect.gen(function*() {
      const { asked, current } = yield* setup(signedIn(1, "4 minutes"), () => trouble)
      const first = yield* Effect.fork(current)
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(first), "a1")
      assert.lengthOf(yield* asked, 4)
      assert.strictEqual(yield* current, "a1")
      assert.lengthOf(yield* asked, 4)
      yield* TestClock.adjust("1 minute")
      assert.isAbove((yield* asked).length, 4)
    }))

  it.scoped("takes its end from the clock that the server told of, whatever the hour is here", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Duration.toMillis("10 hours"))
      const { asked, current } = yield* setup(signedIn(1, "1 hour"), works)
      assert.strictEqual(yield* current, "a2")
      assert.strictEqual(yield* current, "a2")
      assert.deepStrictEqual(yield* asked, ["r1"])
    }))
})

/** Every refresh gives a token that is good for so many seconds. */
const short = (seconds: number): Refresh => (n) => Effect.succeed({ ...next(n), expires_in: seconds })

describe("a token that lives for minutes", () => {
  for (const seconds of [40, 60, 240]) {
    it.scoped(`is refreshed once in its life: ${seconds} s`, () =>
      Effect.gen(function*() {
        const { asked, current } = yield* setup(signedIn(1, 0), short(seconds))
        const request = Effect.zipRight(current, TestClock.adjust(`${seconds / 20} seconds`))
        const lives = 6
        yield* Effect.repeatN(request, lives * 20 - 1)
        const refreshes = (yield* asked).length
        // It is refreshed when three quarters are over, or by the watch a minute later at most.
        assert.isAtMost(refreshes, Math.ceil(lives / 0.75) + 1)
        assert.isAtLeast(refreshes, lives)
      }))
  }

  it.scoped("is not refreshed for every request when it is said to be used up as it comes", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Duration.toMillis("10 hours"))
      const used = Redacted.make(jwt({ exp: 3600 }))
      const answers: ReadonlyArray<Partial<Renewal>> = [
        { expires_in: 0 },
        { expires_in: -5 },
        { access_token: used, expires_in: null }
      ]
      for (const answer of answers) {
        const { asked, current } = yield* setup(signedIn(1, 0), (n) => Effect.succeed({ ...next(n), ...answer }))
        yield* Effect.repeatN(current, 9)
        assert.deepStrictEqual(yield* asked, ["r1"])
      }
    }))
})

describe("a refresh that fails", () => {
  it.scoped("is tried again, with growing pauses, and then told", () =>
    Effect.gen(function*() {
      const { asked, current, stored } = yield* setup(signedIn(1, 0), () => trouble)
      const fiber = yield* Effect.fork(Effect.flip(current))
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(yield* Fiber.join(fiber), { _tag: "OAuthError", reason: "Transport" })
      assert.strictEqual((yield* asked).length, 4)
      assert.strictEqual(yield* stored, "a1")
    }))

  it.scoped("succeeds when the trouble passes", () =>
    Effect.gen(function*() {
      const { current } = yield* setup(
        signedIn(1, 0),
        (n) => Effect.flatMap(Clock.currentTimeMillis, (now) => now < 400 ? trouble : works(n))
      )
      const fiber = yield* Effect.fork(current)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* Fiber.join(fiber), "a2")
    }))

  it.scoped("for good is not tried again until another credential is stored", () =>
    Effect.gen(function*() {
      const { asked, current, store } = yield* setup(signedIn(1, 0), (n) => n === 1 ? reused : works(n))
      assert.deepInclude(yield* Effect.flip(current), { _tag: "SignedOut", reason: "RefreshTokenReused" })
      assert.deepInclude(yield* Effect.flip(current), { _tag: "SignedOut", reason: "RefreshTokenReused" })
      assert.deepStrictEqual(yield* asked, ["r1"])
      yield* store.save(signedIn(7, 0))
      assert.strictEqual(yield* current, "a8")
      assert.deepStrictEqual(yield* asked, ["r1", "r7"])
    }))
})

describe("an interruption", () => {
  it.scoped("waits until the answer of a refresh is stored", () =>
    Effect.gen(function*() {
      const out = yield* Deferred.make<void>()
      const answered = yield* Deferred.make<void>()
      const { current, stored } = yield* setup(signedIn(1, 0), (n) =>
        Deferred.succeed(out, undefined).pipe(Effect.zipRight(Deferred.await(answered)), Effect.zipRight(works(n))))
      const fiber = yield* Effect.fork(current)
      yield* Deferred.await(out)
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* Deferred.succeed(answered, undefined)
      yield* Fiber.join(interrupting)
      assert.strictEqual(yield* stored, "a2")
    }))
})

describe("a credential that the server refuses", () => {
  it.scoped("is replaced by what somebody else has stored, without a refresh", () =>
    Effect.gen(function*() {
      const { asked, replace, store } = yield* setup(signedIn(1), works)
      yield* store.save(signedIn(5))
      const { credential, isRefreshed } = yield* replace(signedIn(1))
      assert.strictEqual(name(credential), "a5")
      assert.isFalse(isRefreshed)
      assert.deepStrictEqual(yield* asked, [])
    }))

  it.scoped("is refreshed when nobody has", () =>
    Effect.gen(function*() {
      const { replace } = yield* setup(signedIn(1), works)
      const { credential, isRefreshed } = yield* replace(signedIn(1))
      assert.strictEqual(name(credential), "a2")
      assert.isTrue(isRefreshed)
    }))

  it.scoped("is not replaced by tokens that speak for another account", () =>
    Effect.gen(function*() {
      const token = Redacted.make(jwt(nested({ chatgpt_account_id: "somebody else" })))
      const { replace, revoked, stored } = yield* setup(
        signedIn(1),
        () =>
          Effect.succeed({ access_token: token, refresh_token: Redacted.make("r2"), id_token: token, expires_in: 3600 })
      )
      assert.deepInclude(yield* Effect.flip(replace(signedIn(1))), { reason: "AccountChanged" })
      assert.strictEqual(yield* stored, "a1")
      assert.deepStrictEqual(yield* revoked, ["r2"], "nobody keeps them, so they are ended")
    }))

  it.scoped("is not replaced by that of another account, nor by nothing", () =>
    Effect.gen(function*() {
      const { asked, replace, store } = yield* setup(signedIn(1), works)
      yield* store.save(signedIn(5, "1 hour", "somebody else"))
      assert.deepInclude(yield* Effect.flip(replace(signedIn(1))), { reason: "AccountChanged" })
      yield* store.clear
      assert.deepInclude(yield* Effect.flip(replace(signedIn(1))), { reason: "NeverSignedIn" })
      assert.deepStrictEqual(yield* asked, [])
    }))
})

describe("the ladder", () => {
  /** What the server sees of one request, when it takes these tokens and no other. */
  const climb = (good: ReadonlyArray<string>, stored: Subscription, current: Subscription) =>
    Effect.gen(function*() {
      const seen: Array<string> = []
      const network = HttpClient.make((request) =>
        Effect.sync(() => {
          const token = (request.headers["authorization"] ?? "").replace("Bearer ", "")
          seen.push(token)
          const headers = { "x-request-id": `req-${seen.length}` }
          const status = good.includes(token) ? 200 : 401
          return HttpClientResponse.fromWeb(request, new Response("{}", { status, headers }))
        })
      )
      const { asked, replace } = yield* setup(stored, works)
      const credentials = Layer.mock(Credentials, {
        current: Effect.succeed({ credential: current, source: "store" as const, reason: "" }),
        replace
      })
      const exit = yield* Effect.flatMap(AuthClient.AuthClient, ({ client }) =>
        client.execute(HttpClientRequest.get("/models"))).pipe(
          Effect.provide(AuthClient.layerConfig()),
          Effect.provide([credentials, Layer.succeed(HttpClient.HttpClient, network)]),
          Effect.map((response) =>
            response.status
          ),
          Effect.either
        )
      return { seen, asked: yield* asked, exit }
    })

  it.scoped("needs no step for a token that is taken", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* climb(["a1"], signedIn(1), signedIn(1))).seen, ["a1"])
    }))

  it.scoped("takes the newer token of the store first", () =>
    Effect.gen(function*() {
      const { asked, seen } = yield* climb(["a3"], signedIn(3), signedIn(1))
      assert.deepStrictEqual([seen, asked], [["a1", "a3"], []])
    }))

  it.scoped("then refreshes", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* climb(["a2"], signedIn(1), signedIn(1))).seen, ["a1", "a2"])
      const { asked, seen } = yield* climb(["a4"], signedIn(3), signedIn(1))
      assert.deepStrictEqual([seen, asked], [["a1", "a3", "a4"], ["r3"]])
    }))

  it.scoped("then gives up, after one refresh", () =>
    Effect.gen(function*() {
      const { asked, exit, seen } = yield* climb([], signedIn(1), signedIn(1))
      assert.deepStrictEqual([seen, asked], [["a1", "a2"], ["r1"]])
      const error = Option.getOrThrow(Either.getLeft(exit))
      assert.deepInclude(error, { _tag: "SignedOut", requestId: "req-2" })
      assert.match(error.message, / \(request req-2\)$/)
    }))

  it.scoped("does not climb over to another account", () =>
    Effect.gen(function*() {
      const { asked, exit, seen } = yield* climb(["a9"], signedIn(9, "1 hour", "other"), signedIn(1))
      assert.deepStrictEqual([seen, asked], [["a1"], []])
      assert.deepInclude(exit._tag === "Left" ? exit.left : {}, { reason: "AccountChanged" })
    }))

  it.effect("takes three steps at most, refreshes once at most, and never speaks for another account", () =>
    forAll(
      fc.record({
        good: fc.subarray(["a1", "a2", "a3", "a4", "a9"]),
        stored: fc.constantFrom(signedIn(1), signedIn(3), signedIn(9, "1 hour", "other"))
      }),
      ({ good, stored }) =>
        Effect.scoped(Effect.gen(function*() {
          const { asked, exit, seen } = yield* climb(good, stored, signedIn(1))
          assert.isAtMost(seen.length, 3)
          assert.isAtMost(asked.length, 1)
          assert.strictEqual(new Set(seen).size, seen.length)
          assert.notInclude(seen, "a9")
          if (exit._tag === "Right") assert.include(good, seen.at(-1))
          else assert.strictEqual(exit.left._tag, "SignedOut")
        }))
    ))
})
