import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { field } from "../../internal/json.ts"
import { profileOf } from "../../responses/account/ModelProfile.ts"
import { isItem, type Item, text as textOf } from "../../responses/Item.ts"
import { isCompaction, type Request, ToolDeclaration } from "../../responses/Request.ts"
import { isToolCall, isToolCallOutput } from "../../responses/ToolCall.ts"
import { detail, error, type Reply } from "./http.ts"

type Body = { readonly [field: string]: unknown }

/** What a check finds wrong, if anything. */
type Verdict = Reply | undefined

/** A body as the script sees it, and its input as it was sent. */
export interface Read {
  readonly request: Request
  readonly sent: ReadonlyArray<Item>
}

/** Reads a body that the ChatGPT host would accept, or answers as that host does. */
export const chatGpt = (body: unknown, models: ReadonlyArray<string>): Either.Either<Read, Reply> =>
  Predicate.isReadonlyRecord(body)
    ? reading(body, chatGptVerdict(body, models))
    : Either.left(detail(400, "Request body is not valid JSON"))

/** Reads a body that the API would accept for a ChatGPT plan, or answers as the API does for a plan. */
export const plan = (body: unknown, models: ReadonlyArray<string>): Either.Either<Read, Reply> =>
  Predicate.isReadonlyRecord(body)
    ? reading(body, planVerdict(body, models))
    : Either.left(detail(400, "Request body is not valid JSON"))

/** Reads a body that the API would accept, or answers as the API does. */
export const api = (body: unknown): Either.Either<Read, Reply> => {
  if (!Predicate.isReadonlyRecord(body)) {
    return Either.left(error(400, { message: "We could not parse the JSON body of your request.", code: null }))
  }
  if (!isText(body["model"])) {
    const message = "Missing required parameter: 'model'."
    return Either.left(error(400, { message, param: "model", code: "missing_required_parameter" }))
  }
  return reading(
    body,
    fittingVerdict(body, body["model"]) ?? effortVerdict(body, body["model"]) ?? itemsVerdict(body, body["model"])
  )
}

/** What the API refuses of some models only. */
const fittingVerdict = (body: Body, model: string): Verdict => {
  const { cacheRetention, sampling } = profileOf(model)
  const refused = [...(sampling ? [] : samplingFields), ...(cacheRetention ? [] : ["prompt_cache_retention"])]
  const { include } = body
  const hasLogprobs = !sampling && Array.isArray(include) && include.includes("message.output_text.logprobs")
  const param = hasLogprobs ? "include" : refused.find((name) => name in body)
  if (param === undefined) return undefined
  const message = `Unsupported parameter: '${param}' is not supported with this model.`
  return error(400, { message, param, code: "unsupported_parameter" })
}

const samplingFields = ["temperature", "top_p", "top_logprobs"]

/** What the models that are known take as items of the input, beside what was said. */
const itemsVerdict = (body: Body, model: string): Verdict => {
  const input: ReadonlyArray<unknown> = Array.isArray(body["input"]) ? body["input"] : []
  for (const [index, item] of input.entries()) {
    const type = field(item, "type")
    const verdict = type === "additional_tools"
      ? additionalToolsVerdict(item, index, model)
      : type === "configuration_update"
      ? updateVerdict(item, index, model)
      : undefined
    if (verdict !== undefined) return verdict
  }
  return undefined
}

const additionalToolsVerdict = (item: unknown, index: number, model: string): Verdict => {
  const where = `input[${index}]`
  if (!profileOf(model).additionalTools) {
    const message = `Input item 'additional_tools' is not supported with the '${model}' model.`
    return error(400, { message, param: where, code: "unsupported_value" })
  }
  if (index > 0 || field(item, "role") !== "developer" || !Array.isArray(field(item, "tools"))) {
    const message = `Invalid '${where}': 'additional_tools' is the first item, of the developer, with a list of tools.`
    return error(400, { message, param: where, code: "invalid_value" })
  }
  return undefined
}

const updateVerdict = (item: unknown, index: number, model: string): Verdict => {
  const where = `input[${index}]`
  if (!profileOf(model).effortUpdates) {
    const message = `Input item 'configuration_update' is not supported with the '${model}' model.`
    return error(400, { message, param: where, code: "unsupported_value" })
  }
  const reasoning = field(item, "reasoning")
  if (field(reasoning, "effort") === undefined) {
    const message = `Missing required parameter: '${where}.reasoning.effort'.`
    return error(400, { message, param: `${where}.reasoning.effort`, code: "missing_required_parameter" })
  }
  return effortVerdict({ reasoning }, model)
}

