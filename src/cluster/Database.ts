/**
 * What is said and done about a database, whatever is kept in it.
 *
 * @internal
 */
import type * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schedule from "effect/Schedule"

/** The time of the database in milliseconds: the clocks of the machines may differ. */
export const now = (sql: SqlClient.SqlClient) =>
  sql.literal(sql.onDialectOrElse({
    pg: () => "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
    orElse: () => "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
  }))

/** Keeps a row that was read from being changed before the end of the transaction. SQLite has one writer anyway. */
export const forShare = (sql: SqlClient.SqlClient) =>
  sql.literal(sql.onDialectOrElse({ pg: () => "FOR SHARE", orElse: () => "" }))

/**
 * Waits for a database that is away for a while: restarted, out of reach, or without space. All that is given is done
 * again, from its first statement.
 */
export const patiently = <A, R>(
  sql: SqlClient.SqlClient,
  effect: Effect.Effect<A, SqlError, R>
): Effect.Effect<A, SqlError, R> => Effect.retry(waiting(sql, effect), { while: isPassing, schedule: patience })

/**
 * Has SQLite wait for other processes that write. A connection waits only once it was told to, and libsql takes a new one
 * after each transaction.
 *
 * A connection of libsql that was refused as busy all the same is given up: the statement that was refused stays open in it,
 * so that what it writes from then on is acknowledged, and lost when the process ends.
 */
export const waiting = <A, E, R>(
  sql: SqlClient.SqlClient,
  effect: Effect.Effect<A, E | SqlError, R>,
  { milliseconds = 1000 }: { readonly milliseconds?: number } = {}
): Effect.Effect<A, E | SqlError, R> =>
  sql.onDialectOrElse({
    sqlite: () =>
      Effect.zipRight(sql`PRAGMA busy_timeout = ${sql.literal(String(milliseconds))}`, effect).pipe(
        Effect.tapError((error) => isSqlError(error) && isBusy(error) ? giveUp(sql) : Effect.void)
      ),
    orElse: () => effect
  })

/** Libsql hands its connection to a transaction, and opens another one for what comes after it. */
const giveUp = (sql: SqlClient.SqlClient): Effect.Effect<void> => {
  const client: unknown = Predicate.hasProperty(sql, "sdk") ? sql.sdk : undefined
  return isLibsql(client)
    ? Effect.ignore(Effect.tryPromise(async () => (await client.transaction("deferred")).rollback()))
    : Effect.void
}

interface Libsql {
  readonly transaction: (mode: "deferred") => Promise<{ readonly rollback: () => Promise<void> }>
}

const isLibsql = (client: unknown): client is Libsql =>
  Predicate.hasProperty(client, "transaction") && Predicate.isFunction(client.transaction)

const isSqlError = (error: unknown): error is SqlError => Predicate.isTagged(error, "SqlError")

const patience = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.jittered,
  Schedule.upTo("1 minute")
)

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A): 08 no connection, 53 no resources, 57P shut down by an operator, 40001
 * and 40P01 disturbed by another transaction.
 */
const isPassing = (error: SqlError): boolean => {
  const { cause } = error
  const code = codeOf(error)
  const message = Predicate.hasProperty(cause, "message") ? String(cause.message) : ""
  return /^(?:08|53|57P|40001|40P01|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|SQLITE_BUSY|SQLITE_FULL)/
    .test(code) || /Connection terminated|timeout exceeded when trying to connect/.test(message)
}

const codeOf = ({ cause }: SqlError): string => Predicate.hasProperty(cause, "code") ? String(cause.code) : ""

const isBusy = (error: SqlError): boolean => codeOf(error).startsWith("SQLITE_BUSY")

/** Why a statement failed, as the end of a sentence. */
export const problem = ({ cause, message }: SqlError): string =>
  Predicate.hasProperty(cause, "message") && cause.message !== ""
    ? `the database says: ${String(cause.message)}`
    : `the database does not answer: ${message ?? "no connection"}`
