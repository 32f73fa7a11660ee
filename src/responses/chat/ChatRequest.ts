/**
 * A request of the Responses API in the words of Chat Completions.
 *
 * @internal
 */
import * as Predicate from "effect/Predicate"
import { defined, field, text } from "../../internal/json.ts"
import * as Conversation from "../../prompts/Conversation.ts"
import { isReasoningFamily, type ModelProfile } from "../account/ModelProfile.ts"
import { toolNames } from "../Input.ts"
import {
  chatField,
  type CustomToolCall,
  type FunctionCall,
  isCustomToolCall,
  isCustomToolCallOutput,
  isFunctionCall,
  isFunctionCallOutput,
  type Item,
  reasoningText as thoughtsOf,
  text as textOf
} from "../Item.ts"
import { type Request, type ToolChoice, withoutUpdates } from "../Request.ts"
import { jsonArguments, plainName } from "../ToolCall.ts"

/**
 * Sends only what every server of this kind takes: no `store`, no `include`, no `prompt_cache_key`, and no field that
 * the request does not set.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encode = (given: Request, profile: ModelProfile): unknown => {
  const request = withoutUpdates(given)
  const tools = request.tools.flatMap(tool)
  return {
    model: request.model,
    messages: messages(request, profile),
    // Without tools, servers refuse an empty list and every field about calling tools.
    ...(tools.length === 0 ? {} : {
      tools,
      tool_choice: toolChoice(request.tool_choice),
      parallel_tool_calls: request.parallel_tool_calls
    }),
    ...defined({
      response_format: responseFormat(request),
      reasoning_effort: request.reasoning?.effort,
      // OpenAI's models that reason refuse the older name, and half of the other servers do not know the newer one.
      [isReasoningFamily(request.model) ? "max_completion_tokens" : "max_tokens"]: request.max_output_tokens,
      temperature: request.temperature,
      top_p: request.top_p
    }),
    stream: true,
    stream_options: { include_usage: true }
  }
}

/** A tool that takes free text gets one argument. Hosted tools are left out: servers of this kind have none. */
const tool = (tool: { readonly type: string; readonly [field: string]: unknown }): ReadonlyArray<object> => {
  const { description, name, parameters, strict, type } = tool
  if (type !== "function" && type !== "custom") return []
  const declaration = {
    name,
    ...defined({ description: text(description) }),
    parameters: type === "custom" ? freeText : parameters,
    // Not every server knows this field, so it is sent only where it changes something.
    ...(strict === true ? { strict } : {})
  }
  return [{ type: "function", function: declaration }]
}

const freeText = {
  type: "object",
  properties: { input: { type: "string" } },
  required: ["input"],
  additionalProperties: false
}

const toolChoice = (choice: ToolChoice): unknown =>
  Predicate.isString(choice) ? choice : { type: "function", function: { name: choice.name } }

const responseFormat = ({ text }: Request): unknown => {
  const format = text?.format
  if (format?.type !== "json_schema") return undefined
  const { name, schema, strict } = format
  return { type: "json_schema", json_schema: { name, schema, strict } }
}

type Message =
  | { readonly role: "system"; content: string }
  | { readonly role: "user"; readonly content: string | ReadonlyArray<Part> }
  | Spoken
  | { readonly role: "tool"; readonly tool_call_id: string; readonly content: string }

interface Spoken {
  readonly role: "assistant"
  content: string | null
  reasoning_content?: string
  reasoning_details?: ReadonlyArray<unknown>
  tool_calls?: Array<object>
}

type Part =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "image_url"; readonly image_url: object }

/**
 * Consecutive texts and calls of the assistant become one message, directly followed by the outputs of its calls in
 * their order, wherever they were: servers refuse anything else. Reasoning that the server does not want, items of a
 * type not known, and an output without a call are left out. What only this dialect has of an item goes back as it came.
 */
