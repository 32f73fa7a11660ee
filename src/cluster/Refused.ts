/**
 * Why a turn of a session could not begin, or could not hear something.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The refusal of a runner: `kind` is one of those of `TurnFailed`, or `NoTurnRunning`, `InboxFull`, `Interrupted`,
 * `TurnWaiting` (a turn waits in a call for a time or an answer), `SessionElsewhere` (the agent of the runner keeps its sessions in another store than that of `SessionFeeds`).
 *
 * @since 0.1.0
 * @category errors
 */
export class Refused extends Schema.TaggedError<Refused>("effixir/cluster/Refused")("Refused", {
  kind: Schema.String,
  message: Schema.String,
  details: Schema.Record({ key: Schema.String, value: Schema.Unknown })
}) {}
