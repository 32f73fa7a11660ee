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

/** The same, for whoever is going to change it. */
export const forUpdate = (sql: SqlClient.SqlClient) =>
  sql.literal(sql.onDialectOrElse({ pg: () => "FOR UPDATE", orElse: () => "" }))

/** Waits for a database that is away for a while: restarted, out of reach, or without space. */
export const patiently = <A, R>(effect: Effect.Effect<A, SqlError, R>): Effect.Effect<A, SqlError, R> =>
  Effect.retry(effect, { while: isPassing, schedule: patience })

const patience = Schedule.exponential("100 millis").pipe(
  Schedule.union(Schedule.spaced("2 seconds")),
  Schedule.jittered,
  Schedule.upTo("1 minute")
)

/**
 * Classes of SQLSTATE (PostgreSQL, appendix A): 08 no connection, 53 no resources, 57P shut down by an operator, 40001
 * and 40P01 disturbed by another transaction.
 */
const isPassing = ({ cause }: SqlError): boolean => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : ""
  const message = Predicate.hasProperty(cause, "message") ? String(cause.message) : ""
  return /^(?:08|53|57P|40001|40P01|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EAI_AGAIN|SQLITE_BUSY|SQLITE_FULL)/
    .test(code) || /Connection terminated|timeout exceeded when trying to connect/.test(message)
}

/** Why a statement failed, as the end of a sentence. */
export const problem = ({ cause, message }: SqlError): string =>
  Predicate.hasProperty(cause, "message") && cause.message !== ""
    ? `the database says: ${String(cause.message)}`
    : `the database does not answer: ${message ?? "no connection"}`
