import * as Effect from "effect/Effect"
import type { IncomingMessage, ServerResponse } from "node:http"
import type { Item } from "../../src/responses/Item.ts"
import { serve } from "./loopback.ts"

/** What a server answers to a request that it refuses. */
interface Refusal {
  readonly status: number
  readonly body: unknown
}

// oxlint-disable-next-line typescript/no-explicit-any -- what a server gets is read as it comes
type Json = { readonly [field: string]: any }

/** Whether a server takes this body, and why not. */
export type Verdict = (body: Json) => Refusal | undefined

const refuse = (status: number, message: string, type = "invalid_request_error"): Refusal => ({
  status,
  body: { error: { code: status, message, type } }
})

const isOutput = ({ type }: Item) => type === "function_call_output"

/** DeepSeek's Responses API in thinking mode (rikkahub#1629, pydantic-ai#7448, awesome-deepseek-integration#740). */
export const deepSeek: Verdict = ({ input }) => {
  const items: ReadonlyArray<Item> = input
  let hasThoughts = false
  for (const [index, item] of items.entries()) {
    if (item.type === "reasoning") {
      const parts = item["content"]
      hasThoughts = Array.isArray(parts) && parts.some(({ text, type }) => type === "reasoning_text" && text !== "")
    }
    if (item["role"] === "user" || isOutput(item) && !isOutput(items[index + 1] ?? item)) hasThoughts = false
    if (item.type !== "function_call") continue
    if (!hasThoughts) return refuse(400, "The `reasoning_text` in the thinking mode must be passed back to the API.")
    const behind = items.slice(index + 1)
    const outputs = behind.slice(behind.findIndex(({ type }) => type !== "function_call"))
    const end = outputs.findIndex((one) => !isOutput(one))
    const direct = end === -1 ? outputs : outputs.slice(0, end)
    if (!direct.some(({ call_id }) => call_id === item["call_id"])) {
      return refuse(400, `No tool output found for tool call ${String(item["call_id"])}.`)
    }
  }
  return undefined
}

/** llama.cpp's Responses API, which makes chat messages of the input (its `server-common.cpp`). */
export const llamaCpp: Verdict = ({ input, tools = [] }) => {
  for (const item of input as ReadonlyArray<Json>) {
    const { content, output, type } = item
    if (type === "reasoning" && Array.isArray(item["summary"])) {
      if (!Array.isArray(content)) return refuse(400, "item['content'] is not an array")
      if (content.length === 0) return refuse(400, "item['content'] is empty")
      if (typeof content[0].text !== "string") return refuse(400, "item['content']['text'] is not a string")
    } else if (type === "function_call") {
      try {
        JSON.parse(item["arguments"])
      } catch {
        return refuse(
          500,
          "Failed to parse tool call arguments as JSON: [json.exception.parse_error.101]",
          "server_error"
        )
      }
    } else if (type === "function_call_output") {
      if (Array.isArray(output) && output.some((part) => part.type !== "input_text")) {
        return refuse(400, "Output of tool call should be 'Input text'")
      }
    } else if (type !== "message") return refuse(400, "Cannot determine type of 'item'")
  }
  return tools.every((tool: Json) => tool["type"] === "function")
    ? undefined
    : refuse(400, "'type' of tool must be 'function'")
}

/** Gemini's Chat Completions, whose calls carry a signature of the thoughts (openai-python#2758). */
export const gemini: Verdict = ({ messages }) => {
  const calls = (messages as ReadonlyArray<Json>).flatMap(({ tool_calls = [] }) => tool_calls)
  const isSigned = calls.every(({ extra_content }) => extra_content?.google?.thought_signature !== undefined)
  const message = "Function call is missing a thought_signature in functionCall parts."
  return isSigned ? undefined : { status: 400, body: [{ error: { code: 400, message, status: "INVALID_ARGUMENT" } }] }
}

/** OpenAI's Chat Completions with a model that reasons (rust-genai#139). */
export const openAiChat: Verdict = ({ max_tokens }) =>
  max_tokens === undefined
    ? undefined
    : refuse(400, "Unsupported parameter: 'max_tokens' is not supported with this model.")

const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`

/** One answer of the Responses API: its items, whole. */
const streamOf = (items: ReadonlyArray<Item>): string =>
  [
    { type: "response.created", response: { id: "resp_1" } },
    ...items.map((item, output_index) => ({ type: "response.output_item.done", output_index, item })),
    { type: "response.completed", response: { id: "resp_1", status: "completed", output: [], usage: null } }
  ].map(event).join("")

/** One answer of Chat Completions: its deltas. */
const chunksOf = (deltas: ReadonlyArray<Json>): string => {
  const reason = deltas.some(({ tool_calls }) => tool_calls !== undefined) ? "tool_calls" : "stop"
  return [
    ...deltas.map((delta) => ({ id: "c", choices: [{ index: 0, delta, finish_reason: null }] })),
    { id: "c", choices: [{ index: 0, delta: {}, finish_reason: reason }] }
  ].map(event).join("") + "data: [DONE]\n\n"
}

export interface StandIn {
  readonly url: string
  /** What was asked, in its order, and whether that was refused. */
  readonly asked: ReadonlyArray<{ readonly body: Json; readonly refusal: Refusal | undefined }>
}

/** A server on this machine that refuses as a real one does, and else gives these answers, one after the other. */
export const standIn = (verdict: Verdict, answers: ReadonlyArray<ReadonlyArray<Json>>) => {
  const asked: Array<StandIn["asked"][number]> = []
  let next = 0
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Array<Buffer> = []
    for await (const chunk of request) chunks.push(chunk)
    if (request.method !== "POST") return response.writeHead(404).end()
    const body = JSON.parse(Buffer.concat(chunks).toString())
    const refusal = verdict(body)
    asked.push({ body, refusal })
    if (refusal !== undefined) {
      return response.writeHead(refusal.status, { "content-type": "application/json" }).end(
        JSON.stringify(refusal.body)
      )
    }
    const answer = answers[next++]
    if (answer === undefined) return response.writeHead(500).end("the script has ended")
    response.writeHead(200, { "content-type": "text/event-stream" })
    return response.end(
      request.url?.endsWith("/chat/completions") === true ? chunksOf(answer) : streamOf(answer as ReadonlyArray<Item>)
    )
  }
  return Effect.map(
    serve((request, response) => void handle(request, response)),
    (base): StandIn => ({ url: `${base}/v1`, asked })
  )
}
