/**
 * One event of a Responses stream, decoded leniently: what is not known keeps its raw JSON.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { Item } from "./Item.ts"

const Json = Schema.Record({ key: Schema.String, value: Schema.Unknown })

/** The end is the end whatever `response` holds, so its fields are looked at where they are used. */
const lifecycle = <T extends string>(type: T) =>
  Schema.Struct({ type: Schema.Literal(type), response: Schema.optional(Schema.Unknown) }, Json)

const outputItem = <T extends string>(type: T) =>
  Schema.Struct({ type: Schema.Literal(type), output_index: Schema.Number, item: Item }, Json)

const delta = <T extends string>(type: T) =>
  Schema.Struct({
    type: Schema.Literal(type),
    delta: Schema.String,
    item_id: Schema.optional(Schema.NullOr(Schema.String)),
    output_index: Schema.optional(Schema.Number)
  }, Json)

/**
 * A failure told inside the stream: flat (`code`, `message`) or nested under `error`, with `status` or `status_code`
 * beside it on the ChatGPT host.
 */
const Failure = Schema.Struct({ type: Schema.Literal("error") }, Json)

const known = {
  "response.created": lifecycle("response.created"),
  "response.queued": lifecycle("response.queued"),
  "response.in_progress": lifecycle("response.in_progress"),
  "response.completed": lifecycle("response.completed"),
  "response.incomplete": lifecycle("response.incomplete"),
  "response.failed": lifecycle("response.failed"),
  "response.output_item.added": outputItem("response.output_item.added"),
  "response.output_item.done": outputItem("response.output_item.done"),
  "response.output_text.delta": delta("response.output_text.delta"),
  "response.refusal.delta": delta("response.refusal.delta"),
  "response.reasoning_summary_text.delta": delta("response.reasoning_summary_text.delta"),
  "response.reasoning_text.delta": delta("response.reasoning_text.delta"),
  "response.function_call_arguments.delta": delta("response.function_call_arguments.delta"),
  error: Failure
} as const

type Known = typeof known
type KnownEvent = { readonly [T in keyof Known]: Known[T]["Type"] }[keyof Known]

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
 * An event as the server sent it, or {@link Unknown}.
 *
 * @since 0.1.0
 * @category models
 */
export type StreamEvent = KnownEvent | Unknown

const guards: ReadonlyMap<string, (u: unknown) => u is KnownEvent> = new Map(
  Object.entries(known).map(([type, schema]) => [type, Schema.is(schema as Schema.Schema<KnownEvent>)])
)

/**
 * Reads the JSON of one event. It never fails: a known type with unexpected content is {@link Unknown}, and so is
 * everything else.
 *
 * @since 0.1.0
 * @category decoding
 */
export const fromJson = (raw: unknown): StreamEvent => {
  if (!Predicate.hasProperty(raw, "type") || !Predicate.isString(raw.type)) return { type: "unknown", raw }
  // Pi's servers say `response.done` for `response.completed`.
  const event = raw.type === "response.done" ? { ...raw, type: "response.completed" } : raw
  return guards.get(event.type as string)?.(event) ? event as KnownEvent : { type: "unknown", raw }
}

/**
 * After one of these the server has nothing more to say.
 *
 * @since 0.1.0
 * @category guards
 */
export const isTerminal = (event: StreamEvent): boolean =>
  event.type === "response.completed" || event.type === "response.incomplete" || event.type === "response.failed" ||
  event.type === "error"
