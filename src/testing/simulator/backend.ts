import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Either from "effect/Either"
import * as HashSet from "effect/HashSet"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { decodeProtectedHeader } from "jose"
import { randomBytes, randomUUID } from "node:crypto"
import { fallback } from "../../responses/account/Models.ts"
import { withoutId } from "../../responses/Item.ts"
import type { Request } from "../../responses/Request.ts"
import * as ContextWindow from "../ContextWindow.ts"
import * as Script from "../Script.ts"
import * as ScriptEvents from "../ScriptEvents.ts"
import { type Account, bearerOf } from "./auth.ts"
import * as Chat from "./chat.ts"
import * as Checks from "./checks.ts"
import { detail, error, type Handler, json, type Received, type Reply } from "./http.ts"
import type { Upgrade } from "./socket.ts"

export interface Options {
  readonly script: Script.Script
  readonly models: ReadonlyArray<string>
  readonly pace: Duration.DurationInput | undefined
  readonly apiKey: string
  /** The account of a token of the Codex client. */
  readonly authenticate: (received: Received) => Effect.Effect<Account, Reply>
  /** The client of a token that may use a plan. */
  readonly authenticatePlan: (received: Received) => Effect.Effect<string, Reply>
  readonly context: ContextWindow.Options
  readonly streams: Streams
}

/** Without a word about it, the API answers in one piece; the ChatGPT host has refused such a request by now. */
const isWhole = (body: unknown): boolean => !Predicate.hasProperty(body, "stream") || body.stream !== true

/** Differences between the answers of the real servers that a client must tolerate. */
export interface Streams {
  /** Whether a stream says what it is in `Content-Type`. */
  readonly hasContentType?: boolean | undefined
  /** Whether the last event repeats the items. */
  readonly hasFinalOutput?: boolean | undefined
}

