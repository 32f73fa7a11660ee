/**
 * What lets us speak to the model: the tokens of a ChatGPT subscription, or an API key.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { decodeJwt } from "jose"

/**
 * The tokens of a signed-in ChatGPT account, as `auth.json` holds them.
 *
 * - `access_token`, `id_token` JWTs; `refresh_token` opaque, and good for one use only
 * - `expires_at` milliseconds since the epoch
 * - `obtained_at` ISO 8601
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
  obtained_at: Schema.optional(Schema.NullOr(Schema.String))
})

/** @since 0.1.0 @category models */
export type Subscription = typeof Subscription.Type

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
export const Credential = Schema.Union(Subscription, ApiKey)

/** @since 0.1.0 @category models */
export type Credential = typeof Credential.Type

/** @since 0.1.0 @category constructors */
export const apiKey = (key: Redacted.Redacted): ApiKey => ({ kind: "api_key", api_key: key })

/**
 * What the tokens say of their owner. Nothing here is verified: the server does that.
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
  const find = (name: string, under: "auth" | "profile"): unknown =>
    payloads.flatMap((claims) => [field(claims[`https://api.openai.com/${under}`], name), claims[name]])
      .find(Predicate.isNotNullable)
  const text = (value: unknown) => (Predicate.isString(value) && value !== "" ? value : undefined)
  return {
    accountId: text(subscription.account_id) ?? text(find("chatgpt_account_id", "auth")),
    email: text(find("email", "profile")),
    plan: text(find("chatgpt_plan_type", "auth")),
    isFedramp: find("chatgpt_account_is_fedramp", "auth") === true
  }
}

const payload = Option.liftThrowable((jwt: string): Record<string, unknown> => decodeJwt(jwt))

const field = (value: unknown, name: string): unknown => Predicate.hasProperty(value, name) ? value[name] : undefined
