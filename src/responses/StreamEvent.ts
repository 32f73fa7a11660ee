/**
 * One event of a Responses stream, decoded leniently: what is not known keeps its raw JSON.
 *
 * Every event of the API has a `sequence_number` too, but not every server sends it, so no shape asks for it. The same
 * holds for the fields that say which item a piece belongs to: `item_id`, `output_index`, and the index of the part.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { guardOf } from "../internal/guardOf.ts"
import { lazily } from "../internal/lazily.ts"
import { JsonObject, NullableText } from "../internal/wire.ts"
import * as Arguments from "./Arguments.ts"
import { isItem, Item } from "./Item.ts"

/** Such an event counts whatever `response` holds, so its fields are checked only where they are used. */
const lifecycle = <T extends string>(type: T) =>
  lazily(() => Schema.Struct({ type: Schema.Literal(type), response: Schema.optional(Schema.Unknown) }, JsonObject))

const outputItem = <T extends string>(type: T) =>
  lazily(() =>
    Schema.Struct({ type: Schema.Literal(type), output_index: Schema.optional(Schema.Number), item: Item }, JsonObject)
  )

/** Where in the response a piece belongs. */
const place = {
  item_id: NullableText,
  output_index: Schema.optional(Schema.Number)
}

/** An event about an item as a whole: how far a tool of the server is. */
const progress = <T extends string>(type: T) =>
  lazily(() => Schema.Struct({ type: Schema.Literal(type), ...place }, JsonObject))

/** A part of a message (`output_text`, `refusal`, …) or of a summary begins or is complete. */
const part = <T extends string>(type: T) =>
  lazily(() => Schema.Struct({ type: Schema.Literal(type), ...place, part: Item }, JsonObject))

/** The next piece of a text. */
const delta = <T extends string>(type: T) =>
  lazily(() => Schema.Struct({ type: Schema.Literal(type), ...place, delta: Schema.String }, JsonObject))

/** A text in full, after its pieces. */
const done = <T extends string, F extends string>(type: T, field: F) =>
  lazily(() =>
    Schema.Struct(
      {
        type: Schema.Literal(type),
        ...place,
        ...{ [field]: Schema.String } as { readonly [K in F]: typeof Schema.String }
      },
      JsonObject
    )
  )

const events = {
  "response.created": lifecycle("response.created"),
  "response.queued": lifecycle("response.queued"),
  "response.in_progress": lifecycle("response.in_progress"),
  "response.completed": lifecycle("response.completed"),
  "response.incomplete": lifecycle("response.incomplete"),
  "response.failed": lifecycle("response.failed"),
  "response.cancelled": lifecycle("response.cancelled"),

  "response.output_item.added": outputItem("response.output_item.added"),
  "response.output_item.done": outputItem("response.output_item.done"),

  "response.content_part.added": part("response.content_part.added"),
  "response.content_part.done": part("response.content_part.done"),
  "response.output_text.done": done("response.output_text.done", "text"),
  "response.output_text.annotation.added": lazily(() =>
    Schema.Struct({
      type: Schema.Literal("response.output_text.annotation.added"),
      ...place,
      annotation: JsonObject
    }, JsonObject)
  ),
  "response.refusal.done": done("response.refusal.done", "refusal"),

  "response.reasoning_summary_part.added": part("response.reasoning_summary_part.added"),
  "response.reasoning_summary_part.done": part("response.reasoning_summary_part.done"),
  "response.reasoning_summary_text.done": done("response.reasoning_summary_text.done", "text"),
  "response.reasoning_text.done": done("response.reasoning_text.done", "text"),

  "response.function_call_arguments.done": done("response.function_call_arguments.done", "arguments"),
  "response.custom_tool_call_input.done": done("response.custom_tool_call_input.done", "input"),
  "response.mcp_call_arguments.done": done("response.mcp_call_arguments.done", "arguments"),
  "response.code_interpreter_call_code.done": done("response.code_interpreter_call_code.done", "code"),
  "response.apply_patch_call_operation_diff.done": done("response.apply_patch_call_operation_diff.done", "diff"),

  "response.web_search_call.in_progress": progress("response.web_search_call.in_progress"),
  "response.web_search_call.searching": progress("response.web_search_call.searching"),
  "response.web_search_call.completed": progress("response.web_search_call.completed"),
  "response.file_search_call.in_progress": progress("response.file_search_call.in_progress"),
  "response.file_search_call.searching": progress("response.file_search_call.searching"),
  "response.file_search_call.completed": progress("response.file_search_call.completed"),
  "response.code_interpreter_call.in_progress": progress("response.code_interpreter_call.in_progress"),
  "response.code_interpreter_call.interpreting": progress("response.code_interpreter_call.interpreting"),
  "response.code_interpreter_call.completed": progress("response.code_interpreter_call.completed"),
  "response.image_generation_call.in_progress": progress("response.image_generation_call.in_progress"),
  "response.image_generation_call.generating": progress("response.image_generation_call.generating"),
  "response.image_generation_call.completed": progress("response.image_generation_call.completed"),
  /** A sketch of the image on its way; base64. */
  "response.image_generation_call.partial_image": lazily(() =>
    Schema.Struct({
      type: Schema.Literal("response.image_generation_call.partial_image"),
      ...place,
      partial_image_index: Schema.Number,
      partial_image_b64: Schema.String
    }, JsonObject)
  ),
  "response.mcp_call.in_progress": progress("response.mcp_call.in_progress"),
  "response.mcp_call.completed": progress("response.mcp_call.completed"),
  "response.mcp_call.failed": progress("response.mcp_call.failed"),
  "response.mcp_list_tools.in_progress": progress("response.mcp_list_tools.in_progress"),
  "response.mcp_list_tools.completed": progress("response.mcp_list_tools.completed"),
  "response.mcp_list_tools.failed": progress("response.mcp_list_tools.failed"),

  /** Base64 of the next piece of sound, and the words in it. */
  "response.audio.delta": delta("response.audio.delta"),
  "response.audio.done": progress("response.audio.done"),
  "response.audio.transcript.delta": delta("response.audio.transcript.delta"),
  "response.audio.transcript.done": progress("response.audio.transcript.done"),

  /** The ChatGPT host tells how much of the plan is used, maybe before anything else. */
  "codex.rate_limits": lazily(() => Schema.Struct({ type: Schema.Literal("codex.rate_limits") }, JsonObject)),
  /** Headers that came late, in `headers`. */
  "response.metadata": lazily(() => Schema.Struct({ type: Schema.Literal("response.metadata") }, JsonObject)),
  /** The same, and how long the server took, as the ChatGPT host tells them over WebSockets. */
  "codex.response.metadata": lazily(() =>
    Schema.Struct({ type: Schema.Literal("codex.response.metadata") }, JsonObject)
  ),
  "responsesapi.websocket_timing": lazily(() =>
    Schema.Struct({ type: Schema.Literal("responsesapi.websocket_timing") }, JsonObject)
  ),
  /** Carries no data; it keeps proxies from closing an idle connection. */
  keepalive: lazily(() => Schema.Struct({ type: Schema.Literal("keepalive") }, JsonObject)),
  /**
   * A failure told inside the stream: flat (`code`, `message`) or nested under `error`, with `status` or `status_code`
   * beside it on the ChatGPT host.
   */
  error: lazily(() => Schema.Struct({ type: Schema.Literal("error") }, JsonObject))
} as const

