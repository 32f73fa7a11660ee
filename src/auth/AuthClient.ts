/**
 * An `HttpClient` that carries the right base URL and headers for the credential in use. Who sends requests through it
 * needs to know nothing of tokens.
 *
 * @since 0.1.0
 */
import * as HttpClient from "@effect/platform/HttpClient"
import type { HttpClientError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type { HttpClientResponse } from "@effect/platform/HttpClientResponse"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { version } from "../internal/version.ts"
import { type Credential, isSignIn, type SignIn } from "./Credential.ts"
import { Credentials, type CredentialsError } from "./Credentials.ts"
import * as Host from "./Host.ts"
import { addCredential } from "./Secrets.ts"
import { SignedOut } from "./SignedOut.ts"

/** @since 0.1.0 @category services */
export class AuthClient extends Context.Tag("effixir/auth/AuthClient")<AuthClient, {
  /** Sends requests with relative URLs (`/responses`) to the host of the credential. */
  readonly client: HttpClient.HttpClient.With<HttpClientError | CredentialsError>
  /**
   * Sends such a request by other means than HTTP. `send` is given it with its host and its credential, and again with
   * another credential if the answer means that the first one was refused and there can be another.
   */
  readonly send: <A, E, R>(
    request: HttpClientRequest.HttpClientRequest,
    send: (prepared: HttpClientRequest.HttpClientRequest) => Effect.Effect<A, E, R>,
    isRefused: (answer: A) => Effect.Effect<boolean>
  ) => Effect.Effect<A, E | CredentialsError, R>
  /**
   * Sees to another credential in the place of the one that this request was sent with, for an answer that had begun
   * before it told of the refusal; the next request goes with it. `None` where there can be no other. `isRefreshed` tells,
   * on the way in and out, of a credential of the moment: if that one is refused as well, the sign-in is over.
   */
  readonly replace: (
    refused: HttpClientRequest.HttpClientRequest,
    isRefreshed: boolean
  ) => Effect.Effect<Option.Option<{ readonly isRefreshed: boolean }>, CredentialsError>
  /** Whom the next request speaks for. What the server encrypts for one account, another cannot use. */
  readonly account: Effect.Effect<string, CredentialsError>
  /** How the next model call has to be written. */
  readonly wire: Effect.Effect<Host.Wire, CredentialsError>
}>() {}

/** @since 0.1.0 @category models */
export interface Options extends Host.Addresses, Host.Billing {
  /** How this client calls itself; the ChatGPT host offers some models to some names only. */
  readonly originator: string
}

const config: Config.Config.Wrap<Options> = {
  ...Host.addresses,
  originator: Config.withDefault(Config.nonEmptyString("EFFIXIR_ORIGINATOR"), "effixir"),
  organization: Config.option(Config.nonEmptyString("OPENAI_ORGANIZATION")),
  project: Config.option(Config.nonEmptyString("OPENAI_PROJECT"))
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const credentials = yield* Credentials
  const client = (yield* HttpClient.HttpClient).pipe(
    // Header values would become span attributes and trace headers would leave the house.
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.withTracerPropagation(false)
  )

  /** Whom the last few tokens spoke for: not every request says it in its headers. */
  const accounts = yield* Ref.make<ReadonlyMap<string, string>>(new Map())

  /** For a sign-in; a token that is refused is replaced, twice at most and refreshed once. */
  const sendFor = Effect.fnUntraced(function*<A, E, R>(
    signIn: SignIn,
    send: (credential: Credential) => Effect.Effect<A, E, R>,
    isRefused: (answer: A) => Effect.Effect<boolean>
  ) {
    let credential = signIn
    let isRefreshed = false
    while (true) {
      const answer = yield* send(credential)
      if (!(yield* isRefused(answer))) return answer
      if (isRefreshed) return yield* new SignedOut({ reason: "RefreshTokenRevoked" })
      const replacement = yield* credentials.replace(credential)
      credential = replacement.credential
      isRefreshed = replacement.isRefreshed
    }
  })

  const send: typeof AuthClient.Service.send = Effect.fnUntraced(function*(request, send, isRefused) {
    const { credential } = yield* credentials.current
    const sendAs = (credential: Credential) => {
      const prepared = prepare(request, credential, options)
      return addCredential(credential).pipe(
        Effect.zipRight(
          Ref.update(accounts, note(prepared.headers["authorization"] ?? "", Host.of(credential).account))
        ),
        Effect.zipRight(send(prepared))
      )
    }
    return yield* isSignIn(credential) ? sendFor(credential, sendAs, isRefused) : sendAs(credential)
  })

  const replace: typeof AuthClient.Service.replace = Effect.fnUntraced(function*(refused, isRefreshed) {
    const { credential } = yield* credentials.current
    if (!isSignIn(credential)) return Option.none()
    const { account } = Host.of(credential)
    const { headers } = prepare(HttpClientRequest.get(""), credential, options)
    const isOther = ((yield* Ref.get(accounts)).get(refused.headers["authorization"] ?? "") ?? account) !== account
    if (isOther || headers["chatgpt-account-id"] !== refused.headers["chatgpt-account-id"]) {
      return yield* new SignedOut({ reason: "AccountChanged" })
    }
    // Another call has found out before this one.
    if (headers["authorization"] !== refused.headers["authorization"]) return Option.some({ isRefreshed })
    if (isRefreshed) return yield* new SignedOut({ reason: "RefreshTokenRevoked" })
    return Option.some(yield* credentials.replace(credential))
  })

  const execute = (request: HttpClientRequest.HttpClientRequest) =>
    send(
      request,
      client.execute,
      (response) => response.status === 401 ? Effect.as(release(response), true) : Effect.succeed(false)
    )

  return AuthClient.of({
    client: HttpClient.makeWith(
      (request: Effect.Effect<HttpClientRequest.HttpClientRequest>) => Effect.flatMap(request, execute),
      Effect.succeed
    ),
    send,
    replace,
    account: Effect.map(credentials.current, ({ credential }) => Host.of(credential).account),
    wire: Effect.map(credentials.current, ({ credential }) => Host.of(credential).wire(options))
  })
})

