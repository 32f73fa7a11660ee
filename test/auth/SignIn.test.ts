import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as TestClock from "effect/TestClock"
import { type Grant, OAuth, OAuthError, type Tokens } from "../../src/auth/OAuth.ts"
import * as SignIn from "../../src/auth/SignIn.ts"
import { jwt, nested } from "./tokens.ts"

const grant: Grant = { code: Redacted.make("c0de"), verifier: Redacted.make("v3rifier"), redirectUri: "http://x" }
const account = nested({ chatgpt_account_id: "acct" })

const tokens = (claims: object, expiresIn?: number | null): Tokens => ({
  access_token: Redacted.make(jwt(claims)),
  refresh_token: Redacted.make("r3fresh"),
  expires_in: expiresIn
})

const trouble = (retryAfter?: number) =>
  new OAuthError({ reason: "Transport", detail: "busy", ...(retryAfter === undefined ? {} : { retryAfter }) })

/** Redeems a code for these answers, one after the other; tells when it was tried, in seconds. */
const redeem = Effect.fnUntraced(function*(...answers: ReadonlyArray<Tokens | OAuthError>) {
  const tried = yield* Ref.make<ReadonlyArray<number>>([])
  const exchange = () =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatMap(
        Ref.updateAndGet(tried, (all) => [...all, now / 1000]),
        ({ length }): Effect.Effect<Tokens, OAuthError> => {
          const answer = answers[length - 1] ?? trouble()
          return answer instanceof OAuthError ? answer : Effect.succeed(answer)
        }
      ))
  const ended: Array<string> = []
  const revoke = (token: Redacted.Redacted) => Effect.sync(() => void ended.push(Redacted.value(token)))
  const fiber = yield* SignIn.redeem(grant).pipe(
    Effect.provideService(OAuth, { ...nobody, exchange, revoke }),
    Effect.fork
  )
  yield* TestClock.adjust("1 hour")
  return { exit: yield* Fiber.await(fiber), outcome: Fiber.join(fiber), tried: yield* Ref.get(tried), ended }
})

const unasked = Effect.dieMessage("Nobody is asked for this")
const nobody: typeof OAuth.Service = {
  startDevice: unasked,
  pollDevice: () => unasked,
  authorizeUrl: () => "",
  exchange: () => unasked,
  refresh: () => unasked,
  revoke: () => unasked
}

const credentialFor = (answer: Tokens) =>
  Effect.map(Effect.flatMap(redeem(answer), ({ outcome }) => outcome), ({ credential }) => credential)

describe("redeeming a code", () => {
  it.effect("makes a subscription of the tokens", () =>
    Effect.gen(function*() {
      const credential = yield* credentialFor({ ...tokens(account, 60), id_token: Redacted.make(jwt(account)) })
      assert.strictEqual(credential.kind, "subscription")
      assert.strictEqual(credential.account_id, "acct")
      assert.strictEqual(credential.expires_at, 60_000)
      assert.strictEqual(credential.obtained_at, "1970-01-01T00:00:00.000Z")
      assert.strictEqual(Redacted.value(credential.refresh_token), "r3fresh")
      assert.isDefined(credential.id_token)
    }))

  it.effect("reads the end in the token when the answer does not tell it, and does without", () =>
    Effect.gen(function*() {
      const claims = { ...account, exp: 1234 }
      assert.strictEqual((yield* credentialFor(tokens(claims, 60))).expires_at, 60_000)
      assert.strictEqual((yield* credentialFor(tokens(claims))).expires_at, 1_234_000)
      assert.strictEqual((yield* credentialFor(tokens(claims, null))).expires_at, 1_234_000)
      assert.isNull((yield* credentialFor(tokens(account))).expires_at)
    }))

  it.effect("counts the time that a token is good for by this clock, which may be hours off", () =>
    Effect.gen(function*() {
      const hours = 3600
      for (const there of [10 * hours, -10 * hours]) {
        const begun = yield* Clock.currentTimeMillis
        const { expires_at } = yield* credentialFor(tokens({ ...account, iat: there, exp: there + 60 }))
        assert.strictEqual(expires_at, begun + 60_000)
      }
    }))

  it.effect("fails when the tokens name no account, ends them at the server, and quotes none of them", () =>
    Effect.gen(function*() {
      const { ended, exit, outcome } = yield* redeem(tokens({ sub: "s0mebody" }))
      const error = yield* Effect.flip(outcome)
      assert.strictEqual(error.reason, "Protocol")
      assert.include(error.message, "account")
      assert.deepStrictEqual(ended, ["r3fresh"])
      const shown = JSON.stringify(exit) + (exit._tag === "Failure" ? Cause.pretty(exit.cause) : "")
      for (const secret of ["r3fresh", "c0de", "v3rifier", jwt({ sub: "s0mebody" })]) assert.notInclude(shown, secret)
    }))

  it.effect("tries four times when the server is in trouble, after the time that it asks for", () =>
    Effect.gen(function*() {
      const passing = yield* redeem(trouble(), trouble(7000), trouble(0), tokens(account))
      assert.deepStrictEqual(passing.tried, [0, 2, 9, 9])
      assert.strictEqual((yield* passing.outcome)._tag, "SignedIn")
      const lasting = yield* redeem()
      assert.lengthOf(lasting.tried, 4)
      assert.strictEqual((yield* Effect.flip(lasting.outcome)).reason, "Transport")
    }))

  it.effect("does not wait in silence for long", () =>
    Effect.gen(function*() {
      const { outcome, tried } = yield* redeem(trouble(3_600_000), tokens(account))
      assert.lengthOf(tried, 1)
      assert.strictEqual((yield* Effect.flip(outcome)).retryAfter, 3_600_000)
    }))

  for (const reason of ["Denied", "NotEnabled", "Expired", "Region", "Certificate", "Protocol"] as const) {
    it.effect(`does not try again after ${reason}`, () =>
      Effect.gen(function*() {
        const { outcome, tried } = yield* redeem(new OAuthError({ reason, detail: "" }), tokens(account))
        assert.lengthOf(tried, 1)
        assert.strictEqual((yield* Effect.flip(outcome)).reason, reason)
      }))
  }
})
