/**
 * What is asked of the model: the body of one call, in the shape that both hosts accept.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Item } from "./Item.ts"

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
  parameters: Schema.Record({ key: Schema.String, value: Schema.Unknown })
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
 * How hard to think (`low`, `medium`, `high`, …: the model decides what it knows) and whether to tell a summary of it
 * (`auto`, `concise`, `detailed`).
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
 * The body of `POST /responses`. The ChatGPT host refuses anything but `store: false`, `stream: true`, a list as
 * `input` and non-empty `instructions`; the API accepts the same body.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Request = Schema.Struct({
  model: Schema.String,
  instructions: Schema.String,
  input: Schema.Array(Item),
  tools: Schema.Array(ToolDeclaration),
  tool_choice: Schema.Literal("auto"),
  parallel_tool_calls: Schema.Boolean,
  reasoning: Schema.optional(ReasoningOptions),
  store: Schema.Literal(false),
  stream: Schema.Literal(true),
  include: Schema.Array(Schema.String),
  prompt_cache_key: Schema.String
})

/** @since 0.1.0 @category models */
export type Request = typeof Request.Type

/** @since 0.1.0 @category constructors */
export const make = (options: {
  readonly model: string
  readonly instructions: string
  readonly input: ReadonlyArray<Item>
  readonly tools?: ReadonlyArray<ToolDeclaration> | undefined
  readonly reasoning?: ReasoningOptions | undefined
  /** Stable for a whole conversation: the server finds its cached prefix by it. At most 64 characters. */
  readonly cacheKey: string
}): Request => ({
  model: options.model,
  instructions: options.instructions,
  input: options.input,
  tools: options.tools ?? [],
  tool_choice: "auto",
  parallel_tool_calls: true,
  ...(options.reasoning === undefined ? {} : { reasoning: options.reasoning }),
  store: false,
  stream: true,
  include: ["reasoning.encrypted_content"],
  prompt_cache_key: options.cacheKey
})