/** The part of chatgpt.com and api.openai.com: model calls, models and usage. */
export const make = Effect.fnUntraced(function*(options: Options) {
  const { hasContentType, hasFinalOutput } = options.streams
  const calls = yield* Ref.make(0)
  const sealed = yield* Ref.make(HashSet.empty<string>())

  const chatGpt: Host = {
    isStoring: () => false,
    hasFinalOutput: hasFinalOutput ?? false,
    headers: hasContentType === true ? eventStream : {},
    connect: (received) =>
      Effect.flatMap(
        options.authenticate(received),
        (account) => Effect.map(planHeaders(account), (headers) => ({ owner: account.accountId, headers }))
      ),
    read: (body) => Checks.chatGpt(body, options.models)
  }

  const plan: Host = {
    isStoring: () => false,
    hasFinalOutput: hasFinalOutput ?? false,
    headers: hasContentType === true ? eventStream : {},
    connect: (received) =>
      Effect.map(options.authenticatePlan(received), (client) => ({ owner: `plan ${client}`, headers: {} })),
    read: (body) => Checks.plan(body, options.models)
  }

  const api: Host = {
    isStoring: (body) => !Predicate.hasProperty(body, "store") || body.store !== false,
    hasFinalOutput: hasFinalOutput ?? true,
    headers: hasContentType === false ? {} : eventStream,
    connect: ({ headers }) => {
      if (bearerOf(headers["authorization"]) === options.apiKey) return Effect.succeed({ owner: "api", headers: {} })
      const message = "Incorrect API key provided. You can find your API key at " +
        "https://platform.openai.com/account/api-keys."
      return Effect.fail(error(401, { message, code: "invalid_api_key" }))
    },
    read: Checks.api
  }

  const overHttp = (host: Host): Handler =>
    Effect.fnUntraced(function*(received) {
      const { headers, owner } = yield* host.connect(received)
      const read = yield* host.read(received.body)
      const answer = yield* respond(host, owner, read, received.body)
      if ("events" in answer && isWhole(received.body)) {
        const whole = Option.map(yield* Stream.runLast(answer.events), ({ response }) => response)
        return json(Option.isSome(whole) ? 200 : 500, Option.getOrNull(whole), { ...headers, ...answer.headers })
      }
      const body = "events" in answer ? Stream.map(answer.events, ScriptEvents.toSse) : answer.body
      return { status: answer.status, headers: { ...host.headers, ...headers, ...answer.headers }, body }
    })

  const chatCompletions: Handler = Effect.fnUntraced(function*(received) {
    yield* api.connect(received)
    const { body, request } = yield* Chat.read(received)
    const turn = yield* next(request)
    const headers = { "x-request-id": randomUUID() }
    if (turn._tag === "Refuse") return json(turn.status, turn.body, { ...headers, ...turn.headers })
    const created = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const frames = Chat.frames(turn, { body, created, id: `chatcmpl-${randomBytes(16).toString("hex")}` })
    return { status: 200, headers: { ...eventStream, ...headers }, body: paced(frames) }
  })

  /** A connection remembers its responses, so that a request may name one instead of repeating what led to it. */
  const overSocket = (host: Host): Upgrade =>
    Effect.fnUntraced(function*(received) {
      const { owner } = yield* host.connect(received)
      const remembered = new Map<string, ReadonlyArray<unknown>>()
      return Effect.fnUntraced(function*(message) {
        if (!Predicate.isReadonlyRecord(message) || message["type"] !== "response.create") {
          return yield* Effect.fail(error(400, { message: "Expected an event of type response.create", code: null }))
        }
        const { generate, previous_response_id: previous, type: _, ...rest } = message
        const known = previous === undefined ? [] : remembered.get(String(previous))
        if (known === undefined) {
          return yield* Effect.fail(error(400, {
            message: `Previous response with id '${previous}' not found.`,
            param: "previous_response_id",
            code: "previous_response_not_found"
          }))
        }
        const { input } = rest
        const body = { ...rest, stream: true, input: Array.isArray(input) ? [...known, ...input] : input }
        const read = yield* host.read(body)
        const answer = yield* respond(host, owner, read, body, generate !== false)
        if (!("events" in answer)) return yield* Effect.fail(answer)
        const { events, responseId, turn } = answer
        if (turn._tag === "Answer") remembered.set(responseId, [...read.sent, ...turn.items.map(withoutId)])
        return { events, isCut: turn._tag === "Cut" }
      })
    })

  /** Over a socket, a client may send what it has so far for the server to prepare, and have nothing generated yet. */
  const respond = Effect.fnUntraced(function*(
    host: Host,
    owner: string,
    read: Checks.Read,
    body: unknown,
    isGenerating = true
  ) {
    const { request } = read
    // Only the same account and model can use encrypted content again.
    const seal = (encrypted: string) => `${owner} ${request.model} ${encrypted}`
    const readable = yield* Ref.get(sealed)
    yield* Checks.replay(read, {
      isReadable: (encrypted) => HashSet.has(readable, seal(encrypted)),
      isStoring: host.isStoring(body)
    })

    const turn = isGenerating ? yield* next(request) : Script.answer()
    const headers = { "x-request-id": randomUUID() }
    if (turn._tag === "Refuse") return json(turn.status, turn.body, { ...headers, ...turn.headers })
    if ("items" in turn) {
      const secrets = turn.items.map((item) => item["encrypted_content"]).filter(Predicate.isString)
      yield* Ref.update(sealed, HashSet.union(secrets.map(seal)))
    }
    const now = yield* Clock.currentTimeMillis
    const responseId = `resp_${randomBytes(25).toString("hex")}`
    const events = ScriptEvents.events(turn, {
      model: request.model,
      responseId,
      createdAt: Math.floor(now / 1000),
      hasFinalOutput: host.hasFinalOutput
    })
    return { status: 200, headers, responseId, turn, events: paced(events) }
  })

  const paced = <A>(frames: ReadonlyArray<A>): Stream.Stream<A> => {
    const body = Stream.fromIterable(frames)
    return options.pace === undefined ? body : Stream.schedule(body, Schedule.spaced(options.pace))
  }

  /** A script that has run out answers with a bad request, which clients do not retry, so that it shows at once. */
  const next = (request: Request): Effect.Effect<Script.Turn, Reply> => {
    const answered = ContextWindow.answer(request, options.context)
    if (answered !== undefined) return Effect.succeed(answered)
    return Effect.flatMap(Ref.getAndUpdate(calls, (n) => n + 1), (n) =>
      Effect.try({
        try: () => ContextWindow.withUsage(options.script(request, n), request, options.context),
        catch: (cause) => error(400, { message: String(cause), code: "script_failed" })
      }))
  }

  /** The list leaves out models that the client is too old for. */
  const catalogue = ({ headers, query }: Received): Reply => {
    const version = query["client_version"] ?? "0.147.0"
    const models = options.models.map((slug, index) => modelInfo(slug, index, options.context.window)).filter((model) =>
      !isBefore(version, model.minimal_client_version)
    )
    const etag = `W/"${models.map(({ slug }) => slug).join(",")}"`
    return headers["if-none-match"] === etag
      ? { status: 304, headers: { etag }, body: "" }
      : json(200, { models }, { etag })
  }

  const models: Handler = Effect.fnUntraced(function*(received) {
    yield* options.authenticate(received)
    return received.query["client_version"] ? catalogue(received) : detail(400, "client_version is required")
  })

  const apiModels: Handler = Effect.fnUntraced(function*(received) {
    if (isPlan(received)) return yield* Effect.as(options.authenticatePlan(received), catalogue(received))
    yield* api.connect(received)
    const data = [...options.models, "text-embedding-3-small"].map((id) => ({
      id,
      object: "model",
      created: 1_780_000_000,
      owned_by: "system"
    }))
    return json(200, { object: "list", data })
  })

  /** A vector says how long its text is, and how many words it has. */
  const embeddings: Handler = Effect.fnUntraced(function*({ body, ...received }) {
    yield* api.connect({ body, ...received })
    const { input } = Predicate.hasProperty(body, "input") ? body : { input: [] }
    const texts = (Array.isArray(input) ? input : [input]).map(String)
    if (texts.some((text) => text === "")) {
      return yield* Effect.fail(error(400, { message: "'$.input' is invalid.", code: "invalid_value" }))
    }
    const data = texts.map((text, index) => ({
      object: "embedding",
      index,
      embedding: [text.length, text.split(" ").length]
    }))
    const usage = { prompt_tokens: texts.length, total_tokens: texts.length }
    return json(200, { object: "list", data, model: "text-embedding-3-small", usage })
  })

  /** All that the API has beside model calls and the list of models. */
  const notForPlans: Handler = (received) =>
    isPlan(received)
      ? Effect.as(
        options.authenticatePlan(received),
        error(403, {
          message: `${received.path} is not supported with a ChatGPT plan.`,
          code: "subscription_sharing_route_not_supported"
        })
      )
      : Effect.succeed(detail(404, "Not Found"))

  const usage: Handler = Effect.fnUntraced(function*(received) {
    const { plan } = yield* options.authenticate(received)
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000)
    const window = (used_percent: number, seconds: number) => ({
      used_percent,
      limit_window_seconds: seconds,
      reset_after_seconds: seconds,
      reset_at: now + seconds
    })
    return json(200, {
      plan_type: plan,
      rate_limit: {
        allowed: true,
        limit_reached: false,
        primary_window: window(12, fiveHours),
        secondary_window: window(34, week)
      },
      additional_rate_limits: [],
      credits: { has_credits: false, unlimited: false, balance: null },
      spend_control: { reached: false, individual_limit: null },
      rate_limit_reached_type: null
    })
  })

  /** Answers what Codex asks before its first call: which workspace to use, and where its calls go. */
  const accounts: Handler = (received) =>
    Effect.map(options.authenticate(received), ({ accountId, plan }) =>
      json(200, {
        accounts: [{
          id: accountId,
          plan_type: plan,
          name: null,
          structure: "personal",
          workspace_backend_origin: "https://chatgpt.com",
          account_routing_override: "NO_CONSTRAINT"
        }],
        account_ordering: [accountId],
        default_account_id: accountId
      }))

  /** The credential decides who pays for a call of the API. */
  const payer = (received: Received) => isPlan(received) ? plan : api

  return {
    accounts,
    apiModels,
    apiOther: notForPlans,
    apiResponses: (received: Received) => overHttp(payer(received))(received),
    apiSocket: (received: Received) => overSocket(payer(received))(received),
    embeddings: (received: Received) => isPlan(received) ? notForPlans(received) : embeddings(received),
    chatCompletions: (received: Received) => isPlan(received) ? notForPlans(received) : chatCompletions(received),
    chatGptResponses: overHttp(chatGpt),
    chatGptSocket: overSocket(chatGpt),
    models,
    usage
  }
})

