/** SQLite waits for another process itself: what libsql is refused as busy leaves its transaction open. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"

export const patience = Effect.flatMap(SqlClient.SqlClient, (sql) => sql`PRAGMA busy_timeout = 20000`)
