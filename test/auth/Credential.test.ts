import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { inspect } from "node:util"
import * as Credential from "../../src/auth/Credential.ts"
import { jwt, nested, subscription } from "./tokens.ts"

const stored = {
  kind: "subscription",
  access_token: "access-secret",
  refresh_token: "refresh-secret",
  id_token: "id-secret",
  expires_at: 1_790_000_000_000,
  account_id: "acct-1",
  obtained_at: "2026-09-01T00:00:00.000Z"
}

const official = {
  kind: "chatgpt",
  issuer: "https://auth.openai.com",
  client_id: "oaiapp_1",
  subject: "user-1",
  email: "ada@example.com",
  access_token: "access-secret",
  refresh_token: "refresh-secret",
  id_token: "id-secret",
  scopes: ["openid", "chatgpt.tokens.use.direct"],
  expires_at: 1_790_000_000_000,
  earliest_refresh_at: 1_789_999_700_000,
  obtained_at: "2026-11-29T00:00:00.000Z"
}

const decode = Schema.decodeUnknownEither(Credential.Credential)
const read = Schema.decodeUnknownSync(Credential.Credential)

const none: Credential.Claims = { accountId: undefined, email: undefined, plan: undefined, isFedramp: false }

describe("Credential", () => {
  it.each([stored, official, { ...official, earliest_refresh_at: null }, { kind: "api_key", api_key: "sk-secret" }])(
    "reads and writes what is stored: $kind",
    (json) => {
      assert.deepStrictEqual<unknown>(Schema.encodeSync(Credential.Credential)(read(json)), json)
    }
  )

  it("does with two tokens, as other programs write them", () => {
    const { access_token, kind, refresh_token } = stored
    const least = { kind, access_token, refresh_token }
    for (const optional of [{}, { id_token: null, expires_at: null, account_id: null, obtained_at: null }]) {
      assert.isTrue(Either.isRight(decode({ ...least, ...optional })))
    }
  })

  it("keeps why a sign-in has ended, and takes what it does not know for the server's word", () => {
    const ended = {
      kind: "chatgpt_ended",
      issuer: "https://auth.openai.com",
      client_id: "oaiapp_1",
      subject: "user-1",
      reason: "RefreshTokenReused",
      ended_at: "2026-11-29T00:00:00.000Z"
    }
    const reasonOf = (reason: unknown) => Schema.decodeUnknownSync(Credential.Ended)({ ...ended, reason }).reason
    assert.strictEqual(reasonOf("RefreshTokenReused"), "RefreshTokenReused")
    assert.strictEqual(reasonOf("IdentityRefused"), "IdentityRefused")
    // The first would advise to set a key that does not count, and the others to try again.
    for (const odd of ["NeverSignedIn", "AccountChanged", "PlanUseOff", "a reason of a later version", 7, null]) {
      assert.strictEqual(reasonOf(odd), "RefreshTokenRevoked", String(odd))
    }
  })

  it("is none without tokens", () => {
    const wrong = [
      null,
      {},
      { ...stored, kind: "oauth" },
      { ...stored, access_token: "" },
      { ...stored, refresh_token: null },
      { ...stored, expires_at: "tomorrow" },
      { kind: "api_key", api_key: "" },
      ...["issuer", "client_id", "subject", "access_token", "refresh_token", "id_token"].map((name) => ({
        ...official,
        [name]: ""
      })),
      { ...official, scopes: "openid" },
      { ...official, expires_at: null }
    ]
    for (const json of wrong) assert.isTrue(Either.isLeft(decode(json)), JSON.stringify(json))
  })

  it("tells nobody what is wrong with a token by showing it", () => {
    const error = Either.getLeft(decode({ ...stored, expires_at: "tomorrow" }))
    assert.notMatch(String(error), /(?:access|refresh|id)-secret/)
  })

  it.effect("keeps its secrets, however it is printed", () =>
    Effect.gen(function*() {
      const lines: Array<unknown> = []
      const credentials = [read(stored), read({ kind: "api_key", api_key: "sk-secret" })]
      yield* Effect.forEach(credentials, (credential) => Effect.log("signed in", credential)).pipe(
        Effect.annotateLogs({ credential: credentials[0] }),
        Effect.provide(Logger.replace(
          Logger.defaultLogger,
          Logger.make((options) => {
            lines.push(Logger.logfmtLogger.log(options), Logger.jsonLogger.log(options))
          })
        ))
      )
      const printed = [
        ...lines,
        ...credentials.flatMap((credential) => [JSON.stringify(credential), inspect(credential)])
      ]
      assert.lengthOf(lines, 4)
      for (const text of printed) {
        assert.notInclude(String(text), "-secret")
        assert.include(String(text), "redacted")
      }
    }))

  describe("claims", () => {
    it("come from the id token first, then from the access token", () => {
      const idToken = jwt(nested({ chatgpt_account_id: "acct-id" }, { email: "ada@example.com" }))
      const accessToken = jwt(nested({ chatgpt_account_id: "acct-access", chatgpt_plan_type: "plus" }))
      assert.deepStrictEqual(Credential.claims(subscription({ idToken, accessToken })), {
        accountId: "acct-id",
        email: "ada@example.com",
        plan: "plus",
        isFedramp: false
      })
      assert.strictEqual(Credential.claims(subscription({ accessToken })).accountId, "acct-access")
    })

    it("give way to the account that is stored", () => {
      const idToken = jwt(nested({ chatgpt_account_id: "acct-id" }))
      assert.strictEqual(Credential.claims(subscription({ idToken, accountId: "acct-1" })).accountId, "acct-1")
      assert.strictEqual(Credential.claims(subscription({ idToken, accountId: "" })).accountId, "acct-id")
    })

    it("may stand at the top of a token", () => {
      const idToken = jwt({ email: "ada@example.com", chatgpt_account_id: "acct-1", chatgpt_plan_type: "team" })
      assert.deepInclude(Credential.claims(subscription({ idToken })), {
        accountId: "acct-1",
        email: "ada@example.com",
        plan: "team"
      })
    })

    it("are taken from the other token where one says nothing", () => {
      const accessToken = jwt(nested({ chatgpt_account_id: "acct-1", chatgpt_plan_type: "pro" }))
      for (const nothing of [null, "", 7]) {
        const idToken = jwt(nested({ chatgpt_account_id: nothing, chatgpt_plan_type: nothing }))
        assert.deepInclude(Credential.claims(subscription({ idToken, accessToken })), {
          accountId: "acct-1",
          plan: "pro"
        })
      }
    })

    it("are read in the alphabet of URLs", () => {
      const email = "ÿ>>?ÿ~~@例え.jp"
      const idToken = jwt(nested({}, { email }))
      assert.match(idToken, /[-_]/)
      assert.strictEqual(Credential.claims(subscription({ idToken })).email, email)
    })

    it("are none in what is no JWT", () => {
      const odd = [
        "",
        "opaque",
        "a.b",
        "a.b.c",
        `x.${Buffer.from("[]").toString("base64url")}.y`,
        jwt(null),
        jwt("text")
      ]
      for (const token of odd) {
        assert.deepStrictEqual(Credential.claims(subscription({ idToken: token })), none, token)
      }
      assert.deepStrictEqual(Credential.claims(subscription({})), none)
      assert.deepStrictEqual(
        Credential.claims(subscription({ idToken: jwt({ "https://api.openai.com/auth": 7 }) })),
        none
      )
    })

    it("say whether the account lives in the government cloud", () => {
      const fedramp = (flag: unknown) =>
        Credential.claims(subscription({ idToken: jwt(nested({ chatgpt_account_is_fedramp: flag })) })).isFedramp
      assert.isTrue(fedramp(true))
      for (const flag of [false, null, "true", 1]) assert.isFalse(fedramp(flag))
    })
  })

  it("is good for as long after a refresh as the token says, by this clock, which may be hours off", () => {
    const now = DateTime.unsafeMake(1_000_000)
    const renewed = (claims: object, expires_in?: number) =>
      Credential.renew(read(stored) as Credential.Subscription, {
        access_token: Redacted.make(jwt(claims)),
        expires_in
      }, now).expires_at
    assert.strictEqual(renewed({ iat: 90_000, exp: 90_060 }), 1_060_000)
    assert.strictEqual(renewed({ iat: 90_000, exp: 90_060 }, 30), 1_030_000)
    assert.strictEqual(renewed({ exp: 90_060 }), 90_060_000)
    assert.isNull(renewed({}))
  })

  it("is made of an API key", () => {
    const key = Redacted.make("sk-secret")
    assert.deepStrictEqual(Credential.apiKey(key), { kind: "api_key", api_key: key })
  })
})
