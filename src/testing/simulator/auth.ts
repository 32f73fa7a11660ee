import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { SignJWT } from "jose"
import { randomBytes, randomInt, randomUUID } from "node:crypto"
import { challengeOf, error, type Handler, json, page, type Received, redirect, type Reply, text } from "./http.ts"

export interface Account {
  readonly email: string
  readonly plan: string
  readonly accountId: string
}

export interface Options {
  /** The account that approves a sign-in in the browser. */
  readonly account: Account
  readonly autoApprove: boolean
  readonly accessTokenLifetime: Duration.DurationInput
  readonly tokenDelay: Duration.DurationInput
  readonly pollInterval: Duration.DurationInput
}

/** The tokens issued for one sign-in; they are valid until it is revoked. */
interface Session {
  readonly id: string
  readonly account: Account
}

interface Access {
  readonly session: Session
  readonly expiresAt: number
}

interface Refresh {
  readonly session: Session
  readonly isSpent: boolean
}

interface Grant {
  readonly challenge: string
  readonly redirectUris: ReadonlyArray<string>
}

interface Device {
  readonly id: string
  readonly isApproved: boolean
  readonly expiresAt: number
}

export interface Tokens {
  readonly access_token: string
  readonly id_token: string
  readonly refresh_token: string
  readonly expires_in: number
  readonly token_type: "Bearer"
  readonly scope: string
}

const clientId = "app_EMoamEEZ73f0CkXaXp7hrann"
const scopes = "openid profile email offline_access"
const knownScopes: ReadonlySet<string> = new Set([
  ...scopes.split(" "),
  "api.connectors.read",
  "api.connectors.invoke"
])
const callbacks: ReadonlySet<string> = new Set([
  "http://localhost:1455/auth/callback",
  "http://localhost:1457/auth/callback"
])
const deviceLifetime = Duration.toMillis("15 minutes")

