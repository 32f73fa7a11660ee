/**
 * A server on this machine that stands in for auth.openai.com, the ChatGPT backend and api.openai.com: it signs people
 * in, follows a script as the model, and refuses what the real servers refuse.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { randomBytes } from "node:crypto"
import * as ChatGptTokens from "../auth/chatgpt/ChatGptTokens.ts"
import type { ChatGpt, Subscription } from "../auth/Credential.ts"
import type * as ContextWindow from "./ContextWindow.ts"
import type { Script } from "./Script.ts"
import * as Auth from "./simulator/auth.ts"
import * as Backend from "./simulator/backend.ts"
import * as ChatGptSignIn from "./simulator/chatgpt.ts"
import type * as ChatGptKnobs from "./simulator/chatgptKnobs.ts"
import * as Http from "./simulator/http.ts"
import * as Socket from "./simulator/socket.ts"

/** @since 0.1.0 @category services */
export class OpenAiSimulator extends Context.Tag("effixir/testing/OpenAiSimulator")<OpenAiSimulator, {
  /** Where the server is: `http://127.0.0.1:…`. */
  readonly url: string
  /** For `EFFIXIR_ISSUER`. */
  readonly issuer: string
  /** For `EFFIXIR_CHATGPT_BASE_URL`. */
  readonly chatgptBaseUrl: string
  /** For `OPENAI_BASE_URL`. */
  readonly apiBaseUrl: string
  /** The key that the API accepts. */
  readonly apiKey: Redacted.Redacted
  /**
   * Everything received so far, the oldest first. A message over a WebSocket is recorded as a request with the method
   * `MESSAGE` and the headers of the upgrade, which is recorded before it as a `GET`.
   */
  readonly requests: Effect.Effect<ReadonlyArray<Received>>
  /** The credential of a new sign-in; by default for the account of the options. */
  readonly signIn: (account?: Partial<Account>) => Effect.Effect<Subscription>
  /** The same, with "Sign in with ChatGPT". */
  readonly signInWithChatGpt: (account?: Partial<Account>) => Effect.Effect<ChatGpt>
  /** Sets knobs of "Sign in with ChatGPT" from now on. */
  readonly turn: (knobs: Partial<Knobs>) => Effect.Effect<void>
  /** A person enters the code of a device sign-in in the browser and agrees. Dies when no sign-in has that code. */
  readonly approve: (userCode: string) => Effect.Effect<void>
  /** Invalidates all access tokens issued so far. Refresh tokens stay valid. */
  readonly invalidateAccessTokens: Effect.Effect<void>
}>() {}

/**
 * One request as the server saw it: header names in lower case, a JSON body or a form parsed.
 *
 * @since 0.1.0
 * @category models
 */
export interface Received extends Http.Received {}

/** @since 0.1.0 @category models */
export interface Account extends Auth.Account {}

/** @since 0.1.0 @category models */
export interface Knobs extends ChatGptKnobs.Knobs {}

/** @since 0.1.0 @category models */
export interface Options {
  /** What the model does. Its calls are counted over both hosts, without those that the simulator refused. */
  readonly script: Script
  /** The account that signs in. */
  readonly account?: Account
  /** The models that the ChatGPT host knows. */
  readonly models?: ReadonlyArray<string>
  /** Whether every sign-in is approved at once, as if a person sat at the browser. */
  readonly autoApprove?: boolean
  /** How long an access token is good for; an hour by default. */
  readonly accessTokenLifetime?: Duration.DurationInput
  /** How "Sign in with ChatGPT" differs from its usual behaviour. */
  readonly knobs?: Partial<Knobs>
  /** How long the token endpoint delays its answer after it has issued the tokens. */
  readonly tokenDelay?: Duration.DurationInput
  /** The pause that the device sign-in asks for between two polls: five seconds by default. */
  readonly pollInterval?: Duration.DurationInput
  /** The pause between two events of a stream. */
  readonly pace?: Duration.DurationInput
  /** How the server takes WebSockets, on the paths on which it takes model calls over HTTP. */
  readonly sockets?: Sockets
  /** How many tokens its models take, and whether the server compacts conversations; by default any number, and no. */
  readonly context?: ContextWindow.Options
  /** Differences between the answers of the real servers; by default, each host answers like its real one. */
  readonly streams?: Streams
}

/** @since 0.1.0 @category models */
export interface Streams extends Backend.Streams {}

