/**
 * Remembers what is known of sessions in the database, so that a list reads only those that have changed.
 *
 * @internal
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { decodingOption } from "../internal/decoding.ts"
import { Usage } from "../responses/Usage.ts"
import type * as SessionDriver from "../session/SessionDriver.ts"
import { ForkOf, Parent } from "../session/SessionEvent.ts"
import type { Summary } from "../session/Summary.ts"
import * as Database from "./Database.ts"

export const make: Effect.Effect<SessionDriver.Index, never, SqlClient.SqlClient> = Effect.map(
  SqlClient.SqlClient,
  (sql) => {
    const load = sql<Row>`SELECT session_id, revision, summary FROM effixir_summaries`.pipe(
      Effect.map((rows) =>
        new Map(rows.flatMap((row): ReadonlyArray<[string, SessionDriver.Indexed]> => {
          const summary = decode(row.summary)
          return Option.isNone(summary) ? [] : [[row.session_id, { revision: row.revision, summary: summary.value }]]
        }))
      ),
      Effect.orElseSucceed((): ReadonlyMap<string, SessionDriver.Indexed> => new Map()),
      Effect.map(remembered)
    )
    return {
      load,
      // The summary of a session that is gone went with it.
      save: (changed) =>
        Effect.forEach(
          changed,
          ({ revision, summary }) =>
            Database.waiting(
              sql,
              sql`
                INSERT INTO effixir_summaries (session_id, revision, summary)
                VALUES (${summary.id}, ${revision}, ${encode(summary)})
                ON CONFLICT (session_id) DO UPDATE SET revision = excluded.revision, summary = excluded.summary`
            ),
          { discard: true }
        ).pipe(Effect.ignore)
    }
  }
)

const remembered = (entries: ReadonlyMap<string, SessionDriver.Indexed>): SessionDriver.Remembered => ({
  keys: () => entries.keys(),
  get: (id) => entries.get(id),
  workspaceOf: (id) => entries.get(id)?.summary.workspace
})

interface Row {
  readonly session_id: string
  readonly revision: string
  readonly summary: string
}

/** What another version of this program has written otherwise is read from the log again. */
const Kept = Schema.parseJson(Schema.Struct({
  id: Schema.String,
  title: Schema.NullOr(Schema.String),
  workspace: Schema.NullOr(Schema.String),
  model: Schema.NullOr(Schema.String),
  status: Schema.Literal("completed", "interrupted", "limited", "failed", "open"),
  createdAt: Schema.Number,
  updatedAt: Schema.Number,
  turns: Schema.Number,
  usage: Usage,
  forkOf: Schema.NullOr(ForkOf),
  parent: Schema.NullOr(Parent),
  damaged: Schema.Number
}))

const decode: (text: string) => Option.Option<Summary> = decodingOption(Kept)
const encode: (summary: Summary) => string = Schema.encodeSync(Kept)