/** The part of auth.openai.com: sign-ins, tokens, and the account of a token. */
export const make = Effect.fnUntraced(function*(issuer: string, options: Options) {
  const key = randomBytes(32)
  const accessTokens = yield* Ref.make(HashMap.empty<string, Access>())
  const refreshTokens = yield* Ref.make(HashMap.empty<string, Refresh>())
  const grants = yield* Ref.make(HashMap.empty<string, Grant>())
  const devices = yield* Ref.make(HashMap.empty<string, Device>())
  const lifetime = Duration.toMillis(options.accessTokenLifetime)

  const sign = (claims: Record<string, unknown>, { account, id }: Session, now: number): Effect.Effect<string> =>
    Effect.promise(() =>
      new SignJWT({
        iss: issuer,
        sub: `auth0|${account.accountId}`,
        jti: randomUUID(),
        session_id: id,
        "https://api.openai.com/auth": {
          chatgpt_account_id: account.accountId,
          chatgpt_plan_type: account.plan,
          chatgpt_user_id: `user-${account.accountId}`,
          user_id: `user-${account.accountId}`
        },
        ...claims
      })
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setIssuedAt(Math.floor(now / 1000))
        .setExpirationTime(Math.floor((now + lifetime) / 1000))
        .sign(key)
    )

  const issue = Effect.fnUntraced(function*(session: Session) {
    const now = yield* Clock.currentTimeMillis
    const { email } = session.account
    const tokens: Tokens = {
      access_token: yield* sign(
        {
          aud: ["https://api.openai.com/v1"],
          client_id: clientId,
          scp: scopes.split(" "),
          email,
          "https://api.openai.com/profile": { email, email_verified: true }
        },
        session,
        now
      ),
      id_token: yield* sign({ aud: [clientId], email, email_verified: true }, session, now),
      refresh_token: `rt_${randomBytes(32).toString("base64url")}`,
      expires_in: Math.floor(lifetime / 1000),
      token_type: "Bearer",
      scope: scopes
    }
    const access: Access = { session, expiresAt: now + lifetime }
    const refresh: Refresh = { session, isSpent: false }
    yield* Ref.update(accessTokens, HashMap.set(tokens.access_token, access))
    yield* Ref.update(refreshTokens, HashMap.set(tokens.refresh_token, refresh))
    return tokens
  })

  const signIn = (account: Account): Effect.Effect<Tokens> => issue({ id: randomUUID(), account })

  const grant = (challenge: string, ...redirectUris: ReadonlyArray<string>): Effect.Effect<string> => {
    const code = `ac_${randomBytes(24).toString("base64url")}`
    return Effect.as(Ref.update(grants, HashMap.set(code, { challenge, redirectUris })), code)
  }

  /** The account of a request to the ChatGPT host. */
  const authenticate = Effect.fnUntraced(function*({ headers }: Received) {
    const now = yield* Clock.currentTimeMillis
    const access = HashMap.get(yield* Ref.get(accessTokens), bearerOf(headers["authorization"]))
    if (Option.isNone(access)) {
      return yield* Effect.fail(
        unauthorized(
          "token_invalidated",
          "Your authentication token has been invalidated. Please try signing in again."
        )
      )
    }
    if (access.value.expiresAt <= now) {
      return yield* Effect.fail(
        unauthorized("token_expired", "Provided authentication token is expired. Please try signing in again.")
      )
    }
    const { account } = access.value.session
    const named = headers["chatgpt-account-id"]
    if (named !== undefined && named !== account.accountId) {
      return yield* Effect.fail(json(403, { detail: "The account of ChatGPT-Account-ID is not the one of the token" }))
    }
    return account
  })

  const authorize: Handler = Effect.fnUntraced(function*({ query }) {
    const { client_id, code_challenge = "", redirect_uri = "", scope = "", state = "" } = query
    if (client_id !== clientId || !callbacks.has(redirect_uri)) {
      const message = client_id === clientId ? "redirect_uri is not registered" : "client_id is unknown"
      return error(400, { message, code: "authorize_hydra_invalid_request" })
    }
    const back = (answer: Record<string, string>) => `${redirect_uri}?${new URLSearchParams({ ...answer, state })}`
    const refuse = (error: string, error_description: string) => redirect(back({ error, error_description }))
    if (query["response_type"] !== "code" || state === "") {
      return refuse("invalid_request", "response_type=code and a state are needed")
    }
    if (query["code_challenge_method"] !== "S256" || !/^[\w-]{43}$/.test(code_challenge)) {
      return refuse("invalid_request", "An S256 code_challenge is needed")
    }
    const foreign = scope.split(" ").find((name) => !knownScopes.has(name))
    if (foreign !== undefined) return refuse("invalid_scope", `The client may not request the scope '${foreign}'`)
    const url = back({ code: yield* grant(code_challenge, redirect_uri), scope })
    return options.autoApprove ? redirect(url) : page(`Sign in as ${options.account.email}?`, url)
  })

  const userCode: Handler = Effect.fnUntraced(function*({ body }) {
    if (text(body, "client_id") !== clientId) return invalidClient
    const code = newUserCode()
    const id = `deviceauth_${randomBytes(16).toString("hex")}`
    const now = yield* Clock.currentTimeMillis
    yield* Ref.update(
      devices,
      HashMap.set(code, { id, isApproved: options.autoApprove, expiresAt: now + deviceLifetime })
    )
    const interval = String(Math.ceil(Duration.toSeconds(options.pollInterval)))
    return json(200, { device_auth_id: id, user_code: code, interval })
  })

  const approve = Effect.fnUntraced(function*(code: string) {
    if (!HashMap.has(yield* Ref.get(devices), code)) {
      return yield* Effect.dieMessage(`No sign-in waits with the code ${code}`)
    }
    yield* Ref.update(devices, HashMap.modify(code, (device) => ({ ...device, isApproved: true })))
  })

  /** For an expired or a declined code, the server keeps answering that it is pending. */
  const deviceToken: Handler = Effect.fnUntraced(function*({ body }) {
    const now = yield* Clock.currentTimeMillis
    const code = text(body, "user_code")
    const isReady = yield* Ref.modify(devices, (all) => {
      const isReady = Option.exists(
        HashMap.get(all, code),
        (device) => device.id === text(body, "device_auth_id") && device.isApproved && now < device.expiresAt
      )
      return [isReady, isReady ? HashMap.remove(all, code) : all]
    })
    if (!isReady) {
      return error(403, {
        message: "Device authorization is pending. Please try again.",
        code: "deviceauth_authorization_pending"
      })
    }
    const verifier = randomBytes(32).toString("base64url")
    const challenge = challengeOf(verifier)
    return json(200, {
      authorization_code: yield* grant(
        challenge,
        `${issuer}/deviceauth/callback`,
        "https://auth.openai.com/deviceauth/callback"
      ),
      code_challenge: challenge,
      code_verifier: verifier
    })
  })

  const exchange: Handler = Effect.fnUntraced(function*({ body, headers }) {
    if (headers["content-type"]?.startsWith("application/x-www-form-urlencoded") !== true) {
      return invalidGrant("invalid_request", "The body must be a form")
    }
    // The first attempt uses up a code, even if it fails.
    const code = text(body, "code")
    const found = yield* Ref.modify(grants, (all) => [HashMap.get(all, code), HashMap.remove(all, code)])
    if (Option.isNone(found)) return invalidGrant("invalid_grant", "The code is unknown, or was used before")
    if (!found.value.redirectUris.includes(text(body, "redirect_uri"))) {
      return invalidGrant("invalid_grant", "redirect_uri is not the one of the authorization")
    }
    if (challengeOf(text(body, "code_verifier")) !== found.value.challenge) {
      return invalidGrant("invalid_grant", "code_verifier does not fit the code_challenge")
    }
    return json(200, yield* signIn(options.account))
  })

  const refresh: Handler = Effect.fnUntraced(function*({ body }) {
    const token = text(body, "refresh_token")
    const found = yield* Ref.modify(refreshTokens, (all) => [
      HashMap.get(all, token),
      HashMap.modify(all, token, (refresh) => ({ ...refresh, isSpent: true }))
    ])
    if (Option.isNone(found)) {
      return error(401, {
        message: "Your refresh token has been invalidated. Please try signing in again.",
        code: "refresh_token_invalidated"
      })
    }
    if (found.value.isSpent) {
      return error(401, {
        message:
          "Your refresh token has already been used to generate a new access token. Please try signing in again.",
        code: "refresh_token_reused"
      })
    }
    return json(200, yield* issue(found.value.session))
  })

  const token: Handler = (received) => {
    const { body } = received
    const grantType = text(body, "grant_type")
    const answer: Effect.Effect<Reply, Reply> = text(body, "client_id") !== clientId
      ? Effect.succeed(invalidClient)
      : grantType === "authorization_code"
      ? exchange(received)
      : grantType === "refresh_token"
      ? refresh(received)
      : Effect.succeed(invalidGrant("unsupported_grant_type", `'${grantType}' is not supported`))
    // The new tokens count from here on: a client that hangs up now has lost them.
    return Effect.tap(answer, () => Effect.sleep(options.tokenDelay))
  }

  const revoke: Handler = Effect.fnUntraced(function*({ body }) {
    const token = text(body, "token")
    const access = yield* Ref.get(accessTokens)
    const known: Option.Option<{ readonly session: Session }> = Option.orElse(
      HashMap.get(yield* Ref.get(refreshTokens), token),
      () => HashMap.get(access, token)
    )
    // An unknown token counts as already revoked.
    if (Option.isNone(known)) return json(200, {})
    const { id } = known.value.session
    yield* Ref.update(refreshTokens, HashMap.filter((refresh) => refresh.session.id !== id))
    yield* Ref.update(accessTokens, HashMap.filter((access) => access.session.id !== id))
    return json(200, {})
  })

  const invalidateAccessTokens: Effect.Effect<void> = Ref.set(accessTokens, HashMap.empty())

  return { approve, authenticate, authorize, deviceToken, invalidateAccessTokens, revoke, signIn, token, userCode }
})

export const bearerOf = (authorization: string | undefined): string =>
  /^Bearer (.+)$/i.exec(authorization ?? "")?.[1] ?? ""

const unauthorized = (code: string, message: string): Reply =>
  json(401, { error: { message, type: "invalid_request_error", code, param: null }, status: 401 })

const invalidClient: Reply = error(401, { message: "The client is unknown", code: "invalid_client" })

const invalidGrant = (error: string, error_description: string): Reply => json(400, { error, error_description })

/** Like ABCD-12345, and without characters that look alike. */
const newUserCode = (): string => {
  const letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
  const some = (count: number) => Array.from({ length: count }, () => letters[randomInt(letters.length)]).join("")
  return `${some(4)}-${some(5)}`
}
