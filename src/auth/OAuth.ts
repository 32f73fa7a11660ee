/**
 * The sign-in protocol of auth.openai.com, call by call. It keeps no files, opens no browser and waits for no person.
 *
 * @since 0.1.0
 */
import type * as HttpClient from "@effect/platform/HttpClient"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { address } from "../internal/address.ts"
import { odd } from "../internal/odd.ts"
import { redactedSpan } from "../internal/redactedSpan.ts"
import * as Answer from "./OAuthAnswer.ts"
import * as Calls from "./OAuthCalls.ts"
import { OAuthError } from "./OAuthError.ts"
import { SignedOut } from "./SignedOut.ts"

/**
 * Why a call did not work.
 *
 * @since 0.1.0
 * @category errors
 */
export { OAuthError } from "./OAuthError.ts"

/**
 * A code for a person to enter at `verificationUri`, and the handle for polling whether they did.
 *
 * @since 0.1.0
 * @category models
 */
export interface DeviceCode {
  readonly deviceAuthId: Redacted.Redacted
  readonly userCode: string
  readonly verificationUri: string
  /** How long to wait between two polls. */
  readonly interval: Duration.Duration
}

/**
 * Whether the person has agreed. `Approved` carries what the exchange needs: this server makes the PKCE pair itself.
 *
 * @since 0.1.0
 * @category models
 */
export type DevicePoll =
  | { readonly _tag: "Pending" }
  | { readonly _tag: "SlowDown" }
  | { readonly _tag: "Approved"; readonly grant: Grant }

/**
 * A code with its verifier, to exchange for tokens once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Grant {
  readonly code: Redacted.Redacted
  readonly verifier: Redacted.Redacted
  /** Exactly the redirect URI with which the code was requested. */
  readonly redirectUri: string
}

const Secret = Schema.Redacted(Schema.NonEmptyString)
const Lifetime = Schema.optional(odd(Schema.Union(Schema.Number, Schema.NumberFromString)))

