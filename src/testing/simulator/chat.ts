import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { defined } from "../../internal/json.ts"
import { JsonObject } from "../../internal/wire.ts"
import { profileOf } from "../../responses/account/ModelProfile.ts"
import {
  functionCallOutput,
  isFunctionCall,
  isMessage,
  isReasoning,
  type Item,
  userMessage
} from "../../responses/Item.ts"
import * as Request from "../../responses/Request.ts"
import type { Usage } from "../../responses/Usage.ts"
import * as Script from "../Script.ts"
import * as ScriptEvents from "../ScriptEvents.ts"
import { error, type Received, type Reply } from "./http.ts"

/** A text may be a list of parts, as long as they are text. */
const Text = Schema.Union(
  Schema.String,
  Schema.NonEmptyArray(Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }))
)

const Parts = Schema.NonEmptyArray(Schema.Union(
  Schema.Struct({ type: Schema.Literal("text"), text: Schema.String }),
  Schema.Struct({
    type: Schema.Literal("image_url"),
    image_url: Schema.Struct({ url: Schema.String, detail: Schema.optional(Schema.String) })
  })
))

const ToolCall = Schema.Struct({
  id: Schema.NonEmptyString,
  type: Schema.Literal("function"),
  function: Schema.Struct({ name: Schema.NonEmptyString, arguments: Schema.parseJson(JsonObject) })
})

const Message = Schema.Union(
  Schema.Struct({ role: Schema.Literal("system"), content: Text }),
  Schema.Struct({ role: Schema.Literal("user"), content: Schema.Union(Schema.String, Parts) }),
  Schema.Struct({
    role: Schema.Literal("assistant"),
    content: Schema.optional(Schema.NullOr(Text)),
    reasoning_content: Schema.optional(Schema.NonEmptyString),
    tool_calls: Schema.optional(Schema.NonEmptyArray(ToolCall))
  }),
  Schema.Struct({ role: Schema.Literal("tool"), tool_call_id: Schema.NonEmptyString, content: Text })
)

type Message = typeof Message.Encoded

/** The fields that the strictest of these servers accept; they refuse any other. */
const Body = Schema.Struct({
  model: Schema.NonEmptyString,
  messages: Schema.NonEmptyArray(Message),
  tools: Schema.optional(Schema.NonEmptyArray(Schema.Struct({
    type: Schema.Literal("function"),
    function: Schema.Struct({
      name: Schema.NonEmptyString,
      description: Schema.optional(Schema.String),
      parameters: Schema.optional(JsonObject),
      strict: Schema.optional(Schema.Boolean)
    })
  }))),
  tool_choice: Schema.optional(Schema.Union(
    Schema.Literal("auto", "none", "required"),
    Schema.Struct({ type: Schema.Literal("function"), function: Schema.Struct({ name: Schema.String }) })
  )),
  parallel_tool_calls: Schema.optional(Schema.Boolean),
  response_format: Schema.optional(Schema.Union(
    Schema.Struct({ type: Schema.Literal("text", "json_object") }),
    Schema.Struct({
      type: Schema.Literal("json_schema"),
      json_schema: Schema.Struct({ name: Schema.String, schema: JsonObject, strict: Schema.optional(Schema.Boolean) })
    })
  )),
  reasoning_effort: Schema.optional(Schema.String),
  max_tokens: Schema.optional(Schema.Number),
  max_completion_tokens: Schema.optional(Schema.Number),
  temperature: Schema.optional(Schema.Number),
  top_p: Schema.optional(Schema.Number),
  // Streaming is all that the simulator can do.
  stream: Schema.Literal(true),
  stream_options: Schema.optional(Schema.Struct({ include_usage: Schema.optional(Schema.Boolean) }))
})

type Body = typeof Body.Encoded

const decode = Schema.decodeUnknownEither(Body, { onExcessProperty: "error" })

export interface Read {
  readonly body: Body
  /** The body as the script sees it: as a request of the Responses API. */
  readonly request: Request.Request
}

