import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import { randomBytes, randomUUID } from "node:crypto"
import type { Account } from "./auth.ts"
import { checkAuthorize, type Client, newClient, resource, scopes } from "./chatgptAuthorize.ts"
import { type Knobs, normal } from "./chatgptKnobs.ts"
import * as Keys from "./chatgptTokens.ts"
import { challengeOf, error, type Handler, json, page, type Received, redirect, type Reply, text } from "./http.ts"

/** The tokens issued for one consent: a chain of refresh tokens that is revoked as a whole. */
interface Family {
  readonly id: string
  readonly client: Client
  readonly scope: string
}

interface Access {
  readonly family: Family
  readonly expiresAt: number
}

interface Refresh {
  readonly family: Family
  readonly isSpent: boolean
  readonly earliestAt: number
}

interface Grant {
  readonly family: Family
  readonly challenge: string
  readonly redirectUri: string
  readonly nonce: string
}

export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly id_token?: string
  readonly token_type: "Bearer"
  readonly expires_in: number
  readonly scope?: string
  readonly earliest_refresh_at?: number | string | null
}

export interface Options {
  readonly account: Account
  readonly autoApprove: boolean
}

/** How long before the end of the access token a refresh is allowed, in seconds. */
const refreshWindow = 360

/** The part of auth.openai.com that is "Sign in with ChatGPT". */
export const make = Effect.fnUntraced(function*(issuer: string, options: Options) {
  const keys = Keys.make(issuer)
  const knobs = yield* Ref.make<Knobs>(normal)
  const clients = yield* Ref.make(HashMap.empty<string, Client>())
  const grants = yield* Ref.make(HashMap.empty<string, Grant>())
  const accessTokens = yield* Ref.make(HashMap.empty<string, Access>())
  const refreshTokens = yield* Ref.make(HashMap.empty<string, Refresh>())

  /** The time of the server's clock, in milliseconds. */
  const time = Effect.zipWith(
    Clock.currentTimeMillis,
    Ref.get(knobs),
    (now, { ahead }) => now + Duration.toMillis(ahead)
  )

  const idTokens = yield* Ref.make(HashMap.empty<string, string>())

  const register = Effect.fnUntraced(function*(account: Account) {
    const client: Client = { id: `oaiapp_${randomBytes(12).toString("hex")}`, subject: subjectOf(account), account }
    yield* Ref.update(clients, HashMap.set(client.id, client))
    return client
  })

  const issue = Effect.fnUntraced(function*(family: Family, nonce: string | undefined) {
    const { accessTokenLifetime, earliest, idToken, omitIdToken, omitScope } = yield* Ref.get(knobs)
    const seconds = Math.floor((yield* time) / 1000)
    const { client } = family
    const access_token = yield* keys.accessToken(family, seconds, accessTokenLifetime)
    const refresh_token = `rt_${randomBytes(32).toString("base64url")}`
    const earliestAt = Math.max(seconds, seconds + accessTokenLifetime - refreshWindow)
    const access: Access = { family, expiresAt: (seconds + accessTokenLifetime) * 1000 }
    const refresh: Refresh = { family, isSpent: false, earliestAt: earliest === "none" ? 0 : earliestAt * 1000 }
    yield* Ref.update(accessTokens, HashMap.set(access_token, access))
    yield* Ref.update(refreshTokens, HashMap.set(refresh_token, refresh))
    const id_token = yield* keys.idToken(client, nonce, seconds, idToken)
    yield* Ref.update(idTokens, HashMap.set(id_token, client.id))
    const tokens: Tokens = {
      access_token,
      refresh_token,
      ...(omitIdToken && nonce === undefined
        ? {}
        : { id_token }),
      token_type: "Bearer",
      expires_in: accessTokenLifetime,
      ...(omitScope && nonce === undefined ? {} : { scope: family.scope }),
      ...(earliest === "absent" ? {} : { earliest_refresh_at: inForm[earliest](earliestAt) })
    }
    return tokens
  })

  const grant = Effect.fnUntraced(function*(client: Client, query: Received["query"]) {
    const { decline } = yield* Ref.get(knobs)
    const scope = decline === "plan" ? scopes.filter((name) => !name.startsWith("chatgpt.")) : scopes
    const code = `ac_${randomBytes(24).toString("base64url")}`
    const made: Grant = {
      family: { id: randomUUID(), client, scope: scope.join(" ") },
      challenge: query["code_challenge"] ?? "",
      redirectUri: query["redirect_uri"] ?? "",
      nonce: query["nonce"] ?? ""
    }
    yield* Ref.update(grants, HashMap.set(code, made))
    return { code, scope: made.family.scope }
  })

  /** Decides which person is at the browser, and which client id they get; a returning person keeps theirs. */
  const authorize: Handler = Effect.fnUntraced(function*({ query, rawQuery }) {
    const { account, callbackClient, callbackIssuer, decline } = yield* Ref.get(knobs)
    const known = HashMap.get(yield* Ref.get(clients), query["client_id"] ?? "")
    const hints = yield* Ref.get(idTokens)
    const problem = checkAuthorize(query, rawQuery, known, (token) => Option.getOrUndefined(HashMap.get(hints, token)))
    if (problem !== undefined) return error(400, { message: problem, code: "invalid_request" })
    const back = (answer: Record<string, string>) => {
      const iss = callbackIssuer === "none" ? {} : { iss: callbackIssuer === "own" ? issuer : "https://auth.example" }
      return redirect(
        `${query["redirect_uri"]}?${new URLSearchParams({ ...answer, ...iss, state: query["state"] ?? "" })}`
      )
    }
    if (decline === "all") return back({ error: "access_denied", error_description: "The person said no" })
    const person = account ?? (Option.isSome(known) ? known.value.account : options.account)
    const registered = Option.isSome(known) ? known.value : yield* register(person)
    const client = { ...registered, account: person, subject: subjectOf(person) }
    const { code, scope } = yield* grant(client, query)
    const named = callbackClient === "omitted"
      ? {}
      : {
        client_id: callbackClient === "dynamic" ? newClient : callbackClient === "other" ? "oaiapp_other" : client.id
      }
    const answer = { code, ...named, scope }
    return options.autoApprove
      ? back(answer)
      : page(`Continue with ChatGPT as ${person.email}?`, back(answer).headers["location"] ?? "")
  })

  const exchange = Effect.fnUntraced(function*(body: unknown) {
    // The first attempt uses up a code, even if it fails.
    const code = text(body, "code")
    const found = yield* Ref.modify(grants, (all) => [HashMap.get(all, code), HashMap.remove(all, code)])
    if (Option.isNone(found)) return refused("the code is unknown, or was used before")
    const { challenge, family, nonce, redirectUri } = found.value
    if (text(body, "client_id") !== family.client.id) return refused("the code is for another client")
    if (text(body, "redirect_uri") !== redirectUri) return refused("redirect_uri is another one")
    if (challengeOf(text(body, "code_verifier")) !== challenge) return refused("code_verifier does not fit")
    return json(200, yield* issue(family, nonce))
  })

  const end = (id: string) =>
    Effect.zipRight(
      Ref.update(refreshTokens, HashMap.filter(({ family }) => family.id !== id)),
      Ref.update(accessTokens, HashMap.filter(({ family }) => family.id !== id))
    )

  const refresh = Effect.fnUntraced(function*(body: unknown) {
    const { account, earlySpends } = yield* Ref.get(knobs)
    const token = text(body, "refresh_token")
    const found = HashMap.get(yield* Ref.get(refreshTokens), token)
    if (Option.isNone(found) || found.value.family.client.id !== text(body, "client_id")) {
      return over("refresh_token_invalidated", "The refresh token has been invalidated. A fresh sign-in is required.")
    }
    const { earliestAt, family, isSpent } = found.value
    if (isSpent) {
      yield* end(family.id)
      return over("refresh_token_reused", "The refresh token was used before.")
    }
    const isEarly = (yield* time) < earliestAt
    if (!isEarly || earlySpends) {
      const spent: Refresh = { ...found.value, isSpent: true }
      yield* Ref.update(refreshTokens, HashMap.set(token, spent))
    }
    if (isEarly) return over("refresh_token_invalidated", "It is too early.")
    const client = account === undefined
      ? family.client
      : { ...family.client, account, subject: subjectOf(account) }
    return json(200, yield* issue({ ...family, client }, undefined))
  })

  const token: Handler = Effect.fnUntraced(function*({ body, headers }) {
    const { invalidClient, lostAnswer, tokenDelay, tokenStatus } = yield* Ref.get(knobs)
    if (tokenStatus !== 200) return json(tokenStatus, { error: "temporarily_unavailable" })
    const problem = formProblem(headers, body, fieldsOf(text(body, "grant_type")))
    const answer = problem !== undefined
      ? failed("invalid_request", problem)
      : text(body, "client_id") === newClient || invalidClient ||
          !HashMap.has(yield* Ref.get(clients), text(body, "client_id"))
      ? json(401, { error: "invalid_client", error_description: "the client is unknown" })
      : text(body, "resource") !== resource
      ? failed("invalid_target", "resource is missing, or another one")
      : text(body, "grant_type") === "authorization_code"
      ? yield* exchange(body)
      : text(body, "grant_type") === "refresh_token"
      ? yield* refresh(body)
      : failed("unsupported_grant_type", "it is not supported")
    // The new tokens count from here on: a client that hangs up now has lost them.
    yield* Effect.sleep(tokenDelay)
    const date = new Date(yield* time).toUTCString()
    return { ...answer, headers: { ...answer.headers, date }, isLost: lostAnswer }
  })

  const revoke: Handler = Effect.fnUntraced(function*({ body, headers }) {
    const { revokeStatus } = yield* Ref.get(knobs)
    if (revokeStatus !== 200) return json(revokeStatus, { error: "temporarily_unavailable" })
    const problem = formProblem(headers, body, ["token", "token_type_hint", "client_id"])
    if (problem !== undefined) return failed("invalid_request", problem)
    const found = HashMap.get(yield* Ref.get(refreshTokens), text(body, "token"))
    if (Option.isSome(found) && found.value.family.client.id === text(body, "client_id")) {
      yield* end(found.value.family.id)
    }
    return { status: 200, headers: {}, body: "" }
  })

  /** The account of a bearer token that this part has issued; `None` for other tokens. */
  const authenticate = Effect.fnUntraced(function*(bearer: string) {
    const access = HashMap.get(yield* Ref.get(accessTokens), bearer)
    const now = yield* time
    return Option.map(access, ({ expiresAt, family }) => ({
      account: family.client.account,
      clientId: family.client.id,
      isExpired: expiresAt <= now,
      usesPlan: family.scope.includes("chatgpt.tokens.use.direct")
    }))
  })

  const signIn = Effect.fnUntraced(function*(account: Account) {
    const client = yield* register(account)
    const family: Family = { id: randomUUID(), client, scope: scopes.join(" ") }
    return { client, tokens: yield* issue(family, randomBytes(32).toString("base64url")) }
  })

  return {
    authenticate,
    authorize,
    discovery: () => Effect.succeed(json(200, keys.discovery)),
    jwks: () =>
      Effect.flatMap(Ref.get(knobs), ({ jwksStatus }) =>
        jwksStatus === 200
          ? Effect.map(keys.jwks, (jwks) => json(200, jwks))
          : Effect.succeed(json(jwksStatus, {}))),
    revoke,
    signIn,
    token,
    turn: (turned: Partial<Knobs>) => Ref.update(knobs, (before) => ({ ...before, ...turned })),
    invalidateAccessTokens: Ref.set(accessTokens, HashMap.empty<string, Access>())
  } as const
})

