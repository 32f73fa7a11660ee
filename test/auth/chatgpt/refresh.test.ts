import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { ChatGptOAuth } from "../../../src/auth/chatgpt/ChatGptOAuth.ts"
import type { Renewal } from "../../../src/auth/chatgpt/ChatGptTokens.ts"
import { type ChatGpt, Credential, dueAt, type Ended, isRefreshable } from "../../../src/auth/Credential.ts"
import { Credentials, layer } from "../../../src/auth/Credentials.ts"
import * as CredentialStore from "../../../src/auth/CredentialStore.ts"
import { OAuth } from "../../../src/auth/OAuth.ts"
import { OAuthError } from "../../../src/auth/OAuthError.ts"
import { SignedOut } from "../../../src/auth/SignedOut.ts"
import { chatGpt } from "../tokens.ts"

const minutes = (count: number): number => count * 60_000

/** Good for an hour from the beginning of time on. */
const signedIn = (differing: Partial<ChatGpt> = {}) => chatGpt({ expires_at: minutes(60), ...differing })

const ended = (reason: Ended["reason"]): Ended => ({
  kind: "chatgpt_ended",
  issuer: "https://auth.test",
  client_id: "oaiapp_1",
  subject: "user-1",
  email: "ada@example.com",
  reason,
  ended_at: "1970-01-01T01:00:00.000Z"
})

const down = new OAuthError({ reason: "Transport", detail: "down" })

interface Server {
  renewal: Partial<Renewal>
  problem: OAuthError | SignedOut | undefined
  subject: string
  keys: OAuthError | undefined
  delay: Duration.DurationInput
  readonly asked: Array<string>
  readonly revoked: Array<string>
  identified: number
}

/** A server whose every refresh gives the next tokens, and brings a new id token. */
const setup = Effect.fnUntraced(function*(
  initial: ChatGpt,
  differing: Partial<Server> = {},
  layerStore: Layer.Layer<CredentialStore.CredentialStore> = CredentialStore.layerMemory(initial)
) {
  const server: Server = {
    renewal: {},
    problem: undefined,
    subject: "user-1",
    keys: undefined,
    delay: 0,
    identified: 0,
    ...differing,
    asked: [],
    revoked: []
  }
  const services = yield* Layer.build(
    layer({ apiKey: Option.some(Redacted.make("sk-1")), choice: "any" }).pipe(
      Layer.provideMerge(layerStore),
      Layer.provide([
        Layer.mock(OAuth, { authorizeUrl: () => "" }),
        Layer.mock(ChatGptOAuth, {
          issuer: "https://auth.test",
          authorizeUrl: () => "",
          refresh: ({ refresh_token }) =>
            Effect.gen(function*() {
              const n = Number(Redacted.value(refresh_token).slice(1))
              server.asked.push(`r${n}`)
              yield* Effect.sleep(server.delay)
              if (server.problem !== undefined) return yield* server.problem
              const renewal: Renewal = {
                access_token: Redacted.make(`a${n + 1}`),
                refresh_token: Redacted.make(`r${n + 1}`),
                id_token: Redacted.make(`i${n + 1}`),
                expires_in: 3600,
                ...server.renewal
              }
              return { renewal, at: 7 }
            }),
          revoke: ({ refresh_token }) => Effect.sync(() => void server.revoked.push(Redacted.value(refresh_token))),
          identify: () =>
            Effect.suspend(() => {
              server.identified++
              return server.keys ?? Effect.succeed({ subject: server.subject, email: "new@example.com" })
            })
        })
      ])
    )
  )
  const { current, replace } = yield* Effect.provide(Credentials, services)
  const store = yield* Effect.provide(CredentialStore.CredentialStore, services)
  const stored = Effect.flatMap(
    store.load,
    (stored) =>
      Option.isSome(stored) && stored.value.kind === "chatgpt" ? Effect.succeed(stored.value) : Effect.die("none")
  )
  return {
    server,
    stored,
    held: Effect.map(store.load, Option.getOrUndefined),
    store,
    replace: Effect.flatMap(stored, replace),
    token: Effect.map(
      current,
      ({ credential }) => credential.kind === "chatgpt" && Redacted.value(credential.access_token)
    )
  }
})

