/**
 * The session as an entity of a cluster: what it can be asked. Only turns are kept until they are done, so that another
 * runner goes on with them; all else is for the runner that has the session now.
 *
 * @internal
 */
import * as ClusterSchema from "@effect/cluster/ClusterSchema"
import * as Entity from "@effect/cluster/Entity"
import * as Rpc from "@effect/rpc/Rpc"
import * as Schema from "effect/Schema"
import { Item } from "../responses/Item.ts"
import { Refused } from "./Refused.ts"

/** Time in milliseconds. */
export const Limits = Schema.Struct({
  steps: Schema.optional(Schema.Number),
  toolCalls: Schema.optional(Schema.Number),
  callsPerResponse: Schema.optional(Schema.Number),
  tokens: Schema.optional(Schema.Number),
  cost: Schema.optional(Schema.Number),
  time: Schema.optional(Schema.Number)
})

/** Without an input, the last turn of the session goes on. */
export const NewTurn = Schema.Struct({
  key: Schema.String,
  input: Schema.NullOr(Schema.Array(Item)),
  model: Schema.optional(Schema.String),
  effort: Schema.optional(Schema.String),
  limits: Schema.optional(Limits)
})

/** A turn that has begun, and the number of its first event. */
export const Begun = Schema.Struct({ turnId: Schema.String, seq: Schema.Number })

export const Answer = Schema.Union(
  Schema.TaggedStruct("Once", {}),
  Schema.TaggedStruct("Always", { scope: Schema.optional(Schema.Literal("command", "files", "folder", "tool")) }),
  Schema.TaggedStruct("No", { words: Schema.optional(Schema.String) })
)

/** An event as text; an empty one says that the runner is alive. */
export const EventText = Schema.String

/**
 * - `last` the number of the last event of the log
 * - `first` the event that it begins with
 * - `known` the turn of the key that was asked for
 */
export const State = Schema.Struct({
  last: Schema.Number,
  first: Schema.NullOr(EventText),
  running: Schema.NullOr(Schema.Struct({ key: Schema.String, turnId: Schema.NullOr(Schema.String) })),
  known: Schema.NullOr(Begun)
})

export const SessionEntity = Entity.make("effixir/Session", [
  Rpc.make("Run", { payload: NewTurn.fields, error: Refused, primaryKey: ({ key }) => key })
    .annotate(ClusterSchema.Persisted, true)
    // Whoever has asked for it may leave.
    .annotate(ClusterSchema.Uninterruptible, "client"),
  Rpc.make("Begin", { payload: { key: Schema.String }, success: Begun, error: Refused }),
  Rpc.make("State", { payload: { key: Schema.NullOr(Schema.String) }, success: State }),
  Rpc.make("Events", { payload: { after: Schema.Number }, success: EventText, stream: true }),
  Rpc.make("Interrupt", { success: Schema.NullOr(Schema.String) }),
  Rpc.make("Say", {
    payload: { kind: Schema.Literal("steer", "followUp"), input: Schema.Array(Item) },
    success: Schema.String,
    error: Refused
  }),
  Rpc.make("Answer", { payload: { item: Schema.String, answer: Answer }, success: Schema.Boolean })
])
