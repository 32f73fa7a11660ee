import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { decodeJwt } from "jose"
import { createHash } from "node:crypto"
import { claims } from "../../src/auth/Credential.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { get, post, postForm } from "./http.ts"

const client_id = "app_EMoamEEZ73f0CkXaXp7hrann"
const redirect_uri = "http://localhost:1455/auth/callback"
const code_verifier = "v".repeat(43)
const code_challenge = createHash("sha256").update(code_verifier).digest("base64url")
const script: Script.Script = () => Script.answer()
const simulator = OpenAiSimulator.layer({ script })
const approving = OpenAiSimulator.layer({ script, autoApprove: true })

const Tokens = Schema.Struct({
  access_token: Schema.String,
  id_token: Schema.String,
  refresh_token: Schema.String,
  expires_in: Schema.Number
})
const UserCode = Schema.Struct({ device_auth_id: Schema.String, user_code: Schema.String, interval: Schema.String })
const Approval = Schema.Struct({
  authorization_code: Schema.String,
  code_challenge: Schema.String,
  code_verifier: Schema.String
})

const authorize = (change: Readonly<Record<string, string>> = {}) =>
  get(`/oauth/authorize?${new URLSearchParams({
    response_type: "code",
    client_id,
    redirect_uri,
    scope: "openid profile email offline_access",
    code_challenge,
    code_challenge_method: "S256",
    state: "state-1",
    ...change
  })}`)

/** The query with which the browser comes back. */
const comeBack = (change?: Readonly<Record<string, string>>) =>
  Effect.map(authorize(change), ({ headers, status }) => {
    assert.strictEqual(status, 302)
    return new URL(headers["location"] ?? "").searchParams
  })

const exchange = (code: string, change: Readonly<Record<string, string>> = {}) =>
  postForm("/oauth/token", {
    grant_type: "authorization_code",
    client_id,
    redirect_uri,
    code_verifier,
    code,
    ...change
  })

const refresh = (refresh_token: string) =>
  post("/oauth/token", { grant_type: "refresh_token", client_id, refresh_token })

const usageStatus = (accessToken: string) =>
  Effect.map(get("/backend-api/wham/usage", { authorization: `Bearer ${accessToken}` }), ({ status }) => status)

const startDevice = Effect.flatMap(
  post("/api/accounts/deviceauth/usercode", { client_id }),
  ({ json }) => Schema.decodeUnknown(UserCode)(json)
)

const poll = ({ device_auth_id, user_code }: typeof UserCode.Type) =>
  post("/api/accounts/deviceauth/token", { device_auth_id, user_code })

