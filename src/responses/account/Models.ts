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
import * as Schema from "effect/Schema"
import { AuthClient } from "../../auth/AuthClient.ts"
import type { Credential } from "../../auth/Credential.ts"
import { Credentials } from "../../auth/Credentials.ts"
import * as Host from "../../auth/Host.ts"
import { hidden } from "../../auth/Secrets.ts"
import { askJson, NotAnswered } from "../../internal/askJson.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"
import { fromList, isHidden, Model } from "./Model.ts"

/**
 * The model for runs where none is chosen: available with a ChatGPT plan and with an API key alike (November 2026).
 *
 * @since 0.1.0
 * @category models
 */
export const defaultModel = "gpt-6.2-sol"

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

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Models } from "effixir"
 * import { NodeAgent } from "effixir/node"
 *
 * const names = Effect.gen(function*() {
 *   const models = yield* Models.Models
 *   const { models: list } = yield* models.list()
 *   return list.map(({ name }) => name)
 * }).pipe(Effect.provide(NodeAgent.layerHome))
 * ```
 *
 * @since 0.1.0 @category services
 */
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
    const models = isSame ? Option.map(kept, ({ models }) => models) : fromList(answer.json)
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

/**
 * @example
 * ```ts
 * import * as KeyValueStore from "@effect/platform/KeyValueStore"
 * import * as Layer from "effect/Layer"
 * import { Models } from "effixir"
 *
 * const addresses = { chatgptBaseUrl: "https://chatgpt.com/backend-api/codex", apiBaseUrl: "https://api.openai.com/v1" }
 *
 * const ModelsLive = Layer.provide(Models.layer(addresses), KeyValueStore.layerMemory)
 * const sameAsAnEffect = Models.make(addresses)
 * const fromTheEnvironment = Models.layerConfig()
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (
  options: Host.Addresses
): Layer.Layer<Models, never, AuthClient | Credentials | KeyValueStore.KeyValueStore> =>
  Layer.effect(Models, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Host.Addresses> = Host.addresses
): Layer.Layer<Models, ConfigError, AuthClient | Credentials | KeyValueStore.KeyValueStore> =>
  Layer.effect(Models, Effect.flatMap(Config.unwrap(options), make))

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
