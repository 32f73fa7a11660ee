/**
 * What a model was asked, for tests to read: `requests.last.functionCallOutput("call_1")`.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import { isMessage, text } from "../responses/Item.ts"
import type { Request } from "../responses/Request.ts"
import { isToolCallOutput } from "../responses/ToolCall.ts"

/**
 * One request. What is asked for and not in it is an error that says what is there, which fails the test.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentRequest {
  /** The whole of it. */
  readonly request: Request
  /** The names of the tools that the model was told of. */
  readonly tools: ReadonlyArray<string>
  /** What people have said so far, a text for each message. */
  readonly userTexts: ReadonlyArray<string>
  /** What the model was told of a call: the text, or the texts of its parts in lines. */
  readonly functionCallOutput: (callId: string) => string
}

/**
 * All requests so far. `at` counts from 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface SentRequests {
  readonly all: ReadonlyArray<SentRequest>
  readonly first: SentRequest
  readonly last: SentRequest
  readonly at: (index: number) => SentRequest
}

/**
 * @example
 * ```ts
 * import { Item, Request } from "effixir"
 * import { SentRequests } from "effixir/testing"
 *
 * const request = Request.make({
 *   model: "gpt-6.2-sol",
 *   instructions: "",
 *   input: [Item.userMessage("Hello?"), Item.functionCallOutput("call_1", "21")]
 * })
 *
 * SentRequests.make([request]).last.functionCallOutput("call_1") // "21"
 * SentRequests.sent(request).userTexts // ["Hello?"]
 * ```
 *
 * @since 0.1.0 @category constructors
 */
export const make = (requests: ReadonlyArray<Request>): SentRequests => {
  const all = requests.map(sent)
  const at = (index: number): SentRequest => {
    const found = all[index]
    if (found === undefined) throw new Error(`There is no request ${index}: the model was asked ${times(all.length)}`)
    return found
  }
  return {
    all,
    at,
    get first() {
      return at(0)
    },
    get last() {
      return at(Math.max(0, all.length - 1))
    }
  }
}

/** @since 0.1.0 @category constructors */
export const sent = (request: Request): SentRequest => ({
  request,
  tools: request.tools.map((tool) => "name" in tool && Predicate.isString(tool.name) ? tool.name : tool.type),
  userTexts: request.input.filter((item) => isMessage(item) && item.role === "user").map(text),
  functionCallOutput: (callId) => {
    const outputs = request.input.filter(isToolCallOutput)
    const found = outputs.find((item) => item.call_id === callId)
    if (found === undefined) {
      const ids = outputs.map((item) => item.call_id)
      throw new Error(
        `The request has no output of ${callId}; it has ${
          ids.length === 0 ? "none at all" : `those of ${ids.join(", ")}`
        }`
      )
    }
    return Predicate.isString(found.output)
      ? found.output
      : found.output.flatMap((part) => Predicate.isString(part["text"]) ? [part["text"]] : []).join("\n")
  }
})

const times = (count: number): string => count === 1 ? "once" : `${count} times`
