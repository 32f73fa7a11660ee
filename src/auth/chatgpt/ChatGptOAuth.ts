/**
 * The protocol of "Sign in with ChatGPT", call by call. It keeps no files, opens no browser and waits for no person.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { createLocalJWKSet, errors, type JSONWebKeySet } from "jose"
import { address } from "../../internal/address.ts"
import { defined } from "../../internal/json.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"
import { type ChatGpt, planScope } from "../Credential.ts"
import type { Grant } from "../OAuth.ts"
import * as Answer from "../OAuthAnswer.ts"
import * as Calls from "../OAuthCalls.ts"
import { OAuthError } from "../OAuthError.ts"
import { SignedOut } from "../SignedOut.ts"
import { Renewal, Tokens } from "./ChatGptTokens.ts"
import * as IdToken from "./IdToken.ts"

/**
 * What a sign-in request needs.
 *
 * - `client` the id that this installation was given before, if any, and what is known about the person who signed in
 *   then
 * - `wantsConsent` that the person has declined the use of the plan before, and wants to be asked again
 *
 * @since 0.1.0
 * @category models
 */
export interface Attempt {
  readonly hostId: string
  readonly client: Option.Option<{
    readonly clientId: string
    readonly email: string | undefined
    readonly idToken: Redacted.Redacted | undefined
  }>
  readonly wantsConsent: boolean
  readonly redirectUri: string
  readonly state: string
  readonly nonce: string
  readonly challenge: string
}

/** @since 0.1.0 @category services */
export class ChatGptOAuth extends Context.Tag("effixir/auth/chatgpt/ChatGptOAuth")<ChatGptOAuth, {
  readonly issuer: string
  /** The address for the browser. It may contain an id token, which must not be logged. */
  readonly authorizeUrl: (attempt: Attempt) => string
  /** `at` is the time of the answer, by the server's clock. */
  readonly exchange: (
    clientId: string,
    grant: Grant
  ) => Effect.Effect<{ readonly tokens: Tokens; readonly at: number }, OAuthError>
  /**
   * Uses up the refresh token. The answer must reach the store, because the server accepts the token only once. It has
   * its own deadline, because callers run it uninterruptibly. `SignedOut` is final; other errors may be temporary.
   */
  readonly refresh: (
    credential: ChatGpt
  ) => Effect.Effect<{ readonly renewal: Renewal; readonly at: number }, OAuthError | SignedOut>
  /** Ends a sign-in at the server. The client id stays good. */
  readonly revoke: (
    credential: Pick<ChatGpt, "issuer" | "client_id" | "refresh_token">
  ) => Effect.Effect<void, OAuthError>
  /** The person that an id token names, if it is genuine. Failing to fetch the keys is a temporary error. */
  readonly identify: (
    token: Redacted.Redacted,
    expected: Omit<IdToken.Expected, "issuer">
  ) => Effect.Effect<IdToken.Identity, OAuthError>
}>() {}

/** @since 0.1.0 @category models */
export interface Options {
  readonly issuer: string
}

/**
 * A placeholder for the client id: the server replaces it by a new one for each person and workspace.
 *
 * @since 0.1.0
 * @category models
 */
export const newClient = "dynamic_agent_client"

/** What the person sees, and may change. */
const clientName = "effixir"