/** @since 0.1.0 @category layers */
export const layer = (options: Options): Layer.Layer<AuthClient, never, Credentials | HttpClient.HttpClient> =>
  Layer.effect(AuthClient, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Options> = config
): Layer.Layer<AuthClient, ConfigError, Credentials | HttpClient.HttpClient> =>
  Layer.effect(AuthClient, Effect.flatMap(Config.unwrap(options), make))

const note = (token: string, account: string) => (accounts: ReadonlyMap<string, string>): ReadonlyMap<string, string> =>
  accounts.has(token) ? accounts : new Map([...[...accounts].slice(-15), [token, account]])

/** A body that nobody reads would hold its connection; one that never comes must not hold us. */
const release = (response: HttpClientResponse): Effect.Effect<void> =>
  Effect.ignore(Stream.runDrain(Stream.interruptAfter(Stream.take(response.stream, 1), "1 second")))

const prepare = (
  request: HttpClientRequest.HttpClientRequest,
  credential: Credential,
  options: Options
): HttpClientRequest.HttpClientRequest => {
  const host = Host.of(credential)
  return pipe(
    HttpClientRequest.setHeaders(request, {
      originator: options.originator,
      "user-agent": `${options.originator}/${version}`,
      ...host.headers(options)
    }),
    HttpClientRequest.prependUrl(host.baseUrl(options).replace(/\/+$/, "")),
    bearer(host.token)
  )
}

/**
 * A key that was pasted over two lines is still that key. A header with such characters in it is refused, and `fetch`
 * puts the whole header into its message.
 */
const bearer = (token: Redacted.Redacted) =>
  HttpClientRequest.bearerToken(Redacted.value(token).replace(/[^\x21-\x7e]/g, ""))
