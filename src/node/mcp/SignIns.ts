/**
 * Sign-ins to MCP servers, each in a file of the person's own: what a server has given for one name and one address goes
 * to no other.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { UnknownException } from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { ConfigError } from "../../auth/ConfigError.ts"
import { Secrets } from "../../auth/Secrets.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import type { OAuthClientProvider, OAuthTokens } from "../../vendor/mcp.ts"
import * as StateFile from "../files/StateFile.ts"
import * as Home from "../settings/Home.ts"

const exact = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const Tokens = Schema.Struct({
  access_token: Schema.String,
  token_type: Schema.String,
  refresh_token: Schema.optional(Schema.String),
  id_token: Schema.optional(Schema.String),
  expires_in: Schema.optional(Schema.Number),
  scope: Schema.optional(Schema.String),
  issuer: Schema.optional(Schema.String)
})

const Client = Schema.Struct({
  client_id: Schema.String,
  client_secret: Schema.optional(Schema.String),
  client_id_issued_at: Schema.optional(Schema.Number),
  client_secret_expires_at: Schema.optional(Schema.Number),
  token_endpoint_auth_method: Schema.optional(Schema.String),
  redirect_uris: Schema.mutable(Schema.Array(Schema.String)),
  issuer: Schema.optional(Schema.String)
})

/** What is kept. The address is there for a person who looks. */
const SignIn = Schema.Struct({
  url: Schema.String,
  client: exact(Schema.Redacted(Client)),
  tokens: exact(Schema.Redacted(Tokens))
})

type SignIn = typeof SignIn.Type

const SignInFile = Schema.parseJson(SignIn, { space: 2 })

/**
 * The server that somebody signs in to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Signed {
  readonly name: string
  readonly url: string
}

const fileOf = ({ name, url }: Signed) =>
  Effect.map(Home.config, ({ path }) => {
    const mark = createHash("sha256").update(JSON.stringify([name, url])).digest("hex").slice(0, 16)
    return join(path, "mcp", `${name.replaceAll(/[^\w-]+/g, "_").slice(0, 40)}-${mark}.json`)
  })

const unusable = (file: string) => (error: PlatformError): ConfigError =>
  new ConfigError({ key: "The file", source: file, expected: diskProblem(error) })

/**
 * The sign-in to a server, if there is one.
 *
 * @since 0.1.0
 * @category loading
 */
export const find = Effect.fnUntraced(function*(signed: Signed) {
  const file = yield* fileOf(signed)
  const text = yield* Effect.asSome(StateFile.read(file)).pipe(
    Effect.catchAll((error) => isNotFound(error) ? Effect.succeedNone : unusable(file)(error))
  )
  if (Option.isNone(text)) return Option.none<SignIn>()
  const signIn = yield* Effect.mapError(Schema.decode(SignInFile)(text.value), () =>
    new ConfigError({
      key: "The file",
      source: file,
      expected: `it is no sign-in; sign in again with \`effixir mcp login ${signed.name}\``
    }))
  yield* remember(signIn)
  return Option.some(signIn)
})

/** They are cut out of all output from now on. */
const remember = ({ client, tokens }: SignIn) =>
  Effect.flatMap(Secrets, ({ add }) => {
    const of = tokens === undefined ? undefined : Redacted.value(tokens)
    const secret = client === undefined ? undefined : Redacted.value(client).client_secret
    return add(
      ...[of?.access_token, of?.refresh_token, of?.id_token, secret].flatMap((text) =>
        text === undefined ? [] : [Redacted.make(text)]
      )
    )
  })

/** Holds the lock of a sign-in until the Scope closes: several processes may have the same. */
const lock = Effect.fnUntraced(function*(signed: Signed) {
  const file = yield* fileOf(signed)
  const { dirname } = yield* Path.Path
  yield* Effect.mapError(
    Effect.zipRight(makeFolder(dirname(file), 0o700), StateFile.lock(file)),
    unusable(file)
  )
})

const save = Effect.fnUntraced(function*(signed: Signed, signIn: SignIn) {
  const file = yield* fileOf(signed)
  const { dirname } = yield* Path.Path
  yield* remember(signIn)
  const text = yield* Effect.orDie(Schema.encode(SignInFile)(signIn))
  yield* makeFolder(dirname(file), 0o700).pipe(
    Effect.zipRight(StateFile.write(file, `${text}\n`)),
    Effect.mapError(unusable(file))
  )
})

/**
 * Forgets a sign-in, and says whether there was one.
 *
 * @since 0.1.0
 * @category removing
 */
export const remove = Effect.fnUntraced(function*(signed: Signed) {
  const file = yield* fileOf(signed)
  return yield* Effect.zipRight(StateFile.read(file), StateFile.remove(file, "{}\n")).pipe(
    Effect.as(true),
    Effect.catchAll((error) => isNotFound(error) ? Effect.succeed(false) : unusable(file)(error))
  )
})

/** @since 0.1.0 @category models */
export interface Asking {
  /** Where the browser brings the answer. */
  readonly redirectUri: string
  readonly state: string
  readonly open: (address: URL) => void
}

/** Nobody is asked in the middle of a run. */
const nobody: Asking = { redirectUri: "http://127.0.0.1/auth/callback", state: "", open: () => {} }