/**
 * The answer to an exchange. `expires_in` is in seconds.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Tokens = Schema.Struct({
  access_token: Secret,
  refresh_token: Secret,
  id_token: Schema.optional(odd(Secret)),
  expires_in: Lifetime
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
  access_token: Schema.optional(odd(Secret)),
  refresh_token: Schema.optional(odd(Secret)),
  id_token: Schema.optional(odd(Secret)),
  expires_in: Lifetime
})

/** @since 0.1.0 @category models */
export type Renewal = typeof Renewal.Type

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { OAuth } from "effixir"
 *
 * const code = Effect.gen(function*() {
 *   const oauth = yield* OAuth.OAuth
 *   return yield* oauth.startDevice
 * })
 * ```
 *
 * @since 0.1.0 @category services
 */
export class OAuth extends Context.Tag("effixir/auth/OAuth")<OAuth, {
  /** Requests a code that a person enters in any browser. */
  readonly startDevice: Effect.Effect<DeviceCode, OAuthError>
  /** Asks once whether the code was entered. */
  readonly pollDevice: (device: DeviceCode) => Effect.Effect<DevicePoll, OAuthError>
  /** The address for the browser. `challenge` is the S256 challenge of the verifier. */
  readonly authorizeUrl: (options: {
    readonly redirectUri: string
    readonly state: string
    readonly challenge: string
  }) => string
  readonly exchange: (grant: Grant) => Effect.Effect<Tokens, OAuthError>
  /**
   * Uses up a refresh token. The answer must reach the store, because the server accepts the token only once. It has
   * its own deadline, because callers run it uninterruptibly. `SignedOut` is final; other errors may be temporary.
   */
  readonly refresh: (token: Redacted.Redacted) => Effect.Effect<Renewal, OAuthError | SignedOut>
  /** Ends a sign-in at the server. */
  readonly revoke: (token: Redacted.Redacted) => Effect.Effect<void, OAuthError>
}>() {}

/** @since 0.1.0 @category models */
export interface Options {
  readonly issuer: string
  readonly originator: string
}

const clientId = "app_EMoamEEZ73f0CkXaXp7hrann"
const scope = "openid profile email offline_access"

const config: Config.Config.Wrap<Options> = {
  issuer: address("EFFIXIR_ISSUER", "https://auth.openai.com"),
  originator: Config.withDefault(Config.nonEmptyString("EFFIXIR_ORIGINATOR"), "effixir")
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const issuer = options.issuer.replace(/\/+$/, "")
  const { postForm, postJson } = yield* Calls.make(issuer)

  return OAuth.of({
    startDevice: Effect.flatMap(postJson("/api/accounts/deviceauth/usercode", { client_id: clientId }), (answer) => {
      if (answer.status === 404) return new OAuthError({ reason: "DeviceCodeDisabled", detail: "" })
      if (!Answer.isOk(answer)) return Answer.toError(answer)
      return Effect.map(Answer.decode(DeviceAnswer, answer), (device) => ({
        deviceAuthId: device.device_auth_id,
        userCode: device.user_code ?? device.usercode ?? "",
        verificationUri: `${issuer}/codex/device`,
        interval: Duration.seconds(intervalOf(device.interval))
      }))
    }).pipe(redactedSpan("OAuth.startDevice")),

    pollDevice: Effect.fnUntraced(function*(device) {
      const answer = yield* postJson("/api/accounts/deviceauth/token", {
        device_auth_id: device.deviceAuthId,
        user_code: device.userCode
      })
      if (Answer.isOk(answer)) {
        const approved = yield* Answer.decode(ApprovedAnswer, answer)
        const grant: Grant = {
          code: approved.authorization_code,
          verifier: approved.code_verifier,
          redirectUri: `${issuer}/deviceauth/callback`
        }
        return { _tag: "Approved" as const, grant }
      }
      const failure = Answer.failureOf(answer)
      if (failure.code === "slow_down") return { _tag: "SlowDown" as const }
      const isPending = [403, 404].includes(answer.status) || failure.code.endsWith("authorization_pending")
      return isPending && !answer.isBlocked && Answer.reasonOf(failure) === undefined
        ? { _tag: "Pending" as const }
        : yield* Answer.toError(answer)
    }, redactedSpan("OAuth.pollDevice")),

    authorizeUrl: ({ challenge, redirectUri, state }) => {
      const query = UrlParams.toString(UrlParams.fromInput({
        response_type: "code",
        client_id: clientId,
        redirect_uri: redirectUri,
        scope,
        code_challenge: challenge,
        code_challenge_method: "S256",
        id_token_add_organizations: "true",
        codex_cli_simplified_flow: "true",
        state,
        originator: options.originator
      }))
      return `${issuer}/oauth/authorize?${query.replaceAll("+", "%20")}`
    },

    exchange: Effect.fnUntraced(function*(grant) {
      const answer = yield* postForm("/oauth/token", {
        grant_type: "authorization_code",
        code: grant.code,
        redirect_uri: grant.redirectUri,
        client_id: clientId,
        code_verifier: grant.verifier
      })
      return Answer.isOk(answer) ? yield* Answer.decode(Tokens, answer) : yield* Answer.toError(answer)
    }, redactedSpan("OAuth.exchange")),

    refresh: Effect.fnUntraced(function*(token) {
      const answer = yield* postJson("/oauth/token", {
        client_id: clientId,
        grant_type: "refresh_token",
        refresh_token: token
      })
      if (Answer.isOk(answer)) return yield* Answer.decode(Renewal, answer)
      const isRefused = answer.status === 401 && !answer.isBlocked
      const { code } = Answer.failureOf(answer)
      const named = permanent[code]
      if (named !== undefined) return yield* new SignedOut({ reason: named, code })
      return isRefused ? yield* new SignedOut({ reason: "RefreshTokenRevoked" }) : yield* Answer.toError(answer)
    }, redactedSpan("OAuth.refresh")),

    revoke: Effect.fnUntraced(function*(token) {
      const answer = yield* postJson("/oauth/revoke", {
        token,
        token_type_hint: "refresh_token",
        client_id: clientId
      })
      if (!Answer.isOk(answer)) return yield* Answer.toError(answer)
    }, redactedSpan("OAuth.revoke"))
  })
})

/**
 * @example
 * ```ts
 * import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
 * import * as Layer from "effect/Layer"
 * import { OAuth } from "effixir"
 *
 * const options = { issuer: "https://auth.openai.com", originator: "my-agent" }
 *
 * const OAuthLive = Layer.provide(OAuth.layer(options), FetchHttpClient.layer)
 * const sameAsAnEffect = OAuth.make(options)
 * const fromTheEnvironment = OAuth.layerConfig() // EFFIXIR_ISSUER, EFFIXIR_ORIGINATOR
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (options: Options): Layer.Layer<OAuth, never, HttpClient.HttpClient> =>
  Layer.effect(OAuth, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<OAuth, ConfigError, HttpClient.HttpClient> =>
  Layer.effect(OAuth, Effect.flatMap(Config.unwrap(options), make))

const DeviceAnswer = Schema.Struct({
  device_auth_id: Secret,
  user_code: Schema.optional(Schema.NonEmptyString),
  /** Its older name. */
  usercode: Schema.optional(Schema.NonEmptyString),
  // Codex reads only strings here, others read numbers.
  interval: Schema.optional(Schema.Unknown)
}).pipe(Schema.filter(({ user_code, usercode }) => user_code !== undefined || usercode !== undefined))

/** In seconds; an unreadable value counts as absent. */
const intervalOf = (said: unknown): number => {
  const seconds = Number(said ?? Number.NaN)
  return Number.isFinite(seconds) ? Math.max(1, seconds) : 5
}

const ApprovedAnswer = Schema.Struct({ authorization_code: Secret, code_verifier: Secret })

/** Failure codes of a refresh after which only signing in again helps. */
const permanent: { readonly [code: string]: SignedOut["reason"] } = {
  refresh_token_expired: "RefreshTokenExpired",
  refresh_token_reused: "RefreshTokenReused",
  refresh_token_invalidated: "RefreshTokenRevoked",
  invalid_grant: "RefreshTokenRevoked"
}
