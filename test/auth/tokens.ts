import * as Redacted from "effect/Redacted"
import type { ChatGpt, Subscription } from "../../src/auth/Credential.ts"

/** A token that says this of its owner; nobody has signed it. */
export const jwt = (claims: unknown): string =>
  [{ alg: "none" }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".") + ".sig"

/** Claims as auth.openai.com nests them. */
export const nested = (auth: object, profile: object = {}): object => ({
  "https://api.openai.com/auth": auth,
  "https://api.openai.com/profile": profile
})

export const subscription = (options: {
  readonly accessToken?: string
  readonly idToken?: string
  readonly accountId?: string
}): Subscription => ({
  kind: "subscription",
  access_token: Redacted.make(options.accessToken ?? "opaque-access-secret"),
  refresh_token: Redacted.make("opaque-refresh-secret"),
  ...(options.idToken === undefined ? {} : { id_token: Redacted.make(options.idToken) }),
  ...(options.accountId === undefined ? {} : { account_id: options.accountId })
})

/** A credential of the official sign-in, of somebody who may use the plan. */
export const chatGpt = (differing: Partial<ChatGpt> = {}): ChatGpt => ({
  kind: "chatgpt",
  issuer: "https://auth.test",
  client_id: "oaiapp_1",
  subject: "user-1",
  email: "ada@example.com",
  access_token: Redacted.make("a1"),
  refresh_token: Redacted.make("r1"),
  id_token: Redacted.make("i1"),
  scopes: ["openid", "chatgpt.tokens.use.direct"],
  expires_at: 3_600_000,
  earliest_refresh_at: null,
  obtained_at: "1970-01-01T00:00:00.000Z",
  ...differing
})
