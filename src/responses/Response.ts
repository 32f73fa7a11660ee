/**
 * What one model call has answered so far: a pure fold over its events.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import { field, text } from "../internal/json.ts"
import { type FunctionCall, isFunctionCall, isItem, type Item } from "./Item.ts"
import type { StreamEvent } from "./StreamEvent.ts"
import * as Usage from "./Usage.ts"

/**
 * - `slots` holds the finished items by `output_index`; {@link items} is how one reads it.
 * - `finishReason` is `stop` for a response that ran to its end, or the server's word for why it did not
 *   (`max_output_tokens`, `content_filter`, …). It is absent until the response has ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly id: string | undefined
  readonly model: string | undefined
  readonly slots: ReadonlyArray<Item | undefined>
  readonly usage: Usage.Usage
  readonly finishReason: string | undefined
}

/** @since 0.1.0 @category constructors */
export const empty: Response = {
  id: undefined,
  model: undefined,
  slots: [],
  usage: Usage.zero,
  finishReason: undefined
}

/**
 * Adds one event. An event that finishes nothing gives the same value back.
 *
 * Items come from `response.output_item.done`: the final `output` is empty on the ChatGPT host. It is only used to fill
 * what was never announced as done, which happens when a response is cut short.
 *
 * @since 0.1.0
 * @category folding
 */
export const add = (self: Response, event: StreamEvent): Response => {
  switch (event.type) {
    case "response.created":
      return { ...self, ...identity(event.response, self) }
    case "response.output_item.done":
      return { ...self, slots: place(self.slots, event.output_index, event.item) }
    case "response.completed":
    case "response.incomplete":
      return {
        ...identity(event.response, self),
        slots: fill(self.slots, field(event.response, "output")),
        usage: Usage.fromJson(field(event.response, "usage")),
        finishReason: event.type === "response.completed" ? "stop" : incompleteReason(event.response)
      }
    default:
      return self
  }
}

/**
 * The finished items, in the order in which the server numbered them.
 *
 * @since 0.1.0
 * @category accessors
 */
export const items = (self: Response): ReadonlyArray<Item> => self.slots.filter(Predicate.isNotUndefined)

/** @since 0.1.0 @category accessors */
export const calls = (self: Response): ReadonlyArray<FunctionCall> => items(self).filter(isFunctionCall)

const identity = (response: unknown, otherwise: Response): Pick<Response, "id" | "model"> => ({
  id: text(field(response, "id")) ?? otherwise.id,
  model: text(field(response, "model")) ?? otherwise.model
})

const place = (slots: Response["slots"], index: number, item: Item): Response["slots"] => {
  const next = slots.slice()
  next[index] = item
  return next
}

const fill = (slots: Response["slots"], output: unknown): Response["slots"] =>
  Array.isArray(output)
    ? Array.from({ length: Math.max(slots.length, output.length) }, (_, index) => merge(slots[index], output[index]))
    : slots

/** Some hosts send `encrypted_content` in the final output alone. */
const merge = (done: Item | undefined, final: unknown): Item | undefined => {
  if (!isItem(final)) return done
  if (done === undefined) return final
  return done["encrypted_content"] == null && final["encrypted_content"] != null && done.type === final.type
    ? final
    : done
}

const incompleteReason = (response: unknown): string =>
  text(field(field(response, "incomplete_details"), "reason")) ?? "incomplete"
