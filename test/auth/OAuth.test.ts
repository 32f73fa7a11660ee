import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as OAuth from "../../src/auth/OAuth.ts"
import type { SignedOut } from "../../src/auth/SignedOut.ts"

const secret = (name: string) => Redacted.make(`s3cret-${name}`)
const device: OAuth.DeviceCode = {
  deviceAuthId: secret("device"),
  userCode: "ABCD-12345",
  verificationUri: "",
  interval: Duration.seconds(5)
}
const grant: OAuth.Grant = { code: secret("code"), verifier: secret("verifier"), redirectUri: "http://localhost:1455" }

/** Asks a server that gives one answer to everything. */
const ask = <A, E>(
  status: number,
  body: unknown,
  call: (oauth: typeof OAuth.OAuth.Service) => Effect.Effect<A, E>,
  headers: Record<string, string> = {}
) => {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  const network = HttpClient.make((request) =>
    Effect.succeed(HttpClientResponse.fromWeb(request, new Response(text, { status, headers })))
  )
  return Effect.flatMap(OAuth.OAuth, call).pipe(
    Effect.provide(OAuth.layer({ issuer: "https://auth.test/", originator: "effixir" })),
    Effect.provide(Layer.succeed(HttpClient.HttpClient, network))
  )
}

/** Asks a server that is not reached. */
const fail = <A, E>(cause: unknown, call: (oauth: typeof OAuth.OAuth.Service) => Effect.Effect<A, E>) => {
  const network = HttpClient.make((request) =>
    new HttpClientError.RequestError({ request, reason: "Transport", cause })
  )
  return Effect.flatMap(OAuth.OAuth, call).pipe(
    Effect.provide(OAuth.layer({ issuer: "https://auth.test/", originator: "effixir" })),
    Effect.provide(Layer.succeed(HttpClient.HttpClient, network))
  )
}

type Call = (oauth: typeof OAuth.OAuth.Service) => Effect.Effect<void, OAuth.OAuthError | SignedOut>

const calls: ReadonlyArray<readonly [name: string, call: Call]> = [
  ["startDevice", (oauth) => Effect.asVoid(oauth.startDevice)],
  ["pollDevice", (oauth) => Effect.asVoid(oauth.pollDevice(device))],
  ["exchange", (oauth) => Effect.asVoid(oauth.exchange(grant))],
  ["refresh", (oauth) => Effect.asVoid(oauth.refresh(secret("refresh")))],
  ["revoke", (oauth) => Effect.asVoid(oauth.revoke(secret("refresh")))]
]

const region = {
  error: { code: "unsupported_country_region_territory", message: "Country, region, or territory not supported" }
}
const page = "<!DOCTYPE html><html><title>Just a moment...</title></html>"

