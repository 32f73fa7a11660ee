/**
 * What one model call has answered so far: a pure fold over its events.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Json from "../internal/json.ts"
import type * as Draft from "./Draft.ts"
import * as Drafts from "./Drafts.ts"
import * as FinishReason from "./FinishReason.ts"
import { answer, type Item } from "./Item.ts"
import type { StreamEvent } from "./StreamEvent.ts"
import { isToolCall, type ToolCall } from "./ToolCall.ts"
import * as Usage from "./Usage.ts"

/**
 * - `drafts` are the items as far as they were streamed; {@link items} gives those that are finished.
 * - `growing` is the text of the latest deltas, which is not in `drafts` yet.
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
  readonly drafts: ReadonlyArray<Draft.Draft>
  readonly growing: Growing | undefined
  readonly usage: Usage.Usage
  readonly finishReason: string | undefined
  readonly removed: ReadonlyArray<string>
}

/** A text that grows with nearly every event, and where it belongs. */
interface Growing {
  readonly type: Delta["type"]
  readonly item_id: string | null | undefined
  readonly output_index: number | undefined
  readonly part: unknown
  readonly said: string
  readonly last: string
}

/** @since 0.1.0 @category constructors */
export const empty: Response = {
  id: undefined,
  model: undefined,
  drafts: [],
  growing: undefined,
  usage: Usage.zero,
  finishReason: undefined,
  removed: []
}

/**
 * Adds one event. An event that changes nothing returns the same value; a retry discards everything.
 *
 * Items come from `response.output_item.done`: the final `output` is empty on the ChatGPT host. It is only used for items
 * without that event, as when a response is cut short. Some servers send neither, but only the text of a message or the
 * input of a call, whole or in deltas.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { Response, Responses } from "effixir"
 * import type { Request } from "effixir"
 *
 * // What `Responses.complete` does, with a look at each event.
 * const complete = (request: Request.Request) =>
 *   Effect.gen(function*() {
 *     const responses = yield* Responses.Responses
 *     const response = yield* Stream.runFold(responses.stream(request), Response.empty, Response.add)
 *     return { calls: Response.calls(response), items: Response.items(response), text: Response.text(response) }
 *   })
 * ```
 *
 * @since 0.1.0
 * @category folding
 */