describe("the gate", () => {
  const at = (time: number) => DateTime.unsafeMake(minutes(time))
  const cases: ReadonlyArray<readonly [earliest: number | null, due: number]> = [
    [null, 55],
    [54, 55],
    [57, 57],
    [300, 60]
  ]
  for (const [earliest, due] of cases) {
    it(`opens in minute ${due} where the server says ${earliest}`, () => {
      const credential = signedIn({ earliest_refresh_at: earliest === null ? null : minutes(earliest) })
      assert.deepStrictEqual(dueAt(credential), Option.some(at(due)))
    })
  }

  it("leaves a quarter of its life to a token that lives for minutes", () => {
    const short = signedIn({ expires_at: minutes(4) })
    assert.deepStrictEqual(dueAt(short), Option.some(at(3)))
    assert.deepStrictEqual(dueAt({ ...short, earliest_refresh_at: minutes(3.5) }), Option.some(at(3.5)))
    // It is not known when it came.
    assert.deepStrictEqual(dueAt({ ...short, obtained_at: null }), Option.some(at(-1)))
  })

  it("is closed to whoever was refused before the time, and open after the end", () => {
    const credential = signedIn({ earliest_refresh_at: minutes(300) })
    assert.isFalse(isRefreshable(credential, at(59)))
    assert.isTrue(isRefreshable(credential, at(60)))
    assert.isFalse(isRefreshable(signedIn({ earliest_refresh_at: minutes(54) }), at(53)))
    assert.isTrue(isRefreshable(signedIn({ earliest_refresh_at: minutes(54) }), at(54)))
    assert.isTrue(isRefreshable(signedIn(), at(1)))
    // The clock was an hour ahead when the token came, and is right now.
    const later = signedIn({
      obtained_at: DateTime.formatIso(at(120)),
      earliest_refresh_at: minutes(174),
      expires_at: minutes(180)
    })
    assert.isTrue(isRefreshable(later, at(119)))
    assert.isFalse(isRefreshable(later, at(121)))
  })
})

