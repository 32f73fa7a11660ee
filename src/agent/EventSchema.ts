/**
 * Schemas of what a run emits, for programs that store events, or send them elsewhere. They are apart from the events
 * themselves: who only runs an agent needs none.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { Item } from "../responses/Item.ts"
import { ToolCall } from "../responses/ToolCall.ts"
import { Compacted, PermissionDecided, SessionEvent } from "../session/SessionEvent.ts"
import type * as Approver from "../tools/permission/Approver.ts"
import type * as Grants from "../tools/permission/Grants.ts"
import type * as Tool from "../tools/Tool.ts"
import { FileChange } from "../tools/workspace/FileChange.ts"
import type * as AgentEvents from "./AgentEvent.ts"

/** What it belongs to. */
const place = { turnId: Schema.String, itemId: Schema.String }

const Child: Schema.Schema<Tool.Child> = Schema.Struct({
  agent: Schema.String,
  sessionId: Schema.String,
  itemId: Schema.optional(Schema.String),
  state: Schema.optional(Schema.Literal("beside", "ended"))
})

const Subject: Schema.Schema<Approver.Subject> = Schema.Union(
  Schema.TaggedStruct("Command", {
    command: Schema.String,
    workdir: Schema.UndefinedOr(Schema.String),
    stays: Schema.optionalWith(Schema.Boolean, { exact: true }),
    writable: Schema.optionalWith(Schema.Array(Schema.String), { exact: true })
  }),
  Schema.TaggedStruct("Changes", { changes: Schema.Array(FileChange) }),
  Schema.TaggedStruct("Call", { arguments: Schema.String })
)

const Scope: Schema.Schema<Grants.Scope> = Schema.Struct({
  kind: Schema.Literal("command", "files", "folder", "tool"),
  allows: Schema.Array(Schema.String),
  grants: Schema.Array(Schema.String)
})

const Delta = Schema.Struct({
  _tag: Schema.Literal("TextDelta", "ReasoningDelta"),
  ...place,
  delta: Schema.String
})

const ToolProgress = Schema.TaggedStruct("ToolProgress", {
  ...place,
  text: Schema.String,
  child: Schema.optional(Child)
})

const Retrying = Schema.TaggedStruct("Retrying", {
  turnId: Schema.String,
  attempt: Schema.Number,
  maxAttempts: Schema.Number,
  delay: Schema.Number,
  reason: Schema.String,
  message: Schema.String,
  isLoading: Schema.Boolean
})

const PermissionRequested = Schema.TaggedStruct("PermissionRequested", {
  ...place,
  call: ToolCall,
  rule: Schema.String,
  question: Schema.String,
  subject: Subject,
  reason: Schema.UndefinedOr(Schema.String),
  scopes: Schema.Array(Scope),
  tool: Schema.optional(Schema.String),
  child: Schema.optional(Child)
})

const ChildAnswered = Schema.TaggedStruct("ChildAnswered", {
  ...place,
  rule: Schema.String,
  decision: PermissionDecided.fields.decision,
  words: Schema.UndefinedOr(Schema.String),
  child: Child
})

const WebSearched = Schema.TaggedStruct("WebSearched", { ...place, item: Item })

const Compacting = Schema.TaggedStruct("Compacting", {
  turnId: Schema.UndefinedOr(Schema.String),
  reason: Compacted.fields.reason,
  method: Compacted.fields.method
})

const CompactionFailed = Schema.TaggedStruct("CompactionFailed", {
  turnId: Schema.String,
  message: Schema.String
})

/**
 * Events that are emitted and not logged.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Ephemeral: Schema.Schema<AgentEvents.Ephemeral> = Schema.Union(
  Delta,
  ToolProgress,
  PermissionRequested,
  ChildAnswered,
  Retrying,
  WebSearched,
  Compacting,
  CompactionFailed
)

const Numbered = Schema.extend(
  Schema.Union(SessionEvent, Ephemeral),
  Schema.Struct({ seq: Schema.Number, at: Schema.DateTimeUtc })
)

/**
 * An event as JSON holds it: its time is a text.
 *
 * @since 0.1.0
 * @category models
 */
export type Encoded = typeof Numbered.Encoded

/**
 * Any event of a run. Its JSON holds all that the event does: `AgentEvent.toPublic` is for what leaves the program.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AgentEvent: Schema.Schema<AgentEvents.AgentEvent, Encoded> = Numbered