export interface Server {
  /** Whether the server can decrypt this text. */
  readonly isReadable: (encryptedContent: string) => boolean
  /** Whether the server keeps what it said. */
  readonly isStoring: boolean
}

/** Checks that the items of a request can be replayed. */
export const replay = ({ request, sent: input }: Read, server: Server): Either.Either<void, Reply> => {
  const verdict = first(input, (item, index) => idVerdict(item, index)) ??
    duplicateVerdict(input) ??
    first(input, (item, index) => reasoningVerdict(item, index, input[index + 1], server)) ??
    first(input, (item, index) => compactionVerdict(item, index === input.length - 1, server)) ??
    first(input, (item, index) => namespaceVerdict(item, index)) ??
    // The other half of a pair may be in the response that is continued.
    ("previous_response_id" in request ? undefined : pairVerdict(input))
  return verdict === undefined ? Either.void : Either.left(verdict)
}

const chatGptFields: ReadonlySet<string> = new Set([
  "model",
  "instructions",
  "input",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "reasoning",
  "store",
  "stream",
  "include",
  "service_tier",
  "prompt_cache_key",
  "text",
  "client_metadata",
  "max_output_tokens"
])

/** What a plan pays for on the API. */
const planFields: ReadonlySet<string> = new Set(
  [...chatGptFields].filter((name) => name !== "service_tier" && name !== "max_output_tokens")
)

const chatGptVerdict = (body: Body, models: ReadonlyArray<string>): Verdict => {
  const { input } = body
  const unsupported = Object.keys(body).find((name) => !chatGptFields.has(name))
  if (body["store"] !== false) return detail(400, "Store must be set to false")
  if (body["stream"] !== true) return detail(400, "Stream must be set to true")
  if (!Array.isArray(input)) return detail(400, "Input must be a list")
  if (input.some((item) => field(item, "role") === "system")) return detail(400, "System messages are not allowed")
  if (unsupported !== undefined) return detail(400, `Unsupported parameter: ${unsupported}`)
  const most = body["max_output_tokens"]
  if (most !== undefined && !(Predicate.isNumber(most) && most >= fewestTokens)) {
    return detail(400, `max_output_tokens must be at least ${fewestTokens}`)
  }
  return modelVerdict(body, models)
}

const fewestTokens = 16

const modelVerdict = (body: Body, models: ReadonlyArray<string>): Verdict => {
  const { model } = body
  if (!Predicate.isString(model) || !models.includes(model)) {
    return detail(400, `The '${model ?? ""}' model is not supported when using Codex with a ChatGPT account.`)
  }
  return effortVerdict(body, model) ?? itemsVerdict(body, model)
}

/** The hardest effort of a list is for people only; of models that are not known, most refuse `minimal`. */
const effortVerdict = (body: Body, model: string): Verdict => {
  const { efforts } = profileOf(model)
  const effort = field(body["reasoning"], "effort")
  const isKnown = efforts === undefined ? effort !== "minimal" : Predicate.isString(effort) && efforts.includes(effort)
  if (effort === undefined || effort === null || isKnown && effort !== "ultra") return undefined
  const message = `Unsupported value: '${effort}' is not supported with the '${model}' model.`
  return error(400, { message, param: "reasoning.effort", code: "unsupported_value" })
}

const planVerdict = (body: Body, models: ReadonlyArray<string>): Verdict => {
  if (body["store"] !== false) return detail(400, "Store must be set to false")
  if (body["stream"] !== true) return detail(400, "Stream must be set to true")
  const { input } = body
  if (!Array.isArray(input)) return detail(400, "Input must be a list")
  const refused = [
    ...Object.keys(body).filter((name) => !planFields.has(name)),
    ...input.flatMap((item, index) => {
      if (field(item, "role") === "system") return [`input[${index}].role`]
      if (field(item, "type") === "configuration_update") return [`input[${index}]`]
      const parts = field(item, "content")
      const part = Array.isArray(parts) ? parts.findIndex(isElsewhere) : -1
      if (part >= 0) return [`input[${index}].content[${part}]`]
      return field(item, "type") === "additional_tools"
        ? refusedTools(field(item, "tools"), `input[${index}].tools`)
        : []
    }),
    ...refusedTools(body["tools"], "tools")
  ]
  const [param] = refused
  if (param === undefined) return modelVerdict(body, models)
  const code = "subscription_sharing_unsupported_capability"
  return error(400, { message: `'${param}' is not supported with a ChatGPT plan.`, param, code })
}

