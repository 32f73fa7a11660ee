/**
 * A call of one of our tools, in either of its two forms, and the item with its output.
 *
 * @example
 * ```ts
 * import { ToolCall } from "effixir"
 * import type { Item } from "effixir"
 *
 * // Answers each call of a response with its own arguments.
 * const echo = (items: ReadonlyArray<Item.Item>): ReadonlyArray<Item.Item> =>
 *   items.filter(ToolCall.isToolCall).map((call) => ToolCall.toOutput(call, ToolCall.argument(call)))
 *
 * const outputs = (items: ReadonlyArray<Item.Item>): ReadonlyArray<string> =>
 *   items.filter(ToolCall.isToolCallOutput).map(({ output }) => ToolCall.outputText(output))
 * ```
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { parse } from "../internal/json.ts"
import {
  CustomToolCall,
  type CustomToolCallOutput,
  FunctionCall,
  type FunctionCallOutput,
  isCustomToolCall,
  isCustomToolCallOutput,
  isFunctionCall,
  isFunctionCallOutput,
  Item
} from "./Item.ts"

/**
 * A call with JSON as its argument, or with plain text. It is kept byte for byte.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolCall = Schema.typeSchema(Schema.Union(FunctionCall, CustomToolCall))

/** @since 0.1.0 @category models */
export type ToolCall = FunctionCall | CustomToolCall

/** @since 0.1.0 @category guards */
export const isToolCall = (u: unknown): u is ToolCall =>
  Predicate.hasProperty(u, "type") &&
  (u.type === "function_call" ? isFunctionCall(u) : u.type === "custom_tool_call" && isCustomToolCall(u))

/** @since 0.1.0 @category guards */
export const isToolCallOutput = (u: unknown): u is FunctionCallOutput | CustomToolCallOutput =>
  Predicate.hasProperty(u, "type") &&
  (u.type === "function_call_output"
    ? isFunctionCallOutput(u)
    : u.type === "custom_tool_call_output" && isCustomToolCallOutput(u))

/**
 * What a call gave: text, or a list of `input_text` and `input_image` parts.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Output = Schema.Union(Schema.String, Schema.Array(Item))

/** @since 0.1.0 @category models */
export type Output = typeof Output.Type

/**
 * What the model wrote as the argument.
 *
 * @since 0.1.0
 * @category accessors
 */
export const argument = (call: ToolCall): string => call.type === "function_call" ? call.arguments : call.input

/**
 * The arguments of a call as every server takes them back: the model's own string, byte for byte, as long as it is an
 * object. Servers read it, and one that is not would make them refuse its conversation for ever; the model has been told
 * what was wrong with it.
 *
 * @since 0.1.0
 * @category accessors
 */
export const jsonArguments = (call: ToolCall): string => {
  if (call.type === "custom_tool_call") return JSON.stringify({ input: call.input })
  const args = parse(call.arguments)
  if (Predicate.isReadonlyRecord(args)) return call.arguments
  // The tool has understood the JSON of an object in a string.
  if (Predicate.isString(args) && Predicate.isReadonlyRecord(parse(args))) return args
  return JSON.stringify(call.arguments.trim() === "" ? {} : { not_json: call.arguments })
}

/**
 * The name of a call as every server takes it back, which is its tool's if there is one.
 *
 * @example
 * ```ts
 * import { ToolCall } from "effixir"
 *
 * const tools = ["read", "write"]
 *
 * // Models put words of their own before a name, and lose the empty object.
 * const nameOf = (call: ToolCall.ToolCall) => ToolCall.plainName(call, tools)
 * const argumentsOf = (call: ToolCall.ToolCall): unknown => JSON.parse(ToolCall.jsonArguments(call))
 * ToolCall.toolNamed("functions.read", tools) // "read"
 * ```
 *
 * @since 0.1.0
 * @category accessors
 */
export const plainName = ({ name }: ToolCall, tools: Iterable<string>): string =>
  /^[a-zA-Z0-9_-]+$/.test(name) ? name : toolNamed(name, tools) ?? (name.replaceAll(/[^a-zA-Z0-9_-]+/g, "_") || "_")

/**
 * The tool that a call means. Some models write more than the name (`functions.bash`, `bash<|channel|>json`); it is
 * understood when it holds the name of exactly one tool.
 *
 * @since 0.1.0
 * @category accessors
 */
export const toolNamed = (name: string, tools: Iterable<string>): string | undefined => {
  const words = new Set(name.split(/[^a-zA-Z0-9_-]+/))
  const all = [...tools]
  const [meant, ...others] = all.includes(name) ? [name] : all.filter((tool) => words.has(tool))
  return others.length === 0 ? meant : undefined
}

/**
 * The item with the output of a call. Lone surrogates are replaced: the server refuses them.
 *
 * @since 0.1.0
 * @category constructors
 */
export const toOutput = (call: ToolCall, output: Output): Item => ({
  type: call.type === "function_call" ? "function_call_output" : "custom_tool_call_output",
  call_id: call.call_id,
  output: mapText(output, (text) => text.toWellFormed())
})

/**
 * An output with its texts changed, and everything else left as it is.
 *
 * @example
 * ```ts
 * import { ToolCall } from "effixir"
 *
 * const shouted = ToolCall.mapText("done", (text) => text.toUpperCase())
 * ToolCall.plainText(shouted) // "DONE"; undefined if there were an image
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const mapText = (output: Output, change: (text: string) => string): Output =>
  Predicate.isString(output) ?
    change(output) :
    output.map((part) => Predicate.isString(part["text"]) ? { ...part, text: change(part["text"]) } : part)

/**
 * An output as one text; `undefined` if some of it is no text.
 *
 * @since 0.1.0
 * @category accessors
 */
export const plainText = (output: Output): string | undefined => {
  if (Predicate.isString(output)) return output
  const texts = output.flatMap(({ text, type }) => type === "input_text" && Predicate.isString(text) ? [text] : [])
  return texts.length === output.length ? texts.join("\n\n") : undefined
}

/**
 * An output as a person reads it: its texts, and a word for what is no text.
 *
 * @since 0.1.0
 * @category accessors
 */
export const outputText = (output: Output): string =>
  Predicate.isString(output)
    ? output
    : output.map((part) => Predicate.isString(part["text"]) ? part["text"] : `[${part.type}]`).join("\n")
