/**
 * An `HttpClient` that carries the right base URL and headers for the credential in use. Its callers need not know
 * about tokens.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import type * as EnvironmentError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { anyStatus } from "../internal/anyStatus.ts"
import { requestId } from "../internal/requestId.ts"
import { counted } from "../internal/sends.ts"
import { version } from "../internal/version.ts"
import type { ConfigError } from "./ConfigError.ts"
import { type Credential, isSignIn, type SignIn } from "./Credential.ts"
import { Credentials, type CredentialsError } from "./Credentials.ts"
import { DryRun } from "./DryRun.ts"
import * as Host from "./Host.ts"
import { addCredential, Secrets } from "./Secrets.ts"
import { ofRequest, SignedOut } from "./SignedOut.ts"

/**
 * Why there is no credential for a request, or none that may go to the address that is set.
 *
 * @since 0.1.0
 * @category errors
 */
export type AuthError = CredentialsError | ConfigError

/**
 * @example
 * ```ts
 * import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
 * import * as Effect from "effect/Effect"
 * import { AuthClient } from "effixir"
 *
 * // A call that effixir has no name for, signed in like every other.
 * const models = Effect.gen(function*() {
 *   const { client } = yield* AuthClient.AuthClient
 *   const response = yield* client.execute(HttpClientRequest.get("/models"))
 *   return yield* response.json
 * }).pipe(Effect.scoped)
 * ```
 *
 * @since 0.1.0 @category services
 */
export class AuthClient extends Context.Tag("effixir/auth/AuthClient")<AuthClient, {
  /** Sends requests with relative URLs (`/responses`) to the host of the credential. */
  readonly client: HttpClient.HttpClient.With<HttpClientError | AuthError>
  /**
   * Sends such a request by other means than HTTP. `send` gets it with its host and credential, and again with another
   * credential if the answer means that the first was refused and another is possible. `refusal` gives the headers of
   * such an answer.
   */
  readonly send: <A, E, R>(
    request: HttpClientRequest.HttpClientRequest,
    send: (prepared: HttpClientRequest.HttpClientRequest) => Effect.Effect<A, E, R>,
    refusal: (answer: A) => Effect.Effect<Option.Option<Headers>>
  ) => Effect.Effect<A, E | AuthError, R>
  /**
   * Replaces the credential with which this request was sent, for a refusal that came after the answer had begun; the
   * next request uses the replacement. `None` if no other is possible. `isRefreshed`, as argument and result, says that
   * the credential was refreshed just now: if it is refused too, the sign-in is over.
   */
  readonly replace: (
    refused: HttpClientRequest.HttpClientRequest,
    isRefreshed: boolean
  ) => Effect.Effect<Option.Option<{ readonly isRefreshed: boolean }>, AuthError>
  /** The account of the next request. Content that the server encrypts for one account is useless to another. */
  readonly account: Effect.Effect<string, AuthError>
  /** The form of the next model call. */
  readonly wire: Effect.Effect<Host.Wire, AuthError>
}>() {}

/**
 * The headers of an answer; names in lower case.
 *
 * @since 0.1.0
 * @category models
 */
export interface Headers {
  readonly [name: string]: string
}

/** @since 0.1.0 @category models */
export interface Options extends Host.Addresses, Host.Billing {
  /** The name that this client sends; the ChatGPT host offers some models only to certain names. */
  readonly originator: string
  /** What requests to a base URL carry besides; it is named without its query and the slashes at its end. */
  readonly extras?: { readonly [baseUrl: string]: Host.Extras }
}