const refusedTools = (tools: unknown, where: string): ReadonlyArray<string> =>
  (Array.isArray(tools) ? tools : []).flatMap((tool, index) =>
    planTools.has(String(field(tool, "type")))
      ? refusedTools(field(tool, "tools"), `${where}[${index}].tools`)
      : [`${where}[${index}].type`]
  )

/** A plan has no files that are kept at the server, and takes no sound and no films. */
const isElsewhere = (part: unknown): boolean =>
  /^input_(?:audio|video)$/.test(String(field(part, "type"))) || field(part, "file_id") !== undefined

/** Of the tools that the server runs itself, a plan has only the search of the web. */
const planTools: ReadonlySet<string> = new Set(["function", "custom", "namespace", "web_search"])

/** Items may be messages that leave their type out; everything else needs one. */
const reading = (body: Body, verdict: Verdict): Either.Either<Read, Reply> => {
  if (verdict !== undefined) return Either.left(verdict)
  const sent: ReadonlyArray<unknown> = Array.isArray(body["input"])
    ? body["input"]
    : [{ role: "user", content: body["input"] ?? "" }]
  const input = sent.map(withType)
  const wrong = input.findIndex((item) => !isItem(item))
  if (wrong >= 0) {
    const message = `Missing required parameter: 'input[${wrong}].type'.`
    return Either.left(error(400, { message, param: `input[${wrong}].type`, code: "missing_required_parameter" }))
  }
  const items = input.filter(isItem)
  const [conversation, inInput] = take(items, ({ type }) => type === "additional_tools")
  const [rest, prompt] = isText(body["instructions"])
    ? [conversation, undefined]
    : take(conversation, ({ role, type }) => type === "message" && role === "developer")
  const tools = [inInput?.["tools"], body["tools"]].flatMap((tools) => Array.isArray(tools) ? tools : [])
  const request: Request = {
    ...body,
    model: String(body["model"]),
    instructions: prompt === undefined ? String(body["instructions"] ?? "") : textOf(prompt),
    input: rest,
    tools: tools.filter(isToolDeclaration),
    tool_choice: "auto",
    parallel_tool_calls: body["parallel_tool_calls"] !== false,
    store: false,
    stream: true,
    include: Array.isArray(body["include"]) ? body["include"].filter(Predicate.isString) : [],
    prompt_cache_key: isText(body["prompt_cache_key"]) ? body["prompt_cache_key"] : ""
  }
  return Either.right({ request, sent: items })
}

/** Splits off the first item, if it is of the expected kind, from the rest. */
const take = (
  [first, ...rest]: ReadonlyArray<Item>,
  is: (item: Item) => boolean
): readonly [rest: ReadonlyArray<Item>, taken: Item | undefined] => {
  if (first === undefined) return [[], undefined]
  return is(first) ? [rest, first] : [[first, ...rest], undefined]
}

const withType = (item: unknown): unknown =>
  Predicate.isReadonlyRecord(item) && item["type"] === undefined && item["role"] !== undefined
    ? { ...item, type: "message" }
    : item

const prefixes: ReadonlyMap<string, string> = new Map([
  ["message", "msg"],
  ["reasoning", "rs"],
  ["function_call", "fc"],
  ["custom_tool_call", "ctc"]
])

const idVerdict = (item: Item, index: number): Verdict => {
  const { id } = item
  if (!Predicate.isString(id)) return undefined
  const where = `input[${index}].id`
  const prefix = prefixes.get(item.type)
  if (id.length > 64) {
    const message = `Invalid '${where}': string too long. Expected a string with maximum length 64, ` +
      `but got a string with length ${id.length} instead.`
    return error(400, { message, param: "input", code: "string_above_max_length" })
  }
  if (!/^[A-Za-z0-9_-]*[A-Za-z0-9-]$/.test(id)) {
    const message = `Invalid '${where}': '${id}'. Expected an ID that contains letters, numbers, underscores, or ` +
      "dashes, and that does not end with an underscore."
    return error(400, { message, param: "input", code: "invalid_value" })
  }
  if (prefix !== undefined && !id.startsWith(`${prefix}_`)) {
    const message = `Invalid '${where}': '${id}'. Expected an ID that begins with '${prefix}'.`
    return error(400, { message, param: "input", code: "invalid_value" })
  }
  return undefined
}

