/**
 * `effixir models`: lists the available models.
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { prose } from "../../internal/visible.ts"
import { layerHome } from "../../node/NodeHome.ts"
import { isHidden, type Model } from "../../responses/account/Model.ts"
import { type Listing, Models } from "../../responses/account/Models.ts"
import type { Flags } from "../commands/models.ts"
import * as Common from "../commands/options.ts"
import { whileWaiting } from "../progressLine.ts"
import { Screen } from "../Screen.ts"
import { settings } from "../settings.ts"
import { span } from "../time.ts"

export const handle = Effect.fnUntraced(function*({ all, auth, json, profile, refresh }: Flags) {
  const screen = yield* Screen
  const { listing, model } = yield* look({ refresh, hidden: all }).pipe(Common.override({ auth, profile }))
  if (json) return yield* screen.out(`${JSON.stringify(yield* toJson(listing, model))}\n`)
  yield* screen.out(prose(toTable(listing.models, model)))
  yield* screen.err(prose(yield* note(listing, model)))
})

/** Works without a sign-in, and lists the models that a sign-in would give. */
const look = Effect.fnUntraced(function*(options: { readonly refresh: boolean; readonly hidden: boolean }) {
  const { model } = yield* settings(".")
  const listing = yield* Effect.flatMap(Models, ({ list }) => list(options)).pipe(
    Effect.provide(layerHome),
    whileWaiting("asking the server for its models")
  )
  return { listing, model: model ?? listing.defaultModel }
})

const toJson = Effect.fnUntraced(function*({ at, models, problem, source }: Listing, defaultModel: string) {
  return {
    models: models.map((model) => ({
      slug: model.slug,
      name: model.name,
      description: model.description ?? null,
      context_window: model.contextWindow ?? null,
      max_context_window: model.maxContextWindow ?? null,
      efforts: model.efforts ?? null,
      default_effort: model.defaultEffort ?? null,
      input_modalities: model.inputModalities ?? null,
      visibility: model.visibility ?? null,
      default: model.slug === defaultModel
    })),
    default_model: defaultModel,
    source,
    at: DateTime.formatIso(at),
    age_seconds: Math.round(Duration.toSeconds(yield* ageOf(at))),
    problem: problem ?? null
  }
})

const ageOf = (at: DateTime.Utc): Effect.Effect<Duration.Duration> =>
  Effect.map(DateTime.now, (now) => DateTime.distanceDuration(at, now))

/** The name comes first, because scripts cut it out. */
const toTable = (models: ReadonlyArray<Model>, defaultModel: string): string => {
  if (models.length === 0) return ""
  const rows = models.map((model) => [
    model.slug,
    model.contextWindow === undefined ? "" : sizeOf(model.contextWindow),
    (model.efforts ?? []).map((effort) => effort === model.defaultEffort ? `[${effort}]` : effort).join(" "),
    (model.inputModalities ?? []).join(" "),
    [...(model.slug === defaultModel ? ["default"] : []), ...(isHidden(model) ? ["hidden"] : [])].join(" ")
  ])
  const titled = [["MODEL", "CONTEXT", "EFFORTS", "INPUT", ""], ...rows]
  // Empty columns are left out: most servers list only names.
  const columns = titled[0]?.map((_, column) => ({
    column,
    width: Math.max(...titled.map((row) => row[column]?.length ?? 0)),
    isEmpty: rows.every((row) => row[column] === "")
  })).filter(({ isEmpty }) => !isEmpty)
  return titled
    .map((row) => columns?.map(({ column, width }) => row[column]?.padEnd(width)).join("  ").trimEnd())
    .map((line) => `${line}\n`)
    .join("")
}

const sizeOf = (tokens: number): string =>
  tokens < 1_000_000 ? `${Math.round(tokens / 1000)}k` : `${Math.round(tokens / 10_000) / 100}M`

/** Where the list comes from, how old it is, and what else the reader should know. */
const note = Effect.fnUntraced(function*({ at, models, problem, source }: Listing, defaultModel: string) {
  const why = problem === undefined ? "" : `The list could not be asked for: ${problem}\n`
  const where = {
    live: "As the server lists them now.",
    cache: `As the server listed them ${span(yield* ageOf(at))} ago${why === "" ? "; --refresh asks again" : ""}.`,
    fallback: `As known of ChatGPT plans on ${DateTime.formatIsoDateUtc(at)}, which may have changed since.`
  }
  if (models.length === 0) {
    return source === "fallback"
      ? `${why}What models this server has is not known; name one with -m.\n`
      : `${why}The server lists no models that could be chosen; --all shows hidden ones.\n`
  }
  const isListed = models.some(({ slug }) => slug === defaultModel)
  return `${why}${where[source]}${isListed ? "" : ` The default, ${defaultModel}, is not among them.`}\n`
})