describe("The sign-in of OpenAiSimulator", () => {
  it.effect("gives tokens for the code of the browser", () =>
    Effect.gen(function*() {
      const query = yield* comeBack()
      assert.strictEqual(query.get("state"), "state-1")
      const answer = yield* exchange(query.get("code") ?? "")
      const tokens = yield* Schema.decodeUnknown(Tokens)(answer.json)
      assert.strictEqual(tokens.expires_in, 3600)
      assert.strictEqual(yield* usageStatus(tokens.access_token), 200)
      assert.propertyVal(decodeJwt(tokens.id_token), "email", "ada@example.com")
    }).pipe(Effect.provide(approving)))

  it.effect("asks a person when nobody has agreed before", () =>
    Effect.gen(function*() {
      const answer = yield* authorize()
      assert.strictEqual(answer.status, 200)
      assert.include(answer.headers["content-type"], "text/html")
      assert.include(answer.text, "ada@example.com")
      assert.include(answer.text, `href="${redirect_uri}?code=`)
    }).pipe(Effect.provide(simulator)))

  it.effect.each(
    [
      { client_id: "app_other" },
      { redirect_uri: "http://127.0.0.1:1455/auth/callback" },
      { redirect_uri: "http://localhost:1456/auth/callback" }
    ] as ReadonlyArray<Readonly<Record<string, string>>>
  )("shows no login page for %o", (change) =>
    Effect.gen(function*() {
      const answer = yield* authorize(change)
      assert.strictEqual(answer.status, 400)
      assert.nestedPropertyVal(answer.json, "error.code", "authorize_hydra_invalid_request")
    }).pipe(Effect.provide(approving)))

  it.effect("sends other mistakes back", () =>
    Effect.gen(function*() {
      const error = (change: Readonly<Record<string, string>>) =>
        Effect.map(comeBack(change), (query) => query.get("error"))
      assert.strictEqual(yield* error({ response_type: "token" }), "invalid_request")
      assert.strictEqual(yield* error({ state: "" }), "invalid_request")
      assert.strictEqual(yield* error({ code_challenge_method: "plain" }), "invalid_request")
      assert.strictEqual(yield* error({ code_challenge: "short" }), "invalid_request")
      assert.strictEqual(yield* error({ scope: "openid api.model.read" }), "invalid_scope")
    }).pipe(Effect.provide(approving)))

  it.effect("takes a code once, with its verifier and its redirect_uri", () =>
    Effect.gen(function*() {
      const newCode = Effect.map(comeBack(), (query) => query.get("code") ?? "")
      const refused = (answer: { readonly status: number; readonly json: unknown }, error: string) => {
        assert.strictEqual(answer.status, 400)
        assert.propertyVal(answer.json, "error", error)
      }
      const code = yield* newCode
      assert.strictEqual((yield* exchange(code)).status, 200)
      refused(yield* exchange(code), "invalid_grant")
      refused(yield* exchange("made up"), "invalid_grant")
      refused(yield* exchange(yield* newCode, { code_verifier: "w".repeat(43) }), "invalid_grant")
      refused(
        yield* exchange(yield* newCode, { redirect_uri: "http://localhost:1457/auth/callback" }),
        "invalid_grant"
      )
      refused(
        yield* post("/oauth/token", { grant_type: "authorization_code", client_id, redirect_uri, code_verifier, code }),
        "invalid_request"
      )
      refused(yield* exchange(code, { grant_type: "password" }), "unsupported_grant_type")
      assert.strictEqual((yield* exchange(yield* newCode, { client_id: "app_other" })).status, 401)
    }).pipe(Effect.provide(approving)))

  it.effect("gives tokens for a device once a person has approved it", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const device = yield* startDevice
      assert.match(device.user_code, /^[A-Z0-9]{4}-[A-Z0-9]{5}$/)
      assert.strictEqual(device.interval, "5")

      const pending = yield* poll(device)
      assert.strictEqual(pending.status, 403)
      assert.nestedPropertyVal(pending.json, "error.code", "deviceauth_authorization_pending")

      yield* server.approve(device.user_code)
      assert.strictEqual((yield* poll({ ...device, device_auth_id: "other" })).status, 403)
      const approval = yield* Schema.decodeUnknown(Approval)((yield* poll(device)).json)
      const answer = yield* exchange(approval.authorization_code, {
        redirect_uri: `${server.issuer}/deviceauth/callback`,
        code_verifier: approval.code_verifier
      })
      assert.strictEqual(answer.status, 200)
      assert.strictEqual((yield* poll(device)).status, 403, "an approval is handed out once")
    }).pipe(Effect.provide(simulator)))

  it.effect("lets a device wait for ever when its code has expired", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const device = yield* startDevice
      yield* server.approve(device.user_code)
      yield* TestClock.adjust("15 minutes")
      assert.strictEqual((yield* poll(device)).status, 403)
    }).pipe(Effect.provide(simulator)))

  it.effect("approves a device at once when told to, and refuses strange clients", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* poll(yield* startDevice)).status, 200)
      assert.strictEqual((yield* post("/api/accounts/deviceauth/usercode", { client_id: "app_other" })).status, 401)
    }).pipe(Effect.provide(approving)))

  it.effect("dies when a person enters a code that nobody has shown", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const exit = yield* Effect.exit(server.approve("ABCD-12345"))
      assert.include(String(exit), "No sign-in waits with the code ABCD-12345")
    }).pipe(Effect.provide(simulator)))

  it.effect("rotates refresh tokens, and takes each of them once", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const first = Redacted.value((yield* server.signIn()).refresh_token)
      const second = yield* Schema.decodeUnknown(Tokens)((yield* refresh(first)).json)
      assert.notStrictEqual(second.refresh_token, first)
      assert.strictEqual(yield* usageStatus(second.access_token), 200)

      const reused = yield* refresh(first)
      assert.strictEqual(reused.status, 401)
      assert.deepStrictEqual(reused.json, {
        error: {
          message:
            "Your refresh token has already been used to generate a new access token. Please try signing in again.",
          type: "invalid_request_error",
          param: null,
          code: "refresh_token_reused"
        }
      })
      const form = { grant_type: "refresh_token", client_id, refresh_token: second.refresh_token }
      assert.strictEqual((yield* postForm("/oauth/token", form)).status, 200)

      const unknown = yield* refresh("rt_unknown")
      assert.strictEqual(unknown.status, 401)
      assert.nestedPropertyVal(unknown.json, "error.code", "refresh_token_invalidated")
    }).pipe(Effect.provide(simulator)))

  it.effect("lets one of many refreshes win", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const token = Redacted.value((yield* server.signIn()).refresh_token)
      const answers = yield* Effect.all(Array.from({ length: 8 }, () => refresh(token)), { concurrency: 8 })
      assert.strictEqual(answers.filter(({ status }) => status === 200).length, 1)
    }).pipe(Effect.provide(simulator)))

  it.effect("ends a session with either of its tokens, and nobody else's", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const bystander = Redacted.value((yield* server.signIn()).access_token)
      for (const field of ["refresh_token", "access_token"] as const) {
        const session = yield* server.signIn()
        const token = Redacted.value(session[field])
        assert.strictEqual((yield* post("/oauth/revoke", { token, token_type_hint: field, client_id })).status, 200)
        assert.strictEqual(yield* usageStatus(Redacted.value(session.access_token)), 401)
        const answer = yield* refresh(Redacted.value(session.refresh_token))
        assert.nestedPropertyVal(answer.json, "error.code", "refresh_token_invalidated")
      }
      assert.strictEqual((yield* post("/oauth/revoke", { token: "unknown", client_id })).status, 200)
      assert.strictEqual(yield* usageStatus(bystander), 200)
    }).pipe(Effect.provide(simulator)))

  it.effect("answers late, after the tokens have changed hands", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const token = Redacted.value((yield* server.signIn()).refresh_token)
      const slow = yield* Effect.fork(refresh(token))
      // Whoever asks second is told so, though nobody has an answer yet.
      const both = yield* Effect.fork(Effect.zip(Fiber.join(slow), refresh(token), { concurrent: true }))
      yield* Effect.repeat(Effect.yieldNow(), { until: () => Effect.map(server.requests, (all) => all.length === 2) })
      yield* TestClock.adjust("10 seconds")
      const [first, second] = yield* Fiber.join(both)
      assert.deepStrictEqual([first.status, second.status].toSorted(), [200, 401])
    }).pipe(Effect.provide(OpenAiSimulator.layer({ script, tokenDelay: "10 seconds" }))))

  it.effect("issues credentials of the real shape", () =>
    Effect.gen(function*() {
      const server = yield* OpenAiSimulator.OpenAiSimulator
      const mine = yield* server.signIn()
      assert.deepStrictEqual(claims(mine), {
        accountId: "acct-1",
        email: "grace@example.com",
        plan: "pro",
        isFedramp: false
      })
      assert.strictEqual(mine.expires_at, Duration.toMillis("2 minutes"))
      assert.strictEqual(mine.obtained_at, "1970-01-01T00:00:00.000Z")
      const payload = decodeJwt(Redacted.value(mine.access_token))
      assert.strictEqual(payload.exp, 120)
      assert.deepInclude(payload["https://api.openai.com/auth"], {
        chatgpt_account_id: "acct-1",
        chatgpt_plan_type: "pro",
        chatgpt_user_id: "user-acct-1"
      })
      assert.strictEqual(claims(yield* server.signIn({ email: "ada@example.com" })).email, "ada@example.com")
    }).pipe(Effect.provide(OpenAiSimulator.layer({
      script,
      account: { accountId: "acct-1", email: "grace@example.com", plan: "pro" },
      accessTokenLifetime: "2 minutes"
    }))))
})
