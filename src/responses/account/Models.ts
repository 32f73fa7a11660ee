/**
 * The models there are: as the server lists them, as it did when it was last asked, or as they were known when this was
 * written.
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
import { field, number, text } from "../../internal/json.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"

/**
 * Available with a ChatGPT plan and with an API key alike (September 2026).
 *
 * @since 0.1.0
 * @category models
 */
export const defaultModel = "gpt-5.5"

/**
 * A model as a server tells of it. Most servers tell no more than the name.
 *
 * - `slug` what a request calls it
 * - `contextWindow` in tokens
 * - `efforts` how hard it can be told to think
 * - `visibility` `list`, or that it is not meant to be chosen (`hide`, `none`)
 *
 * @since 0.1.0
 * @category schemas
 */
export const Model = Schema.Struct({
  slug: Schema.String,
  name: Schema.String,
  description: Schema.optional(Schema.String),
  contextWindow: Schema.optional(Schema.Number),
  efforts: Schema.optional(Schema.Array(Schema.String)),
  defaultEffort: Schema.optional(Schema.String),
  inputModalities: Schema.optional(Schema.Array(Schema.String)),
  parallelToolCalls: Schema.optional(Schema.Boolean),
  visibility: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Model = typeof Model.Type

/**
 * A list of models, where it comes from, and from when it is.
 *
 * - `problem` why the server could not be asked
 *
 * @since 0.1.0
 * @category schemas
 */
export const Listing = Schema.Struct({
  models: Schema.Array(Model),
  source: Schema.Literal("live", "cache", "fallback"),
  at: Schema.DateTimeUtc,
  problem: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type Listing = typeof Listing.Type

/** @since 0.1.0 @category services */
export class Models extends Context.Tag("effixir/responses/account/Models")<Models, {
  /**
   * The models of the credential in use. A list of the last five minutes is not asked for again, unless `refresh` says
   * so; models that are not meant to be chosen are left out, unless `hidden` says not to. There is always a list.
   */
  readonly list: (options?: { readonly refresh?: boolean; readonly hidden?: boolean }) => Effect.Effect<Listing>
}>() {}

/** How long a list is good for. */
const lifetime = Duration.minutes(5)

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
  const cache = (yield* KeyValueStore.KeyValueStore).forSchema(Kept)

  /** Lists of one host or account are nothing to another. */
  const keyOf = (credential: Credential): string => {
    const { account, baseUrl, modelsQuery } = Host.of(credential)
    return ["models", ...Object.values(modelsQuery), account, baseUrl(options)].join(" ")
  }

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
    return next
  }, redactedSpan("Models.ask"))

  const listFor = Effect.fnUntraced(function*(credential: Credential, isRefresh: boolean) {
    const kept = yield* recall(credential)
    const now = yield* DateTime.now
    if (Option.isSome(kept) && !isRefresh && isFresh(kept.value, now)) return listing(kept.value, "cache")
    const live = yield* Effect.either(ask(credential, kept))
    if (Either.isRight(live)) return listing(live.right, "live")
    const problem = yield* hidden(live.left.message)
    return Option.isSome(kept) ? { ...listing(kept.value, "cache"), problem } : { ...fallback, problem }
  })

  return Models.of({
    list: Effect.fnUntraced(function*(options) {
      const selected = yield* Effect.either(credentials.selected)
      const all: Listing = Either.isLeft(selected)
        ? { ...fallback, problem: selected.left.message }
        : yield* listFor(selected.right.credential, options?.refresh === true)
      return options?.hidden === true ? all : { ...all, models: all.models.filter((model) => !isHidden(model)) }
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
export const isHidden = ({ visibility }: Model): boolean => visibility === "hide" || visibility === "none"

const isFresh = (kept: Kept, now: DateTime.Utc): boolean => {
  // A clock that was put back makes no list young.
  const age = DateTime.toEpochMillis(now) - DateTime.toEpochMillis(kept.at)
  return age >= 0 && age < Duration.toMillis(lifetime)
}

const listing = ({ at, models }: Kept, source: Listing["source"]): Listing => ({ models, source, at })

/**
 * Reads the list of the ChatGPT host (`{"models":[{"slug":…}]}`) and those of servers that speak the API
 * (`{"data":[{"id":…}]}`), and of a model whatever can be made out.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromJson = (json: unknown): Option.Option<ReadonlyArray<Model>> => {
  const entries = field(json, "models") ?? field(json, "data")
  if (!Array.isArray(entries)) return Option.none()
  const rank = (entry: unknown) => number(field(entry, "priority")) ?? Number.MAX_SAFE_INTEGER
  return Option.some(entries.toSorted((a, b) => rank(a) - rank(b)).flatMap(modelOf))
}

const modelOf = (entry: unknown): ReadonlyArray<Model> => {
  const slug = text(field(entry, "slug")) ?? text(field(entry, "id"))
  if (slug === undefined || !/^\P{Cc}+$/u.test(slug)) return []
  const description = text(field(entry, "description"))
  const contextWindow = ["context_window", "context_length", "max_model_len"]
    .map((name) => number(field(entry, name)))
    .find((window) => window !== undefined && window > 0)
  const levels = field(entry, "supported_reasoning_levels")
  const efforts = Array.isArray(levels) ? texts(levels.map((level) => field(level, "effort") ?? level)) : undefined
  const defaultEffort = text(field(entry, "default_reasoning_level"))
  const modalities = field(entry, "input_modalities") ?? field(field(entry, "architecture"), "input_modalities")
  const parallelToolCalls = field(entry, "supports_parallel_tool_calls")
  const visibility = text(field(entry, "visibility")) ?? (answersNoText.test(slug) ? "hide" : undefined)
  return [{
    slug,
    name: text(field(entry, "display_name")) ?? text(field(entry, "name")) ?? slug,
    ...(description === undefined ? {} : { description }),
    ...(contextWindow === undefined ? {} : { contextWindow }),
    ...(efforts === undefined ? {} : { efforts }),
    ...(defaultEffort === undefined ? {} : { defaultEffort }),
    ...(Array.isArray(modalities) ? { inputModalities: texts(modalities) } : {}),
    ...(Predicate.isBoolean(parallelToolCalls) ? { parallelToolCalls } : {}),
    ...(visibility === undefined ? {} : { visibility })
  }]
}

const texts = (values: ReadonlyArray<unknown>): ReadonlyArray<string> => values.filter(Predicate.isString)

/** The API lists models for other ends than an answer in words, too, and does not say which those are. */
const answersNoText =
  /^(?:text-embedding|text-moderation|omni-moderation|whisper|tts|dall-e|gpt-image|chatgpt-image|sora)-|-(?:realtime|transcribe|tts)\b/

const known = (slug: string, name: string, contextWindow: number, efforts?: string, defaultEffort?: string): Model => ({
  slug,
  name,
  contextWindow,
  ...(efforts === undefined ? {} : { efforts: efforts.split(" ") }),
  ...(defaultEffort === undefined ? {} : { defaultEffort }),
  inputModalities: contextWindow < 200_000 ? ["text"] : ["text", "image"],
  visibility: "list"
})

/**
 * What a ChatGPT plan offered in September 2026, for when there is nobody to ask.
 *
 * @since 0.1.0
 * @category models
 */
export const fallback: Listing = {
  models: [
    known("gpt-6-astra", "GPT-6 Astra", 272_000, "low medium high xhigh max", "low"),
    known("gpt-5.6-sol", "GPT-5.6 Sol", 272_000, "low medium high xhigh max", "low"),
    known("gpt-5.6-terra", "GPT-5.6 Terra", 272_000, "low medium high xhigh max", "medium"),
    known("gpt-5.6-luna", "GPT-5.6 Luna", 272_000, "low medium high xhigh max", "medium"),
    known("gpt-5.5", "GPT-5.5", 272_000, "low medium high xhigh", "medium"),
    known("gpt-5.3-codex-spark", "GPT-5.3 Codex Spark", 128_000)
  ],
  source: "fallback",
  at: DateTime.unsafeMake("2026-09-23T00:00:00Z")
}
