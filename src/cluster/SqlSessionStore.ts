/**
 * Keeps sessions in an SQL database: Postgres for several machines, SQLite by libsql for processes of one.
 *
 * A session has one writer, by a claim that has to be renewed. Each claim has a higher epoch than the one before, and a
 * line is added only under the newest: whoever was thought dead, and wakes up, can add nothing.
 *
 * @since 0.1.0
 */
import type { MigrationError } from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as SessionDriver from "../session/SessionDriver.ts"
import { notFound, SessionError } from "../session/SessionError.ts"
import { makeEncoded, SessionStore } from "../session/SessionStore.ts"
import * as Claim from "./Claim.ts"
import * as Database from "./Database.ts"
import * as Migrations from "./Migrations.ts"
import * as SqlSummaries from "./SqlSummaries.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** How long a session stays claimed by a process that is not heard of any more; 10 seconds by default. */
  readonly lease?: Duration.DurationInput | undefined
  /**
   * Whether a session is taken from whoever has it open, who can add nothing from then on. For those who know from elsewhere
   * that a session is theirs, as a runner of a cluster does.
   */
  readonly takesOver?: boolean | undefined
}

/**
 * The driver. Statements wait up to a minute for a database that is away.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { SessionStore } from "effixir"
 * import { SqlSessionStore } from "effixir/cluster"
 *
 * // Over tables that are there already: nothing is migrated.
 * const Sessions = Layer.effect(
 *   SessionStore.SessionStore,
 *   Effect.map(SqlSessionStore.makeDriver(), (driver) => SessionStore.makeEncoded(driver))
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeDriver = (
  { lease = "10 seconds", takesOver = false }: Options = {}
): Effect.Effect<SessionDriver.Encoded, never, SqlClient.SqlClient> =>
  Effect.map(SqlClient.SqlClient, (sql) => {
    const claimsThat = (takesOver: boolean) => Claim.make(sql, "effixir_sessions", Duration.toMillis(lease), takesOver)
    const claims = claimsThat(takesOver)
    const ask = <A, R>(id: string, statement: Effect.Effect<A, SqlError, R>) =>
      Effect.mapError(Database.patiently(sql, statement), failed(id))

    const linesOf = (id: string, afterSeq: number) =>
      ask(
        id,
        sql<{ readonly line: string }>`
          SELECT line FROM effixir_lines
          WHERE session_id = ${id}
          AND (seq > ${
          Math.min(afterSeq, maxSeq)
        } OR seq = (SELECT min(seq) FROM effixir_lines WHERE session_id = ${id}))
          ORDER BY seq`
      ).pipe(Effect.map((rows) => rows.map(({ line }) => line)))

    /** The row of the session stays locked while a line is added, so that no claim comes in between. */
    const insert = (id: string, epoch: number, { at, key, seq, text }: SessionDriver.Line) =>
      sql`
        INSERT INTO effixir_lines (session_id, seq, line_key, epoch, written_at, line)
        SELECT id, CAST(${seq} AS INTEGER), CAST(${key} AS TEXT), epoch, CAST(${at} AS BIGINT), CAST(${text} AS TEXT)
        FROM effixir_sessions WHERE id = ${id} AND epoch = ${epoch} ${Database.forShare(sql)}
        ON CONFLICT DO NOTHING RETURNING seq`

    /** Whether the line is there, by an attempt of which the answer was lost. */
    const isThere = (id: string, epoch: number, { key, seq }: SessionDriver.Line) =>
      Effect.map(
        sql`
          SELECT seq FROM effixir_lines
          WHERE session_id = ${id} AND seq = ${seq} AND epoch = ${epoch} AND line_key = ${key}`,
        (rows) => rows.length > 0
      )

    /** Whoever has it open keeps it, whatever this store takes over. */
    const removals = claimsThat(false)

    /**
     * All lines or none. A transaction that cannot begin would end the client of libsql, so that SQLite gets them by one
     * statement; a session without lines is none.
     */
    const insertAll = (id: string, lines: ReadonlyArray<SessionDriver.Line>) => {
      const row =
        sql`INSERT INTO effixir_sessions (id, epoch, claimed_until) VALUES (${id}, 1, 0) ON CONFLICT DO NOTHING`
      const columns = sql.literal("effixir_lines (session_id, seq, line_key, epoch, written_at, line)")
      return sql.onDialectOrElse({
        sqlite: () =>
          Effect.asVoid(Effect.zipRight(
            row,
            sql`
              INSERT INTO ${columns}
              SELECT ${id}, value ->> 'seq', value ->> 'key', 1, value ->> 'at', value ->> 'text'
              FROM json_each(${JSON.stringify(lines)}) WHERE true
              ON CONFLICT DO NOTHING`
          )),
        orElse: () =>
          sql.withTransaction(Effect.zipRight(
            row,
            Effect.forEach(Arr.chunksOf(lines, maxRows), (batch) =>
              sql`INSERT INTO ${columns} VALUES ${
                sql.csv(batch.map(({ at, key, seq, text }) => sql`(${id}, ${seq}, ${key}, 1, ${at}, ${text})`))
              } ON CONFLICT DO NOTHING`, { discard: true })
          ))
      })
    }

    const append = (id: string, epoch: number) => (line: SessionDriver.Line) =>
      ask(
        id,
        Effect.flatMap(
          insert(id, epoch, line),
          (added) => added.length > 0 ? Effect.succeed(true) : isThere(id, epoch, line)
        )
      ).pipe(Effect.flatMap((isAdded) => isAdded ? Effect.void : busy(id)))

    return {
      claim: Effect.fnUntraced(function*(id) {
        const epoch = yield* Effect.mapError(claims.hold(id), failed(id))
        if (Option.isNone(epoch)) return yield* busy(id)
        return { lines: yield* linesOf(id, 0), append: append(id, epoch.value) }
      }),

      draft: (id) =>
        Effect.sync(() => {
          const lines: Array<SessionDriver.Line> = []
          return {
            append: (line) => Effect.sync(() => void lines.push(line)),
            publish: Effect.suspend(() => ask(id, insertAll(id, lines)))
          }
        }),

      read: (id, afterSeq) =>
        Effect.filterOrFail(linesOf(id, afterSeq), (lines) => lines.length > 0, () => notFound(id)),

      list: (isWanted) =>
        ask(
          "",
          sql<{ readonly id: string; readonly epoch: number; readonly last: number | null }>`
          SELECT id, epoch, (SELECT max(seq) FROM effixir_lines WHERE session_id = id) AS last FROM effixir_sessions`
        ).pipe(
          Effect.map((rows) =>
            rows.flatMap(({ epoch, id, last }) =>
              last === null || !isWanted(id) ? [] : [{ id, revision: `${epoch} ${last}` }]
            )
          )
        ),

      // The row stays for long, so that no epoch comes twice; a session without lines is none.
      remove: (id) =>
        Effect.scoped(Effect.gen(function*() {
          const epoch = yield* Effect.mapError(removals.hold(id), failed(id))
          if (Option.isNone(epoch)) return yield* busy(id)
          // A runner may have taken it meanwhile, and what it goes on with stays.
          const own = sql`
            SELECT id FROM effixir_sessions WHERE id = ${id} AND epoch = ${epoch.value} ${Database.forShare(sql)}`
          yield* ask(id, sql`DELETE FROM effixir_lines WHERE session_id IN (${own})`)
          yield* ask(id, sql`DELETE FROM effixir_summaries WHERE session_id IN (${own})`)
          const removed = yield* ask(
            id,
            sql`UPDATE effixir_sessions SET holder = 'removed' WHERE id = ${id} AND epoch = ${epoch.value} RETURNING id`
          )
          if (removed.length === 0) return yield* busy(id)
        }))
    }
  })

/**
 * A store of sessions in the database, which gets its tables first.
 *
 * @example
 * ```ts
 * import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
 * import * as Layer from "effect/Layer"
 * import { SqlSessionStore } from "effixir/cluster"
 *
 * const Sessions = SqlSessionStore.layer({ lease: "30 seconds" }).pipe(
 *   Layer.provide(LibsqlClient.layer({ url: "file:sessions.db" }))
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options?: Options
): Layer.Layer<SessionStore, MigrationError | SqlError, SqlClient.SqlClient> =>
  Layer.effect(
    SessionStore,
    Effect.gen(function*() {
      yield* Migrations.run
      return makeEncoded(yield* makeDriver(options), yield* SqlSummaries.make)
    })
  )

/** The largest number that the column takes: who asks for what comes after infinity wants none. */
const maxSeq = 2 ** 31 - 1

/** A statement has a limited number of parameters. */
const maxRows = 100

const busy = (session: string) => new SessionError({ reason: "Busy", session, detail: "" })

const failed = (session: string) => (cause: SqlError) =>
  new SessionError({ reason: "Io", session, detail: Database.problem(cause), cause })
