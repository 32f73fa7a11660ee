/**
 * One entry of a Responses conversation: a message, a reasoning step, a call, its output, or a type not known yet.
 *
 * Items are kept raw. A guard narrows one to a known shape, unknown types
 * and unknown fields pass through untouched, from the stream to the log to the next request. The shapes ask for what a
 * client needs and no more, because servers differ in the rest.
 *
 * @example
 * ```ts
 * import { Item } from "effixir"
 *
 * const conversation: ReadonlyArray<Item.Item> = [
 *   Item.developerMessage("Answer in one word."),
 *   Item.userMessage("How warm is it?"),
 *   Item.functionCallOutput("call_1", "21")
 * ]
 *
 * conversation.filter(Item.isMessage).map(Item.text) // what was said
 * conversation.map((item) => Item.withoutImages(item, "an image was here"))
 * conversation.map((item) => Item.without(item, "status", "phase"))
 * conversation.map(Item.withoutId) // as it is sent
 * ```
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { guardOf } from "../internal/guardOf.ts"
import { JsonObject, NullableText } from "../internal/wire.ts"

/**
 * Any item, exactly as the server sent it or as it will be sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Item {
  readonly type: string
  readonly [field: string]: unknown
}

/**
 * @example
 * ```ts
 * import { Item } from "effixir"
 *
 * const describe = (item: unknown): string => {
 *   if (Item.isReasoning(item)) {
 *     return Item.isEncryptedReasoning(item) ? "thoughts that only the server reads" : Item.reasoningText(item)
 *   }
 *   if (Item.isFunctionCall(item) || Item.isCustomToolCall(item)) return `a call of ${item.name}`
 *   if (Item.isFunctionCallOutput(item) || Item.isCustomToolCallOutput(item)) return `an answer to ${item.call_id}`
 *   return Item.isItem(item) ? `an item of type ${item.type}` : "something else"
 * }
 * ```
 *
 * @since 0.1.0 @category guards
 */
export const isItem = (u: unknown): u is Item => Predicate.hasProperty(u, "type") && Predicate.isString(u.type)

/**
 * The schema of {@link Item}. It checks and never rebuilds, so that an item keeps its bytes.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Item: Schema.Schema<Item> = Schema.declare(isItem, {
  identifier: "Item",
  jsonSchema: { type: "object", required: ["type"], properties: { type: { type: "string" } } }
})

const guarded = <A extends Item>(schema: Schema.Schema<A>) => guardOf(() => schema, new Map([[Item.ast, isItem]]))

/** A text, or parts of content such as `input_text` and `input_image`. */
const Output = Schema.Union(Schema.String, Schema.Array(Item))

/**
 * Text said by the user, the developer or the assistant. `phase` distinguishes a remark before the answer
 * (`commentary`) from the answer (`final_answer`); not every model sends it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Message = Schema.Struct({
  type: Schema.Literal("message"),
  role: Schema.String,
  content: Schema.Array(Item),
  phase: NullableText,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type Message = typeof Message.Type

/** @since 0.1.0 @category guards */
export const isMessage: (u: unknown) => u is Message = guarded(Message)

/**
 * What the model thought. `encrypted_content` can be read by the server alone, and only for the same account and model.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Reasoning = Schema.Struct({
  type: Schema.Literal("reasoning"),
  summary: Schema.Array(Item),
  content: Schema.optional(Schema.NullOr(Schema.Array(Item))),
  encrypted_content: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type Reasoning = typeof Reasoning.Type

/** @since 0.1.0 @category guards */
export const isReasoning: (u: unknown) => u is Reasoning = guarded(Reasoning)

/**
 * A call of one of our tools. `arguments` is the model's own string: JSON as a rule, and kept byte for byte.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FunctionCall = Schema.Struct({
  type: Schema.Literal("function_call"),
  call_id: Schema.String,
  name: Schema.String,
  arguments: Schema.String,
  namespace: NullableText,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type FunctionCall = typeof FunctionCall.Type

/** @since 0.1.0 @category guards */
export const isFunctionCall: (u: unknown) => u is FunctionCall = guarded(FunctionCall)

/**
 * The answer to a call. The server refuses a request in which a call has none.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FunctionCallOutput = Schema.Struct({
  type: Schema.Literal("function_call_output"),
  call_id: Schema.String,
  output: Output
}, JsonObject)

/** @since 0.1.0 @category models */
export type FunctionCallOutput = typeof FunctionCallOutput.Type

/** @since 0.1.0 @category guards */
export const isFunctionCallOutput: (u: unknown) => u is FunctionCallOutput = guarded(FunctionCallOutput)

/**
 * A call of a tool that takes free text, in a grammar of its own, instead of JSON.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CustomToolCall = Schema.Struct({
  type: Schema.Literal("custom_tool_call"),
  call_id: Schema.String,
  name: Schema.String,
  input: Schema.String,
  namespace: NullableText,
  status: NullableText
}, JsonObject)

/** @since 0.1.0 @category models */
export type CustomToolCall = typeof CustomToolCall.Type