/** Reads a body that a server of this kind would accept, or answers as such a server does. */
export const read = ({ body, headers }: Received): Either.Either<Read, Reply> => {
  if (!Predicate.isReadonlyRecord(body)) {
    return Either.left(error(400, { message: "We could not parse the JSON body of your request.", code: null }))
  }
  const unknown = Object.keys(body).find((name) => !(name in Body.fields))
  if (unknown !== undefined) {
    return Either.left(error(400, { message: `Unrecognized request argument supplied: ${unknown}`, code: null }))
  }
  const decoded = decode(body)
  if (Either.isLeft(decoded)) {
    const [issue] = ParseResult.ArrayFormatter.formatErrorSync(decoded.left)
    const message = `Invalid '${issue?.path.map(String).join(".")}': ${issue?.message}`
    return Either.left(error(400, { message, code: null }))
  }
  // Decoding has parsed the arguments; the original is the text that was sent.
  const sent = body as Body
  const wrong = orderVerdict(sent.messages) ?? toolsVerdict(sent) ?? thoughtsVerdict(sent) ??
    limitVerdict(sent) ?? modelVerdict(sent)
  if (wrong !== undefined) return Either.left(error(400, { message: wrong, code: null }))
  return Either.right({ body: sent, request: requestOf(sent, headers["session-id"] ?? "") })
}

/** Every call is answered right behind the message that makes it, and nothing else is an answer. */
const orderVerdict = (messages: ReadonlyArray<Message>): string | undefined => {
  let open: ReadonlyArray<string> = []
  for (const message of messages) {
    if (message.role === "tool") {
      const at = open.indexOf(message.tool_call_id)
      if (at < 0) return "messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
      open = open.toSpliced(at, 1)
      continue
    }
    if (open.length > 0) break
    open = message.role === "assistant" ? message.tool_calls?.map(({ id }) => id) ?? [] : []
  }
  return open.length === 0
    ? undefined
    : "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
      `The following tool_call_ids did not have response messages: ${open.join(", ")}`
}

const toolsVerdict = (body: Body): string | undefined =>
  body.tools === undefined && (body.tool_choice !== undefined || body.parallel_tool_calls !== undefined)
    ? "'tool_choice' and 'parallel_tool_calls' are only allowed when 'tools' are specified."
    : undefined

/** OpenAI's models that reason know the limit of an answer by its newer name alone. */
const limitVerdict = ({ max_tokens, model }: Body): string | undefined =>
  max_tokens !== undefined && /^(?:gpt-[56]|o[134](?:-|$)|codex-)/.test(model)
    ? "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
    : undefined

/** From GPT-6.2 on, there are tools with the Responses API only, and no say in how words are chosen. */
const modelVerdict = (body: Body): string | undefined => {
  const { efforts, sampling } = profileOf(body.model)
  const { model, reasoning_effort: effort, tools } = body
  if (!sampling && tools !== undefined) {
    return `Function tools are not supported with ${model} in /v1/chat/completions. Please use /v1/responses instead.`
  }
  const param = sampling ? undefined : ["temperature", "top_p"].find((name) => name in body)
  if (param !== undefined) return `Unsupported parameter: '${param}' is not supported with this model.`
  return effort === undefined || efforts === undefined || efforts.includes(effort) && effort !== "ultra"
    ? undefined
    : `Unsupported value: 'reasoning_effort' does not support '${effort}' with this model.`
}

/** Some models need the thoughts that led to their calls; the servers of other models refuse them. */
const thoughtsVerdict = ({ messages, model }: Body): string | undefined => {
  const spoken = messages.filter((message) => message.role === "assistant")
  const isWanted = /deepseek-v|kimi-k2/.test(model)
  if (!isWanted && spoken.some(({ reasoning_content }) => reasoning_content !== undefined)) {
    return "Unrecognized request argument supplied: reasoning_content"
  }
  return isWanted && spoken.some((message) => message.tool_calls && message.reasoning_content === undefined)
    ? "The reasoning_content in the thinking mode must be passed back to the API."
    : undefined
}

const requestOf = (body: Body, cacheKey: string): Request.Request => {
  const [first, ...others] = body.messages
  const isInstructed = first.role === "system"
  return {
    ...Request.make({
      model: body.model,
      instructions: isInstructed ? textOf(first.content) : "",
      input: (isInstructed ? others : body.messages).flatMap(itemsOf),
      tools: (body.tools ?? []).map(({ function: { description = "", name, parameters = {}, strict = false } }) => ({
        type: "function",
        name,
        description,
        strict,
        parameters
      })),
      reasoning: body.reasoning_effort === undefined ? undefined : { effort: body.reasoning_effort },
      cacheKey
    }),
    ...defined({
      max_output_tokens: body.max_tokens ?? body.max_completion_tokens,
      temperature: body.temperature,
      top_p: body.top_p
    })
  }
}

