/**
 * Clears away what a cluster keeps of turns that have ended: their messages and answers, which nobody asks for any more, and
 * the epochs of sessions that were removed. Logs are kept.
 *
 * @internal
 */
import { constEpochMillis } from "@effect/cluster/Snowflake"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Database from "./Database.ts"

/** So many rows by one statement: it takes some milliseconds, and holds up nobody. */
const batch = 1000

/** Each runner looks so often. */
const interval = Schedule.jittered(Schedule.spaced("10 minutes"))

/** Deletes what is older than `keep`, batch by batch, and gives how many messages and epochs have gone. */
export const sweep = (keep: Duration.DurationInput): Effect.Effect<Swept, SqlError, SqlClient.SqlClient> =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const before = sql`${Database.now(sql)} - CAST(${Duration.toMillis(keep)} AS BIGINT)`
    const oldest = sql`((${before} - ${sql.literal(String(constEpochMillis))}) << 22)`
    // Ids begin with their time, so that the oldest are the first of the primary key. A turn may have ended long after it was
    // asked for, which its answer tells. Programs may have entities of their own.
    const messages = sql<Count>`
      WITH old AS (
        SELECT id FROM cluster_messages
        WHERE id < ${oldest} AND coalesce(last_reply_id, id) < ${oldest}
        AND processed AND entity_type = 'effixir/Session'
        ORDER BY id LIMIT ${batch} FOR UPDATE SKIP LOCKED
      ), messages AS (
        DELETE FROM cluster_messages USING old WHERE cluster_messages.id = old.id RETURNING old.id
      ), replies AS (
        DELETE FROM cluster_replies USING old WHERE cluster_replies.request_id = old.id
      )
      SELECT CAST(count(*) AS INTEGER) AS count FROM messages`
    const epochs = sql<Count>`
      WITH old AS (
        SELECT id FROM effixir_sessions
        WHERE holder = 'removed' AND claimed_until < ${before}
        AND NOT EXISTS (SELECT 1 FROM effixir_lines WHERE session_id = effixir_sessions.id)
        LIMIT ${batch} FOR UPDATE SKIP LOCKED
      ), epochs AS (
        DELETE FROM effixir_sessions USING old WHERE effixir_sessions.id = old.id RETURNING old.id
      )
      SELECT CAST(count(*) AS INTEGER) AS count FROM epochs`
    return { messages: yield* untilFew(messages), epochs: yield* untilFew(epochs) }
  })

interface Count {
  readonly count: number
}

/** How many rows have gone. */
interface Swept {
  readonly messages: number
  readonly epochs: number
}

const untilFew = (deletion: Effect.Effect<ReadonlyArray<Count>, SqlError>): Effect.Effect<number, SqlError> =>
  Effect.gen(function*() {
    let sum = 0
    while (true) {
      const [row] = yield* deletion
      const gone = row?.count ?? 0
      sum += gone
      if (gone < batch) return sum
      // Turns come first.
      yield* Effect.sleep("100 millis")
    }
  })

/** Does so as long as its Scope is open. What fails is tried again the next time. */
export const layer = (keep: Duration.DurationInput): Layer.Layer<never, never, SqlClient.SqlClient> =>
  Layer.scopedDiscard(
    Duration.isFinite(Duration.decode(keep))
      ? Effect.forkScoped(Effect.repeat(
        Effect.catchAll(sweep(keep), (error) => Effect.logDebug("Old messages stay for now", Database.problem(error))),
        interval
      ))
      : Effect.void
  )