const duplicateVerdict = (input: ReadonlyArray<Item>): Verdict => {
  const ids = input.map((item) => item["id"])
  const twice = ids.find((id, index) => Predicate.isString(id) && ids.indexOf(id) !== index)
  if (twice === undefined) return undefined
  const message = `Duplicate item found with id ${twice}. Remove duplicate items from your input and try again.`
  return error(400, { message, param: "input", code: null })
}

const reasoningVerdict = (
  item: Item,
  index: number,
  next: Item | undefined,
  server: Server
): Verdict => {
  if (item.type !== "reasoning") return undefined
  const { encrypted_content: encrypted, id } = item
  if (!Array.isArray(item["summary"])) {
    const message = `Missing required parameter: 'input[${index}].summary'.`
    return error(400, { message, param: "input", code: "missing_required_parameter" })
  }
  if (!Predicate.isString(encrypted)) {
    if (id === undefined || server.isStoring) return undefined
    const message = `Item with id '${id}' not found. Items are not persisted when \`store\` is set to false. ` +
      "Try again with `store` set to true, or remove this item from your input."
    return error(400, { message, param: "input", code: null })
  }
  if (!server.isReadable(encrypted)) return unreadable(encrypted)
  // Without ids the server does not check which items belong together.
  if (id !== undefined && (next === undefined || !isSaidByModel(next))) {
    const message = `Item '${id}' of type 'reasoning' was provided without its required following item.`
    return error(400, { message, param: "input", code: null })
  }
  return undefined
}

const unreadable = (encrypted: string): Reply => {
  const message = `The encrypted content ${encrypted.slice(0, 4)}...${encrypted.slice(-4)} could not be verified.`
  return error(400, { message, param: "input", code: "invalid_encrypted_content" })
}

const compactionVerdict = (item: Item, isLast: boolean, server: Server): Verdict => {
  if (item.type === "compaction_trigger") {
    if (isLast && item["id"] === undefined) return undefined
    const message = "A compaction_trigger must be the last item of the input, and have no id."
    return error(400, { message, param: "input", code: "invalid_value" })
  }
  if (!isCompaction(item)) return undefined
  const { encrypted_content: encrypted } = item
  return Predicate.isString(encrypted) && server.isReadable(encrypted) ? undefined : unreadable(String(encrypted))
}

const namespaceVerdict = (item: Item, index: number): Verdict =>
  item.type === "function_call" && "namespace" in item
    ? error(400, {
      message: `Unknown parameter: 'input[${index}].namespace'.`,
      param: "input",
      code: "unknown_parameter"
    })
    : undefined

const pairVerdict = (input: ReadonlyArray<Item>): Verdict => {
  const calls = input.filter(isToolCall).map((item) => item.call_id)
  const outputs = input.filter(isToolCallOutput).map((item) => item.call_id)
  const stray = outputs.find((id) => !calls.includes(id))
  if (stray !== undefined) {
    const message = `No tool call found for function call output with call_id ${stray}.`
    return error(400, { message, param: "input", code: null })
  }
  const open = calls.find((id) => !outputs.includes(id))
  if (open !== undefined) {
    return error(400, { message: `No tool output found for function call ${open}.`, param: "input", code: null })
  }
  return undefined
}

const first = (input: ReadonlyArray<Item>, check: (item: Item, index: number) => Verdict): Verdict => {
  for (const [index, item] of input.entries()) {
    const verdict = check(item, index)
    if (verdict !== undefined) return verdict
  }
  return undefined
}

const isToolDeclaration = Schema.is(ToolDeclaration)
const isText = (value: unknown): value is string => Predicate.isString(value) && value !== ""
const isSaidByModel = (item: Item): boolean => item["role"] === "assistant" || /_call$|^reasoning$/.test(item.type)
