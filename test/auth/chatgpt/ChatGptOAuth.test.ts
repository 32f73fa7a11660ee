import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientRequest } from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ChatGptOAuth from "../../../src/auth/chatgpt/ChatGptOAuth.ts"
import { chatGpt } from "../tokens.ts"

/** A server that gives the same answer to everything, and what it was asked. */
const server = (status: number, body: unknown) => {
  const asked: Array<{ readonly url: string; readonly headers: object; readonly body: string }> = []
  const textOf = ({ body }: HttpClientRequest) => body._tag === "Uint8Array" ? new TextDecoder().decode(body.body) : ""
  const client = HttpClient.make((request) =>
    Effect.sync(() => {
      asked.push({ url: request.url, headers: request.headers, body: textOf(request) })
      return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(body), { status }))
    })
  )
  const layer = ChatGptOAuth.layer({ issuer: "https://auth.test/" }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, client))
  )
  return { asked, layer }
}

const tokens = { access_token: "a", refresh_token: "r", id_token: "i", expires_in: 3600, scope: "openid" }
const redirectUri = "http://127.0.0.1:1455/auth/callback"
const grant = { code: Redacted.make("c"), verifier: Redacted.make("v"), redirectUri }
const oauth = ChatGptOAuth.ChatGptOAuth

describe("ChatGptOAuth", () => {
  it.effect("sends forms that have nothing else in them than what belongs there", () => {
    const { asked, layer } = server(200, tokens)
    return Effect.gen(function*() {
      const { exchange, refresh, revoke } = yield* oauth
      yield* exchange("oaiapp_1", grant)
      yield* refresh(chatGpt())
      yield* revoke(chatGpt())
      assert.deepStrictEqual(asked.map(({ body, url }) => [url, body]), [
        [
          "https://auth.test/api/accounts/oauth/token",
          "grant_type=authorization_code&client_id=oaiapp_1&code=c&code_verifier=v&" +
          "redirect_uri=http%3A%2F%2F127.0.0.1%3A1455%2Fauth%2Fcallback&resource=https%3A%2F%2Fapi.openai.com%2Fv1"
        ],
        [
          "https://auth.test/api/accounts/oauth/token",
          "grant_type=refresh_token&client_id=oaiapp_1&refresh_token=r1&resource=https%3A%2F%2Fapi.openai.com%2Fv1"
        ],
        [
          "https://auth.test/api/accounts/oauth/revoke",
          "token=r1&token_type_hint=refresh_token&client_id=oaiapp_1"
        ]
      ])
      for (const { headers } of asked) assert.deepInclude(headers, { accept: "application/json" })
    }).pipe(Effect.provide(layer))
  })

  it.effect("loses no new tokens to what the answer of a refresh says otherwise", () =>
    Effect.gen(function*() {
      const { refresh } = yield* oauth
      const { renewal } = yield* refresh(chatGpt())
      assert.strictEqual(Redacted.value(renewal.access_token), "a")
      assert.strictEqual(Redacted.value(renewal.refresh_token ?? assert.fail()), "r")
      assert.deepInclude(renewal, { id_token: null, expires_in: null, scope: null })
    }).pipe(
      Effect.provide(server(200, { ...tokens, id_token: "", expires_in: "an hour", scope: ["openid"] }).layer)
    ))

  it.effect("shows a token to no other server than the one that it is of", () => {
    const { asked, layer } = server(200, tokens)
    return Effect.gen(function*() {
      const { refresh, revoke } = yield* oauth
      const other = chatGpt({ issuer: "https://elsewhere.test" })
      for (const error of [yield* Effect.flip(refresh(other)), yield* Effect.flip(revoke(other))]) {
        assert.deepInclude(error, { _tag: "OAuthError", reason: "OtherServer", isTransient: false })
        assert.include(error.message, "https://elsewhere.test")
      }
      assert.deepStrictEqual(asked, [])
    }).pipe(Effect.provide(layer))
  })

  const refusals: ReadonlyArray<readonly [status: number, body: unknown, reason: string, isTransient?: boolean]> = [
    [400, { error: "invalid_grant" }, "RefreshTokenRevoked"],
    [400, { error: "invalid_grant", error_reason: "refresh_token_invalidated" }, "RefreshTokenRevoked"],
    [400, { error: "invalid_grant", error_reason: "refresh_token_reused" }, "RefreshTokenReused"],
    [400, { error: "invalid_grant", error_reason: "refresh_token_expired" }, "RefreshTokenExpired"],
    [401, { error: { code: "token_expired", message: "Over." } }, "RefreshTokenExpired"],
    [400, { error: { code: "invalid_refresh_token" } }, "RefreshTokenRevoked"],
    [401, { error: "invalid_client" }, "Protocol", false],
    [401, { detail: "no" }, "Protocol", false],
    [429, { error: "invalid_grant" }, "Transport", true],
    [503, { error: "temporarily_unavailable" }, "Transport", true],
    [500, { error: "invalid_grant" }, "Transport", true]
  ]
  for (const [status, body, reason, isTransient] of refusals) {
    it.effect(`takes ${status} ${JSON.stringify(body)} for ${reason}`, () =>
      Effect.gen(function*() {
        const { refresh } = yield* oauth
        const error = yield* Effect.flip(refresh(chatGpt()))
        assert.strictEqual(error.reason, reason)
        assert.strictEqual(error._tag === "OAuthError" ? error.isTransient : undefined, isTransient)
      }).pipe(Effect.provide(server(status, body).layer)))
  }

  it.effect("says what to do about a client that the server has forgotten", () =>
    Effect.gen(function*() {
      const { exchange } = yield* oauth
      const { message } = yield* Effect.flip(exchange("oaiapp_1", grant))
      assert.include(message, "oaiapp_1")
      // With the sign-in still stored, the next one would name the same client.
      assert.match(message, /effixir logout.*registrations\.json.*effixir login --chatgpt/)
    }).pipe(Effect.provide(server(401, { error: "invalid_client" }).layer)))

  it.effect("takes what is no key set for trouble that passes", () =>
    Effect.gen(function*() {
      const { identify } = yield* oauth
      const error = yield* Effect.flip(identify(Redacted.make("x.y.z"), { clientId: "oaiapp_1", at: 0 }))
      assert.deepInclude(error, { reason: "Transport" })
    }).pipe(Effect.provide(server(200, { keys: "none" }).layer)))
})