describe("every call", () => {
  for (const [name, call] of calls) {
    it.effect(`${name} tells a region that is not served, with a hint to the proxy`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(ask(403, region, call))
        assert.deepInclude(error, { _tag: "OAuthError", reason: "Region" })
        assert.include(error.message, "HTTPS_PROXY")
      }))

    it.effect(`${name} shows no web page`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(ask(503, page, call))
        assert.deepInclude(error, { _tag: "OAuthError", reason: "Transport" })
        assert.notInclude(JSON.stringify(error), "<")
        assert.include(error.message, "proxy")
      }))

    it.effect(`${name} takes 429 and 5xx for passing trouble, with the time that the server wants`, () =>
      Effect.gen(function*() {
        for (const status of [429, 500, 502]) {
          const error = yield* Effect.flip(ask(status, "busy", call, { "retry-after": "7" }))
          assert.deepInclude(error, { reason: "Transport", retryAfter: 7000 })
        }
      }))

    it.effect(`${name} tells a page of a network block from trouble of the server`, () =>
      Effect.gen(function*() {
        const blocks = [[403, page, {}], [403, "{}", { "cf-mitigated": "challenge" }], [
          429,
          page,
          { "cf-mitigated": "challenge" }
        ], [401, page, { "cf-mitigated": "challenge" }]] as const
        for (const [status, body, headers] of blocks) {
          const error = yield* Effect.flip(ask(status, body, call, headers))
          assert.deepInclude(error, { _tag: "OAuthError", reason: "Blocked" })
          assert.include(error.message, "HTTPS_PROXY")
          assert.notInclude(error.message, "<")
        }
      }))

    it.effect(`${name} knows a workspace for which this is not enabled`, () =>
      Effect.gen(function*() {
        const body = { error: "access_denied", error_description: "missing_codex_entitlement" }
        const error = yield* Effect.flip(ask(403, body, call))
        assert.deepInclude(error, { reason: "NotEnabled" })
        assert.include(error.message, "administrator")
      }))

    it.effect(`${name} understands a time to wait until that is a date`, () =>
      Effect.gen(function*() {
        yield* TestClock.setTime(Date.UTC(2026, 0, 1, 12, 0, 0))
        const date = "Thu, 01 Jan 2026 12:00:30 GMT"
        const error = yield* Effect.flip(ask(429, "busy", call, { "retry-after": date }))
        assert.deepInclude(error, { reason: "Transport", retryAfter: 30_000 })
      }))

    it.effect(`${name} waits for an answer for twenty seconds, even where nothing may cut in`, () =>
      Effect.gen(function*() {
        let isClosed = false
        const network = HttpClient.make(() =>
          Effect.onInterrupt(Effect.never, () => Effect.sync(() => isClosed = true))
        )
        const failed = yield* Deferred.make<OAuth.OAuthError | SignedOut>()
        const calling = yield* Effect.flatMap(OAuth.OAuth, call).pipe(
          Effect.provide(OAuth.layer({ issuer: "https://auth.test/", originator: "effixir" })),
          Effect.provideService(HttpClient.HttpClient, network),
          Effect.tapError((error) => Deferred.succeed(failed, error)),
          Effect.uninterruptible,
          Effect.fork
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.interruptFork(calling)
        yield* TestClock.adjust("18 seconds")
        assert.isFalse(isClosed)
        yield* TestClock.adjust("1 second")
        const error = yield* Deferred.await(failed)
        assert.deepInclude(error, { _tag: "OAuthError", reason: "Transport", isTransient: true })
        assert.include(error.message, "20s")
        assert.isTrue(isClosed)
      }))

    it.effect(`${name} ends at once where it may be interrupted`, () =>
      Effect.gen(function*() {
        let isClosed = false
        const network = HttpClient.make(() =>
          Effect.onInterrupt(Effect.never, () => Effect.sync(() => isClosed = true))
        )
        const calling = yield* Effect.flatMap(OAuth.OAuth, call).pipe(
          Effect.provide(OAuth.layer({ issuer: "https://auth.test/", originator: "effixir" })),
          Effect.provideService(HttpClient.HttpClient, network),
          Effect.fork
        )
        yield* TestClock.adjust("1 second")
        yield* Fiber.interrupt(calling)
        assert.isTrue(isClosed)
      }))

    it.effect(`${name} tells a certificate that is not trusted, which does not pass`, () =>
      Effect.gen(function*() {
        const cause = Object.assign(new Error("self-signed certificate in certificate chain"), {
          code: "SELF_SIGNED_CERT_IN_CHAIN"
        })
        const error = yield* Effect.flip(fail(new TypeError("fetch failed", { cause }), call))
        assert.deepInclude(error, { _tag: "OAuthError", reason: "Certificate", isTransient: false })
        assert.include(error.message, "SSL_CERT_FILE")
        const unreached = yield* Effect.flip(
          fail(new TypeError("fetch failed", { cause: new Error("ECONNRESET") }), call)
        )
        assert.deepInclude(unreached, { reason: "Transport", isTransient: true })
      }))

    it.effect(`${name} never quotes what is secret`, () =>
      Effect.gen(function*() {
        for (const [status, body] of [[200, "s3cret"], [200, { access_token: 5, s3cret: 1 }], [400, "{"]] as const) {
          const exit = yield* Effect.exit(ask(status, body, call))
          if (exit._tag === "Success") continue
          assert.notInclude(Cause.pretty(exit.cause) + JSON.stringify(exit), "s3cret")
        }
      }))
  }
})