/**
 * What the SDK signs in and refreshes with. A new sign-in takes the place of an old one when it is there as a whole.
 *
 * @since 0.1.0
 * @category constructors
 */
export const provider = Effect.fnUntraced(function*(signed: Signed, asking?: Asking) {
  const run = yield* FiberSet.makeRuntimePromise<FileSystem.FileSystem | Path.Path>()
  const { open, redirectUri, state } = asking ?? nobody
  let begun: SignIn = { url: signed.url }
  let verifier = ""
  let used: string | undefined
  const load = asking === undefined
    ? Effect.map(find(signed), Option.getOrElse((): SignIn => ({ url: signed.url })))
    : Effect.sync(() => begun)
  const keep = (change: (before: SignIn) => SignIn, isWhole: boolean) =>
    Effect.gen(function*() {
      if (isWhole) yield* lock(signed)
      begun = change(yield* load)
      if (isWhole) yield* save(signed, begun)
    }).pipe(Effect.scoped, Effect.uninterruptible)

  const made: OAuthClientProvider = {
    redirectUrl: redirectUri,
    clientMetadata: {
      client_name: "effixir",
      redirect_uris: [redirectUri],
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      token_endpoint_auth_method: "none"
    },
    state: () => state,
    clientInformation: () =>
      run(Effect.map(load, ({ client }) => client === undefined ? undefined : { ...Redacted.value(client) })),
    saveClientInformation: (client) =>
      run(keep((before) => ({
        ...before,
        client: Redacted.make({ redirect_uris: [redirectUri], ...client })
      }), asking === undefined)),
    tokens: () =>
      run(Effect.map(load, ({ tokens }) => {
        const found: OAuthTokens | undefined = tokens === undefined ? undefined : Redacted.value(tokens)
        used = found?.access_token
        return found
      })),
    saveTokens: (tokens) =>
      run(keep((before) => {
        const kept = before.tokens === undefined ? undefined : Redacted.value(before.tokens)
        // What was renewed is kept already, and another process may have renewed it again.
        const isOld = asking === undefined && kept !== undefined && kept.refresh_token !== tokens.refresh_token
        return isOld ? before : { ...before, tokens: Redacted.make(tokens) }
      }, true)),
    redirectToAuthorization: open,
    saveCodeVerifier: (made) => {
      verifier = made
    },
    codeVerifier: () => verifier,
    invalidateCredentials: (scope) =>
      run(Effect.flatMap(load, (before) => {
        // Another process may have newer ones.
        const isSame = before.tokens === undefined || Redacted.value(before.tokens).access_token === used
        const { client, tokens: _, url } = before
        return isSame && (scope === "tokens" || scope === "all")
          ? keep(() => client === undefined ? { url } : { url, client }, asking === undefined)
          : Effect.void
      }))
  }
  return made
})

/**
 * A `fetch` that renews a sign-in once, however many processes want to at the same time, and loses none: a server may take
 * each refresh token once, and what it gives for it is kept even if nobody waits for it any more.
 *
 * @since 0.1.0
 * @category constructors
 */
export const renewingFetch = Effect.fnUntraced(function*(signed: Signed, fetch: typeof globalThis.fetch) {
  const runtime = yield* Effect.runtime<FileSystem.FileSystem | Path.Path>()
  const renewals = new Set<Promise<Response>>()
  yield* Effect.addFinalizer(() => Effect.promise(() => Promise.allSettled(renewals)))

  const renew = (refreshToken: string, ask: Effect.Effect<Response, UnknownException>) =>
    Effect.gen(function*() {
      yield* lock(signed)
      const signIn = Option.getOrElse(yield* find(signed), (): SignIn => ({ url: signed.url }))
      const before = signIn.tokens === undefined ? undefined : Redacted.value(signIn.tokens)
      const isNewer = before?.refresh_token !== undefined && before.refresh_token !== refreshToken
      if (isNewer) return Response.json(before)
      const response = yield* ask
      const given = yield* Effect.option(
        Effect.flatMap(Effect.tryPromise(() => response.clone().json()), Schema.decodeUnknown(Tokens))
      )
      if (response.ok && Option.isSome(given)) {
        const issuer = before?.issuer === undefined ? {} : { issuer: before.issuer }
        const tokens = Redacted.make({ refresh_token: refreshToken, ...issuer, ...given.value })
        yield* save(signed, { ...signIn, tokens })
      }
      return response
    }).pipe(Effect.scoped, Effect.uninterruptible)

  const renewing: typeof globalThis.fetch = (input, init) => {
    const form = init?.body instanceof URLSearchParams ? init.body : undefined
    const refreshToken = form?.get("refresh_token")
    if (form?.get("grant_type") !== "refresh_token" || refreshToken == null) return fetch(input, init)
    const ask = Effect.tryPromise(() => fetch(input, { ...init, signal: AbortSignal.timeout(renewalTimeout) }))
    const renewal = Runtime.runPromise(runtime)(renew(refreshToken, ask))
    renewals.add(renewal)
    return renewal.finally(() => renewals.delete(renewal))
  }
  return renewing
})

/** How long a server may take to renew a sign-in, in milliseconds. */
const renewalTimeout = 10_000
