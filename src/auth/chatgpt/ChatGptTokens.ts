/**
 * The answers of the token endpoint of "Sign in with ChatGPT", and the credential made from them.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { odd } from "../../internal/odd.ts"
import { type ChatGpt, type Ended, EndReason } from "../Credential.ts"
import type { SignedOut } from "../SignedOut.ts"
import type { Identity } from "./IdToken.ts"

const Secret = Schema.Redacted(Schema.NonEmptyString)

const shared = {
  expires_in: Schema.optional(odd(Schema.Union(Schema.Number, Schema.NumberFromString))),
  /** What was granted, separated by blanks. */
  scope: Schema.optional(odd(Schema.String)),
  /** The documentation gives only its name. */
  earliest_refresh_at: Schema.optional(Schema.Unknown)
}

/**
 * The answer to an exchange. `expires_in` is in seconds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Tokens = Schema.Struct({
  access_token: Secret,
  refresh_token: Secret,
  id_token: Secret,
  token_type: Schema.optional(Schema.NullOr(Schema.String.pipe(Schema.pattern(/^bearer$/i)))),
  ...shared
})

/** @since 0.1.0 @category models */
export type Tokens = typeof Tokens.Type

/**
 * The answer to a refresh. Absent fields keep their old value, and so do those of another form than expected.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Renewal = Schema.Struct({
  access_token: Secret,
  refresh_token: Schema.optional(odd(Secret)),
  id_token: Schema.optional(odd(Secret)),
  ...shared
})

/** @since 0.1.0 @category models */
export type Renewal = typeof Renewal.Type

/**
 * The credential of a person who has just signed in, and whose identity is verified. `at` is the time of the answer, by
 * the server's clock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toCredential = (
  { at, tokens }: { readonly tokens: Tokens; readonly at: number },
  identity: Identity,
  client: { readonly issuer: string; readonly clientId: string },
  now: DateTime.Utc
): ChatGpt => ({
  kind: "chatgpt",
  issuer: client.issuer,
  client_id: client.clientId,
  subject: identity.subject,
  email: identity.email ?? null,
  access_token: tokens.access_token,
  refresh_token: tokens.refresh_token,
  id_token: tokens.id_token,
  scopes: scopesOf(tokens) ?? [],
  ...timesOf(tokens, at, now)
})

/**
 * A credential after a refresh. A new id token is kept as `unverified`: verifying it may take long, and the new tokens
 * have to be stored first, or they could be lost.
 *
 * @since 0.1.0
 * @category combining
 */
export const renew = (
  self: ChatGpt,
  { at, renewal }: { readonly renewal: Renewal; readonly at: number },
  now: DateTime.Utc
): ChatGpt => ({
  ...self,
  access_token: renewal.access_token,
  refresh_token: renewal.refresh_token ?? self.refresh_token,
  scopes: scopesOf(renewal) ?? self.scopes,
  ...timesOf(renewal, at, now),
  ...(renewal.id_token == null || Redacted.value(renewal.id_token) === Redacted.value(self.id_token)
    ? {}
    : { unverified: { id_token: renewal.id_token, at } })
})

/**
 * A credential whose new id token has turned out to be genuine.
 *
 * @since 0.1.0
 * @category combining
 */
export const confirm = (self: ChatGpt, identity: Identity): ChatGpt => ({
  ...Struct.omit(self, "unverified"),
  id_token: self.unverified?.id_token ?? self.id_token,
  email: identity.email ?? self.email ?? null
})

/**
 * What is kept of a credential whose sign-in is over for good.
 *
 * @since 0.1.0
 * @category combining
 */
export const end = (
  { client_id, email, issuer, subject }: ChatGpt,
  { reason }: SignedOut,
  now: DateTime.Utc
): Ended => ({
  kind: "chatgpt_ended",
  issuer,
  client_id,
  subject,
  email: email ?? null,
  reason: isEndReason(reason) ? reason : "RefreshTokenRevoked",
  ended_at: DateTime.formatIso(now)
})

const isEndReason = Schema.is(EndReason)

const scopesOf = ({ scope }: { readonly scope?: string | null | undefined }): ReadonlyArray<string> | undefined =>
  scope?.split(/\s+/).filter((name) => name !== "")

/** By this machine's clock, because the times are compared with that clock. */
const timesOf = (
  { earliest_refresh_at, expires_in }: {
    readonly expires_in?: number | null | undefined
    readonly earliest_refresh_at?: unknown
  },
  at: number,
  now: DateTime.Utc
) => ({
  expires_at: DateTime.toEpochMillis(now) +
    (expires_in != null && expires_in > 0 ? expires_in * 1000 : Duration.toMillis(assumedLife)),
  earliest_refresh_at: hereFrom(readTime(earliest_refresh_at), DateTime.toEpochMillis(now) - at) ?? null,
  obtained_at: DateTime.formatIso(now)
})

/**
 * A moment of the server's clock by the clock of this machine, which would come too early where that is hours ahead. A
 * small difference is the way of the answer, and no fault of a clock.
 */
const hereFrom = (moment: number | undefined, ahead: number): number | undefined =>
  moment === undefined || Math.abs(ahead) < Duration.toMillis(mostOnTheWay) ? moment : moment + ahead

const mostOnTheWay = Duration.minutes(1)

/** For a token with no lifetime, or with one that is over on arrival. */
const assumedLife = Duration.hours(1)

/**
 * A time in milliseconds. Servers send seconds or milliseconds, as numbers or as texts, or ISO 8601.
 *
 * @since 0.1.0
 * @category decoding
 */
export const readTime = (said: unknown): number | undefined => {
  const count = Predicate.isString(said) && said.trim() !== "" ? Number(said) : said
  if (Predicate.isNumber(count) && Number.isFinite(count)) {
    return count <= 0 ? undefined : count > mostSeconds ? count : count * 1000
  }
  return Predicate.isString(said)
    ? Option.getOrUndefined(Option.map(DateTime.make(said), DateTime.toEpochMillis))
    : undefined
}

/** Larger numbers are milliseconds: no time of this millennium is more in seconds, nor less in milliseconds. */
const mostSeconds = 1e11
