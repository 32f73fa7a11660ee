/**
 * What is asked of the model: the body of one call, in the shape that both hosts accept.
 *
 * @since 0.1.0
 */
import * as Hash from "effect/Hash"
import * as Schema from "effect/Schema"
import { defined, field, text } from "../internal/json.ts"
import { JsonObject } from "../internal/wire.ts"
import { imageNotTaken, imageRefused } from "../prompts/Conversation.ts"
import { isEncryptedReasoning, Item, withoutImages } from "./Item.ts"
import { isToolCallOutput } from "./ToolCall.ts"

/**
 * A tool that is called with JSON. `parameters` is a JSON Schema.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FunctionTool = Schema.Struct({
  type: Schema.Literal("function"),
  name: Schema.String,
  description: Schema.String,
  strict: Schema.Boolean,
  parameters: JsonObject
})

/** @since 0.1.0 @category models */
export type FunctionTool = typeof FunctionTool.Type

/**
 * A tool that is called with plain text. The grammar tells the model which texts there are.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CustomTool = Schema.Struct({
  type: Schema.Literal("custom"),
  name: Schema.String,
  description: Schema.String,
  format: Schema.Struct({
    type: Schema.Literal("grammar"),
    syntax: Schema.Literal("lark", "regex"),
    definition: Schema.String
  })
})

/** @since 0.1.0 @category models */
export type CustomTool = typeof CustomTool.Type

/**
 * A tool that the server runs itself, as `web_search`; its options are passed on as they are.
 *
 * @since 0.1.0
 * @category schemas
 */
export const HostedTool = Item.pipe(
  Schema.filter(({ type }) => type !== "function" && type !== "custom", { identifier: "HostedTool" })
)

/** @since 0.1.0 @category models */
export type HostedTool = Item

/**
 * A tool as the model sees it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolDeclaration = Schema.Union(FunctionTool, CustomTool, HostedTool)

/** @since 0.1.0 @category models */
export type ToolDeclaration = FunctionTool | CustomTool | HostedTool

/**
 * How hard to think (`low`, `medium`, `high`, …: which ones exist depends on the model) and whether to send a summary
 * of it (`auto`, `concise`, `detailed`).
 *
 * @since 0.1.0
 * @category schemas
 */
export const ReasoningOptions = Schema.Struct({
  effort: Schema.optional(Schema.String),
  summary: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type ReasoningOptions = typeof ReasoningOptions.Type

/**
 * The form of the answer's text: free, or JSON that fits a JSON Schema. `verbosity` is `low`, `medium` or `high`, for
 * models that know it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const TextOptions = Schema.Struct({
  format: Schema.optional(Schema.Union(
    Schema.Struct({ type: Schema.Literal("text") }),
    Schema.Struct({
      type: Schema.Literal("json_schema"),
      name: Schema.String,
      schema: JsonObject,
      strict: Schema.Boolean
    })
  )),
  verbosity: Schema.optional(Schema.String)
})

/** @since 0.1.0 @category models */
export type TextOptions = typeof TextOptions.Type

/**
 * Which tool the model calls: as it likes, none, at least one, or this one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolChoice = Schema.Union(
  Schema.Literal("auto", "none", "required"),
  Schema.Struct({ type: Schema.Literal("function", "custom"), name: Schema.String })
)

/** @since 0.1.0 @category models */
export type ToolChoice = typeof ToolChoice.Type

/**
 * A model call, for any host. The ChatGPT host refuses anything but `store: false`, `stream: true` and a list as
 * `input`; the API accepts the same. `Body` decides where a host gets the system prompt and the tools.
 *
 * The last fields are for accounts that pay for every call: with a plan the host does not use them, and mostly refuses
 * them. What a host or a model refuses is left out of what is sent to it: from GPT-6.2 on, `temperature` and `top_p`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Request = Schema.Struct({
  model: Schema.String,
  /** The text before the conversation, the same in all of its requests. */
  instructions: Schema.String,
  /** The whole conversation: the server remembers nothing. */
  input: Schema.Array(Item),
  tools: Schema.Array(ToolDeclaration),
  tool_choice: ToolChoice,
  /** Whether one response may hold several calls. */
  parallel_tool_calls: Schema.Boolean,
  reasoning: Schema.optional(ReasoningOptions),
  text: Schema.optional(TextOptions),
  store: Schema.Literal(false),
  stream: Schema.Literal(true),
  /** What the server should send although it is left out by default, such as `reasoning.encrypted_content`. */
  include: Schema.optional(Schema.Array(Schema.String)),
  /** `priority`, `flex`, …; depends on what the account pays for. */
  service_tier: Schema.optional(Schema.String),
  /** One for each conversation, also sent in headers: by it the server finds the prefix that it has cached. */
  prompt_cache_key: Schema.String,

  /** In tokens, thoughts included. */
  max_output_tokens: Schema.optional(Schema.Number),
  /** From 0, the same each time as far as possible, to 2. */
  temperature: Schema.optional(Schema.Number),
  /** Only the likeliest tokens that make up this share, from 0 to 1. */
  top_p: Schema.optional(Schema.Number),
  /** How long the server keeps the prefix: `in_memory` or `24h`. */
  prompt_cache_retention: Schema.optional(Schema.String),
  /** Notes for people, which the API keeps beside the response. */
  metadata: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.String }))
})

/** @since 0.1.0 @category models */
export type Request = typeof Request.Type