describe("a refresh", () => {
  it.scoped("waits for the last five minutes, and for the server", () =>
    Effect.gen(function*() {
      const { server, token } = yield* setup(signedIn({ earliest_refresh_at: minutes(57) }))
      for (const [minute, expected] of [[0, "a1"], [54, "a1"], [56, "a1"], [57, "a2"], [58, "a2"]] as const) {
        yield* TestClock.setTime(minutes(minute))
        assert.strictEqual(yield* token, expected, `minute ${minute}`)
      }
      assert.deepStrictEqual(server.asked, ["r1"])
    }))

  it.scoped("comes once in the life of a token of minutes, however many requests there are", () =>
    Effect.gen(function*() {
      const { server, token } = yield* setup(signedIn(), { renewal: { expires_in: 60, earliest_refresh_at: null } })
      yield* TestClock.setTime(minutes(60))
      yield* Effect.repeatN(Effect.zipRight(token, TestClock.adjust("3 seconds")), 99)
      // The first one, and one for each 45 seconds.
      assert.isAtMost(server.asked.length, 1 + Math.ceil(300 / 45))
      assert.isAtLeast(server.asked.length, 5)
    }))

  it.scoped("comes when the token has ended, whatever the server has said", () =>
    Effect.gen(function*() {
      const { server, token } = yield* setup(signedIn({ earliest_refresh_at: minutes(600) }))
      yield* TestClock.setTime(minutes(60))
      assert.strictEqual(yield* token, "a2")
      assert.deepStrictEqual(server.asked, ["r1"])
    }))

  it.scoped("does not come before its time for a token that was refused", () =>
    Effect.gen(function*() {
      const { replace, server, token } = yield* setup(signedIn({ earliest_refresh_at: minutes(54) }))
      yield* TestClock.setTime(minutes(53))
      const error = yield* Effect.flip(replace)
      assert.deepInclude(error, { _tag: "SignedOut", reason: "AccessTokenRefused" })
      assert.deepStrictEqual(server.asked, [])
      assert.strictEqual(yield* token, "a1")
      yield* TestClock.setTime(minutes(54))
      assert.strictEqual(Redacted.value((yield* replace).credential.access_token), "a2")
    }))

  it.scoped("keeps what the answer does not tell", () =>
    Effect.gen(function*() {
      const { stored, token } = yield* setup(signedIn(), {
        renewal: { refresh_token: null, id_token: null, expires_in: null }
      })
      yield* TestClock.setTime(minutes(60))
      assert.strictEqual(yield* token, "a2")
      const { expires_at, id_token, refresh_token, scopes } = yield* stored
      assert.strictEqual(Redacted.value(refresh_token), "r1")
      assert.strictEqual(Redacted.value(id_token), "i1")
      assert.include(scopes, "chatgpt.tokens.use.direct")
      assert.strictEqual(expires_at, minutes(120))
    }))

  it.scoped("ends the use of the plan where it is no longer granted, and falls back to nothing", () =>
    Effect.gen(function*() {
      const { token } = yield* setup(signedIn(), { renewal: { scope: "openid email" } })
      yield* TestClock.setTime(minutes(60))
      assert.deepInclude(yield* Effect.flip(Effect.zipRight(token, token)), { reason: "PlanUseOff" })
    }))

  it.scoped("has stored the new tokens before it verifies whose they are", () =>
    Effect.gen(function*() {
      const { server, stored, token } = yield* setup(signedIn(), { keys: down })
      yield* TestClock.setTime(minutes(60))
      const first = yield* Effect.fork(Effect.either(token))
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(Option.getOrThrow(Either.getLeft(yield* first)), { reason: "Transport" })
      const between = yield* stored
      assert.strictEqual(Redacted.value(between.refresh_token), "r2")
      assert.strictEqual(Redacted.value(between.id_token), "i1")
      assert.strictEqual(Redacted.value(between.unverified?.id_token ?? assert.fail()), "i2")
      assert.strictEqual(between.unverified?.at, 7)
      server.keys = undefined
      assert.strictEqual(yield* token, "a2")
      const after = yield* stored
      assert.isUndefined(after.unverified)
      assert.strictEqual(Redacted.value(after.id_token), "i2")
      assert.strictEqual(after.email, "new@example.com")
      assert.deepStrictEqual(server.asked, ["r1"])
    }))

  for (
    const [name, fault] of [
      ["another subject", { subject: "user-2" }],
      ["nobody that can be proven", { keys: new OAuthError({ reason: "Identity", detail: "its signature is wrong" }) }]
    ] as const
  ) {
    it.scoped(`is refused when it is of ${name}, also later`, () =>
      Effect.gen(function*() {
        const { held, server, token } = yield* setup(signedIn(), fault)
        yield* TestClock.setTime(minutes(60))
        for (let times = 0; times < 2; times++) {
          assert.deepInclude(yield* Effect.flip(token), { _tag: "SignedOut", reason: "IdentityRefused" })
        }
        assert.strictEqual(server.identified, 1)
        assert.deepStrictEqual(yield* held, ended("IdentityRefused"))
        yield* TestClock.setTime(minutes(200))
        assert.deepInclude(yield* Effect.flip(token), { reason: "IdentityRefused" })
        assert.deepStrictEqual(server.asked, ["r1"])
        assert.deepStrictEqual(server.revoked, ["r2"], "nobody keeps the new tokens, so they are ended")
      }))
  }

  it.scoped("is asked for once by many, and once over, and no token of it is kept then", () =>
    Effect.gen(function*() {
      const { held, server, token } = yield* setup(signedIn(), {
        problem: new SignedOut({ reason: "RefreshTokenRevoked", code: "refresh_token_invalidated" })
      })
      yield* TestClock.setTime(minutes(60))
      const all = yield* Effect.all(Array.from({ length: 8 }, () => Effect.either(token)), { concurrency: 8 })
      for (const one of all) {
        assert.deepInclude(Option.getOrThrow(Either.getLeft(one)), { reason: "RefreshTokenRevoked" })
      }
      assert.deepStrictEqual(server.asked, ["r1"])
      assert.deepStrictEqual(yield* held, ended("RefreshTokenRevoked"))
    }))

  it.scoped("does not cost the sign-in that a program has stored meanwhile that respects no lock", () =>
    Effect.gen(function*() {
      const encode = (credential: ChatGpt) => JSON.stringify(Schema.encodeSync(Credential)(credential))
      let text = encode(signedIn())
      const file = CredentialStore.makeEncoded({
        location: "a file",
        read: Effect.sync(() => Option.some(text)),
        reserve: Effect.succeed((next) =>
          Effect.sync(() => {
            text = next
          })
        ),
        remove: Effect.void,
        alone: (change) => change
      })
      const { held, token } = yield* setup(signedIn(), {
        problem: new SignedOut({ reason: "RefreshTokenReused", code: "refresh_token_reused" }),
        delay: "1 second"
      }, Layer.succeed(CredentialStore.CredentialStore, file))
      yield* TestClock.setTime(minutes(60))
      const first = yield* Effect.fork(token)
      yield* TestClock.adjust("500 millis")
      const next = signedIn({
        access_token: Redacted.make("a9"),
        refresh_token: Redacted.make("r9"),
        expires_at: minutes(120)
      })
      text = encode(next)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* first, "a9")
      assert.deepStrictEqual(yield* held, next)
    }))

  it.scoped("leaves what another process has ended as it is, and says why", () =>
    Effect.gen(function*() {
      const { server, store, token } = yield* setup(signedIn())
      yield* TestClock.setTime(minutes(60))
      yield* store.modify(() => Effect.succeedSome(ended("RefreshTokenReused")))
      const error = yield* Effect.flip(token)
      assert.deepInclude(error, { _tag: "SignedOut", reason: "RefreshTokenReused" })
      // A key alone would change nothing, as what has ended still comes before it.
      assert.include(error.message, "--auth api-key")
      assert.deepStrictEqual(server.asked, [])
    }))

  it.scoped("is asked of no other server, and costs nothing then", () =>
    Effect.gen(function*() {
      const other = signedIn({ issuer: "https://elsewhere.test", unverified: { id_token: Redacted.make("i2"), at: 7 } })
      const { held, server, token } = yield* setup(other)
      assert.deepInclude(yield* Effect.flip(token), { _tag: "OAuthError", reason: "OtherServer" })
      assert.strictEqual(server.identified, 0)
      assert.deepStrictEqual(yield* held, other)
    }))

  it.scoped("is tried a few times while the server is in trouble, and nothing is lost by that", () =>
    Effect.gen(function*() {
      const { server, stored, token } = yield* setup(signedIn(), { problem: down })
      yield* TestClock.setTime(minutes(60))
      const first = yield* Effect.fork(Effect.either(token))
      yield* TestClock.adjust("30 seconds")
      assert.deepInclude(Option.getOrThrow(Either.getLeft(yield* first)), { reason: "Transport" })
      assert.deepStrictEqual(server.asked, ["r1", "r1", "r1", "r1"])
      assert.deepStrictEqual(yield* stored, signedIn())
      server.problem = undefined
      assert.strictEqual(yield* token, "a2")
    }))

  it.scoped("is finished and stored although nobody waits for it any more", () =>
    Effect.gen(function*() {
      const { stored, token } = yield* setup(signedIn(), { delay: "10 seconds" })
      yield* TestClock.setTime(minutes(60))
      const first = yield* Effect.fork(token)
      yield* TestClock.adjust("1 second")
      const stopped = yield* Effect.fork(Fiber.interrupt(first))
      yield* TestClock.adjust("9 seconds")
      assert.isTrue(Exit.isInterrupted(yield* stopped))
      assert.strictEqual(Redacted.value((yield* stored).refresh_token), "r2")
    }))
})
