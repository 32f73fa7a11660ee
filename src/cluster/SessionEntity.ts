/**
 * The session as an entity of a cluster: what it can be asked. Only turns are kept until they are done, so that another
 * runner goes on with them; all else is for the runner that has the session now.
 *
 * @internal
 */
import * as ClusterSchema from "@effect/cluster/ClusterSchema"
import * as DeliverAt from "@effect/cluster/DeliverAt"
import * as Entity from "@effect/cluster/Entity"
import * as Rpc from "@effect/rpc/Rpc"
import * as DateTime from "effect/DateTime"
import * as PrimaryKey from "effect/PrimaryKey"
import * as Schema from "effect/Schema"
import { Item } from "../responses/Item.ts"
import { Refused } from "./Refused.ts"

/** Time in milliseconds. */
const Limits = Schema.Struct({
  steps: Schema.optional(Schema.Number),
  toolCalls: Schema.optional(Schema.Number),
  callsPerResponse: Schema.optional(Schema.Number),
  tokens: Schema.optional(Schema.Number),
  cost: Schema.optional(Schema.Number),
  time: Schema.optional(Schema.Number)
})

/** Without an input, the last turn of the session goes on, and its key names no other. */
const NewTurn = Schema.Struct({
  key: Schema.String,
  input: Schema.NullOr(Schema.Array(Item)),
  model: Schema.optional(Schema.String),
  effort: Schema.optional(Schema.String),
  limits: Schema.optional(Limits)
})

/**
 * What a turn is asked for with. Its answer is kept under the name of the request: who asks again by the same key, after a
 * refusal, has it tried again. That a turn runs once is seen by its key in the log.
 */
export const Asked = Schema.Struct({ ...NewTurn.fields, request: Schema.String })

/**
 * Has a turn go on that waits in a call: at a time, in milliseconds, or at once with what somebody has said. One that does
 * not wait there any more is left as it is.
 */
export class Waking extends Schema.Class<Waking>("effixir/cluster/Waking")({
  key: Schema.String,
  turnId: Schema.String,
  itemId: Schema.String,
  at: Schema.Number,
  words: Schema.NullOr(Schema.String)
}) {
  [PrimaryKey.symbol]() {
    return this.key
  }
  [DeliverAt.symbol]() {
    return DateTime.unsafeMake(this.at)
  }
}

/** Which turn is meant; by neither it is the one that runs. */
export const Which = Schema.Struct({ key: Schema.NullOr(Schema.String), turnId: Schema.NullOr(Schema.String) })

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
  Rpc.make("Run", { payload: Asked.fields, success: Begun, error: Refused, primaryKey: ({ request }) => request })
    .annotate(ClusterSchema.Persisted, true)
    // Whoever has asked for it may leave.
    .annotate(ClusterSchema.Uninterruptible, "client"),
  Rpc.make("Wake", { payload: Waking })
    .annotate(ClusterSchema.Persisted, true)
    .annotate(ClusterSchema.Uninterruptible, "client"),
  // Answers when the turn has begun; why it has not is the answer of `Run`.
  Rpc.make("Begin", { payload: { request: Schema.String, key: Schema.NullOr(Schema.String) }, success: Begun }),
  Rpc.make("State", { payload: { key: Schema.NullOr(Schema.String) }, success: State }),
  Rpc.make("Events", { payload: { after: Schema.Number }, success: EventText, stream: true }),
  Rpc.make("Interrupt", { payload: Which.fields, success: Schema.NullOr(Schema.String) }),
  Rpc.make("Say", {
    // What is said again by the same key is heard once.
    payload: { key: Schema.String, kind: Schema.Literal("steer", "followUp"), input: Schema.Array(Item) },
    success: Schema.String,
    error: Refused
  }),
  Rpc.make("Answer", { payload: { item: Schema.String, answer: Answer }, success: Schema.Boolean })
])