/**
 * A request that both hosts accept. Fields beyond the options are set on the result: `{ ...Request.make(…), top_p: 1 }`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Item, Request, Response, Responses } from "effixir"
 *
 * const joke = Request.make({
 *   model: "gpt-6.2-sol",
 *   instructions: "Answer in one sentence.",
 *   input: [Item.userMessage("Tell me a joke")],
 *   reasoning: { effort: "low" }
 * })
 *
 * const program = Effect.map(Responses.complete(joke), Response.text)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: {
  readonly model: string
  readonly instructions: string
  readonly input: ReadonlyArray<Item>
  readonly tools?: ReadonlyArray<ToolDeclaration> | undefined
  readonly toolChoice?: ToolChoice | undefined
  readonly reasoning?: ReasoningOptions | undefined
  readonly text?: TextOptions | undefined
  /**
   * Stable for a whole conversation: the server finds its cached prefix by it. At most 64 characters. Calls without one
   * share one with all that have the same instructions, which is the prefix that they have in common.
   */
  readonly cacheKey?: string | undefined
}): Request => ({
  model: options.model,
  instructions: options.instructions,
  input: options.input,
  tools: options.tools ?? [],
  tool_choice: options.toolChoice ?? "auto",
  parallel_tool_calls: true,
  ...defined({ reasoning: options.reasoning, text: options.text }),
  store: false,
  stream: true,
  include: ["reasoning.encrypted_content"],
  prompt_cache_key: options.cacheKey ?? `instructions-${(Hash.string(options.instructions) >>> 0).toString(16)}`
})

/**
 * The same without encrypted items: reasoning and compacted history, which no server can read once the account or its
 * keys have changed.
 *
 * @example
 * ```ts
 * import { Request } from "effixir"
 *
 * // For another account, which cannot read what the first one's server has encrypted, and for a model without eyes.
 * const forAnother = (request: Request.Request): Request.Request =>
 *   Request.withoutEncrypted(Request.hasImages(request) ? Request.withoutAnyImages(request) : request)
 *
 * const readable = (request: Request.Request) => request.input.filter((item) => !Request.isEncrypted(item))
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutEncrypted = (self: Request): Request => ({
  ...self,
  input: self.input.filter((item) => !isEncrypted(item))
})

/**
 * An item that sets how hard the model thinks from there on.
 *
 * @example
 * ```ts
 * import { Request } from "effixir"
 *
 * // From here on the model thinks longer.
 * const harder = (request: Request.Request): Request.Request => ({
 *   ...request,
 *   input: [...request.input, Request.effortUpdate("high")]
 * })
 *
 * const plain = (request: Request.Request) => Request.withoutUpdates(request).input
 * const marks = (request: Request.Request) =>
 *   request.input.filter((item) => Request.isUpdate(item) || Request.isCompaction(item))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const effortUpdate = (effort: string): Item => ({ type: updateType, reasoning: { effort } })

const updateType = "configuration_update"

/** @since 0.1.0 @category guards */
export const isUpdate = ({ type }: Item): boolean => type === updateType

/**
 * The same for hosts that take no such items: the request itself sets the effort, the latest one of the conversation.
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutUpdates = (self: Request): Request => {
  const updates = self.input.filter(isUpdate)
  if (updates.length === 0) return self
  const effort = updates.map((item) => text(field(item["reasoning"], "effort"))).findLast((effort) =>
    effort !== undefined
  )
  return {
    ...self,
    input: self.input.filter((item) => !isUpdate(item)),
    ...(effort === undefined ? {} : { reasoning: { ...self.reasoning, effort } })
  }
}

/**
 * The last item of a request whose answer is one item that stands for the whole conversation before it.
 *
 * @since 0.1.0
 * @category constants
 */
export const compactionTrigger: Item = { type: "compaction_trigger" }

/**
 * Whether this is what a server has made of a conversation, which it alone can read.
 *
 * @since 0.1.0
 * @category guards
 */
export const isCompaction = ({ type }: Item): boolean => encrypted.has(type)

/** @since 0.1.0 @category guards */
export const isEncrypted = (item: Item): boolean => isEncryptedReasoning(item) || isCompaction(item)

const encrypted: ReadonlySet<string> = new Set(["compaction", "compaction_summary", "context_compaction"])

/**
 * The same with words in the place of the images that tools gave, for servers that take only text of tools.
 *
 * @example
 * ```ts
 * import { Request } from "effixir"
 *
 * // For a server that takes images of people, and none of tools.
 * const fit = (request: Request.Request): Request.Request =>
 *   Request.hasOutputImages(request) ? Request.withoutOutputImages(request) : request
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutOutputImages = (self: Request): Request => ({
  ...self,
  input: self.input.map((item) => isToolCallOutput(item) ? withoutImages(item, imageNotTaken) : item)
})

/**
 * The same with words in the place of all images, for servers that refuse one of them.
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutAnyImages = (self: Request): Request => ({
  ...self,
  input: self.input.map((item) => withoutImages(item, imageRefused))
})

/** @since 0.1.0 @category guards */
export const hasImages = (self: Request): boolean =>
  self.input.some((item) => withoutImages(item, imageRefused) !== item)

/** @since 0.1.0 @category guards */
export const hasOutputImages = (self: Request): boolean =>
  self.input.some((item) => isToolCallOutput(item) && withoutImages(item, imageNotTaken) !== item)
