/**
 * The credentials for model calls: the tokens of a ChatGPT plan, from one of two OpenAI clients, or an API key.
 *
 * @example
 * ```ts
 * import * as DateTime from "effect/DateTime"
 * import * as Either from "effect/Either"
 * import { Credential } from "effixir"
 *
 * const key = Either.map(Credential.readKey("sk-proj-1234567890abcdef\n"), Credential.apiKey)
 *
 * const describe = (stored: Credential.Stored, now: DateTime.Utc) =>
 *   Credential.isSignIn(stored)
 *     ? {
 *       isPlan: Credential.usesPlan(stored),
 *       expires: Credential.expiresAt(stored),
 *       renewedAt: Credential.dueAt(stored),
 *       canBeRenewed: Credential.isRefreshable(stored, now)
 *     }
 *     : undefined
 * ```
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { decodeJwt } from "jose"
import { field } from "../internal/json.ts"
import type { Renewal, Tokens } from "./OAuth.ts"
import { Reason } from "./SignedOut.ts"

/**
 * The tokens of an account that was signed in with the client of Codex, as `auth.json` holds them.
 *
 * - `access_token`, `id_token` JWTs; `refresh_token` opaque, and good for one use only
 * - `expires_at` milliseconds since the epoch
 * - `obtained_at` ISO 8601
 * - `refused` that the server has refused the refresh token for good
 *
 * @since 0.1.0
 * @category schemas
 */
export const Subscription = Schema.Struct({
  kind: Schema.Literal("subscription"),
  access_token: Schema.Redacted(Schema.NonEmptyString),
  refresh_token: Schema.Redacted(Schema.NonEmptyString),
  id_token: Schema.optional(Schema.NullOr(Schema.Redacted(Schema.String))),
  expires_at: Schema.optional(Schema.NullOr(Schema.Number)),
  account_id: Schema.optional(Schema.NullOr(Schema.String)),
  obtained_at: Schema.optional(Schema.NullOr(Schema.String)),
  /** `RejectedToken` reads it. Any other content is ignored, so that it never blocks a good token. */
  refused: Schema.optional(Schema.Unknown)
})

/** @since 0.1.0 @category models */
export type Subscription = typeof Subscription.Type

/**
 * The tokens of an account that was signed in with "Sign in with ChatGPT", as `auth.json` holds them. Such an account
 * is known by its issuer, the client id that it was given, and its subject; there is no account id.
 *
 * - `access_token` opaque; `id_token` a JWT that was verified; `refresh_token` opaque, and good for one use only
 * - `scopes` what was granted, which may be less than what was asked for
 * - `expires_at`, `earliest_refresh_at` milliseconds since the epoch
 * - `obtained_at` ISO 8601
 * - `unverified` an id token from a refresh, until it is verified
 *
 * @since 0.1.0
 * @category schemas
 */
export const ChatGpt = Schema.Struct({
  kind: Schema.Literal("chatgpt"),
  issuer: Schema.NonEmptyString,
  client_id: Schema.NonEmptyString,
  subject: Schema.NonEmptyString,
  email: Schema.optional(Schema.NullOr(Schema.String)),
  access_token: Schema.Redacted(Schema.NonEmptyString),
  refresh_token: Schema.Redacted(Schema.NonEmptyString),
  id_token: Schema.Redacted(Schema.NonEmptyString),
  scopes: Schema.Array(Schema.String),
  expires_at: Schema.Number,
  earliest_refresh_at: Schema.optional(Schema.NullOr(Schema.Number)),
  obtained_at: Schema.optional(Schema.NullOr(Schema.String)),
  unverified: Schema.optional(Schema.Struct({
    id_token: Schema.Redacted(Schema.NonEmptyString),
    /** When it came, by the server's clock. */
    at: Schema.Number
  }))
})

/** @since 0.1.0 @category models */
export type ChatGpt = typeof ChatGpt.Type

/**
 * The sign-ins, whose access tokens end and are refreshed.
 *
 * @since 0.1.0
 * @category models
 */
export type SignIn = Subscription | ChatGpt

/**
 * A key of the OpenAI API, or of any server that speaks its dialect.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApiKey = Schema.Struct({
  kind: Schema.Literal("api_key"),
  api_key: Schema.Redacted(Schema.NonEmptyString)
})

/** @since 0.1.0 @category models */
export type ApiKey = typeof ApiKey.Type

/** @since 0.1.0 @category schemas */
export const Credential = Schema.Union(Subscription, ChatGpt, ApiKey)

/** @since 0.1.0 @category models */
export type Credential = typeof Credential.Type

/**
 * Why a "Sign in with ChatGPT" may be over. What another version has noted is told as the server's word.
 *
 * @since 0.1.0
 * @category schemas
 */
export const EndReason = Reason.pipe(
  Schema.pickLiteral("RefreshTokenExpired", "RefreshTokenReused", "RefreshTokenRevoked", "IdentityRefused"),
  Schema.annotations({ decodingFallback: () => Effect.succeed("RefreshTokenRevoked" as const) })
)