/** One for every token or so. */
const tokens = {
  "response.output_text.delta": delta("response.output_text.delta"),
  "response.refusal.delta": delta("response.refusal.delta"),
  "response.reasoning_summary_text.delta": delta("response.reasoning_summary_text.delta"),
  "response.reasoning_text.delta": delta("response.reasoning_text.delta"),
  "response.function_call_arguments.delta": delta("response.function_call_arguments.delta"),
  "response.custom_tool_call_input.delta": delta("response.custom_tool_call_input.delta"),
  "response.mcp_call_arguments.delta": delta("response.mcp_call_arguments.delta"),
  "response.code_interpreter_call_code.delta": delta("response.code_interpreter_call_code.delta"),
  "response.apply_patch_call_operation_diff.delta": delta("response.apply_patch_call_operation_diff.delta")
} as const

/**
 * The schemas of all events that are known, by their `type`. Each is made when it is first asked for: an answer holds
 * events of a few types only.
 *
 * @since 0.1.0
 * @category schemas
 */
export const schemas = { ...events, ...tokens }

type Schemas = typeof schemas

/**
 * An event as a server sends it.
 *
 * @since 0.1.0
 * @category models
 */
export type Known = { readonly [T in keyof Schemas]: ReturnType<Schemas[T]>["Type"] }[keyof Schemas]

/**
 * An event of a type, or of a shape, that is not known.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unknown {
  readonly type: "unknown"
  readonly raw: unknown
}

/**
 * Our own event: the call has failed and is made again. All earlier events are void, because the server starts over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Retry {
  readonly type: "effixir.retry"
  /** The number of the next attempt. The first attempt, which has no such event, is 1. */
  readonly attempt: number
  readonly maxAttempts: number
  /** The wait before it, in milliseconds. */
  readonly delay: number
  /** The `_tag` of the reason of the failure. */
  readonly reason: string
  /** The failure in a sentence. */
  readonly message: string
  /** Whether encrypted items are left out from here on, because the server can no longer read them. */
  readonly isWithoutEncrypted: boolean
  /** Whether the images that tools gave are words from here on, because the server does not take them. */
  readonly isWithoutImages?: boolean
  /** Whether all images are words from here on, because the server has refused one. */
  readonly isWithoutAnyImages?: boolean
  /** Whether the server is waited for because it is loading its model, which is no failure. */
  readonly isLoading: boolean
}

/** @since 0.1.0 @category models */
export type StreamEvent = Known | Unknown | Retry

