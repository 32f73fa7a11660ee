/**
 * Lists the available models: from the server, else from its last answer, else from a list that was current when this
 * was written.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { AuthClient } from "../../auth/AuthClient.ts"
import type { Credential } from "../../auth/Credential.ts"
import { Credentials } from "../../auth/Credentials.ts"
import * as Host from "../../auth/Host.ts"
import { hidden } from "../../auth/Secrets.ts"
import { askJson, NotAnswered } from "../../internal/askJson.ts"
import { defined, field, number, text } from "../../internal/json.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"

/**
 * The model for runs where none is chosen: available with a ChatGPT plan and with an API key alike (November 2026).
 *
 * @since 0.1.0
 * @category models
 */
export const defaultModel = "gpt-6.2-sol"

/**
 * A model as a server describes it. Most servers send only the name.
 *
 * - `slug` what a request calls it
 * - `contextWindow` in tokens; `maxContextWindow` what it could be, at a price
 * - `efforts` the levels of effort that it takes
 * - `additionalTools` whether it takes its tools as an item of the input
 * - `effortUpdates` whether an item of the conversation can change how hard it thinks
 * - `visibility` `list`, or, if it is not meant to be chosen, `hide` or `none`
 *
 * @since 0.1.0
 * @category schemas
 */
export const Model = Schema.Struct({
  slug: Schema.String,
  name: Schema.String,
  description: Schema.optional(Schema.String),
  contextWindow: Schema.optional(Schema.Number),
  maxContextWindow: Schema.optional(Schema.Number),
  efforts: Schema.optional(Schema.Array(Schema.String)),
  defaultEffort: Schema.optional(Schema.String),
  inputModalities: Schema.optional(Schema.Array(Schema.String)),
  parallelToolCalls: Schema.optional(Schema.Boolean),
  additionalTools: Schema.optional(Schema.Boolean),
  effortUpdates: Schema.optional(Schema.Boolean),
  visibility: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Model = typeof Model.Type

/**
 * A list of models, its source and its time.
 *
 * - `defaultModel` the model for runs where none is chosen: the usual one, or else the first of the account
 * - `problem` why the server could not be asked
 *
 * @since 0.1.0
 * @category schemas
 */
export const Listing = Schema.Struct({
  models: Schema.Array(Model),
  defaultModel: Schema.String,
  source: Schema.Literal("live", "cache", "fallback"),
  at: Schema.DateTimeUtc,
  problem: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Listing = typeof Listing.Type

/** @since 0.1.0 @category services */
export class Models extends Context.Tag("effixir/responses/account/Models")<Models, {
  /**
   * The models of the credential in use. A list younger than five minutes is reused, unless `refresh` is set; models
   * that are not meant to be chosen are left out, unless `hidden` is set. Always gives a list.
   */
  readonly list: (options?: { readonly refresh?: boolean; readonly hidden?: boolean }) => Effect.Effect<Listing>
  /**
   * The same for a run, with hidden models, to decide which model to use and what it can be sent. Reuses a list of the
   * last day, and does not ask a host that sends only names, or one that has not answered in time within the last hour.
   */
  readonly catalogue: Effect.Effect<Listing>
  /** The last known list, however old. Asks no server. */
  readonly known: Effect.Effect<Listing>
}>() {}

/** How long a list is reused when a person asks for it, and how long for a run. */
const lifetime = Duration.minutes(5)
const runLifetime = Duration.days(1)

/** How long runs do without the list of a server that has not answered in time. */
const silence = Duration.hours(1)

const Silent = Schema.Struct({ at: Schema.DateTimeUtc })

const Kept = Schema.Struct({
  account: Schema.String,
  at: Schema.DateTimeUtc,
  etag: Schema.optional(Schema.String),
  models: Schema.Array(Model)
})

type Kept = typeof Kept.Type

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Host.Addresses) {
  const { client } = yield* AuthClient
  const credentials = yield* Credentials
  const store = yield* KeyValueStore.KeyValueStore
  const cache = store.forSchema(Kept)
  const silent = store.forSchema(Silent)

  /** Each host and account has its own list. */
  const keyOf = (credential: Credential): string => {
    const { account, baseUrl, modelsQuery } = Host.of(credential)
    return ["models", ...Object.values(modelsQuery), account, Host.splitUrl(baseUrl(options)).url].join(" ")
  }

  const silentKeyOf = (credential: Credential): string => `silent ${keyOf(credential)}`

  /** The models that are known where no list is: another server has none of OpenAI's. */
  const withoutList = (credential: Credential): Listing =>
    Host.of(credential).isOpenAi(options) ? fallback : { ...fallback, models: [] }

  /** A cache that cannot be read is empty. */
  const recall = (credential: Credential) =>
    cache.get(keyOf(credential)).pipe(
      Effect.orElseSucceed(() => Option.none<Kept>()),
      Effect.map(Option.filter(({ account }) => account === Host.of(credential).account))
    )

  const ask = Effect.fnUntraced(function*(credential: Credential, kept: Option.Option<Kept>) {
    const host = Host.of(credential)
    const etag = Option.getOrUndefined(Option.flatMapNullable(kept, ({ etag }) => etag))
    const answer = yield* askJson(
      client,
      HttpClientRequest.get("/models", {
        urlParams: host.modelsQuery,
        ...(etag === undefined ? {} : { headers: { "if-none-match": etag } })
      })
    )
    const at = yield* DateTime.now
    const isSame = answer.status === 304
    const models = isSame ? Option.map(kept, ({ models }) => models) : fromJson(answer.json)
    if (Option.isNone(models)) return yield* new NotAnswered({ message: "the server's answer is no list of models" })
    const next: Kept = {
      account: host.account,
      at,
      etag: isSame ? etag : answer.headers["etag"],
      models: models.value
    }
    yield* Effect.ignore(cache.set(keyOf(credential), next))
    yield* Effect.ignore(silent.remove(silentKeyOf(credential)))
    return next
  }, redactedSpan("Models.ask"))

  const noteSilence = Effect.fnUntraced(function*(credential: Credential) {
    yield* Effect.ignore(silent.set(silentKeyOf(credential), { at: yield* DateTime.now }))
  })

  const isSilent = Effect.fnUntraced(function*(credential: Credential) {
    const noted = yield* Effect.orElseSucceed(silent.get(silentKeyOf(credential)), Option.none)
    const now = yield* DateTime.now
    return Option.exists(noted, (noted) => isYoung(noted, silence, now))
  })

  /**
   * - `goodFor` how old a reused list may be
   * - `isPatient` whether to wait for a server that has not answered the last time
   */
  const listFor = Effect.fnUntraced(function*(
    credential: Credential,
    { goodFor, isPatient }: { readonly goodFor: Duration.Duration; readonly isPatient: boolean }
  ) {
    const { hasCatalogue } = Host.of(credential)
    const kept = yield* recall(credential)
    const now = yield* DateTime.now
    if (Option.isSome(kept) && isYoung(kept.value, goodFor, now)) return listing(kept.value, hasCatalogue, "cache")
    const old = Option.match(kept, {
      onNone: () => withoutList(credential),
      onSome: (kept) => listing(kept, hasCatalogue, "cache")
    })
    if (!isPatient && (yield* isSilent(credential))) {
      return { ...old, problem: "the server did not answer in time before" }
    }
    const live = yield* Effect.either(ask(credential, kept))
    if (Either.isRight(live)) return listing(live.right, hasCatalogue, "live")
    if (live.left.isTooSlow === true) yield* noteSilence(credential)
    return { ...old, problem: yield* hidden(live.left.message) }
  })

  return Models.of({
    list: Effect.fnUntraced(function*(options) {
      const selected = yield* Effect.either(credentials.selected)
      const all: Listing = Either.isLeft(selected)
        ? { ...fallback, problem: selected.left.message }
        : yield* listFor(selected.right.credential, {
          goodFor: options?.refresh === true ? Duration.zero : lifetime,
          isPatient: true
        })
      return options?.hidden === true ? all : { ...all, models: all.models.filter((model) => !isHidden(model)) }
    }),
    catalogue: Effect.gen(function*() {
      const selected = yield* Effect.either(credentials.selected)
      if (Either.isLeft(selected)) return { ...fallback, problem: selected.left.message }
      const { credential } = selected.right
      return Host.of(credential).hasCatalogue
        ? yield* listFor(credential, { goodFor: runLifetime, isPatient: false })
        : withoutList(credential)
    }),
    known: Effect.gen(function*() {
      const selected = yield* Effect.option(credentials.selected)
      if (Option.isNone(selected)) return fallback
      const { credential } = selected.value
      return Option.match(yield* recall(credential), {
        onNone: () => withoutList(credential),
        onSome: (kept) => listing(kept, Host.of(credential).hasCatalogue, "cache")
      })
    })
  })
})

/** @since 0.1.0 @category layers */
export const layer = (
  options: Host.Addresses
): Layer.Layer<Models, never, AuthClient | Credentials | KeyValueStore.KeyValueStore> =>
  Layer.effect(Models, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Host.Addresses> = Host.addresses
): Layer.Layer<Models, ConfigError, AuthClient | Credentials | KeyValueStore.KeyValueStore> =>
  Layer.effect(Models, Effect.flatMap(Config.unwrap(options), make))

/** @since 0.1.0 @category predicates */
export const isHidden = ({ slug, visibility }: Model): boolean =>
  visibility === "hide" || visibility === "none" || neverShown.test(slug)

/** Models for OpenAI's own programs, which are hidden whatever the list says. */
const neverShown = /^(?:codex-auto-review|gpt-daybreak-)/

const isYoung = (
  { at }: { readonly at: DateTime.Utc },
  goodFor: Duration.Duration,
  now: DateTime.Utc
): boolean => {
  // What comes from the future, after the clock was set back, counts as old.
  const age = DateTime.toEpochMillis(now) - DateTime.toEpochMillis(at)
  return age >= 0 && age < Duration.toMillis(goodFor)
}

const listing = ({ at, models }: Kept, hasCatalogue: boolean, source: Listing["source"]): Listing => {
  const shown = models.filter((model) => !isHidden(model))
  // In a list of names only, the first has no special meaning.
  const first = hasCatalogue && !shown.some(({ slug }) => slug === defaultModel) ? shown[0]?.slug : undefined
  return { models, defaultModel: first ?? defaultModel, source, at }
}

/**
 * Reads the list of the ChatGPT host (`{"models":[{"slug":…}]}`) and those of servers that speak the API
 * (`{"data":[{"id":…}]}`, or the bare array), and of each model every field that it can read. A server that has no models
 * may say `null`; llama.cpp tells its models twice, in both ways.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromJson = (json: unknown): Option.Option<ReadonlyArray<Model>> => {
  const lists = Array.isArray(json) ? [json] : Predicate.isRecord(json) ? [json["data"], json["models"]] : []
  const known = lists.filter((list) => list === null || Array.isArray(list)).map((list) => list ?? [])
  if (known.length === 0) return Option.none()
  const rank = (entry: unknown) => number(field(entry, "priority")) ?? Number.MAX_SAFE_INTEGER
  const models = known.flatMap((list) => list.toSorted((a, b) => rank(a) - rank(b)).flatMap(modelOf))
  const slugs = new Set<string>()
  return Option.some(models.filter(({ slug }) => !slugs.has(slug) && slugs.add(slug)))
}

const modelOf = (entry: unknown): ReadonlyArray<Model> => {
  const slug = ["slug", "id", "model", "name"].map((name) => text(field(entry, name))).find((name) =>
    name !== undefined
  )
  if (slug === undefined || !/^\P{Cc}+$/u.test(slug)) return []
  const description = text(field(entry, "description"))
  const size = (...paths: ReadonlyArray<string>) =>
    paths.map((path) => path.split(".").reduce(field, entry)).map(sizeOf).find((window) => window !== undefined)
  const contextWindow = size(...windows)
  const maxContextWindow = size("max_context_window")
  const levels = field(entry, "supported_reasoning_levels")
  const efforts = Array.isArray(levels) ? texts(levels.map((level) => field(level, "effort") ?? level)) : undefined
  const defaultEffort = text(field(entry, "default_reasoning_level"))
  const modalities = field(entry, "input_modalities") ?? field(field(entry, "architecture"), "input_modalities")
  const parallelToolCalls = flag(entry, "supports_parallel_tool_calls")
  // Models that Codex speaks to in its lite dialect have no tools beside the input there.
  const additionalTools = flag(entry, "use_responses_lite")
  const visibility = text(field(entry, "visibility")) ?? (answersNoText.test(slug) ? "hide" : undefined)
  return [{
    slug,
    name: text(field(entry, "display_name")) ?? text(field(entry, "name")) ?? slug,
    ...defined({ description }),
    ...defined({ contextWindow, maxContextWindow, efforts, defaultEffort }),
    ...(Array.isArray(modalities) ? { inputModalities: texts(modalities) } : {}),
    ...defined({ parallelToolCalls, additionalTools, visibility })
  }]
}

/** Where servers say how much a model takes: what it was started with comes before what it could take. */
const windows = [
  "context_window",
  "context_length",
  "max_model_len",
  // llama.cpp
  "meta.n_ctx",
  "n_ctx",
  // LM Studio
  "loaded_context_length",
  "max_context_length",
  // LiteLLM, Copilot, Gemini
  "max_input_tokens",
  "model_info.max_input_tokens",
  "capabilities.limits.max_context_window_tokens",
  "input_token_limit",
  "inputTokenLimit",
  "top_provider.context_length",
  "meta.n_ctx_train"
]

const sizeOf = (value: unknown): number | undefined => {
  const size = Predicate.isString(value) && /^\d+$/.test(value) ? Number(value) : number(value)
  return size !== undefined && size > 0 ? size : undefined
}

const flag = (entry: unknown, name: string): boolean | undefined => {
  const value = field(entry, name)
  return Predicate.isBoolean(value) ? value : undefined
}

const texts = (values: ReadonlyArray<unknown>): ReadonlyArray<string> => values.filter(Predicate.isString)

/** The API also lists models that do not answer with text, and does not mark them. */
const answersNoText =
  /^(?:text-embedding|text-moderation|omni-moderation|whisper|tts|dall-e|gpt-image|chatgpt-image|sora)-|-(?:realtime|transcribe|tts)\b/

const known = (
  slug: string,
  name: string,
  [contextWindow, maxContextWindow]: readonly [number, number],
  efforts: string,
  defaultEffort: string,
  wire: Pick<Model, "additionalTools" | "effortUpdates">
): Model => ({
  slug,
  name,
  contextWindow,
  maxContextWindow,
  efforts: efforts.split(" "),
  defaultEffort,
  inputModalities: ["text", "image"],
  ...wire,
  visibility: "list"
})

const small = [272_000, 872_000] as const
const large = [500_000, 872_000] as const
const latest = { additionalTools: true, effortUpdates: true }
const older = { additionalTools: true, effortUpdates: false }

/**
 * What a ChatGPT plan offered in November 2026, for when no server can be asked, and for fields that a list leaves out.
 *
 * @since 0.1.0
 * @category models
 */
export const fallback: Listing = {
  models: [
    known("gpt-6.2-sol", "GPT-6.2 Sol", large, "low medium high xhigh max ultra", "low", latest),
    known("gpt-6.2-astra", "GPT-6.2 Astra", small, "low medium high xhigh max ultra", "low", latest),
    known("gpt-6.1-terra", "GPT-6.1 Terra", large, "none low medium high xhigh max ultra", "low", latest),
    known("gpt-6.1-sol", "GPT-6.1 Sol", large, "low medium high xhigh max ultra", "low", latest),
    known("gpt-6-astra", "GPT-6 Astra", small, "low medium high xhigh max ultra", "low", latest),
    // Sources disagree on whether these two take effort updates, so requests do without them.
    known("gpt-6-sol", "GPT-6 Sol", small, "none low medium high xhigh max ultra", "medium", older),
    known("gpt-6-luna", "GPT-6 Luna", small, "none low medium high xhigh max", "medium", older),
    known("gpt-5.6-sol", "GPT-5.6 Sol", small, "low medium high xhigh max ultra", "low", older),
    known("gpt-5.6-terra", "GPT-5.6 Terra", small, "low medium high xhigh max ultra", "medium", older),
    known("gpt-5.6-luna", "GPT-5.6 Luna", small, "low medium high xhigh max", "medium", older),
    known("gpt-5.5", "GPT-5.5", [272_000, 272_000], "low medium high xhigh", "medium", {
      additionalTools: false,
      effortUpdates: false
    })
  ],
  defaultModel,
  source: "fallback",
  at: DateTime.unsafeMake("2026-11-29T00:00:00Z")
}
