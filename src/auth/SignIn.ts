/**
 * The last step that all ways to sign in share: it turns a code into a credential.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Credential from "./Credential.ts"
import { type Grant, OAuth } from "./OAuth.ts"
import { OAuthError } from "./OAuthError.ts"

/**
 * The person is signed in. The credential is not stored yet.
 *
 * @since 0.1.0
 * @category models
 */
export interface SignedIn<A extends Credential.SignIn = Credential.Subscription> {
  readonly _tag: "SignedIn"
  readonly credential: A
}

/**
 * What is done with a new sign-in before the browser is told that it has worked, as a rule saving it: the page says what
 * came of it. A failure ends the sign-in with it; an interruption that comes meanwhile waits where this does.
 *
 * @since 0.1.0
 * @category models
 */
export interface Keep<in A extends Credential.Credential, out E = never, out R = never> {
  (credential: A): Effect.Effect<void, E, R>
}

/**
 * Keeps nothing: the credential is left to whoever reads the states of the sign-in.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { OAuth, SignIn } from "effixir"
 * import type { Credential } from "effixir"
 *
 * const keep = SignIn.keepNothing // hands the credential out, and writes it nowhere
 *
 * const forget = (credential: Credential.Subscription) =>
 *   SignIn.discard(Effect.flatMap(OAuth.OAuth, (oauth) => oauth.revoke(credential.refresh_token)))
 * ```
 *
 * @since 0.1.0
 * @category keeping
 */
export const keepNothing: Keep<Credential.Credential> = () => Effect.void

/** How often a failing call is made, and how long (in milliseconds) to wait if the server does not say. */
const tries = 4
const pause = 2000

/** In milliseconds. Beyond this, the call fails, rather than leave the person waiting without a message. */
const longestPause = 60_000

/**
 * Repeats a call that fails for a temporary reason, after the time that the server asks for, unless that is long.
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
 * Ends tokens that are not kept: nobody would ever use them, or end them. Whether that works makes no difference to
 * whoever waits, and may hold them up for a moment only.
 *
 * @since 0.1.0
 * @category signing in
 */
export const discard = <R>(revoke: Effect.Effect<void, OAuthError, R>): Effect.Effect<void, never, R> =>
  Effect.ignore(Effect.timeout(Effect.interruptible(revoke), longestEnd))

const longestEnd = Duration.seconds(5)

/**
 * Redeems a code. Tokens that name no account are refused, because the API requires the account.
 *
 * @example
 * ```ts
 * import { SignIn } from "effixir"
 * import type { OAuth } from "effixir"
 *
 * // The end of a sign-in of your own: tokens for a code, asked for again while the network is down.
 * const finish = (grant: OAuth.Grant) => SignIn.persistently(SignIn.redeem(grant))
 * ```
 *
 * @since 0.1.0
 * @category signing in
 */
export const redeem: (grant: Grant) => Effect.Effect<SignedIn, OAuthError, OAuth> = Effect.fnUntraced(function*(grant) {
  const oauth = yield* OAuth
  const tokens = yield* persistently(oauth.exchange(grant))
  const credential = Credential.fromTokens(tokens, yield* DateTime.now)
  if (Credential.claims(credential).accountId === undefined) {
    yield* discard(oauth.revoke(tokens.refresh_token))
    return yield* new OAuthError({ reason: "Protocol", detail: "the tokens name no ChatGPT account" })
  }
  return { _tag: "SignedIn", credential }
})