/**
 * By default there are no limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sockets extends Socket.Options {}

const defaultAccount: Account = {
  email: "ada@example.com",
  plan: "plus",
  accountId: "5b1d7c3e-7a0f-4c86-9a53-3f1c2d9e8b70"
}

const defaultModels: ReadonlyArray<string> = ["gpt-6.2-sol", "gpt-6-astra", "gpt-5.6-sol", "gpt-5.5"]

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { OpenAiSimulator, Script } from "effixir/testing"
 *
 * const url = OpenAiSimulator.make({ script: () => Script.answer(Script.say("Hello!")), autoApprove: true }).pipe(
 *   Effect.map(({ url }) => url),
 *   Effect.scoped
 * )
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = Effect.fnUntraced(function*(options: Options) {
  const server = yield* Http.listen
  const url = Http.urlOf(server)
  const account = options.account ?? defaultAccount
  const apiKey = `sk-simulator-${randomBytes(24).toString("hex")}`

  const auth = yield* Auth.make(url, {
    account,
    autoApprove: options.autoApprove ?? false,
    accessTokenLifetime: options.accessTokenLifetime ?? "1 hour",
    tokenDelay: options.tokenDelay ?? 0,
    pollInterval: options.pollInterval ?? "5 seconds"
  })
  const chatGpt = yield* ChatGptSignIn.make(url, { account, autoApprove: options.autoApprove ?? false })
  yield* chatGpt.turn(options.knobs ?? {})
  const backend = yield* Backend.make({
    script: options.script,
    models: options.models ?? defaultModels,
    pace: options.pace,
    apiKey,
    authenticate: auth.authenticate,
    authenticatePlan: ({ headers }) =>
      Effect.flatMap(chatGpt.authenticate(Auth.bearerOf(headers["authorization"])), (access) => {
        if (Option.isNone(access) || access.value.isExpired) {
          return Effect.fail(Http.json(401, { detail: { error_code: "invalid_token" } }))
        }
        const { clientId, usesPlan } = access.value
        return usesPlan ? Effect.succeed(clientId) : Effect.fail(Http.error(403, {
          message: "The plan of this account may not be used by this client.",
          code: "chatpass_v2_scope_not_authorized"
        }))
      }),
    context: options.context ?? {},
    streams: options.streams ?? {}
  })

  const routes: ReadonlyMap<string, Http.Handler> = new Map([
    ["GET /oauth/authorize", auth.authorize],
    ["GET /.well-known/openid-configuration", chatGpt.discovery],
    ["GET /.well-known/jwks.json", chatGpt.jwks],
    ["GET /api/accounts/authorize", chatGpt.authorize],
    ["POST /api/accounts/oauth/token", chatGpt.token],
    ["POST /api/accounts/oauth/revoke", chatGpt.revoke],
    ["POST /oauth/token", auth.token],
    ["POST /oauth/revoke", auth.revoke],
    ["POST /api/accounts/deviceauth/usercode", auth.userCode],
    ["POST /api/accounts/deviceauth/token", auth.deviceToken],
    ["POST /backend-api/codex/responses", backend.chatGptResponses],
    ["GET /backend-api/codex/models", backend.models],
    ["GET /backend-api/wham/usage", backend.usage],
    ["GET /backend-api/wham/accounts/check", backend.accounts],
    ["GET /v1/models", backend.apiModels],
    ["POST /v1/responses", backend.apiResponses],
    ["POST /v1/chat/completions", backend.chatCompletions],
    ["POST /v1/embeddings", backend.embeddings]
  ])

  const upgrades: ReadonlyMap<string, Socket.Upgrade> = new Map([
    ["/backend-api/codex/responses", backend.chatGptSocket],
    ["/v1/responses", backend.apiSocket]
  ])

  const received = yield* Ref.make<ReadonlyArray<Received>>([])
  const note = (request: Received) => Ref.update(received, (requests) => [...requests, request])
  const notFound = Http.detail(404, "Not Found")
  const other: Http.Handler = (request) =>
    request.path.startsWith("/v1/") ? backend.apiOther(request) : Effect.succeed(notFound)
  yield* Http.respond(
    server,
    (request) =>
      Effect.zipRight(
        note(request),
        routes.get(`${request.method} ${request.path}`)?.(request) ?? other(request)
      )
  )
  yield* Socket.respond(server, options.sockets ?? {}, {
    note,
    upgrade: (request) => upgrades.get(request.path)?.(request) ?? Effect.fail(notFound)
  })

  const signIn = Effect.fnUntraced(function*(differing?: Partial<Account>) {
    const owner = { ...account, ...differing }
    const tokens = yield* auth.signIn(owner)
    const now = yield* Clock.currentTimeMillis
    const subscription: Subscription = {
      kind: "subscription",
      access_token: Redacted.make(tokens.access_token),
      refresh_token: Redacted.make(tokens.refresh_token),
      id_token: Redacted.make(tokens.id_token),
      expires_at: now + tokens.expires_in * 1000,
      account_id: owner.accountId,
      obtained_at: DateTime.formatIso(DateTime.unsafeMake(now))
    }
    return subscription
  })

  const signInWithChatGpt = Effect.fnUntraced(function*(differing?: Partial<Account>) {
    const { client, tokens } = yield* chatGpt.signIn({ ...account, ...differing })
    const now = yield* DateTime.now
    return ChatGptTokens.toCredential(
      {
        tokens: yield* Effect.orDie(Schema.decodeUnknown(ChatGptTokens.Tokens)(tokens)),
        at: DateTime.toEpochMillis(now)
      },
      { subject: client.subject, email: client.account.email },
      { issuer: url, clientId: client.id },
      now
    )
  })

  return OpenAiSimulator.of({
    url,
    issuer: url,
    chatgptBaseUrl: `${url}/backend-api/codex`,
    apiBaseUrl: `${url}/v1`,
    apiKey: Redacted.make(apiKey),
    requests: Ref.get(received),
    signIn,
    signInWithChatGpt,
    turn: chatGpt.turn,
    approve: auth.approve,
    invalidateAccessTokens: Effect.zipRight(auth.invalidateAccessTokens, chatGpt.invalidateAccessTokens)
  })
})

/**
 * The server runs until the scope of the layer is closed, and takes its connections with it.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { OpenAiSimulator, Script } from "effixir/testing"
 *
 * const Server = OpenAiSimulator.layer({ script: Script.fromTurns([Script.answer(Script.say("Hello!"))]) })
 *
 * const program = Effect.gen(function*() {
 *   const { apiBaseUrl, apiKey, requests } = yield* OpenAiSimulator.OpenAiSimulator
 *   yield* Effect.log(`OPENAI_BASE_URL=${apiBaseUrl}`, apiKey)
 *   return yield* requests
 * }).pipe(Effect.provide(Server))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<OpenAiSimulator> => Layer.scoped(OpenAiSimulator, make(options))