const inForm = {
  seconds: (at: number) => at,
  milliseconds: (at: number) => at * 1000,
  text: (at: number) => String(at),
  iso: (at: number) => new Date(at * 1000).toISOString(),
  none: () => null
} as const

/** What is wrong with a form, which has to have these fields and no others. */
const formProblem = (
  headers: Received["headers"],
  body: unknown,
  fields: ReadonlyArray<string> | undefined
): string | undefined => {
  if (headers["content-type"]?.startsWith("application/x-www-form-urlencoded") !== true) {
    return "the body must be a form"
  }
  const sent = Object.keys(Object(body))
  const extra = fields === undefined ? undefined : sent.find((name) => !fields.includes(name))
  return extra === undefined ? undefined : `${extra} does not belong there, or stands there twice`
}

const fieldsOf = (grantType: string): ReadonlyArray<string> | undefined =>
  grantType === "authorization_code"
    ? ["grant_type", "client_id", "code", "code_verifier", "redirect_uri", "resource"]
    : grantType === "refresh_token"
    ? ["grant_type", "client_id", "refresh_token", "resource"]
    : undefined

const subjectOf = ({ accountId }: Account): string => `user-${accountId}`

const failed = (error: string, error_description: string): Reply => json(400, { error, error_description })

const refused = (error_description: string): Reply => failed("invalid_grant", error_description)

const over = (error_reason: string, error_description: string): Reply =>
  json(400, { error: "invalid_grant", error_reason, error_description })