export const add = (self: Response, event: StreamEvent): Response => {
  switch (event.type) {
    case "response.output_text.delta":
    case "response.refusal.delta":
    case "response.reasoning_summary_text.delta":
    case "response.reasoning_text.delta":
    case "response.function_call_arguments.delta":
    case "response.custom_tool_call_input.delta":
      return grow(self, event.type, event)
    case "response.created":
      return { ...self, ...identity(event.response, self) }
    case "response.output_item.added":
      return withDrafts(self, (drafts) => Drafts.begin(drafts, event))
    case "response.output_text.done":
      return addFullText(self, event, "text", event.text)
    case "response.refusal.done":
      return addFullText(self, event, "refusal", event.refusal)
    case "response.reasoning_summary_text.done":
      return addFullText(self, event, "summary", event.text)
    case "response.reasoning_text.done":
      return addFullText(self, event, "thought", event.text)
    case "response.function_call_arguments.done":
      return addFullText(self, event, "arguments", event.arguments)
    case "response.custom_tool_call_input.done":
      return addFullText(self, event, "input", event.input)
    case "response.content_part.done":
    case "response.reasoning_summary_part.done":
      return addPart(self, event)
    case "response.output_item.done":
      return withDrafts(self, (drafts) => Drafts.finish(drafts, event))
    case "response.completed":
    case "response.incomplete": {
      const reason = incompleteReason(event)
      return {
        ...identity(event.response, self),
        drafts: Drafts.end(settled(self).drafts, Json.field(event.response, "output"), reason !== undefined),
        growing: undefined,
        usage: Usage.fromJson(Json.field(event.response, "usage")),
        finishReason: reason ?? "stop",
        removed: removedOf(event.response)
      }
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
export const items = ({ drafts, id }: Response): ReadonlyArray<Item> => Drafts.items(drafts, id)

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

type Delta = Extract<StreamEvent, { readonly type: keyof typeof growths }>

/** The kind of text that each delta belongs to. */
const growths = {
  "response.output_text.delta": "text",
  "response.refusal.delta": "refusal",
  "response.reasoning_summary_text.delta": "summary",
  "response.reasoning_text.delta": "thought",
  "response.function_call_arguments.delta": "arguments",
  "response.custom_tool_call_input.delta": "input"
} as const

/**
 * Nearly every event is the next piece of the same text, so that it is added without a look at the items, and copied
 * field by field, which is the fastest.
 */
const grow = (self: Response, type: Delta["type"], event: Delta): Response => {
  const { growing } = self
  const { delta, item_id, output_index } = event
  const part = event[type === "response.reasoning_summary_text.delta" ? "summary_index" : "content_index"]
  if (
    growing === undefined || growing.type !== type || growing.output_index !== output_index ||
    growing.item_id !== item_id || growing.part !== part
  ) {
    return { ...settled(self), growing: { type, item_id, output_index, part, said: delta, last: delta } }
  }
  const { drafts, finishReason, id, model, removed, usage } = self
  const said = growing.said + delta
  return {
    id,
    model,
    drafts,
    growing: { type: growing.type, item_id, output_index, part, said, last: delta },
    usage,
    finishReason,
    removed
  }
}

/** The same with the growing text moved into its item. */
const settled = (self: Response): Response => {
  const { drafts, growing } = self
  if (growing === undefined) return self
  const { item_id, last, output_index, part, said, type } = growing
  const piece = { kind: growths[type], part: Json.number(part) ?? 0, said, last }
  return { ...self, drafts: Drafts.addText(drafts, { item_id, output_index }, piece, false), growing: undefined }
}

const withDrafts = (self: Response, change: (drafts: Response["drafts"]) => Response["drafts"]): Response => {
  const before = settled(self)
  const drafts = change(before.drafts)
  return drafts === before.drafts ? before : { ...before, drafts }
}

/** Adds a full text. */
const addFullText = (
  self: Response,
  event: { readonly [field: string]: unknown },
  kind: Draft.Kind,
  said: string
): Response =>
  withDrafts(self, (drafts) => Drafts.addText(drafts, event, { kind, part: partIndex(event), said, last: said }, true))

const partIndex = (event: { readonly [field: string]: unknown }): number =>
  Json.number(event["content_index"]) ?? Json.number(event["summary_index"]) ?? 0

/** Adds the text of a finished part. */
const addPart = (self: Response, event: { readonly part: Item }): Response => {
  const { refusal, text, type } = event.part
  const kind = parts[type]
  const said = kind === "refusal" ? refusal : text
  return kind === undefined || !Predicate.isString(said) || said === "" ? self : addFullText(self, event, kind, said)
}

const parts: { readonly [type: string]: Draft.Kind | undefined } = {
  output_text: "text",
  text: "text",
  refusal: "refusal",
  summary_text: "summary",
  reasoning_text: "thought"
}

const identity = (response: unknown, otherwise: Response): Pick<Response, "id" | "model"> => ({
  id: Json.text(Json.field(response, "id")) ?? otherwise.id,
  model: Json.text(Json.field(response, "model")) ?? otherwise.model
})

/** Reasoning that is removed because its turn is over is expected, so it is not listed. */
const removedOf = (response: unknown): ReadonlyArray<string> => {
  const all = Json.field(response, "input_transformations")
  const reasons = (Array.isArray(all) ? all : []).flatMap((one) =>
    Json.field(one, "action") === "removed" ? [Json.text(Json.field(one, "reason")) ?? "unknown"] : []
  )
  return [...new Set(reasons)].filter((reason) => reason !== "turn_boundary")
}

/** Why a response is incomplete, `undefined` if it is not. Some servers say so in the event of a complete one. */
const incompleteReason = (event: { readonly type: string; readonly response?: unknown }): string | undefined => {
  const word = Json.text(Json.field(Json.field(event.response, "incomplete_details"), "reason"))
  const reason = word === undefined ? undefined : FinishReason.fromWord(word)
  if (reason?._tag === "Incomplete") return reason.reason
  const isIncomplete = event.type === "response.incomplete" || Json.field(event.response, "status") === "incomplete"
  return isIncomplete ? "incomplete" : undefined
}
