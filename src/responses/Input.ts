/**
 * The conversation in the form that the server of a request takes. Servers that translate it for other models take less
 * than OpenAI's, and not every model knows the kinds of calls that another one has made.
 *
 * @internal
 */
import type { Wire } from "../auth/Host.ts"
import type { ModelProfile } from "./account/ModelProfile.ts"
import {
  chatField,
  isCustomToolCall,
  isCustomToolCallOutput,
  isEncryptedReasoning,
  isFunctionCall,
  type Item,
  without
} from "./Item.ts"
import type { Request } from "./Request.ts"
import { isToolCall, isToolCallOutput, jsonArguments, plainName, plainText } from "./ToolCall.ts"

/**
 * The input of a request in the Responses dialect.
 *
 * - A call with free text becomes one with JSON for a model that knows no such calls.
 * - A tool name with characters that no name may have, as some models write it, becomes a valid one.
 * - Where the server translates: arguments that are no JSON object become one, an output of texts becomes one text, and
 *   calls stand together, behind some reasoning where it requires that.
 *
 * @since 0.1.0
 * @category encoding
 */
export const fit = (request: Request, profile: ModelProfile, wire: Wire): ReadonlyArray<Item> => {
  const tools = toolNames(request)
  const takesFreeText = profile.applyPatch || request.tools.some(({ type }) => type === "custom")

  const fitted = (whole: Item): Item => {
    const item = without(whole, chatField)
    if (item.type === "reasoning") return wire.isTranslated ? item : without(item, "content")
    if (isToolCall(item)) {
      const name = plainName(item, tools)
      const named = name === item.name ? item : { ...item, name }
      if (isCustomToolCall(named)) return takesFreeText ? named : asFunctionCall(named)
      return wire.isTranslated ? withArguments(named) : named
    }
    if (!isToolCallOutput(item)) return item
    const answer = isCustomToolCallOutput(item) && !takesFreeText ? { ...item, type: "function_call_output" } : item
    const text = wire.isTranslated ? plainText(item.output) : undefined
    return text === undefined || text === item.output ? answer : { ...answer, output: text }
  }

  const input = request.input.map(fitted)
  if (!wire.isTranslated) return input
  return profile.reasoningContent ? withThoughts(grouped(input)) : grouped(input)
}

/**
 * The names of the tools that are called.
 *
 * @since 0.1.0
 * @category accessors
 */
export const toolNames = ({ tools }: Request): ReadonlyArray<string> =>
  tools.flatMap((tool) => "name" in tool && typeof tool.name === "string" ? [tool.name] : [])

const asFunctionCall = ({ input, ...call }: Item): Item => ({
  ...call,
  type: "function_call",
  arguments: JSON.stringify({ input })
})

const withArguments = (call: Item): Item => {
  const json = isFunctionCall(call) ? jsonArguments(call) : undefined
  return json === undefined || json === call["arguments"] ? call : { ...call, arguments: json }
}

/** The calls of a response that wait for their outputs, and what stood between. */
interface Group {
  /** Messages of the model: they go before its calls. */
  readonly before: Array<Item>
  readonly calls: Array<Item>
  readonly outputs: Array<Item>
  /** Messages of others: they go behind the outputs. */
  readonly after: Array<Item>
  /** The ids that lack an output. */
  readonly open: Array<string>
  /** Encrypted reasoning stays before the item that it led to. */
  readonly thoughts: Array<Item>
}

/**
 * Calls of one response stand together, directly before their outputs: these servers take anything else between for the
 * end of the calls, and miss the outputs. A call without an output stays where it is.
 */
const grouped = (input: ReadonlyArray<Item>): ReadonlyArray<Item> => {
  /** How many outputs of an id are still to come. */
  const ahead = new Map<string, number>()
  for (const item of input) if (isToolCallOutput(item)) ahead.set(item.call_id, (ahead.get(item.call_id) ?? 0) + 1)
  const items: Array<Item> = []
  let group: Group | undefined

  const close = (): void => {
    if (group === undefined) return
    items.push(...group.before, ...group.calls, ...group.outputs, ...group.after, ...group.thoughts)
    group = undefined
  }
  for (const item of input) {
    if (group !== undefined && group.open.length === 0) close()
    if (isToolCallOutput(item)) ahead.set(item.call_id, (ahead.get(item.call_id) ?? 0) - 1)
    const waiting = group?.open.filter((id) => id === item["call_id"]).length ?? 0
    if (isToolCall(item) && (ahead.get(item.call_id) ?? 0) > waiting) {
      if (group === undefined) {
        const led = items.findLastIndex((before) => !isEncryptedReasoning(before)) + 1
        group = { before: [], calls: [], outputs: [], after: [], open: [], thoughts: items.splice(led) }
      }
      group.calls.push(...group.thoughts.splice(0), item)
      group.open.push(item.call_id)
    } else if (group === undefined) items.push(item)
    else if (isToolCall(item)) group.calls.push(...group.thoughts.splice(0), item)
    else if (isToolCallOutput(item)) {
      group.outputs.push(item)
      if (waiting > 0) group.open.splice(group.open.indexOf(item.call_id), 1)
    } else if (isEncryptedReasoning(item)) group.thoughts.push(item)
    else if (isOfOthers(item)) group.after.push(item)
    else group.before.push(...group.thoughts.splice(0), item)
  }
  close()
  return items
}

/** The calls of another model come without reasoning, which the server requires, and not as an empty text. */
const withThoughts = (input: ReadonlyArray<Item>): ReadonlyArray<Item> => {
  let hasThoughts = false
  return input.flatMap((item) => {
    const isWithout = isToolCall(item) && !hasThoughts
    hasThoughts = item.type === "reasoning" || isWithout || hasThoughts && !isOfOthers(item) && !isToolCallOutput(item)
    return isWithout ? [noThoughts, item] : [item]
  })
}

const noThoughts: Item = { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: " " }] }

const isOfOthers = (item: Item): boolean => item.type === "message" && item["role"] !== "assistant"
