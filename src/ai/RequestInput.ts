/**
 * A prompt of `@effect/ai` as the input of a request.
 *
 * @internal
 */
import type * as Prompt from "@effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import { stringify } from "../internal/json.ts"
import * as Conversation from "../prompts/Conversation.ts"
import {
  developerMessage,
  functionCallOutput,
  isFunctionCall,
  isFunctionCallOutput,
  type Item,
  userMessage,
  withoutId
} from "../responses/Item.ts"
import type { Answers, Recipient, Shown } from "./Answers.ts"

/** The beginning of a request, and a digest of it, by which the answer to it is found again. */
export interface RequestInput {
  readonly instructions: string
  readonly input: ReadonlyArray<Item>
  readonly prefix: string
}

/**
 * The system messages at the beginning are the instructions; a later one is a message of the developer. What the model
 * has answered goes back as it came where it is known, so that what was sent once is sent the same ever after.
 */
export const make = Effect.fnUntraced(function*(
  { content }: Prompt.Prompt,
  answers: Answers,
  to: Recipient
): Effect.fn.Return<RequestInput> {
  const begin = content.findIndex(({ role }) => role !== "system")
  const system = content.slice(0, begin < 0 ? content.length : begin)
  const instructions = system.map((message) => message.role === "system" ? message.content : "").join("\n\n")
  let prefix = yield* digest("", instructions)
  const input: Array<Item> = []
  let digested = 0
  for (const message of content.slice(system.length)) {
    if (message.role !== "assistant") {
      input.push(...toItems(message))
      continue
    }
    prefix = yield* digest(prefix, input.slice(digested))
    digested = input.length
    const known = yield* answers.find(prefix, shownOf(message), to)
    input.push(...Option.isSome(known) ? known.value.map(withoutId) : yield* ofAssistant(message, answers))
  }
  prefix = yield* digest(prefix, input.slice(digested))
  return { instructions, input: mended(input), prefix }
})

const toItems = (message: Exclude<Prompt.Message, Prompt.AssistantMessage>): ReadonlyArray<Item> => {
  switch (message.role) {
    case "system":
      return [developerMessage(message.content)]
    case "user":
      return [{ type: "message", role: "user", content: message.content.map(userPart) }]
    case "tool":
      return message.content.map(({ id, result }) => functionCallOutput(id, textOf(result)))
  }
}

const userPart = (part: Prompt.UserMessagePart): Item => {
  if (part.type === "text") return { type: "input_text", text: part.text }
  const { data, fileName = "file", mediaType } = part
  const url = data instanceof URL
    ? data.href
    : typeof data === "string"
    ? /^[a-z]+:/i.test(data) ? data : `data:${mediaType};base64,${data}`
    : `data:${mediaType};base64,${Encoding.encodeBase64(data)}`
  if (mediaType.startsWith("image/")) {
    return { type: "input_image", image_url: url.replace(/^data:image\/\*/, "data:image/jpeg"), detail: "auto" }
  }
  return url.startsWith("data:")
    ? { type: "input_file", filename: fileName, file_data: url }
    : { type: "input_file", file_url: url }
}

const textOf = (result: unknown): string => {
  if (typeof result === "string") return result
  const json = stringify(result ?? null)
  return json._tag === "Right" ? json.right : String(result)
}

/** What a prompt has of an answer. What the server ran itself is not told by every prompt, and does not count. */
export const shownOf = ({ content }: Prompt.AssistantMessage): Shown => ({
  text: content.map((part) => part.type === "text" ? part.text : "").join(""),
  calls: content.flatMap((part) => part.type === "tool-call" && !part.providerExecuted ? [part.id] : [])
})

/** An answer that came from elsewhere, or long ago. Reasoning in words is nothing that a server takes back. */
const ofAssistant = ({ content }: Prompt.AssistantMessage, answers: Answers) =>
  Effect.map(
    Effect.forEach(content, (part): Effect.Effect<ReadonlyArray<Item>> => {
      if (part.type === "text") return Effect.succeed(part.text === "" ? [] : [message(part.text)])
      if (part.type !== "tool-call" || part.providerExecuted) return Effect.succeed([])
      const { id, name, params } = part
      return Effect.map(answers.call(part), (known) => [
        Option.match(known, {
          onNone: () => ({ type: "function_call", call_id: id, name, arguments: textOf(params) }),
          onSome: withoutId
        })
      ])
    }),
    (items) => items.flat()
  )

const message = (text: string): Item => ({
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }]
})

/**
 * Servers refuse a call without an output, as an interrupted stream leaves one, and an output without its call, as a
 * prompt does whose beginning was cut off.
 */
const mended = (input: ReadonlyArray<Item>): ReadonlyArray<Item> => {
  const answered = new Set(input.filter(isFunctionCallOutput).map(({ call_id }) => call_id))
  const called = new Set<string>()
  return input.flatMap((item) => {
    if (isFunctionCall(item)) {
      called.add(item.call_id)
      return answered.has(item.call_id)
        ? [item]
        : [item, functionCallOutput(item.call_id, Conversation.unknownOutcome)]
    }
    return isFunctionCallOutput(item) && !called.has(item.call_id)
      ? [userMessage(Conversation.outputWithoutCall(item.output))]
      : [item]
  })
}

/** A chain of digests, so that a long conversation is not gone through for each of its answers. */
const digest = (before: string, next: unknown): Effect.Effect<string> =>
  Effect.map(
    Effect.promise(() =>
      globalThis.crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${before}${JSON.stringify(next)}`))
    ),
    (bytes) => Encoding.encodeHex(new Uint8Array(bytes))
  )

/** One key for all requests of a conversation, by its beginning: the server finds the prefix that it has cached by it. */
export const keyOf = (instructions: string, input: ReadonlyArray<Item>): Effect.Effect<string> =>
  digest(instructions, input[0] ?? null)
