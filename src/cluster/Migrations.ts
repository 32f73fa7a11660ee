/**
 * The tables of this room, made and changed step by step by whoever connects first.
 *
 * @since 0.1.0
 */
import * as Migrator from "@effect/sql/Migrator"
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as Database from "./Database.ts"

/**
 * Text columns keep what JSON holds, byte for byte: `jsonb` would reorder fields, and takes no NUL. Times are milliseconds
 * since the epoch by the clock of the database, which is the only one that all machines share.
 */
const migrations: Record<string, Effect.Effect<void, SqlError, SqlClient.SqlClient>> = {
  "0001_sessions": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE effixir_sessions (
      id VARCHAR(64) PRIMARY KEY,
      epoch INTEGER NOT NULL,
      claimed_until BIGINT NOT NULL,
      holder TEXT
    )`
    yield* sql`CREATE TABLE effixir_lines (
      session_id VARCHAR(64) NOT NULL,
      seq INTEGER NOT NULL,
      line_key TEXT NOT NULL,
      epoch INTEGER NOT NULL,
      written_at BIGINT NOT NULL,
      line TEXT NOT NULL,
      PRIMARY KEY (session_id, seq),
      UNIQUE (session_id, line_key)
    )`
    yield* sql`CREATE TABLE effixir_summaries (
      session_id VARCHAR(64) PRIMARY KEY,
      revision TEXT NOT NULL,
      summary TEXT NOT NULL
    )`
  }),
  "0002_credentials": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE effixir_credentials (
      id VARCHAR(64) PRIMARY KEY,
      epoch INTEGER NOT NULL,
      claimed_until BIGINT NOT NULL,
      holder TEXT,
      sealed TEXT
    )`
  }),
  "0003_removed": Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE INDEX effixir_removed ON effixir_sessions (claimed_until) WHERE holder = 'removed'`
  })
}

/**
 * The version of the tables that this program knows.
 *
 * @internal
 */
export const version = Object.keys(migrations).length

const migrate = Migrator.make({})

/**
 * Brings the tables up to date. Several machines may do so at once: one of them does it, and the others wait for it.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Migrations } from "effixir/cluster"
 *
 * // Once, by whoever may change tables, before machines start that may not.
 * const prepare = Effect.zipRight(Effect.log("Making the tables"), Migrations.run)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const run: Effect.Effect<void, Migrator.MigrationError | SqlError, SqlClient.SqlClient> = Effect.flatMap(
  SqlClient.SqlClient,
  (sql) => {
    const migrated = migrate({ loader: Migrator.fromRecord(migrations), table: "effixir_migrations" })
    return isCurrent(sql).pipe(
      Effect.flatMap((isDone) =>
        isDone ? Effect.void : Database.waiting(sql, Effect.zipRight(letReadersRead(sql), migrated), migrationPatience)
      ),
      // Two that make the table of migrations at the same moment disturb each other, once.
      Effect.retry(Schedule.intersect(Schedule.jittered(Schedule.spaced("100 millis")), Schedule.recurs(10))),
      alone.withPermits(1),
      Effect.asVoid
    )
  }
)

/** Two transactions that are waiting to begin would not both be told to wait for other processes. */
const alone = Effect.unsafeMakeSemaphore(1)

/** A transaction that cannot begin ends the client of libsql. */
const migrationPatience = { milliseconds: 20_000 }

const isCurrent = (sql: SqlClient.SqlClient) =>
  sql<{ readonly last: number | null }>`SELECT max(migration_id) AS last FROM effixir_migrations`.pipe(
    Effect.map(([row]) => Number(row?.last ?? 0) >= version),
    Effect.orElseSucceed(() => false)
  )

/** Who reads a file of SQLite, and who writes to it, do not wait for each other then. The file remembers it. */
const letReadersRead = (sql: SqlClient.SqlClient) =>
  sql.onDialectOrElse({
    sqlite: () => Effect.asVoid(sql`PRAGMA journal_mode = WAL`),
    orElse: () => Effect.void
  })