describe("OAuth.startDevice", () => {
  it.effect("takes the code by its older name, too", () =>
    Effect.gen(function*() {
      const code = yield* ask(200, { device_auth_id: "d", usercode: "A-B" }, (oauth) => oauth.startDevice)
      assert.strictEqual(code.userCode, "A-B")
      const nothing = yield* Effect.flip(ask(200, { device_auth_id: "d" }, (oauth) => oauth.startDevice))
      assert.strictEqual(nothing.reason, "Protocol")
    }))

  it.effect("takes the interval as a text and as a number, and five seconds for none", () =>
    Effect.gen(function*() {
      for (const [interval, seconds] of [["3", 3], [7, 7], [null, 5], ["0", 1], ["soon", 5]] as const) {
        const code = yield* ask(200, { device_auth_id: "d", user_code: "A-B", interval }, (oauth) => oauth.startDevice)
        assert.strictEqual(Duration.toSeconds(code.interval), seconds)
      }
    }))

  it.effect("says when there is no sign-in by code", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ask(404, "", (oauth) => oauth.startDevice))
      assert.strictEqual(error.reason, "DeviceCodeDisabled")
      assert.include(error.message, "--browser")
    }))
})

describe("OAuth.pollDevice", () => {
  it.effect("waits for 403, 404 and the words of the standard", () =>
    Effect.gen(function*() {
      const bodies = [
        [403, ""],
        [404, { error: { message: "not yet" } }],
        [400, { error: "deviceauth_authorization_pending" }],
        [400, { error: { code: "authorization_pending" } }]
      ] as const
      for (const [status, body] of bodies) {
        assert.strictEqual((yield* ask(status, body, (oauth) => oauth.pollDevice(device)))._tag, "Pending")
      }
      assert.strictEqual(
        (yield* ask(400, { error: "slow_down" }, (oauth) => oauth.pollDevice(device)))._tag,
        "SlowDown"
      )
    }))
})

describe("OAuth.refresh", () => {
  it.effect("tells what is over for good from what passes", () =>
    Effect.gen(function*() {
      const bodies = [
        [401, { error: { code: "refresh_token_reused", message: "already used" } }, "RefreshTokenReused"],
        [400, { error: { code: "refresh_token_reused" } }, "RefreshTokenReused"],
        [401, { error: "refresh_token_expired" }, "RefreshTokenExpired"],
        [401, { code: "refresh_token_invalidated" }, "RefreshTokenRevoked"],
        [400, { error: "invalid_grant" }, "RefreshTokenRevoked"],
        [401, "go away", "RefreshTokenRevoked"]
      ] as const
      for (const [status, body, reason] of bodies) {
        const error = yield* Effect.flip(ask(status, body, (oauth) => oauth.refresh(secret("refresh"))))
        assert.deepInclude(error, { _tag: "SignedOut", reason })
      }
    }))

  it.effect("takes an answer that leaves out what stays as it was", () =>
    Effect.gen(function*() {
      const renewal = yield* ask(200, { access_token: "new" }, (oauth) => oauth.refresh(secret("refresh")))
      assert.strictEqual(Redacted.value(renewal.access_token ?? Redacted.make("")), "new")
      assert.isUndefined(renewal.refresh_token)
    }))
})

describe("OAuth.authorizeUrl", () => {
  it.effect("names the callback by name, and encodes spaces as %20", () =>
    Effect.gen(function*() {
      const { authorizeUrl } = yield* ask(200, "", Effect.succeed)
      const url = authorizeUrl({ redirectUri: "http://localhost:1455/auth/callback", state: "s", challenge: "c" })
      assert.notInclude(url, "+")
      const query = Object.fromEntries(new URL(url).searchParams)
      assert.deepInclude(query, {
        response_type: "code",
        redirect_uri: "http://localhost:1455/auth/callback",
        scope: "openid profile email offline_access",
        code_challenge_method: "S256",
        originator: "effixir"
      })
    }))
})
