/**
 * What a model, or the server that has it, can be sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defined, field, text } from "../../internal/json.ts"
import { imageNotSeen } from "../../prompts/Conversation.ts"
import { type Item, withoutImages } from "../Item.ts"
import { effortUpdate, isUpdate, type ReasoningOptions, type Request } from "../Request.ts"
import type { Model } from "./Model.ts"
import { fallback } from "./Models.ts"
import { Price } from "./Price.ts"

/**
 * - `reasoning` it thinks before it answers, and takes `reasoning` and `include` in a request
 * - `parallelToolCalls` it may call several tools at once
 * - `images` it withImages pictures
 * - `reasoningContent` its server wants its thoughts back in plain text, with the calls that they led to, and refuses
 *   those calls without (DeepSeek, Kimi); others refuse the thoughts
 * - `applyPatch` it was taught the tool `apply_patch`, and its server takes tools that are called with plain text
 * - `additionalTools` it takes its tools as an item of the input, where its server does
 * - `effortUpdates` an item of the conversation can change how hard it thinks, where its server lets it
 * - `cacheRetention` it can be told how long the start of a conversation is kept (`prompt_cache_retention`)
 * - `sampling` it can be told how to choose its words (`temperature`, `top_p`, `top_logprobs`)
 * - `efforts` how hard it can be told to think, as far as that is known; it thinks as hard as `defaultEffort` otherwise
 * - `contextWindow` in tokens
 * - `price` what it costs, which only a person can say
 *
 * @since 0.1.0
 * @category schemas
 */
export const ModelProfile = Schema.Struct({
  reasoning: Schema.Boolean,
  parallelToolCalls: Schema.Boolean,
  images: Schema.Boolean,
  reasoningContent: Schema.Boolean,
  applyPatch: Schema.Boolean,
  additionalTools: Schema.Boolean,
  effortUpdates: Schema.Boolean,
  cacheRetention: Schema.Boolean,
  sampling: Schema.Boolean,
  efforts: Schema.optional(Schema.Array(Schema.String)),
  defaultEffort: Schema.optional(Schema.String),
  contextWindow: Schema.optional(Schema.Number),
  price: Schema.optional(Schema.typeSchema(Price))
})

/** @since 0.1.0 @category models */
export type ModelProfile = typeof ModelProfile.Type

/**
 * Settings of a person, by the name of a model or by the beginning of names (`qwen*`).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Overrides = Schema.Record({
  key: Schema.String,
  value: Schema.Struct({
    reasoning: Schema.optional(Schema.Boolean),
    parallelToolCalls: Schema.optional(Schema.Boolean).pipe(Schema.fromKey("parallel_tool_calls")),
    images: Schema.optional(Schema.Boolean),
    reasoningContent: Schema.optional(Schema.Boolean).pipe(Schema.fromKey("reasoning_content")),
    applyPatch: Schema.optional(Schema.Boolean).pipe(Schema.fromKey("apply_patch")),
    additionalTools: Schema.optional(Schema.Boolean).pipe(Schema.fromKey("additional_tools")),
    contextWindow: Schema.optional(Schema.Int.pipe(Schema.positive())).pipe(Schema.fromKey("context_window")),
    price: Schema.optional(Price)
  })
})

/** @since 0.1.0 @category models */
export type Overrides = typeof Overrides.Type

/**
 * What is known of models beyond their names: `catalogue` from the server's list, `models` from the settings of a
 * person.
 *
 * @since 0.1.0
 * @category models
 */
export interface Knowledge {
  readonly catalogue?: ReadonlyArray<Model> | undefined
  readonly models?: Overrides | undefined
}

/**
 * The profile of a model: from the settings of a person, else from the server's list, else from what was known when
 * this was written, else from its name. OpenAI's families that reason are known; of others the least is expected, as a
 * server may refuse what it does not know. Of overrides that fit, the more exact one counts, field by field.
 *
 * @example
 * ```ts
 * import { ModelProfile, Request } from "effixir"
 *
 * const profile = ModelProfile.profileOf("gpt-6.2-sol")
 *
 * ModelProfile.isReasoningFamily("gpt-6.2-sol") // true
 * ModelProfile.isEffort("high", profile) // whether the model has it
 * ModelProfile.nearestEffort("max", profile) // the nearest that the model has
 *
 * const request = ModelProfile.fit(Request.make({ model: "gpt-6.2-sol", instructions: "Be brief.", input: [] }), profile)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const profileOf = (model: string, { catalogue = [], models: overrides = {} }: Knowledge = {}): ModelProfile => {
  const isModel = ({ slug }: Model) => slug === model
  const said = { ...fallback.models.find(isModel), ...catalogue.find(isModel) }
  const { additionalTools, contextWindow, defaultEffort, effortUpdates, efforts, inputModalities } = said
  const fitting = Object.entries(overrides)
    .filter(([pattern]) => pattern.endsWith("*") ? model.startsWith(pattern.slice(0, -1)) : pattern === model)
    // A name without a star fits one model alone.
    .toSorted(([a], [b]) => Number(a === model) - Number(b === model) || a.length - b.length)
  const isRecent = isSince(model, 5.6)
  return Object.assign(
    {
      reasoning: reasoningFamilies.test(model),
      parallelToolCalls: said.parallelToolCalls ?? true,
      images: inputModalities?.includes("image") ?? (withImages.test(model) && !withoutImageInput.test(model)),
      reasoningContent: withReasoningContent.test(model),
      applyPatch: withApplyPatch.test(model),
      additionalTools: additionalTools ?? isRecent,
      effortUpdates: effortUpdates ?? false,
      cacheRetention: !isRecent,
      sampling: !isSince(model, 6.2),
      ...defined({ efforts, defaultEffort, contextWindow })
    },
    ...fitting.map(([, override]) => defined(override))
  )
}

/** Whether this is a model of OpenAI of that version or a later one. */
const isSince = (model: string, version: number): boolean =>
  Number(/^gpt-(\d+(?:\.\d+)?)(?:-|$)/.exec(model)?.[1]) >= version

