/**
 * The lines that `--json` prints, for programs that read them. Further types of lines, and further fields of these, may
 * come: what is not known is to be passed over.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { JsonObject } from "../internal/wire.ts"
import * as SessionJson from "../session/SessionJson.ts"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

const Count = Schema.Number

/** @since 0.1.0 @category schemas */
export const Usage = SessionJson.Usage

/** What one model call has cost; a plan has no price. */
const Spent = Schema.Struct({ ...Usage.fields, included_in_plan: optional(Schema.Literal(true)) })

/**
 * How full the window of the model is; `null` where it is not known how large that is.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Context = Schema.Struct({ tokens: Count, window: Schema.NullOr(Count) })

const method = Schema.Literal("hosted", "local")

/**
 * What a tool did to a file. `omitted` counts the lines of the diff that are left out.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Change = Schema.Struct({
  path: Schema.String,
  real_path: Schema.String,
  kind: Schema.Literal("create", "edit", "delete", "move"),
  diff: Schema.String,
  added: Count,
  removed: Count,
  from: optional(Schema.String),
  omitted: optional(Count),
  note: optional(Schema.String)
})

const call = {
  id: Schema.String,
  type: Schema.Literal("tool_call"),
  call_id: Schema.String,
  name: Schema.String,
  /** What the model wrote: JSON as a rule. */
  arguments: Schema.String
}

/** @since 0.1.0 @category schemas */
export const AgentMessage = Schema.Struct({
  id: Schema.String,
  type: Schema.Literal("agent_message"),
  text: Schema.String,
  phase: optional(Schema.String)
})

/** @since 0.1.0 @category schemas */
export const Reasoning = Schema.Struct({
  id: Schema.String,
  type: Schema.Literal("reasoning"),
  text: Schema.String
})

/** @since 0.1.0 @category schemas */
export const WebSearch = Schema.Struct({
  id: Schema.String,
  type: Schema.Literal("web_search"),
  query: Schema.String,
  action: Schema.NullOr(JsonObject),
  status: Schema.NullOr(Schema.String)
})

/** @since 0.1.0 @category schemas */
export const EndedCall = Schema.Struct({
  ...call,
  /** A text, or parts of it. Of an image there is the type and the size. */
  output: Schema.Union(Schema.String, Schema.Array(JsonObject)),
  status: Schema.Literal("completed", "failed", "interrupted"),
  changes: optional(Schema.Array(Change)),
  details: optional(JsonObject)
})

/**
 * An item of a type that is told as the server sent it.
 *
 * @since 0.1.0
 * @category schemas
 */
export const OtherItem = Schema.Struct({
  id: Schema.String,
  type: Schema.String.pipe(
    Schema.filter((type) => !told.has(type), {
      jsonSchema: { not: { enum: ["tool_call", "agent_message", "reasoning", "web_search"] } }
    })
  )
}, JsonObject)

const told: ReadonlySet<string> = new Set(["tool_call", "agent_message", "reasoning", "web_search"])

/** The child agent that a line is about, and the item of its own session. */
const child = optional(Schema.Struct({
  agent: Schema.String,
  session_id: Schema.String,
  item_id: optional(Schema.String)
}))

const line = <Type extends string, Fields extends Schema.Struct.Fields>(type: Type, fields: Fields) =>
  Schema.Struct({
    type: Schema.Literal(type),
    /** The number of the line in its session; numbers grow, with gaps. */
    seq: Schema.Number,
    ts: Schema.String,
    ...fields
  })

const exit_code = Schema.Number

const error = Schema.Struct({
  kind: Schema.String,
  message: Schema.String,
  retryable: Schema.Boolean,
  details: JsonObject
})

const lines = [
  line("thread.started", { thread_id: Schema.String, schema_version: Schema.Literal(1) }),
  line("turn.started", { turn_id: Schema.String, input: optional(Schema.String) }),
  line("input.added", {
    turn_id: Schema.String,
    kind: Schema.Literal("steer", "follow_up", "background"),
    text: Schema.String
  }),
  line("item.started", { item: Schema.Struct({ ...call, status: Schema.Literal("in_progress") }) }),
  line("item.updated", {
    item: Schema.Struct({
      id: Schema.String,
      type: Schema.Literal("tool_call"),
      status: Schema.Literal("in_progress"),
      text: Schema.String
    }),
    child
  }),
  line("item.completed", { item: Schema.Union(EndedCall, AgentMessage, Reasoning, WebSearch, OtherItem) }),
  line("item.delta", {
    item_id: Schema.String,
    kind: optional(Schema.Literal("text", "reasoning")),
    delta: Schema.String
  }),
  line("retry", {
    attempt: Count,
    max: Count,
    delay_ms: Count,
    reason: Schema.String,
    message: Schema.String
  }),
  line("usage", { ...Spent.fields, reasoning_removed: optional(Schema.Array(Schema.String)) }),
  line("compaction.started", { reason: Schema.Literal("threshold", "overflow", "asked"), method }),
  line("compaction.completed", { method, before_tokens: Count, after_tokens: Count, usage: Spent }),
  line("compaction.failed", { message: Schema.String }),
  line("permission.requested", {
    item: Schema.Struct(call),
    question: Schema.String,
    rule: Schema.String,
    tool: Schema.String,
    reason: optional(Schema.String),
    command: optional(Schema.String),
    workdir: optional(Schema.String),
    /** Whether the command goes on running beside the turn. */
    background: optional(Schema.Literal(true)),
    /** The command has run already: the files and folders that it could then write as well, when it runs again. */
    writable: optional(Schema.Array(Schema.String)),
    changes: optional(Schema.Array(Change)),
    child,
    always: Schema.Array(Schema.Struct({ scope: Schema.String, allows: Schema.Array(Schema.String) }))
  }),
  line("permission.decided", {
    item_id: Schema.String,
    decision: Schema.Literal("allowed", "denied"),
    rule: Schema.String,
    by: Schema.Literal("rule", "person"),
    reason: optional(Schema.String),
    scope: optional(Schema.String),
    words: optional(Schema.String),
    child
  }),
  line("turn.completed", { usage: Usage, finish_reason: Schema.String, context: optional(Context) }),
  line("turn.failed", { error, exit_code }),
  line("turn.interrupted", { reason: Schema.String, exit_code }),
  line("turn.limited", {
    limit: Schema.Literal("steps", "tool_calls", "tokens", "time", "repeats", "cost"),
    usage: Usage,
    exit_code
  }),
  line("error", { error, exit_code })
] as const

/**
 * Any line of a run. Exactly one line that ends the turn comes last: `turn.completed`, `turn.failed`, `turn.interrupted`
 * or `turn.limited`; `error` ends a command without a turn.
 *
 * @since 0.1.0
 * @category schemas
 */
export const JsonLine = Schema.Union(...lines)

/** @since 0.1.0 @category models */
export type JsonLine = typeof JsonLine.Type

/** @since 0.1.0 @category schemas */
export const types: ReadonlySet<string> = new Set(lines.flatMap(({ fields }) => fields.type.literals))