/** @since 0.1.0 @category guards */
export const isCustomToolCall: (u: unknown) => u is CustomToolCall = guarded(CustomToolCall)

/**
 * The answer to a custom call.
 *
 * @since 0.1.0
 * @category schemas
 */
export const CustomToolCallOutput = Schema.Struct({
  type: Schema.Literal("custom_tool_call_output"),
  call_id: Schema.String,
  output: Output
}, JsonObject)

/** @since 0.1.0 @category models */
export type CustomToolCallOutput = typeof CustomToolCallOutput.Type

/** @since 0.1.0 @category guards */
export const isCustomToolCallOutput: (u: unknown) => u is CustomToolCallOutput = guarded(CustomToolCallOutput)

/** @since 0.1.0 @category constructors */
export const userMessage = (text: string): Message => ({
  type: "message",
  role: "user",
  content: [{ type: "input_text", text: text.toWellFormed() }]
})

/**
 * A message from the operator of the agent to the model; it outranks messages of the user.
 *
 * @since 0.1.0
 * @category constructors
 */
export const developerMessage = (text: string): Message => ({
  type: "message",
  role: "developer",
  content: [{ type: "input_text", text: text.toWellFormed() }]
})

/** @since 0.1.0 @category constructors */
export const functionCallOutput = (callId: string, output: string): FunctionCallOutput => ({
  type: "function_call_output",
  call_id: callId,
  output: output.toWellFormed()
})

/**
 * The same item as it is sent back: the server checks ids, and does not know those of a response that it did not keep
 * (`store: false`).
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutId = (item: Item): Item => {
  const { id: _, ...rest } = item
  return { ...rest, type: item.type }
}

/**
 * The same item with words in the place of its images, which are parts of messages or of the output of a tool.
 *
 * @since 0.1.0
 * @category combining
 */
export const withoutImages = (item: Item, words: string): Item => {
  const content = item["content"] ?? item["output"]
  if (!Array.isArray(content) || !content.some(isImage)) return item
  const parts = content.map((part) => isImage(part) ? { type: "input_text", text: words } : part)
  return "content" in item ? { ...item, content: parts } : { ...item, output: parts }
}

const isImage = (part: unknown): boolean => isItem(part) && part.type === "input_image"

/**
 * The same item without these fields.
 *
 * @since 0.1.0
 * @category combining
 */
export const without = (item: Item, ...fields: ReadonlyArray<string>): Item =>
  fields.some((field) => field in item)
    ? { ...Object.fromEntries(Object.entries(item).filter(([field]) => !fields.includes(field))), type: item.type }
    : item

/**
 * The field of an item for what only Chat Completions has: unknown fields of a call, `reasoning_details`. It goes back to
 * the same model at the same server, in that dialect alone.
 *
 * @since 0.1.0
 * @category constants
 */
export const chatField = "chat_completions"

/**
 * Whether this is reasoning that its server can decrypt, and nobody else.
 *
 * @since 0.1.0
 * @category guards
 */
export const isEncryptedReasoning = (item: Item): boolean =>
  item.type === "reasoning" && Predicate.isString(item["encrypted_content"]) && item["encrypted_content"] !== ""

/**
 * What the model thought as far as it is told: the summary, or the thoughts themselves where there is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const reasoningText = (item: Item): string =>
  [item["summary"], item["content"]]
    .map((parts) => Array.isArray(parts) ? parts.filter(isItem).map(partText).join("\n\n") : "")
    .find((text) => text !== "") ?? ""

/**
 * The text a person reads in an item: what a message says (a refusal too), or the summary of a reasoning step, or its
 * words where there is no summary.
 *
 * @since 0.1.0
 * @category accessors
 */
export const text = (item: Item): string => {
  if (isMessage(item)) return item.content.map(partText).join("")
  return isReasoning(item) ? reasoningText(item) : ""
}

/**
 * The words in which the model declines to answer; empty if it does not.
 *
 * @since 0.1.0
 * @category accessors
 */
export const refusal = (item: Item): string =>
  isMessage(item) ? item.content.filter(({ type }) => type === "refusal").map(partText).join("") : ""

const partText = (part: Item): string => {
  const value = part.type === "refusal" ? part["refusal"] : part["text"]
  return Predicate.isString(value) ? value : ""
}

/**
 * What the model says to a person in these items, without its `commentary` if there is other text.
 *
 * @example
 * ```ts
 * import { Item } from "effixir"
 *
 * const answerOf = (items: ReadonlyArray<Item.Item>): string =>
 *   Item.answer(items) || items.map(Item.refusal).join("")
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const answer = (items: ReadonlyArray<Item>): string => {
  const messages = items.filter(isMessage).filter((message) => text(message).trim() !== "")
  const final = messages.filter((message) => message.phase !== "commentary")
  return (final.length > 0 ? final : messages).map(text).join("\n\n")
}
