/**
 * The end that all ways to sign in have in common: a code becomes a credential.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Credential from "./Credential.ts"
import { type Grant, OAuth } from "./OAuth.ts"
import { OAuthError } from "./OAuthError.ts"

/**
 * Somebody is signed in. The credential is not stored yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface SignedIn<A extends Credential.SignIn = Credential.Subscription> {
  readonly _tag: "SignedIn"
  readonly credential: A
}

/** How often a call that meets trouble is made, and how long it waits if the server does not say. */
const tries = 4
const pause = 2000

/** A person who waits without a word would rather be told. */
const longestPause = 60_000

/**
 * Makes a call again when the server is in trouble, after the time that it asks for, unless that is long.
 *
 * @since 0.1.0
 * @category retrying
 */
export const persistently = <A, R>(call: Effect.Effect<A, OAuthError, R>): Effect.Effect<A, OAuthError, R> =>
  Effect.retry(call, {
    while: (error) => error.isTransient && (error.retryAfter ?? pause) <= longestPause,
    times: tries - 1,
    schedule: Schedule.identity<OAuthError>().pipe(Schedule.addDelay((error) => error.retryAfter ?? pause))
  })

/**
 * Redeems a code. Tokens that do not say whose they are cannot be used: the API wants the account named.
 *
 * @since 0.1.0
 * @category signing in
 */
export const redeem: (grant: Grant) => Effect.Effect<SignedIn, OAuthError, OAuth> = Effect.fnUntraced(function*(grant) {
  const oauth = yield* OAuth
  const tokens = yield* persistently(oauth.exchange(grant))
  const credential = Credential.fromTokens(tokens, yield* DateTime.now)
  if (Credential.claims(credential).accountId === undefined) {
    return yield* new OAuthError({ reason: "Protocol", detail: "the tokens name no ChatGPT account" })
  }
  return { _tag: "SignedIn", credential }
})
