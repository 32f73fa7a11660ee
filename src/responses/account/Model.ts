/**
 * A model as a server describes it, read from the lists of many servers.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { defined, field, number, text } from "../../internal/json.ts"

/**
 * Most servers send only the name.
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

/** @since 0.1.0 @category predicates */
export const isHidden = ({ slug, visibility }: Model): boolean =>
  visibility === "hide" || visibility === "none" || neverShown.test(slug)

/** Models for OpenAI's own programs, which are hidden whatever the list says. */
const neverShown = /^(?:codex-auto-review|gpt-daybreak-)/

/**
 * Reads the list of the ChatGPT host (`{"models":[{"slug":…}]}`) and those of servers that speak the API
 * (`{"data":[{"id":…}]}`, or the bare array), and of each model every field that it can read. A server that has no models
 * may say `null`; llama.cpp tells its models twice, in both ways.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromList = (json: unknown): Option.Option<ReadonlyArray<Model>> => {
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
