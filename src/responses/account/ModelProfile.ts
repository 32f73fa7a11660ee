/**
 * What a model, or the server that has it, can be sent.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { defined, field } from "../../internal/json.ts"
import { imageNotSeen } from "../../prompts/Conversation.ts"
import type { Item } from "../Item.ts"
import type { Request } from "../Request.ts"
import { fallback } from "./Models.ts"

/**
 * - `reasoning` it thinks before it answers, and takes `reasoning` and `include` in a request
 * - `parallelToolCalls` it may call several tools at once
 * - `images` it sees pictures
 * - `reasoningContent` its server wants its thoughts back in plain text, with the calls that they led to, and refuses
 *   those calls without (DeepSeek, Kimi); others refuse the thoughts. Only Chat Completions has words for it
 * - `applyPatch` it was taught the tool `apply_patch`, and its server takes tools that are called with plain text
 * - `contextWindow` in tokens
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
  contextWindow: Schema.optional(Schema.Number)
})

/** @since 0.1.0 @category models */
export type ModelProfile = typeof ModelProfile.Type

/**
 * What a person knows better, by the name of a model or by the beginning of names (`qwen*`).
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
    contextWindow: Schema.optional(Schema.Int.pipe(Schema.positive())).pipe(Schema.fromKey("context_window"))
  })
})

/** @since 0.1.0 @category models */
export type Overrides = typeof Overrides.Type

/**
 * The profile of a model by its name. OpenAI's families that reason are known; of others the least is expected, as a
 * server may refuse what it does not know. Of overrides that fit, the more exact one counts, field by field.
 *
 * @since 0.1.0
 * @category constructors
 */
export const profileOf = (model: string, overrides: Overrides = {}): ModelProfile => {
  const contextWindow = fallback.models.find(({ slug }) => slug === model)?.contextWindow
  const fitting = Object.entries(overrides)
    .filter(([pattern]) => pattern.endsWith("*") ? model.startsWith(pattern.slice(0, -1)) : pattern === model)
    // A name without a star fits one model alone.
    .toSorted(([a], [b]) => Number(a === model) - Number(b === model) || a.length - b.length)
  return Object.assign(
    {
      reasoning: reasons.test(model),
      parallelToolCalls: true,
      images: sees.test(model) && !blind.test(model),
      reasoningContent: thinksAloud.test(model),
      applyPatch: patches.test(model),
      ...(contextWindow === undefined ? {} : { contextWindow })
    },
    ...fitting.map(([, override]) => defined(override))
  )
}

/** Only under OpenAI's own names: routers do not all pass on a tool that is called with plain text. */
const patches = /^(?:gpt-[56](?!\d)(?!.*-chat)|codex-)/

/** With or without the name of its maker in front, as routers have it. */
const reasons = /^(?:openai\/)?(?:gpt-[56](?!\d)|o[134](?:-|$)|codex-)/
const sees = /^(?:openai\/)?(?:gpt-[56](?!\d)|gpt-4o|gpt-4\.1|gpt-4\.5|gpt-4-turbo|o[134](?:-|$)|codex-)/
const blind = /-spark$|^(?:openai\/)?(?:o1-mini|o3-mini|gpt-4o-(?:audio|transcribe))/
const thinksAloud =
  /(?:^|\/)(?:deepseek-(?:v3\.2|v[4-9]|reasoner|chat)|kimi-(?:k2[.-](?:\d|thinking)|k[3-9]|for-coding))/i

/**
 * A request without what the model, or its server, does not take. Its pictures become words that say so.
 *
 * @since 0.1.0
 * @category combining
 */
export const fit = (request: Request, profile: ModelProfile): Request => {
  const { include, reasoning, ...rest } = request
  return {
    ...rest,
    ...(profile.reasoning ? defined({ include, reasoning }) : {}),
    parallel_tool_calls: request.parallel_tool_calls && profile.parallelToolCalls,
    input: profile.images ? request.input : request.input.map(withoutImages)
  }
}

/** Pictures are parts of messages, or of what a tool gave. */
const withoutImages = (item: Item): Item => {
  const content = item["content"] ?? item["output"]
  if (!Array.isArray(content) || !content.some(isImage)) return item
  const parts = content.map((part) => isImage(part) ? { type: "input_text", text: imageNotSeen } : part)
  return "content" in item ? { ...item, content: parts } : { ...item, output: parts }
}

const isImage = (part: unknown): boolean => field(part, "type") === "input_image"
