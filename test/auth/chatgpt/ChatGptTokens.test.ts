import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as ChatGptTokens from "../../../src/auth/chatgpt/ChatGptTokens.ts"

describe("a time that the server tells", () => {
  const at = Date.UTC(2026, 10, 29, 12)
  it.each<[unknown, number | undefined]>([
    [at / 1000, at],
    [at, at],
    [String(at / 1000), at],
    [String(at), at],
    ["2026-11-29T12:00:00Z", at],
    ["2026-11-29T13:00:00+01:00", at],
    [null, undefined],
    [undefined, undefined],
    ["", undefined],
    ["soon", undefined],
    [0, undefined],
    [{}, undefined]
  ])("is read from %s", (said, expected) => {
    assert.strictEqual(ChatGptTokens.readTime(said), expected)
  })
})

describe("the answer to an exchange", () => {
  const answer = {
    access_token: "a",
    refresh_token: "r",
    id_token: "i",
    token_type: "bearer",
    expires_in: 3600,
    scope: "openid  chatgpt.tokens.use.direct"
  }
  const decode = Schema.decodeUnknownEither(ChatGptTokens.Tokens)
  const credentialOf = (differing: object, at = 1000) =>
    ChatGptTokens.toCredential(
      { tokens: Either.getOrThrow(decode({ ...answer, ...differing })), at },
      { subject: "user-1", email: undefined },
      { issuer: "https://auth.test", clientId: "oaiapp_1" },
      DateTime.unsafeMake(1000)
    )

  it("has all three tokens, which a bearer carries", () => {
    for (const wrong of [{ access_token: "" }, { refresh_token: null }, { id_token: null }, { token_type: "mac" }]) {
      assert.isTrue(Either.isLeft(decode({ ...answer, ...wrong })), JSON.stringify(wrong))
    }
  })

  it("says what was granted, or that nothing was", () => {
    assert.deepStrictEqual(credentialOf({}).scopes, ["openid", "chatgpt.tokens.use.direct"])
    assert.deepStrictEqual(credentialOf({ scope: undefined }).scopes, [])
  })

  it("ends by the clock of this machine", () => {
    assert.strictEqual(credentialOf({}).expires_at, 3_601_000)
    assert.strictEqual(credentialOf({ expires_in: "60" }).expires_at, 61_000)
    for (const expires_in of [null, 0, -1]) assert.strictEqual(credentialOf({ expires_in }).expires_at, 3_601_000)
    assert.isNull(credentialOf({}).earliest_refresh_at)
    assert.strictEqual(credentialOf({ earliest_refresh_at: 1_790_000_000 }).earliest_refresh_at, 1_790_000_000_000)
  })

  it("may be renewed when the server says, by the clock of this machine", () => {
    const minutes = (count: number) => count * 60_000
    for (const ahead of [5 * 60, -5 * 60]) {
      const at = 1000 - minutes(ahead)
      const { earliest_refresh_at } = credentialOf({ earliest_refresh_at: (at + minutes(54)) / 1000 + 1e9 }, at)
      assert.strictEqual(earliest_refresh_at, 1000 + minutes(54) + 1e12)
    }
    const onTheWay = credentialOf({ earliest_refresh_at: 1_790_000_000 }, 20_000)
    assert.strictEqual(onTheWay.earliest_refresh_at, 1_790_000_000_000)
  })
})