const eventStream = { "content-type": "text/event-stream; charset=utf-8" }

/** What differs between the two hosts. */
interface Host {
  readonly isStoring: (body: unknown) => boolean
  readonly hasFinalOutput: boolean
  readonly headers: Reply["headers"]
  /** The account of a request, and the headers that its answer gets. */
  readonly connect: (
    received: Received
  ) => Effect.Effect<{ readonly owner: string; readonly headers: Reply["headers"] }, Reply>
  readonly read: (body: unknown) => Either.Either<Checks.Read, Reply>
}

const fiveHours = 5 * 60 * 60
const week = 7 * 24 * 60 * 60

/** How much of the plan is used; the server writes `False` like this. */
const planHeaders = (account: Account): Effect.Effect<Reply["headers"]> =>
  Effect.map(Clock.currentTimeMillis, (now) => ({
    "x-codex-plan-type": account.plan,
    "x-codex-active-limit": "codex",
    "x-codex-primary-used-percent": "12.0",
    "x-codex-primary-window-minutes": String(fiveHours / 60),
    "x-codex-primary-reset-at": String(Math.floor(now / 1000) + fiveHours),
    "x-codex-secondary-used-percent": "34.0",
    "x-codex-secondary-window-minutes": String(week / 60),
    "x-codex-secondary-reset-at": String(Math.floor(now / 1000) + week),
    "x-codex-credits-has-credits": "False",
    "x-codex-credits-unlimited": "False"
  }))