/** Most events are tokens, so their check is written out; a test holds it to their schemas. */
const isToken = (event: Fields): boolean => {
  const { delta, item_id, output_index } = event
  return typeof delta === "string" && (item_id == null || typeof item_id === "string") &&
    (output_index === undefined || typeof output_index === "number")
}

const knownGuards = new Map([[Item.ast, isItem]])

const guards: ReadonlyMap<string, (event: Fields) => boolean> = new Map([
  ...Object.keys(tokens).map((type) => [type, isToken] as const),
  ...Object.entries(events).map(([type, schema]) =>
    [type, guardOf(schema as () => Schema.Schema<Known>, knownGuards)] as const
  )
])

/**
 * Reads the JSON of one event. It never fails: a known type with unexpected content is {@link Unknown}, and so is
 * everything else.
 *
 * @example
 * ```ts
 * import { StreamEvent } from "effixir"
 *
 * const event = StreamEvent.fromJson({ type: "response.output_text.delta", item_id: "msg_1", delta: "Hello" })
 * StreamEvent.isTerminal(event) // false: more will come
 *
 * // Some servers leave the type out of the data, and tell it in the name of the event.
 * const events = StreamEvent.fromUntyped({ item_id: "msg_1", delta: "Hello" }, "response.output_text.delta")
 * ```
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromJson = (raw: unknown): StreamEvent => {
  if (!Predicate.isRecord(raw) || typeof raw["type"] !== "string") return { type: "unknown", raw }
  // Pi's servers say `response.done` for `response.completed`.
  const event = raw["type"] === "response.done" ? { ...raw, type: "response.completed" } : raw
  if (isKnown(event)) return event
  const mended = inForm(event)
  return isKnown(mended) ? mended : { type: "unknown", raw }
}

type Fields = { readonly [field: string]: unknown }

const isKnown = (event: Fields): event is Fields & Known => guards.get(event["type"] as string)?.(event) === true

/** An event brought into the form of this API, where a server uses another. */
const inForm = (event: Fields): Fields => ({
  ...event,
  ...change(event, "output_index", (index) => typeof index === "number" ? index : undefined),
  ...change(event, "item_id", (id) => typeof id === "string" ? id : undefined),
  ...change(event, "item", typed),
  ...change(event, "part", typed),
  ...change(event, "delta", plain),
  ...change(event, "text", plain),
  ...change(event, "refusal", plain),
  ...change(event, "arguments", Arguments.textOf),
  ...change(event, "input", Arguments.textOf)
})

const change = (event: Fields, field: string, by: (value: unknown) => unknown): Fields =>
  field in event ? { [field]: by(event[field]) } : {}

/** A text that stands in a part of its own. */
const plain = (value: unknown): unknown =>
  Predicate.isRecord(value) && typeof value["text"] === "string" ? value["text"] : value

/** Recognizes items and parts without a type by their fields. */
const typed = (value: unknown): unknown => {
  if (!Predicate.isRecord(value) || typeof value["type"] === "string") return value
  const [type] = signs.find(([, field]) => field in value) ?? []
  return type === undefined ? value : { ...value, type }
}

const signs = [
  ["function_call", "arguments"],
  ["custom_tool_call", "input"],
  ["reasoning", "summary"],
  ["message", "content"],
  ["output_text", "text"]
] as const

/**
 * Reads an event without a `type`, as servers send that know less of this API: the name of the server-sent event may be
 * its type; else it may be a failure, or a whole response from a server that does not stream.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromUntyped = (raw: unknown, name = ""): ReadonlyArray<StreamEvent> => {
  if (!Predicate.isRecord(raw)) return [{ type: "unknown", raw }]
  // The type of such a failure is a word for it.
  if (raw["object"] === "error" || name === "error" && typeof raw["type"] === "string") {
    return [{ type: "error", error: raw }]
  }
  const named = fromJson({ ...raw, type: name })
  if (named.type !== "unknown") return [named]
  if (raw["object"] === "response" || raw["error"] == null && Array.isArray(raw["output"])) return fromWhole(raw)
  const isFailure = raw["error"] != null || typeof raw["detail"] === "string" ||
    typeof raw["error_message"] === "string"
  return [isFailure ? { ...raw, type: "error" } : { type: "unknown", raw }]
}

const fromWhole = (response: Fields): ReadonlyArray<StreamEvent> => {
  const { error, incomplete_details, output, status } = response
  const items = Array.isArray(output) ? output : []
  // A server that says nothing of how it ended has ended well, unless it says why it has not.
  const ending = status ?? (error != null ? "failed" : incomplete_details != null ? "incomplete" : "completed")
  return [
    ...items.map((item, output_index) => fromJson({ type: "response.output_item.done", output_index, item })),
    fromJson({ type: `response.${String(ending)}`, response })
  ]
}

/**
 * After one of these the server has nothing more to say.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTerminal = (event: StreamEvent): boolean => terminal.has(event.type)

const terminal: ReadonlySet<string> = new Set([
  "response.completed",
  "response.incomplete",
  "response.failed",
  "response.cancelled",
  "error"
])