/**
 * The options as the environment has them.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config.Wrap<Options> = {
  ...Host.addresses,
  ...Host.billing,
  originator: Config.withDefault(Config.nonEmptyString("EFFIXIR_ORIGINATOR"), "effixir")
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const credentials = yield* Credentials
  /** What to send, if it may go where it would be sent. */
  const current = Effect.tap(
    credentials.current,
    ({ credential }) =>
      Option.match(Host.of(credential).refuse(options), { onNone: () => Effect.void, onSome: Effect.fail })
  )
  const client = (yield* HttpClient.HttpClient).pipe(
    // Tracing would put header values into span attributes and send trace headers to the server.
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.withTracerPropagation(false),
    anyStatus,
    counted
  )

  /** The accounts of the last few tokens, because not every request names its account in a header. */
  const accounts = yield* Ref.make<ReadonlyMap<string, string>>(new Map())

  /** Sends with a sign-in. A refused token is replaced, twice at most, and refreshed once. */
  const sendFor = Effect.fnUntraced(function*<A, E, R>(
    signIn: SignIn,
    send: (credential: Credential) => Effect.Effect<A, E, R>,
    refusal: (answer: A) => Effect.Effect<Option.Option<Headers>>
  ) {
    let credential = signIn
    let isRefreshed = false
    while (true) {
      const answer = yield* send(credential)
      const headers = yield* refusal(answer)
      if (Option.isNone(headers)) return answer
      const named = ofRequest(requestId(headers.value))
      if (isRefreshed) return yield* Effect.fail(named(new SignedOut({ reason: "RefreshTokenRevoked" })))
      const replacement = yield* Effect.mapError(credentials.replace(credential), named)
      credential = replacement.credential
      isRefreshed = replacement.isRefreshed
    }
  })

  const send: typeof AuthClient.Service.send = Effect.fnUntraced(function*(request, send, refusal) {
    const { credential } = yield* current
    const sendAs = (credential: Credential) => {
      const prepared = prepare(request, credential, options)
      return addCredential(credential).pipe(
        Effect.zipRight(addSecrets(extrasOf(credential, options).secrets)),
        Effect.zipRight(
          Ref.update(accounts, note(prepared.headers["authorization"] ?? "", Host.of(credential).account))
        ),
        Effect.zipRight(send(prepared))
      )
    }
    return yield* isSignIn(credential) ? sendFor(credential, sendAs, refusal) : sendAs(credential)
  })

  const replace: typeof AuthClient.Service.replace = Effect.fnUntraced(function*(refused, isRefreshed) {
    const { credential } = yield* current
    if (!isSignIn(credential)) return Option.none()
    const { account } = Host.of(credential)
    const { headers } = prepare(HttpClientRequest.get(""), credential, options)
    const isOther = ((yield* Ref.get(accounts)).get(refused.headers["authorization"] ?? "") ?? account) !== account
    if (isOther || headers["chatgpt-account-id"] !== refused.headers["chatgpt-account-id"]) {
      return yield* new SignedOut({ reason: "AccountChanged" })
    }
    // Another call has already replaced the credential.
    if (headers["authorization"] !== refused.headers["authorization"]) return Option.some({ isRefreshed })
    if (isRefreshed) return yield* new SignedOut({ reason: "RefreshTokenRevoked" })
    return Option.some(yield* credentials.replace(credential))
  })

  const transmit = (request: HttpClientRequest.HttpClientRequest) =>
    Effect.flatMap(DryRun, ({ take }) => {
      if (take === undefined) return client.execute(request)
      return request.method === "GET"
        ? new RequestError({ request, reason: "Transport", description: "a dry run sends nothing" })
        : Effect.zipRight(take(request), Effect.never)
    })

  const execute = (request: HttpClientRequest.HttpClientRequest) =>
    send(
      request,
      transmit,
      (response) =>
        response.status === 401 ? Effect.as(release(response), Option.some(response.headers)) : Effect.succeedNone
    )

  return AuthClient.of({
    client: HttpClient.makeWith(
      (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) => Effect.flatMap(request, execute),
      Effect.succeed
    ),
    send,
    replace,
    account: Effect.map(current, ({ credential }) => Host.of(credential).account),
    wire: Effect.map(current, ({ credential }) => Host.of(credential).wire(options))
  })
})