/** Only tokens that may use a plan on the API have a signature that can be checked with a public key. */
const isPlan = ({ headers }: Received): boolean => {
  try {
    return decodeProtectedHeader(bearerOf(headers["authorization"])).alg === "RS256"
  } catch {
    return false
  }
}

const modelInfo = (slug: string, index: number, window: number | undefined) => {
  const known = fallback.models.find((model) => model.slug === slug)
  const { contextWindow = 272_000, defaultEffort = "medium", efforts = ["low", "medium", "high", "xhigh"] } = known ??
    {}
  return {
    slug,
    display_name: slug,
    description: null,
    default_reasoning_level: defaultEffort,
    supported_reasoning_levels: efforts.map((effort) => ({ effort, description: effort })),
    visibility: slug === "codex-auto-review" ? "hide" : "list",
    minimal_client_version: oldestClients.find(([family]) => slug.startsWith(family))?.[1] ?? "0.1.0",
    supported_in_api: true,
    priority: index,
    context_window: window ?? contextWindow,
    max_context_window: window ?? known?.maxContextWindow ?? contextWindow,
    effective_context_window_percent: 95,
    auto_compact_token_limit: null,
    supports_parallel_tool_calls: true,
    support_verbosity: true,
    default_verbosity: "medium",
    supports_reasoning_summaries: true,
    input_modalities: ["text", "image"],
    prefer_websockets: false,
    use_responses_lite: known?.additionalTools ?? false
  }
}

/** The oldest versions of Codex that the list shows these families to. */
const oldestClients: ReadonlyArray<readonly [family: string, version: string]> = [
  ["gpt-6.2", "0.169.0"],
  ["gpt-6.1", "0.160.0"],
  ["gpt-6-astra", "0.153.0"],
  ["gpt-6-", "0.160.0"],
  ["gpt-5.6", "0.144.0"]
]

const isBefore = (version: string, other: string): boolean => {
  const [a, b] = [version, other].map((text) => text.split(".").map(Number))
  const at = [0, 1, 2].find((index) => (a?.[index] ?? 0) !== (b?.[index] ?? 0))
  return at !== undefined && (a?.[at] ?? 0) < (b?.[at] ?? 0)
}
