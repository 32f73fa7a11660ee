import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { Registrations } from "../../../src/auth/chatgpt/Registrations.ts"
import { usesPlan } from "../../../src/auth/Credential.ts"
import { CredentialStore } from "../../../src/auth/CredentialStore.ts"
import * as OpenAiSimulator from "../../../src/testing/OpenAiSimulator.ts"
import type { Knobs } from "../../../src/testing/OpenAiSimulator.ts"
import { answerOf, begin, count, installation, signIn, signInAndStore, tokenPath, visit } from "./signIn.ts"

const turn = (knobs: Partial<Knobs>) =>
  Effect.flatMap(OpenAiSimulator.OpenAiSimulator, (simulator) => simulator.turn(knobs))

const registration = Effect.gen(function*() {
  const { issuer } = yield* OpenAiSimulator.OpenAiSimulator
  const { find } = yield* Registrations
  return Option.getOrUndefined(yield* find(issuer))
})

const signOut = Effect.flatMap(CredentialStore, ({ clear }) => clear)

const bob = { email: "bob@example.com", plan: "plus", accountId: "bob" }

describe("the first sign-in", () => {
  it.live("asks for a client of its own with all that is needed, and signs in", () =>
    Effect.gen(function*() {
      const { hostId } = yield* Registrations
      const { asked, outcome, page } = yield* signIn
      assert.deepStrictEqual([...asked.keys()], [
        "client_id",
        "agent_name_hint",
        "ext_agent_host_id",
        "response_type",
        "redirect_uri",
        "resource",
        "scope",
        "state",
        "code_challenge",
        "code_challenge_method",
        "nonce"
      ])
      assert.strictEqual(asked.get("client_id"), "dynamic_agent_client")
      assert.strictEqual(asked.get("agent_name_hint"), "effixir")
      assert.strictEqual(asked.get("ext_agent_host_id"), yield* hostId)
      assert.match(asked.get("redirect_uri") ?? "", /^http:\/\/127\.0\.0\.1:\d+\/auth\/callback$/)
      assert.include(page.text, "You are signed in")
      const credential = yield* outcome
      const { issuer } = yield* OpenAiSimulator.OpenAiSimulator
      assert.deepInclude(credential, { kind: "chatgpt", issuer, email: "ada@example.com" })
      assert.isTrue(usesPlan(credential))
      assert.match(credential.client_id, /^oaiapp_/)
      assert.deepInclude(yield* registration, { client_id: credential.client_id, subject: credential.subject })
    }).pipe(Effect.provide(installation())))

  for (
    const idToken of [
      "wrong key",
      "unknown key",
      "wrong algorithm",
      "wrong issuer",
      "wrong audience",
      "two audiences",
      "wrong azp",
      "wrong nonce",
      "no subject",
      "expired",
      "from the future"
    ] as const
  ) {
    it.live(`uses nothing of an answer whose id token has this fault: ${idToken}`, () =>
      Effect.gen(function*() {
        const { outcome, page } = yield* signIn
        assert.deepInclude(Option.getOrThrow(Either.getLeft(outcome)), { _tag: "OAuthError", reason: "Identity" })
        assert.include(page.text, "did not work")
        assert.strictEqual(yield* count("/api/accounts/oauth/revoke"), 1, "what nobody keeps is ended")
        // Who is registered already is not registered again.
        const { client_id, subject } = (yield* registration) ?? assert.fail()
        assert.isNull(subject)
        yield* turn({ idToken: undefined })
        const { asked, outcome: second } = yield* signIn
        assert.strictEqual(asked.get("client_id"), client_id)
        assert.isFalse(asked.has("agent_name_hint"))
        assert.strictEqual((yield* second).client_id, client_id)
      }).pipe(Effect.provide(installation({ idToken }))))
  }

  it.live("takes keys that cannot be had for trouble that passes", () =>
    Effect.gen(function*() {
      const { outcome } = yield* signIn
      assert.deepInclude(Option.getOrThrow(Either.getLeft(outcome)), { reason: "Transport", isTransient: true })
      assert.strictEqual(yield* count(tokenPath), 1)
    }).pipe(Effect.provide(installation({ jwksStatus: 503 }))))

  it.live("does not mind a clock that is hours off", () =>
    Effect.gen(function*() {
      for (const ahead of ["5 hours", "-5 hours"] as const) {
        yield* turn({ ahead })
        assert.isTrue(Either.isRight((yield* signIn).outcome), ahead)
      }
    }).pipe(Effect.provide(installation())))

  for (const callbackClient of ["omitted", "dynamic"] as const) {
    it.live(`is incomplete where the client id is ${callbackClient}`, () =>
      Effect.gen(function*() {
        const { outcome } = yield* signIn
        assert.deepInclude(Option.getOrThrow(Either.getLeft(outcome)), { reason: "Protocol" })
        assert.strictEqual(yield* count(tokenPath), 0)
        assert.isUndefined(yield* registration)
      }).pipe(Effect.provide(installation({ callbackClient }))))
  }

  it.live("exchanges nothing where the person says no", () =>
    Effect.gen(function*() {
      const { outcome } = yield* signIn
      assert.deepInclude(Option.getOrThrow(Either.getLeft(outcome)), { reason: "Denied" })
      assert.strictEqual(yield* count(tokenPath), 0)
    }).pipe(Effect.provide(installation({ decline: "all" }))))

  it.live("makes another attempt with the client id after a failed exchange", () =>
    Effect.gen(function*() {
      assert.isTrue(Either.isLeft((yield* signIn).outcome))
      const { client_id } = (yield* registration) ?? assert.fail()
      yield* turn({ tokenStatus: 200 })
      const { asked, outcome } = yield* signIn
      assert.strictEqual(asked.get("client_id"), client_id)
      assert.strictEqual((yield* outcome).client_id, client_id)
    }).pipe(Effect.provide(installation({ tokenStatus: 400 }))))
})