const itemsOf = (message: Message): ReadonlyArray<Item> => {
  switch (message.role) {
    case "system":
      return [{ type: "message", role: "developer", content: [{ type: "input_text", text: textOf(message.content) }] }]
    case "user":
      return [
        Predicate.isString(message.content)
          ? userMessage(message.content)
          : { type: "message", role: "user", content: message.content.map(partOf) }
      ]
    case "assistant": {
      const text = textOf(message.content ?? "")
      const { reasoning_content: thoughts = "" } = message
      const thought = thoughts.trim() === "" ? [] : [
        { type: "reasoning", summary: [{ type: "summary_text", text: thoughts }] }
      ]
      const calls = (message.tool_calls ?? []).map((call) => ({
        type: "function_call",
        call_id: call.id,
        name: call.function.name,
        arguments: call.function.arguments
      }))
      return text === ""
        ? [...thought, ...calls]
        : [...thought, { type: "message", role: "assistant", content: [{ type: "output_text", text }] }, ...calls]
    }
    case "tool":
      return [functionCallOutput(message.tool_call_id, textOf(message.content))]
  }
}

const partOf = (part: typeof Parts.Encoded[number]): Item =>
  part.type === "text"
    ? { type: "input_text", text: part.text }
    : { type: "input_image", image_url: part.image_url.url, ...defined({ detail: part.image_url.detail }) }

const textOf = (content: typeof Text.Encoded): string =>
  Predicate.isString(content) ? content : content.map(({ text }) => text).join("\n\n")

export interface Options {
  readonly body: Body
  readonly id: string
  /** Unix seconds. */
  readonly created: number
}

/** The blocks of a stream for a turn. Content that this dialect cannot express is left out. */
export const frames = (turn: Script.Turn, options: Options): ReadonlyArray<string> => {
  const chunk = (delta: object, finish_reason: string | null = null) => ({
    ...head(options),
    choices: [{ index: 0, delta, logprobs: null, finish_reason }]
  })
  const begin = chunk({ role: "assistant", content: "" })
  const said = "items" in turn ? deltasOf(turn.items).map((delta) => chunk(delta)) : []
  const end = (finishReason: string, usage: Usage) => [
    chunk({}, finishReason),
    ...options.body.stream_options?.include_usage === true
      ? [{ ...head(options), choices: [], usage: usageOf(usage) }]
      : []
  ]
  switch (turn._tag) {
    case "Answer": {
      const finishReason = turn.items.some(isFunctionCall) ? "tool_calls" : "stop"
      return [...[begin, ...said, ...end(finishReason, turn.usage ?? Script.defaultUsage)].map(block), done]
    }
    case "Incomplete": {
      const finishReason = turn.reason === "max_output_tokens" ? "length" : turn.reason
      return [...[begin, ...said, ...end(finishReason, Script.defaultUsage)].map(block), done]
    }
    case "Fail":
      return [begin, { error: turn.error }].map(block)
    case "Cut":
      return [begin, ...said].slice(0, turn.afterEvents).map(block)
    case "Refuse":
      return []
  }
}

const head = ({ body, created, id }: Options) => ({ id, object: "chat.completion.chunk", created, model: body.model })

const block = (chunk: object): string => `data: ${JSON.stringify(chunk)}\n\n`

const done = "data: [DONE]\n\n"

/** A call begins with its name and its id, and its arguments follow. */
const deltasOf = (items: ReadonlyArray<Item>): ReadonlyArray<object> => {
  const calls = items.filter(isFunctionCall)
  return items.flatMap((item): ReadonlyArray<object> => {
    if (isReasoning(item)) {
      return item.summary.flatMap((part) => words(part["text"]).map((reasoning_content) => ({ reasoning_content })))
    }
    if (isMessage(item)) {
      return item.content.flatMap((part): ReadonlyArray<object> =>
        part.type === "refusal"
          ? words(part["refusal"]).map((refusal) => ({ refusal }))
          : words(part["text"]).map((content) => ({ content }))
      )
    }
    if (!isFunctionCall(item)) return []
    const index = calls.indexOf(item)
    return [
      { tool_calls: [{ index, id: item.call_id, type: "function", function: { name: item.name, arguments: "" } }] },
      ...words(item.arguments).map((json) => ({ tool_calls: [{ index, function: { arguments: json } }] }))
    ]
  })
}

const words = (text: unknown): ReadonlyArray<string> => ScriptEvents.words(String(text ?? ""))

const usageOf = (usage: Usage) => ({
  prompt_tokens: usage.inputTokens,
  prompt_tokens_details: { cached_tokens: usage.cachedInputTokens },
  completion_tokens: usage.outputTokens,
  completion_tokens_details: { reasoning_tokens: usage.reasoningOutputTokens },
  total_tokens: usage.inputTokens + usage.outputTokens
})
