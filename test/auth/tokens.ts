import * as Redacted from "effect/Redacted"
import type { Subscription } from "../../src/auth/Credential.ts"

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
