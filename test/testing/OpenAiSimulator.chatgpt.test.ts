import type * as UrlParams from "@effect/platform/UrlParams"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import { createRemoteJWKSet, decodeJwt, jwtVerify } from "jose"
import { createHash } from "node:crypto"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import { get, post, postForm } from "./http.ts"

const simulator = OpenAiSimulator.layer({ script: () => Script.answer(), autoApprove: true })
const redirect_uri = "http://127.0.0.1:4242/auth/callback"
const code_verifier = "v".repeat(43)
const resource = "https://api.openai.com/v1"

const first: Readonly<Record<string, string>> = {
  client_id: "dynamic_agent_client",
  agent_name_hint: "effixir",
  ext_agent_host_id: "urn:uuid:0badcafe-0000-4000-8000-00000000000a",
  response_type: "code",
  redirect_uri,
  resource,
  scope: "openid profile email offline_access resource.invoke chatgpt.tokens.use.direct",
  state: "s".repeat(43),
  code_challenge: createHash("sha256").update(code_verifier).digest("base64url"),
  code_challenge_method: "S256",
  nonce: "n".repeat(43)
}

const authorize = (query: Readonly<Record<string, string>>) =>
  get(`/api/accounts/authorize?${new URLSearchParams(query)}`)

/** The query with which the browser comes back. */
const comeBack = Effect.fnUntraced(function*(query: Readonly<Record<string, string>>) {
  const { headers, status } = yield* authorize(query)
  assert.strictEqual(status, 302)
  return Object.fromEntries(new URL(headers["location"] ?? "").searchParams)
})

const token = (form: Readonly<Record<string, string>>) => postForm("/api/accounts/oauth/token", form)

interface Issued {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token: string
  readonly earliest_refresh_at: number
}

const exchange = (query: Readonly<Record<string, string>>, change: Readonly<Record<string, string>> = {}) =>
  token({
    grant_type: "authorization_code",
    client_id: query["client_id"] ?? "",
    code: query["code"] ?? "",
    code_verifier,
    redirect_uri,
    resource,
    ...change
  })

const signIn = Effect.gen(function*() {
  const query = yield* comeBack(first)
  const { json } = yield* exchange(query)
  return { client_id: query["client_id"] ?? "", tokens: json as Issued }
})

const refresh = (client_id: string, refresh_token: string) =>
  token({ grant_type: "refresh_token", client_id, refresh_token, resource })

describe("authorize", () => {
  it.effect("sends the browser back with a code and a client id", () =>
    Effect.gen(function*() {
      const query = yield* comeBack(first)
      assert.deepStrictEqual(Object.keys(query).toSorted(), ["client_id", "code", "scope", "state"])
      assert.strictEqual(query["state"], first["state"])
      assert.match(query["client_id"] ?? "", /^oaiapp_/)
      const again: Record<string, string> = { ...first, client_id: query["client_id"] ?? "" }
      delete again["agent_name_hint"]
      assert.strictEqual((yield* comeBack(again))["client_id"], query["client_id"])
      assert.strictEqual((yield* authorize({ ...again, agent_name_hint: "effixir" })).status, 400)
      const { id_token } = (yield* exchange(query)).json as Issued
      assert.strictEqual((yield* authorize({ ...again, id_token_hint: "x" })).status, 400)
      for (const hint of [{ login_hint: "ada@example.com" }, { id_token_hint: id_token }, { prompt: "consent" }]) {
        assert.strictEqual((yield* authorize({ ...again, ...hint })).status, 302)
        assert.strictEqual((yield* authorize({ ...first, ...hint })).status, 400)
      }
    }).pipe(Effect.provide(simulator)))

  for (const name of Object.keys(first)) {
    it.effect(`shows a page, and sends nobody anywhere, without ${name}`, () =>
      Effect.gen(function*() {
        const { [name]: _, ...rest } = first
        const { headers, status } = yield* authorize(rest)
        assert.strictEqual(status, 400)
        assert.isUndefined(headers["location"])
      }).pipe(Effect.provide(simulator)))
  }

  it.effect("nor with anything else than what belongs there", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<Readonly<Record<string, string>>> = [
        { client_id: "oaiapp_unknown" },
        { redirect_uri: "http://localhost:1455/auth/callback" },
        { redirect_uri: "https://127.0.0.1:1455/auth/callback" },
        { redirect_uri: "http://127.0.0.1:1455/callback" },
        { ext_agent_host_id: "laptop" },
        { resource: "https://api.openai.com" },
        { scope: "openid profile email offline_access" },
        { code_challenge_method: "plain" },
        { code_challenge: "short" },
        { nonce: first["state"] ?? "" },
        { force_reconsent: "true" },
        { codex_cli_simplified_flow: "true" }
      ]
      for (const change of wrong) {
        assert.strictEqual((yield* authorize({ ...first, ...change })).status, 400, JSON.stringify(change))
      }
    }).pipe(Effect.provide(simulator)))

  it.effect("names what the person has agreed to, or that they have not", () =>
    Effect.gen(function*() {
      const { turn } = yield* OpenAiSimulator.OpenAiSimulator
      yield* turn({ decline: "plan" })
      assert.notInclude((yield* comeBack(first))["scope"], "chatgpt")
      yield* turn({ decline: "all" })
      assert.deepInclude(yield* comeBack(first), { error: "access_denied", state: first["state"] })
    }).pipe(Effect.provide(simulator)))
})

