/**
 * What one model call has answered so far: a pure fold over its events.
 *
 * @since 0.1.0
 */
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Json from "../internal/json.ts"
import { answer, isItem, type Item } from "./Item.ts"
import type { StreamEvent } from "./StreamEvent.ts"
import { isToolCall, type ToolCall } from "./ToolCall.ts"
import * as Usage from "./Usage.ts"

/**
 * - `slots` holds the finished items by `output_index`; {@link items} is how one reads it.
 * - `drafts` holds, in the same way, those that have begun, as far as their content is told in full.
 * - `finishReason` is `stop` for a response that ran to its end, or the server's word for why it did not
 *   (`max_output_tokens`, `content_filter`, …). It is absent until the response has ended.
 * - `removed` are the reasons for which the server has left out reasoning of the input: it was made for another beginning
 *   of the conversation (`prefix_mismatch`), by another model or for somebody else.
 *
 * @since 0.1.0
 * @category models
 */
export interface Response {
  readonly id: string | undefined
  readonly model: string | undefined
  readonly slots: HashMap.HashMap<number, Item>
  readonly drafts: HashMap.HashMap<number, Item>
  /** The index of the next item if the server sends none. */
  readonly next: number
  readonly usage: Usage.Usage
  readonly finishReason: string | undefined
  readonly removed: ReadonlyArray<string>
}

/** @since 0.1.0 @category constructors */
export const empty: Response = {
  id: undefined,
  model: undefined,
  slots: HashMap.empty(),
  drafts: HashMap.empty(),
  next: 0,
  usage: Usage.zero,
  finishReason: undefined,
  removed: []
}

/**
 * Adds one event. An event without a complete part returns the same value; a retry discards everything.
 *
 * Items come from `response.output_item.done`: the final `output` is empty on the ChatGPT host. It is only used to fill
 * what was never announced as done, which happens when a response is cut short; and some servers announce only that the
 * text of a message, or the input of a call, is done.
 *
 * @since 0.1.0
 * @category folding
 */