/**
 * What is left of a "Sign in with ChatGPT" that the server has ended: whose it was and why it ended, without its tokens.
 * It stays in the store until the person signs in or out, so that no API key steps into its place.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Ended = Schema.Struct({
  kind: Schema.Literal("chatgpt_ended"),
  issuer: Schema.NonEmptyString,
  client_id: Schema.NonEmptyString,
  subject: Schema.NonEmptyString,
  email: Schema.optional(Schema.NullOr(Schema.String)),
  reason: EndReason,
  /** ISO 8601. */
  ended_at: Schema.String
})

/** @since 0.1.0 @category models */
export type Ended = typeof Ended.Type

/**
 * What a store may hold.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Stored = Schema.Union(...Credential.members, Ended)

/** @since 0.1.0 @category models */
export type Stored = typeof Stored.Type

/** @since 0.1.0 @category guards */
export const isSignIn = (stored: Stored): stored is SignIn =>
  stored.kind === "subscription" || stored.kind === "chatgpt"

/**
 * Whether a sign-in may use the plan of its account. A person who declines that is still signed in.
 *
 * @since 0.1.0
 * @category accessors
 */
export const usesPlan = (credential: SignIn): boolean =>
  credential.kind === "subscription" || credential.scopes.includes(planScope)

/** @since 0.1.0 @category constants */
export const planScope = "chatgpt.tokens.use.direct"

/** @since 0.1.0 @category constructors */
export const apiKey = (key: Redacted.Redacted): ApiKey => ({ kind: "api_key", api_key: key })

/**
 * Reads a key that a person gives, without surrounding white space. Refuses characters that a header cannot hold, which
 * would otherwise be altered or fail at the first request. The message does not quote the key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const readKey = (text: string): Either.Either<Redacted.Redacted, string> => {
  const key = text.trim()
  return /^[\x21-\x7E]*$/.test(key)
    ? Either.right(Redacted.make(key))
    : Either.left("there is a space, a line break or a character that is not ASCII in it; copy the key anew")
}

/**
 * What the tokens say about their owner. Nothing here is verified: the server does that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Claims {
  readonly accountId: string | undefined
  readonly email: string | undefined
  readonly plan: string | undefined
  /** The account lives in the government cloud, which needs a header of its own. */
  readonly isFedramp: boolean
}

/**
 * Reads the claims of both tokens, the id token first: `chatgpt_account_id` and its neighbours live under
 * `https://api.openai.com/auth`. Tokens that are no JWTs have none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const claims = (subscription: Subscription): Claims => {
  const payloads = [subscription.id_token, subscription.access_token].flatMap((token) =>
    token == null ? [] : Option.toArray(payload(Redacted.value(token)))
  )
  const said = (name: string, under: "auth" | "profile"): ReadonlyArray<unknown> =>
    payloads.flatMap((claims) => [field(claims[`https://api.openai.com/${under}`], name), claims[name]])
  // An empty claim does not hide what the next token says.
  const text = (values: ReadonlyArray<unknown>) =>
    values.find((value): value is string => Predicate.isString(value) && value !== "")
  return {
    accountId: text([subscription.account_id, ...said("chatgpt_account_id", "auth")]),
    email: text(said("email", "profile")),
    plan: text(said("chatgpt_plan_type", "auth")),
    isFedramp: said("chatgpt_account_is_fedramp", "auth").find(Predicate.isNotNullable) === true
  }
}

/**
 * When the access token ends: `expires_at`, or what the token says itself. Not every token does.
 *
 * @since 0.1.0
 * @category accessors
 */
export const expiresAt = (credential: SignIn): Option.Option<DateTime.Utc> =>
  Option.fromNullable(credential.expires_at).pipe(
    Option.orElse(() => claimedEnd(credential)),
    Option.flatMap(DateTime.make)
  )

/** In milliseconds. */
const claimedEnd = ({ access_token }: SignIn): Option.Option<number> =>
  payload(Redacted.value(access_token)).pipe(
    Option.map(({ exp }) => exp),
    Option.filter(Predicate.isNumber),
    Option.map((seconds) => seconds * 1000)
  )

/** How long before its end a token of hours is due. Of one that lives for minutes, a quarter of its life is left. */
const longestSlack = Duration.minutes(5)

/**
 * For a token whose stated lifetime is over on arrival: it is still good, and refreshing at each request would bring
 * the same.
 */
const assumedLife = Duration.hours(1)

/**
 * When the access token should be refreshed: some minutes before its end, or later if the server wants that, but not
 * after its end.
 *
 * @since 0.1.0
 * @category accessors
 */
export const dueAt = (credential: SignIn): Option.Option<DateTime.Utc> => {
  const early = earlyBySpan(credential)
  if (credential.kind === "subscription") return early
  return Option.zipWith(expiresAt(credential), early, (end, early) => {
    const earliest = Option.getOrElse(earliestRefresh(credential), () => early)
    return DateTime.min(end, DateTime.max(early, earliest))
  })
}