describe("the token endpoint", () => {
  it.live("gives tokens whose keys are published", () =>
    Effect.gen(function*() {
      const { client_id, tokens } = yield* signIn
      const discovery = (yield* get("/.well-known/openid-configuration")).json as { issuer: string; jwks_uri: string }
      const { payload } = yield* Effect.promise(() =>
        jwtVerify(tokens.id_token, createRemoteJWKSet(new URL(discovery.jwks_uri)), { issuer: discovery.issuer })
      )
      assert.deepInclude(payload, { aud: [client_id], nonce: first["nonce"], email: "ada@example.com" })
      const access = decodeJwt(tokens.access_token)
      assert.deepStrictEqual(access.aud, [resource])
      assert.notInclude(JSON.stringify(access), "ada@example.com")
    }).pipe(Effect.provide(simulator)))

  it.effect("takes a code once, as a form, from the client, with the address and the verifier it is for", () =>
    Effect.gen(function*() {
      const wrong: ReadonlyArray<Readonly<Record<string, string>>> = [
        { redirect_uri: "http://127.0.0.1:1/auth/callback" },
        { code_verifier: "w".repeat(43) },
        { resource: "https://api.openai.com" },
        { code: "ac_unknown" },
        { scope: "openid" },
        { client_secret: "" }
      ]
      for (const change of wrong) {
        assert.strictEqual((yield* exchange(yield* comeBack(first), change)).status, 400, JSON.stringify(change))
      }
      const query = yield* comeBack(first)
      for (const client_id of ["dynamic_agent_client", "oaiapp_unknown"]) {
        const { json, status } = yield* exchange(query, { client_id })
        assert.deepStrictEqual([status, (json as { error: string }).error], [401, "invalid_client"])
      }
      assert.strictEqual((yield* post("/api/accounts/oauth/token", { ...query })).status, 400)
      assert.strictEqual((yield* exchange(query)).status, 200)
      assert.strictEqual((yield* exchange(query)).status, 400)
    }).pipe(Effect.provide(simulator)))

  it.effect("rotates refresh tokens from the time on that it names, and ends the sign-in for one that comes twice", () =>
    Effect.gen(function*() {
      const { client_id, tokens } = yield* signIn
      assert.strictEqual(tokens.earliest_refresh_at, 54 * 60)
      yield* TestClock.adjust("54 minutes")
      const next = (yield* refresh(client_id, tokens.refresh_token)).json as Issued
      assert.notStrictEqual(next.refresh_token, tokens.refresh_token)
      assert.isUndefined(decodeJwt(next.id_token)["nonce"])
      const reused = yield* refresh(client_id, tokens.refresh_token)
      assert.strictEqual(reused.status, 400)
      assert.deepInclude(reused.json, { error: "invalid_grant", error_reason: "refresh_token_reused" })
      yield* TestClock.adjust("54 minutes")
      const dead = yield* refresh(client_id, next.refresh_token)
      assert.deepInclude(dead.json, { error_reason: "refresh_token_invalidated" })
    }).pipe(Effect.provide(simulator)))

  for (const earlySpends of [true, false]) {
    it.effect(`refuses a refresh that is too early, and the token is ${earlySpends ? "spent" : "still good"} then`, () =>
      Effect.gen(function*() {
        const { turn } = yield* OpenAiSimulator.OpenAiSimulator
        yield* turn({ earlySpends })
        const { client_id, tokens } = yield* signIn
        assert.deepInclude((yield* refresh(client_id, tokens.refresh_token)).json, { error: "invalid_grant" })
        yield* TestClock.adjust("55 minutes")
        assert.strictEqual((yield* refresh(client_id, tokens.refresh_token)).status, earlySpends ? 400 : 200)
      }).pipe(Effect.provide(simulator)))
  }

  it.effect("tells the time of the next refresh in many ways, and less than all if it is to", () =>
    Effect.gen(function*() {
      const { turn } = yield* OpenAiSimulator.OpenAiSimulator
      const forms = [
        ["seconds", 3240],
        ["milliseconds", 3_240_000],
        ["text", "3240"],
        ["iso", "1970-01-01T00:54:00.000Z"],
        ["none", null],
        ["absent", undefined]
      ] as const
      for (const [earliest, expected] of forms) {
        yield* turn({ earliest })
        assert.strictEqual((yield* signIn).tokens.earliest_refresh_at as unknown, expected)
      }
      yield* turn({ omitIdToken: true, omitScope: true })
      const { client_id, tokens } = yield* signIn
      const { json } = yield* refresh(client_id, tokens.refresh_token)
      assert.doesNotHaveAnyKeys(json, ["id_token", "scope"])
    }).pipe(Effect.provide(simulator)))

  it.effect("takes nothing with a refresh but what belongs there, and that once", () =>
    Effect.gen(function*() {
      const { client_id, tokens } = yield* signIn
      const form = { grant_type: "refresh_token", client_id, refresh_token: tokens.refresh_token, resource }
      const wrong: ReadonlyArray<UrlParams.CoercibleRecord> = [
        { scope: "openid" },
        { ext_agent_host_id: first["ext_agent_host_id"] },
        { client_id: [client_id, client_id] }
      ]
      for (const more of wrong) {
        const { json, status } = yield* postForm("/api/accounts/oauth/token", { ...form, ...more })
        assert.strictEqual(status, 400, JSON.stringify(more))
        assert.deepInclude(json, { error: "invalid_request" })
      }
      yield* TestClock.adjust("55 minutes")
      assert.strictEqual((yield* token(form)).status, 200, "nothing was spent")
    }).pipe(Effect.provide(simulator)))
})

describe("revoke", () => {
  it.effect("says nothing, also of what it does not know, and ends the sign-in", () =>
    Effect.gen(function*() {
      const { client_id, tokens } = yield* signIn
      for (const token of [tokens.refresh_token, tokens.refresh_token, "unknown"]) {
        const { status, text } = yield* postForm("/api/accounts/oauth/revoke", {
          token,
          token_type_hint: "refresh_token",
          client_id
        })
        assert.deepStrictEqual([status, text], [200, ""])
      }
      const { json } = yield* refresh(client_id, tokens.refresh_token)
      assert.deepInclude(json, { error_reason: "refresh_token_invalidated" })
      const more = yield* postForm("/api/accounts/oauth/revoke", { token: "unknown", client_id, client_secret: "" })
      assert.strictEqual(more.status, 400)
    }).pipe(Effect.provide(simulator)))
})