const messages = (request: Request, profile: ModelProfile): ReadonlyArray<Message> => {
  const messages: Array<Message> = []
  const outputs = outputsOf(request.input)
  const tools = toolNames(request)
  /** The calls of the last message, which wait for their outputs. */
  let calls: Array<FunctionCall | CustomToolCall> = []
  /** The thoughts that belong to the next text or call. */
  let thoughts = ""
  let details: ReadonlyArray<unknown> = []

  /** The assistant's unfinished message, or a new one. */
  const assistant = (): Spoken => {
    const last = messages.at(-1)
    const message: Spoken = last?.role === "assistant" ? last : { role: "assistant", content: null }
    if (message !== last) messages.push(message)
    if (thoughts !== "") message.reasoning_content = joined(message.reasoning_content, thoughts)
    if (details.length > 0) message.reasoning_details = [...message.reasoning_details ?? [], ...details]
    thoughts = ""
    details = []
    return message
  }
  const say = (role: "system" | "assistant", content: string): void => {
    const last = messages.at(-1)
    // Many chat templates take one system message at the start, and roles that take turns.
    const message = role === "assistant" ? assistant() : last?.role === role ? last : undefined
    if (message === undefined) messages.push({ role: "system", content })
    else message.content = joined(message.content, content)
  }
  const call = (item: FunctionCall | CustomToolCall): void => {
    const { function: more, reasoning_details: _, ...fields } = Object(item[chatField])
    const toolCall = {
      id: item.call_id,
      type: "function",
      ...fields,
      function: { name: plainName(item, tools), arguments: jsonArguments(item), ...Object(more) }
    }
    const message = assistant()
    message.tool_calls = [...message.tool_calls ?? [], toolCall]
    // A call of another model comes without reasoning, which the server requires, and not as an empty text.
    if (profile.reasoningContent) message.reasoning_content ??= " "
    calls.push(item)
  }
  const answer = (): void => {
    const answered = calls.flatMap((call) => {
      const output = outputs.get(call.call_id)?.shift()
      return output === undefined ? [] : [{ id: call.call_id, ...told(output) }]
    })
    calls = []
    thoughts = ""
    details = []
    const images = answered.flatMap(({ images }) => images)
    messages.push(...answered.map(({ content, id }) => ({ role: "tool" as const, tool_call_id: id, content })))
    if (images.length > 0) {
      messages.push({ role: "user", content: [{ type: "text", text: Conversation.imagesOfOutputs }, ...images] })
    }
  }

  if (request.instructions !== "") say("system", request.instructions)
  for (const item of request.input) {
    const told = field(item[chatField], "reasoning_details")
    if (Array.isArray(told)) details = [...details, ...told]
    if (isFunctionCall(item) || isCustomToolCall(item)) call(item)
    else if (isFunctionCallOutput(item) || isCustomToolCallOutput(item)) answer()
    else if (item.type === "reasoning") {
      thoughts = profile.reasoningContent
        ? joined(thoughts || null, thoughtsOf(item))
        : ""
    } else if (item.type === "message" && item["role"] === "assistant") {
      const said = saidIn(item)
      if (said !== "") say("assistant", said)
    } else if (item.type === "message") {
      answer()
      if (item["role"] === "user") messages.push({ role: "user", content: userContent(item["content"]) })
      else say("system", saidIn(item))
    }
  }
  answer()
  return messages
}

const joined = (before: string | null | undefined, more: string): string =>
  before == null ? more : `${before}\n\n${more}`

/** By call id, in their order: there may be two calls of one id. */
const outputsOf = (input: ReadonlyArray<Item>): ReadonlyMap<string, Array<unknown>> => {
  const outputs = new Map<string, Array<unknown>>()
  for (const item of input) {
    if (!isFunctionCallOutput(item) && !isCustomToolCallOutput(item)) continue
    const same = outputs.get(item.call_id)
    if (same === undefined) outputs.set(item.call_id, [item.output])
    else same.push(item.output)
  }
  return outputs
}

/** The text of a message that has only text, as a string or as a list of parts. */
const saidIn = (item: Item): string => text(item["content"]) ?? textOf(item)

/** Text alone is a string: some servers know nothing else. */
const userContent = (content: unknown): string | ReadonlyArray<Part> => {
  const parts = partsOf(content)
  const texts = parts.flatMap((part) => part.type === "text" ? [part.text] : [])
  return texts.length === parts.length ? texts.join("\n\n") : parts
}

/** A tool output can only be text here, so its images go into a user message. */
const told = (output: unknown): { readonly content: string; readonly images: ReadonlyArray<Part> } => {
  const parts = partsOf(output)
  const images = parts.filter((part) => part.type === "image_url")
  const texts = parts.flatMap((part) => part.type === "text" ? [part.text] : [])
  return { content: texts.length === 0 && images.length > 0 ? Conversation.imageFollows : texts.join("\n\n"), images }
}

const partsOf = (content: unknown): ReadonlyArray<Part> => {
  if (Predicate.isString(content)) return [{ type: "text", text: content }]
  return Array.isArray(content) ? content.map(partOf) : []
}

const partOf = (part: unknown): Part => {
  const type = text(field(part, "type"))
  const said = text(field(part, "text")) ?? text(field(part, "refusal"))
  const url = text(field(part, "image_url"))
  if (type === "input_image" && url !== undefined) {
    return { type: "image_url", image_url: { url, ...defined({ detail: text(field(part, "detail")) }) } }
  }
  return { type: "text", text: said ?? Conversation.cannotBeShown(type) }
}