export const add = (self: Response, event: StreamEvent): Response => {
  switch (event.type) {
    case "response.created":
      return { ...self, ...identity(event.response, self) }
    case "response.output_item.added": {
      const item = begun(event.item)
      return item === undefined ? self : { ...self, drafts: HashMap.set(self.drafts, indexOf(self, event), item) }
    }
    case "response.output_text.done":
      return draft(self, event, (item) => ({
        ...item,
        content: [...contentOf(item), { type: "output_text", text: event.text, annotations: [] }]
      }), { type: "message", role: "assistant" })
    case "response.function_call_arguments.done":
      return draft(self, event, (item) => ({ ...item, arguments: event.arguments }))
    case "response.custom_tool_call_input.done":
      return draft(self, event, (item) => ({ ...item, input: event.input }))
    case "response.output_item.done": {
      const index = indexOf(self, event)
      return {
        ...self,
        slots: HashMap.set(self.slots, index, answerable(event.item, self, index)),
        next: Math.max(self.next, index + 1)
      }
    }
    case "response.completed":
    case "response.incomplete":
      return {
        ...identity(event.response, self),
        drafts: empty.drafts,
        next: empty.next,
        slots: fill(self, Json.field(event.response, "output")),
        usage: Usage.fromJson(Json.field(event.response, "usage")),
        finishReason: event.type === "response.completed" ? "stop" : incompleteReason(event.response),
        removed: removedOf(event.response)
      }
    case "effixir.retry":
      return empty
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
export const items = (self: Response): ReadonlyArray<Item> =>
  Array.from(self.slots).toSorted(([a], [b]) => a - b).map(([, item]) => item)

/**
 * What the model says to a person, without its `commentary` if there is other text.
 *
 * @since 0.1.0
 * @category accessors
 */
export const text = (self: Response): string => answer(items(self))

/**
 * The calls of our tools, in either form.
 *
 * @since 0.1.0
 * @category accessors
 */
export const calls = (self: Response): ReadonlyArray<ToolCall> => items(self).filter(isToolCall)

const identity = (response: unknown, otherwise: Response): Pick<Response, "id" | "model"> => ({
  id: Json.text(Json.field(response, "id")) ?? otherwise.id,
  model: Json.text(Json.field(response, "model")) ?? otherwise.model
})

/** The number of an item that an event is about. Where the server gives none, items come one after the other. */
const indexOf = ({ next }: Response, { output_index }: { readonly output_index?: number | undefined }): number =>
  output_index ?? next

/** What the server says of a part of an item that has begun. */
const draft = (
  self: Response,
  event: { readonly output_index?: number | undefined },
  add: (item: Item) => Item,
  unannounced?: Item
): Response => {
  const index = indexOf(self, event)
  const item = Option.getOrElse(HashMap.get(self.drafts, index), () => unannounced)
  return item === undefined
    ? self
    : { ...self, drafts: HashMap.set(self.drafts, index, { ...add(item), status: "completed" }) }
}

/** The beginning of an item that can be completed later, when its full content arrives. */
const begun = (item: Item): Item | undefined => {
  switch (item.type) {
    case "message":
      return { ...item, content: [] }
    case "function_call":
      return { ...item, arguments: undefined }
    case "custom_tool_call":
      return { ...item, input: undefined }
    default:
      return undefined
  }
}

const contentOf = (item: Item): ReadonlyArray<unknown> => Array.isArray(item["content"]) ? item["content"] : []

/** Whether an item has its content: without it, the item would misrepresent the answer. */
const isWhole = (item: Item): boolean =>
  contentOf(item).length > 0 || item["arguments"] !== undefined || item["input"] !== undefined

const fill = (self: Response, output: unknown): Response["slots"] => {
  const { drafts, slots } = self
  const finals = Array.isArray(output) ? output : []
  const filled = new Map(slots)
  const ids = new Set(Array.from(HashMap.values(slots), ({ id }) => id))
  for (const [index, final] of finals.entries()) {
    // Some servers number the final output in another way.
    if (!HashMap.has(slots, index) && isItem(final) && final["id"] !== undefined && ids.has(final["id"])) continue
    const item = merge(filled.get(index), final)
    if (item !== undefined) filled.set(index, answerable(item, self, index))
  }
  for (const [index, item] of drafts) {
    if (!filled.has(index) && isWhole(item)) filled.set(index, answerable(item, self, index))
  }
  return HashMap.fromIterable(filled)
}

/**
 * A call without a `call_id` could not be answered. It gets one that is the same whenever the same response is read; those
 * who check ids take 40 characters at least.
 */
const answerable = (item: Item, { id }: Response, index: number): Item => {
  const isCall = item.type === "function_call" || item.type === "custom_tool_call"
  if (!isCall || Predicate.isString(item["call_id"]) && item["call_id"] !== "") return item
  return { ...item, call_id: `call_${id === undefined ? "" : `${id.slice(-24)}_`}${index}` }
}

/** Some hosts send `encrypted_content` in the final output alone. */
const merge = (done: Item | undefined, final: unknown): Item | undefined => {
  if (!isItem(final)) return done
  if (done === undefined) return final
  return done["encrypted_content"] == null && final["encrypted_content"] != null && done.type === final.type
    ? final
    : done
}

/** Reasoning that is removed because its turn is over is expected, so it is not listed. */
const removedOf = (response: unknown): ReadonlyArray<string> => {
  const all = Json.field(response, "input_transformations")
  const reasons = (Array.isArray(all) ? all : []).flatMap((one) =>
    Json.field(one, "action") === "removed" ? [Json.text(Json.field(one, "reason")) ?? "unknown"] : []
  )
  return [...new Set(reasons)].filter((reason) => reason !== "turn_boundary")
}

const incompleteReason = (response: unknown): string =>
  Json.text(Json.field(Json.field(response, "incomplete_details"), "reason")) ?? "incomplete"