describe("a later sign-in", () => {
  it.live("names the client, and gives hints of who it was", () =>
    Effect.gen(function*() {
      const before = yield* signInAndStore
      const { asked, outcome } = yield* signIn
      assert.strictEqual(asked.get("client_id"), before.client_id)
      assert.isFalse(asked.has("agent_name_hint"))
      assert.strictEqual(asked.get("id_token_hint"), Redacted.value(before.id_token))
      assert.strictEqual(asked.get("login_hint"), "ada@example.com")
      assert.isFalse(asked.has("prompt"))
      assert.strictEqual((yield* outcome).client_id, before.client_id)
    }).pipe(Effect.provide(installation())))

  it.live("knows the client after a sign-out, and has no id token to hint with", () =>
    Effect.gen(function*() {
      const { client_id } = yield* signInAndStore
      const before = yield* Effect.flatMap(Registrations, ({ hostId }) => hostId)
      yield* signOut
      const { asked, outcome } = yield* signIn
      assert.strictEqual(asked.get("client_id"), client_id)
      assert.strictEqual(asked.get("login_hint"), "ada@example.com")
      assert.strictEqual(asked.get("ext_agent_host_id"), before)
      assert.isFalse(asked.has("id_token_hint"))
      assert.strictEqual((yield* outcome).client_id, client_id)
    }).pipe(Effect.provide(installation())))

  it.live("keeps the client where the answer names none, and refuses another one", () =>
    Effect.gen(function*() {
      const { client_id } = yield* signInAndStore
      yield* turn({ callbackClient: "omitted" })
      assert.strictEqual((yield* (yield* signIn).outcome).client_id, client_id)
      yield* turn({ callbackClient: "other" })
      const before = yield* count(tokenPath)
      const { outcome } = yield* signIn
      assert.deepInclude(Option.getOrThrow(Either.getLeft(outcome)), { reason: "OtherAccount" })
      assert.strictEqual(yield* count(tokenPath), before)
    }).pipe(Effect.provide(installation())))

  it.live("refuses another account and says which one there is, also after a sign-out", () =>
    Effect.gen(function*() {
      const before = yield* signInAndStore
      const store = yield* CredentialStore
      yield* turn({ account: bob })
      for (const isOut of [false, true]) {
        if (isOut) yield* signOut
        const error = Option.getOrThrow(Either.getLeft((yield* signIn).outcome))
        assert.deepInclude(error, { reason: "OtherAccount" })
        assert.include(error.message, "its sign-in is not stored: the profile is for ada@example.com")
        assert.deepStrictEqual(yield* store.load, isOut ? Option.none() : Option.some(before))
        assert.deepInclude(yield* registration, { client_id: before.client_id, subject: before.subject })
        assert.strictEqual(yield* count("/api/accounts/oauth/revoke"), isOut ? 2 : 1, "what nobody keeps is ended")
      }
    }).pipe(Effect.provide(installation())))

  it.live("refuses another account also where the first sign-in ended while this one waited", () =>
    Effect.gen(function*() {
      const { fiber, url } = yield* begin
      const before = yield* signInAndStore
      yield* turn({ account: bob })
      yield* visit(url)
      assert.deepInclude(Option.getOrThrow(Either.getLeft(yield* Effect.either(fiber))), { reason: "OtherAccount" })
      assert.deepInclude(yield* registration, { client_id: before.client_id, subject: before.subject })
    }).pipe(Effect.scoped, Effect.provide(installation())))

  it.live("asks for consent again when the plan was declined, and reads what was granted then", () =>
    Effect.gen(function*() {
      const { page } = yield* signIn
      assert.include(page.text, "without your plan")
      assert.isFalse(usesPlan(yield* signInAndStore))
      const declined = yield* signIn
      assert.strictEqual(declined.asked.get("prompt"), "consent")
      assert.isFalse(usesPlan(yield* declined.outcome))
      yield* turn({ decline: "nothing" })
      const agreed = yield* signIn
      assert.strictEqual(agreed.asked.get("prompt"), "consent")
      assert.isTrue(usesPlan(yield* agreed.outcome))
    }).pipe(Effect.provide(installation({ decline: "plan" }))))
})