/**
 * @example
 * ```ts
 * import * as Option from "effect/Option"
 * import { AuthClient } from "effixir"
 *
 * const options: AuthClient.Options = {
 *   chatgptBaseUrl: "https://chatgpt.com/backend-api/codex",
 *   apiBaseUrl: "https://proxy.example.com/v1",
 *   organization: Option.none(),
 *   project: Option.none(),
 *   originator: "my-agent"
 * }
 *
 * const ThroughAProxy = AuthClient.layer(options)
 * const sameAsAnEffect = AuthClient.make(options)
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (options: Options): Layer.Layer<AuthClient, never, Credentials | HttpClient.HttpClient> =>
  Layer.effect(AuthClient, make(options))

/**
 * @example
 * ```ts
 * import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
 * import * as Layer from "effect/Layer"
 * import { AuthClient, Credentials, CredentialStore, OAuth } from "effixir"
 * import { ChatGptOAuth } from "effixir/auth"
 *
 * const SignedIn = AuthClient.layerConfig().pipe(
 *   Layer.provide(Credentials.layerConfig()),
 *   Layer.provide([CredentialStore.layerMemory(), OAuth.layerConfig(), ChatGptOAuth.layerConfig()]),
 *   Layer.provide(FetchHttpClient.layer)
 * )
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<AuthClient, EnvironmentError.ConfigError, Credentials | HttpClient.HttpClient> =>
  Layer.effect(AuthClient, Effect.flatMap(Config.unwrap(options), make))

const addSecrets = (secrets: ReadonlyArray<Redacted.Redacted>): Effect.Effect<void> =>
  secrets.length === 0 ? Effect.void : Effect.flatMap(Secrets, ({ add }) => add(...secrets))

const note = (token: string, account: string) => (accounts: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  accounts.has(token) ? accounts : new Map([...[...accounts].slice(-15), [token, account]])

/** Opens and closes the body, because an unread one would keep its connection busy. Waits for it a second at most. */
const release = (response: HttpClientResponse): Effect.Effect<void> =>
  Effect.ignore(Stream.runDrain(Stream.interruptAfter(Stream.take(response.stream, 1), "1 second")))

const prepare = (
  request: HttpClientRequest.HttpClientRequest,
  credential: Credential,
  options: Options
): HttpClientRequest.HttpClientRequest => {
  const host = Host.of(credential)
  const { query, url } = Host.splitUrl(host.baseUrl(options))
  const extras = extrasOf(credential, options)
  return pipe(
    HttpClientRequest.setHeaders(request, {
      originator: options.originator,
      "user-agent": `${options.originator}/${version}`,
      ...host.headers(options)
    }),
    HttpClientRequest.prependUrl(url),
    bearer(host.token),
    HttpClientRequest.setHeaders(Record.map(extras.headers, Redacted.value)),
    HttpClientRequest.setUrlParams([...query, ...Object.entries(Record.map(extras.query, Redacted.value))])
  )
}

/** What a person has set for the server, and the secrets in it and in the query of its address. */
const extrasOf = (credential: Credential, options: Options): Host.Extras => {
  const { query, url } = Host.splitUrl(Host.of(credential).baseUrl(options))
  const { headers = {}, query: params = {}, secrets = [] } = options.extras?.[url] ?? {}
  const inAddress = Array.from(query).flatMap(([name, value]) => Host.isSecretName(name) ? [Redacted.make(value)] : [])
  return { headers, query: params, secrets: [...secrets, ...inAddress] }
}

/**
 * A key that was pasted with a line break is still valid, so characters that no header can hold are removed. Otherwise
 * `fetch` would refuse the header, and put all of it into its message.
 */
const bearer = (token: Redacted.Redacted) =>
  HttpClientRequest.bearerToken(Redacted.value(token).replace(/[^\x21-\x7e]/g, ""))