const resource = "https://api.openai.com/v1"
const scope = `openid profile email offline_access resource.invoke ${planScope}`

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const issuer = options.issuer.replace(/\/+$/, "")
  const { get, postForm } = yield* Calls.make(issuer)

  // A key set of `jose` that fetches by itself would not use the proxy, the certificates and the deadline of our own
  // client.
  const known = yield* Ref.make(Option.none<JSONWebKeySet>())
  const fetchKeys = Effect.gen(function*() {
    const answer = yield* get("/.well-known/jwks.json")
    if (!Answer.isOk(answer)) return yield* Answer.toError(answer)
    const keys: JSONWebKeySet = yield* Answer.decode(KeySet, answer)
    yield* Ref.set(known, Option.some(keys))
    return keys
  }).pipe(
    Effect.mapError((error) =>
      passing(error, `the keys to verify who signed in could not be fetched: ${error.detail || error.reason}`)
    )
  )

  const identify: typeof ChatGptOAuth.Service.identify = Effect.fnUntraced(function*(token, expected) {
    const verify = (keys: JSONWebKeySet) => IdToken.verify(token, createLocalJWKSet(keys), { ...expected, issuer })
    const before = yield* Ref.get(known)
    const isNew = Option.isNone(before)
    return yield* verify(isNew ? yield* fetchKeys : before.value).pipe(
      // The issuer may have changed its keys.
      Effect.catchIf(isUnknownKey, (error) => isNew ? Effect.fail(error) : Effect.flatMap(fetchKeys, verify)),
      Effect.catchIf(
        isUnknownKey,
        () =>
          new OAuthError({ reason: "Identity", detail: "the id token is signed with a key that is not of the issuer" })
      )
    )
  }, redactedSpan("ChatGptOAuth.identify"))

  return ChatGptOAuth.of({
    issuer,

    authorizeUrl: ({ challenge, client, hostId, nonce, redirectUri, state, wantsConsent }) => {
      const query = UrlParams.toString(UrlParams.fromInput({
        ...Option.match(client, {
          onNone: () => ({ client_id: newClient, agent_name_hint: clientName }),
          onSome: ({ clientId }) => ({ client_id: clientId })
        }),
        ext_agent_host_id: hostId,
        response_type: "code",
        redirect_uri: redirectUri,
        resource,
        scope,
        state,
        code_challenge: challenge,
        code_challenge_method: "S256",
        nonce,
        ...Option.match(client, {
          onNone: () => ({}),
          onSome: ({ email, idToken }) =>
            defined({
              id_token_hint: idToken === undefined ? undefined : Redacted.value(idToken),
              login_hint: email
            })
        }),
        ...(wantsConsent ? { prompt: "consent" } : {})
      }))
      return `${issuer}/api/accounts/authorize?${query}`
    },

    exchange: Effect.fnUntraced(function*(clientId, grant) {
      const answer = yield* postForm(tokenPath, {
        grant_type: "authorization_code",
        client_id: clientId,
        code: grant.code,
        code_verifier: grant.verifier,
        redirect_uri: grant.redirectUri,
        resource
      })
      if (!Answer.isOk(answer)) return yield* toError(answer, clientId)
      return { tokens: yield* Answer.decode(Tokens, answer), at: answer.at }
    }, redactedSpan("ChatGptOAuth.exchange")),

    refresh: Effect.fnUntraced(function*(credential) {
      yield* checkIssuer(credential, issuer)
      const { client_id, refresh_token } = credential
      const answer = yield* postForm(tokenPath, {
        grant_type: "refresh_token",
        client_id,
        refresh_token,
        resource
      })
      if (Answer.isOk(answer)) return { renewal: yield* Answer.decode(Renewal, answer), at: answer.at }
      const code = isPassing(answer) ? undefined : Answer.codesOf(answer).find((code) => permanent[code] !== undefined)
      const reason = permanent[code ?? ""]
      return yield* reason === undefined ? toError(answer, client_id) : new SignedOut({ reason, code })
    }, redactedSpan("ChatGptOAuth.refresh")),

    revoke: Effect.fnUntraced(function*(credential) {
      yield* checkIssuer(credential, issuer)
      const { client_id, refresh_token } = credential
      const answer = yield* postForm("/api/accounts/oauth/revoke", {
        token: refresh_token,
        token_type_hint: "refresh_token",
        client_id
      })
      if (!Answer.isOk(answer)) return yield* toError(answer, client_id)
    }, redactedSpan("ChatGptOAuth.revoke")),

    identify
  })
})

/** @since 0.1.0 @category layers */
export const layer = (options: Options): Layer.Layer<ChatGptOAuth, never, HttpClient.HttpClient> =>
  Layer.effect(ChatGptOAuth, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = {
    issuer: address("EFFIXIR_ISSUER", "https://auth.openai.com")
  }
): Layer.Layer<ChatGptOAuth, ConfigError, HttpClient.HttpClient> =>
  Layer.effect(ChatGptOAuth, Effect.flatMap(Config.unwrap(options), make))

/**
 * No token is shown to a server that has not issued it, and no other server decides whether one is genuine.
 *
 * @since 0.1.0
 * @category verifying
 */
export const checkIssuer = (
  credential: Pick<ChatGpt, "issuer">,
  issuer: string
): Either.Either<void, OAuthError> =>
  credential.issuer === issuer
    ? Either.void
    : Either.left(new OAuthError({ reason: "OtherServer", detail: `it is of ${credential.issuer}` }))

const tokenPath = "/api/accounts/oauth/token"

const KeySet = Schema.Struct({
  keys: Schema.mutable(Schema.Array(Schema.Struct(
    { kty: Schema.String },
    Schema.Record({ key: Schema.String, value: Schema.Unknown })
  )))
})

const isUnknownKey = (error: unknown): error is errors.JWKSNoMatchingKey => error instanceof errors.JWKSNoMatchingKey

/** Failure codes of a refresh after which only signing in again helps. */
const permanent: { readonly [code: string]: SignedOut["reason"] } = {
  token_expired: "RefreshTokenExpired",
  refresh_token_expired: "RefreshTokenExpired",
  refresh_token_reused: "RefreshTokenReused",
  refresh_token_invalidated: "RefreshTokenRevoked",
  invalid_refresh_token: "RefreshTokenRevoked",
  invalid_grant: "RefreshTokenRevoked"
}

const isPassing = ({ isBlocked, status }: Answer.Answer): boolean => status === 429 || status >= 500 || isBlocked

/** A temporary failure, whatever code the server gave it. */
const passing = ({ reason, retryAfter }: OAuthError, detail: string): OAuthError =>
  new OAuthError({
    reason: reason === "Blocked" ? "Blocked" : "Transport",
    detail,
    ...defined({ retryAfter })
  })

/** An unknown client id is not a fault of the sign-in, and a new sign-in does not fix it. */
const toError = (answer: Answer.Answer, clientId: string): OAuthError => {
  const error = Answer.toError(answer)
  if (isPassing(answer)) return passing(error, error.detail)
  if (!Answer.codesOf(answer).includes("invalid_client")) return error
  // A stored sign-in would name the client again.
  const advice =
    "to get another, run `effixir logout`, take that one out of registrations.json beside the sign-in, and " +
    "run `effixir login --chatgpt`"
  return new OAuthError({
    reason: "Protocol",
    detail: `it does not know the client ${clientId}, which it has given out itself; ${advice}`
  })
}