describe("the callback", () => {
  it.live("is used up by nothing but the answer, and by that once", () =>
    Effect.gen(function*() {
      const { fiber, redirectUri, state, url } = yield* begin
      const callback = (query: string) => `${redirectUri}?${query}`
      for (const query of ["code=c", "code=c&state=wrong", `code=c&state=${state}&state=${state}`]) {
        assert.strictEqual((yield* visit(callback(query))).status, 400, query)
      }
      const right = yield* answerOf(url)
      assert.strictEqual((yield* visit(right, { method: "POST" })).status, 404)
      const named = new URL(right)
      named.hostname = "localhost"
      assert.strictEqual((yield* visit(named)).status, 404)
      assert.strictEqual((yield* visit(new URL("/", right))).status, 404)
      const [first, second] = yield* Effect.all([visit(right), visit(right)], { concurrency: 2 })
      assert.sameMembers([first.status, second.status], [200, 200])
      assert.strictEqual((yield* fiber).kind, "chatgpt")
      assert.strictEqual(yield* count(tokenPath), 1)
    }).pipe(Effect.scoped, Effect.provide(installation())))

  it.live("is refused with two codes, two clients, or two issuers", () =>
    Effect.gen(function*() {
      yield* turn({ callbackIssuer: "own" })
      for (const more of ["&code=other", "&client_id=other", "&iss=https%3A%2F%2Fauth.example"]) {
        const { fiber, url } = yield* begin
        yield* visit(`${yield* answerOf(url)}${more}`)
        assert.deepInclude(Option.getOrThrow(Either.getLeft(yield* Effect.either(fiber))), { reason: "Protocol" })
      }
      assert.strictEqual(yield* count(tokenPath), 0)
    }).pipe(Effect.scoped, Effect.provide(installation())))

  it.live("may name the issuer", () =>
    Effect.gen(function*() {
      const { outcome } = yield* signIn
      assert.strictEqual((yield* outcome).kind, "chatgpt")
    }).pipe(Effect.provide(installation({ callbackIssuer: "own" }))))

  it.live("is refused where it names another issuer, whatever it says", () =>
    Effect.gen(function*() {
      for (const decline of ["nothing", "all"] as const) {
        yield* turn({ decline })
        const { outcome } = yield* signIn
        const error = Option.getOrThrow(Either.getLeft(outcome))
        assert.deepInclude(error, { reason: "Protocol", detail: "the answer comes from another server" })
      }
      assert.strictEqual(yield* count(tokenPath), 0)
    }).pipe(Effect.provide(installation({ callbackIssuer: "other" }))))

  it.live("says in the browser that the sign-in was stopped, and leaves its port", () =>
    Effect.gen(function*() {
      const { fiber, redirectUri, url } = yield* begin
      const page = yield* Effect.fork(visit(yield* answerOf(url)))
      yield* Effect.repeat(Effect.delay(count(tokenPath), "20 millis"), { until: (calls) => calls > 0 })
      yield* Fiber.interrupt(fiber)
      assert.include((yield* page).text, "stopped")
      const gone = yield* Effect.either(Effect.tryPromise(() => fetch(redirectUri)))
      assert.isTrue(Either.isLeft(gone))
      assert.isTrue(Either.isRight((yield* Effect.zipRight(turn({ tokenDelay: 0 }), signIn)).outcome))
    }).pipe(Effect.scoped, Effect.provide(installation({ tokenDelay: "5 seconds" }))))
})

describe("what is pasted", () => {
  it.live("is the whole address where the browser ended", () =>
    Effect.gen(function*() {
      const { fiber, paste, refused, url } = yield* begin
      const answer = yield* answerOf(url)
      yield* paste(answer.searchParams.get("code") ?? "")
      assert.strictEqual(yield* refused, "NoAnswer")
      yield* paste(`${answer.searchParams.get("code")}#${answer.searchParams.get("state")}`)
      assert.strictEqual(yield* refused, "NoAnswer")
      // The client id stands behind the code and the state, and may not have been copied.
      const { searchParams } = new URL(answer)
      searchParams.delete("client_id")
      yield* paste(`http://127.0.0.1:1/auth/callback?${searchParams}`)
      assert.strictEqual(yield* refused, "NoAnswer")
      yield* paste(`http://127.0.0.1:1/auth/callback?code=c&state=another&client_id=d`)
      assert.strictEqual(yield* refused, "AnotherSignIn")
      yield* paste(`  ${answer}  `)
      assert.strictEqual((yield* fiber).client_id, answer.searchParams.get("client_id"))
    }).pipe(Effect.scoped, Effect.provide(installation())))
})