/**
 * Whether the server can be asked for another access token. If the server has named an earliest time, an earlier
 * refresh may cost the sign-in; once the token has ended there is nothing to lose, and the clock of this machine may be
 * wrong.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isRefreshable = (credential: SignIn, now: DateTime.Utc): boolean =>
  credential.kind === "subscription" ||
  Option.match(earliestRefresh(credential), {
    onNone: () => true,
    onSome: (earliest) =>
      DateTime.lessThanOrEqualTo(earliest, now) ||
      // The clock was set back since: what it said then tells nothing now.
      Option.exists(obtainedAt(credential), (then) => DateTime.greaterThan(then, now)) ||
      Option.exists(expiresAt(credential), (end) => DateTime.lessThanOrEqualTo(end, now))
  })

const obtainedAt = ({ obtained_at }: SignIn): Option.Option<DateTime.Utc> =>
  Option.flatMap(Option.fromNullable(obtained_at), DateTime.make)

const earliestRefresh = ({ earliest_refresh_at }: ChatGpt): Option.Option<DateTime.Utc> =>
  Option.flatMap(Option.fromNullable(earliest_refresh_at), DateTime.make)

/** The slack is a quarter of the token's life if that is less: a token of minutes would otherwise be due on arrival. */
const earlyBySpan = (credential: SignIn): Option.Option<DateTime.Utc> =>
  Option.map(expiresAt(credential), (end) => {
    const start = obtainedAt(credential)
    if (Option.isNone(start)) return DateTime.subtractDuration(end, longestSlack)
    const life = DateTime.toEpochMillis(end) - DateTime.toEpochMillis(start.value)
    // The token names its end by the server's clock, and the clock of this machine is hours ahead.
    return life <= 0 && Option.contains(claimedEnd(credential), DateTime.toEpochMillis(end))
      ? DateTime.addDuration(start.value, assumedLife)
      : DateTime.subtractDuration(end, Duration.min(longestSlack, Duration.millis(life / 4)))
  })

/**
 * Whether two credentials are of one and the same sign-in and refresh.
 *
 * @since 0.1.0
 * @category comparing
 */
export const isSame = (self: SignIn, that: SignIn): boolean =>
  Redacted.value(self.access_token) === Redacted.value(that.access_token) &&
  Redacted.value(self.refresh_token) === Redacted.value(that.refresh_token)

/**
 * The subscription of a person who has just signed in.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromTokens = (tokens: Tokens, now: DateTime.Utc): Subscription => {
  const subscription: Subscription = {
    kind: "subscription",
    access_token: tokens.access_token,
    refresh_token: tokens.refresh_token,
    ...(tokens.id_token == null ? {} : { id_token: tokens.id_token }),
    expires_at: endOf(tokens.access_token, tokens.expires_in, now),
    obtained_at: DateTime.formatIso(now)
  }
  return { ...subscription, account_id: claims(subscription).accountId ?? null }
}

/**
 * A subscription after a refresh. What the server did not send stays as it was.
 *
 * @example
 * ```ts
 * import type * as DateTime from "effect/DateTime"
 * import { Credential } from "effixir"
 * import type { OAuth } from "effixir"
 *
 * const account = (tokens: OAuth.Tokens, renewal: OAuth.Renewal, now: DateTime.Utc) => {
 *   const before = Credential.fromTokens(tokens, now)
 *   const after = Credential.renew(before, renewal, now)
 *   return { isUnchanged: Credential.isSame(before, after), claims: Credential.claims(after) }
 * }
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const renew = (self: Subscription, renewal: Renewal, now: DateTime.Utc): Subscription => ({
  ...Struct.omit(self, "refused"),
  access_token: renewal.access_token ?? self.access_token,
  refresh_token: renewal.refresh_token ?? self.refresh_token,
  id_token: renewal.id_token ?? self.id_token,
  expires_at: endOf(renewal.access_token ?? self.access_token, renewal.expires_in, now),
  obtained_at: DateTime.formatIso(now)
})

/**
 * By this machine's clock, because the end is compared with that clock. If that clock is hours off, the end named in
 * the token would make every new token look expired, or an expired one good.
 */
const endOf = (token: Redacted.Redacted, seconds: number | null | undefined, now: DateTime.Utc): number | null => {
  const { exp, iat } = Option.getOrElse(payload(Redacted.value(token)), (): Record<string, unknown> => ({}))
  const claimed = Predicate.isNumber(exp) && Predicate.isNumber(iat) ? exp - iat : undefined
  const lifetime = seconds ?? claimed
  if (lifetime !== undefined) {
    return DateTime.toEpochMillis(now) + (lifetime > 0 ? lifetime * 1000 : Duration.toMillis(assumedLife))
  }
  return Predicate.isNumber(exp) ? exp * 1000 : null
}

const payload = Option.liftThrowable((jwt: string): Record<string, unknown> => decodeJwt(jwt))