/** Only under OpenAI's own names: routers do not all pass on a tool that is called with plain text. */
const withApplyPatch = /^(?:gpt-[56](?!\d)(?!.*-chat)|codex-)/

/**
 * Whether this is a model of OpenAI that reasoningFamilies, whatever is known or set of it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const isReasoningFamily = (model: string): boolean => reasoningFamilies.test(model)

/** With or without the maker's name in front, as routers write it. */
const reasoningFamilies = /^(?:openai\/)?(?:gpt-[56](?!\d)|o[134](?:-|$)|codex-)/
const withImages = /^(?:openai\/)?(?:gpt-[56](?!\d)|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-4-turbo|o[134](?:-|$)|codex-)/
const withoutImageInput = /-spark$|^(?:openai\/)?(?:o1-mini|o3-mini|gpt-4o-(?:audio|transcribe))/
const withReasoningContent =
  /(?:^|\/)(?:deepseek-(?:v3\.2|v[4-9]|reasoner|chat)|kimi-(?:k2[.-](?:\d|thinking)|k[3-9]|for-coding))/i

/**
 * A request without what the model, or its server, does not take. If it takes no images, they become a text that says
 * so.
 *
 * @since 0.1.0
 * @category combining
 */
export const fit = (request: Request, profile: ModelProfile): Request => {
  const { include, prompt_cache_retention, reasoning, temperature, top_logprobs, top_p, ...rest }: Wide = request
  const input = profile.reasoning
    ? request.input.map((item) => withEffort(item, profile))
    : request.input.filter((item) => !isUpdate(item))
  return {
    ...rest,
    ...(profile.reasoning ? defined({ include, reasoning: reasoning && fitReasoning(reasoning, profile) }) : {}),
    ...(profile.cacheRetention ? defined({ prompt_cache_retention }) : {}),
    ...(profile.sampling ? defined({ temperature, top_logprobs, top_p }) : {}),
    parallel_tool_calls: request.parallel_tool_calls && profile.parallelToolCalls,
    input: profile.images ? input : input.map((item) => withoutImages(item, imageNotSeen))
  }
}

/** A program may set fields of the API that we do not know. */
type Wide = Request & { readonly top_logprobs?: unknown }

const withEffort = (item: Item, profile: ModelProfile): Item => {
  const effort = isUpdate(item) ? text(field(item["reasoning"], "effort")) : undefined
  const nearest = effort === undefined ? undefined : nearestEffort(effort, profile)
  return nearest === undefined || nearest === effort ? item : effortUpdate(nearest)
}

const fitReasoning = ({ effort, ...rest }: ReasoningOptions, profile: ModelProfile): ReasoningOptions => ({
  ...rest,
  ...defined({ effort: effort === undefined ? undefined : nearestEffort(effort, profile) })
})

/**
 * The effort of the model that is nearest to the wanted one. An unknown effort is passed on to the server.
 *
 * @since 0.1.0
 * @category accessors
 */
export const nearestEffort = (effort: string, { efforts = [] }: ModelProfile): string => {
  const asked = levels.indexOf(effort)
  const known = efforts.filter((level) => levels.includes(level)).toSorted((a, b) =>
    levels.indexOf(a) - levels.indexOf(b)
  )
  const nearest = asked < 0 || known.length === 0
    ? effort
    : known.findLast((level) => levels.indexOf(level) <= asked) ?? known[0] ?? effort
  // This name is for people only; the request sends the hardest effort that the server knows.
  return nearest === "ultra" ? "max" : nearest
}

/**
 * Whether the word is an effort of the model, or of any model that is known.
 *
 * @since 0.1.0
 * @category guards
 */
export const isEffort = (word: string, { efforts = [] }: ModelProfile): boolean =>
  efforts.includes(word) || levels.includes(word)

const levels: ReadonlyArray<string> = ["none", "minimal", "low", "medium", "high", "xhigh", "max", "ultra"]
