import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Migrations from "../../src/cluster/Migrations.ts"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "../cli/machine.ts"
import { hasPostgres, postgresAt, postgresUrl } from "./databases.ts"

interface Told {
  readonly checks: ReadonlyArray<{ readonly id: string; readonly status: string; readonly summary: string }>
}

/** What the doctor says of a database, by its check. */
const examining = Effect.map(
  machine(Script.fromTurns([])),
  ({ run }) => (url: string, ...words: ReadonlyArray<string>) =>
    Effect.map(run(["doctor", "--json", "--database", url, ...words]), ({ code, stderr, stdout }) => {
      const { checks }: Told = JSON.parse(stdout)
      assert.notInclude(stdout + stderr, "secret-of-the-database")
      const of = (name: string) => {
        const found = checks.find(({ id }) => id === `database.${name}`)
        return found === undefined ? assert.fail(name) : [found.status, found.summary]
      }
      return { code, of }
    })
)

describe("effixir doctor --database", () => {
  it.scopedLive("says of a database that cannot be reached why, and looks at nothing else of it", () =>
    Effect.gen(function*() {
      const examine = yield* examining
      const url = "postgres://effixir:secret-of-the-database@127.0.0.1:1/nothing"
      const { code, of } = yield* examine(url)
      assert.strictEqual(code, 1)
      assert.deepStrictEqual(of("reachable"), [
        "fail",
        "The database cannot be used: connect ECONNREFUSED 127.0.0.1:1"
      ])
      assert.deepStrictEqual(of("sessions"), ["skip", "The database cannot be reached"])
      assert.deepStrictEqual((yield* examine(url, "--offline")).of("reachable")[0], "skip")
    }).pipe(Effect.provide(platform)))
})

describe.runIf(hasPostgres)("effixir doctor --database", () => {
  it.scopedLive("says which tables, runners and turns without a runner there are", () =>
    Effect.gen(function*() {
      const examine = yield* examining
      const url = yield* postgresUrl
      const empty = yield* examine(url)
      assert.strictEqual(empty.of("reachable")[0], "ok")
      for (const check of ["tables", "runners", "sessions"]) {
        assert.deepStrictEqual(empty.of(check), ["warn", "It has no tables yet"])
      }
      assert.strictEqual(empty.of("clock")[0], "ok")

      yield* Effect.gen(function*() {
        const sql = yield* SqlClient.SqlClient
        yield* Migrations.run
        yield* sql`CREATE TABLE cluster_runners (address TEXT, healthy BOOLEAN, last_heartbeat TIMESTAMP)`
        yield* sql`CREATE TABLE cluster_messages (entity_id TEXT, entity_type TEXT, tag TEXT, processed BOOLEAN)`
        const old = yield* examine(url)
        assert.deepStrictEqual(old.of("tables")[0], "ok")
        assert.deepStrictEqual(old.of("runners"), ["warn", "No runner is alive, so that no turn runs"])
        assert.deepStrictEqual(old.of("sessions"), ["ok", "No turn runs or waits"])

        yield* sql`INSERT INTO cluster_runners VALUES ('a:1', TRUE, now()), ('b:1', TRUE, now() - INTERVAL '1 minute')`
        yield* sql`INSERT INTO cluster_messages VALUES
          ('held', 'effixir/Session', 'Run', FALSE), ('stuck', 'effixir/Session', 'Run', FALSE),
          ('over', 'effixir/Session', 'Run', TRUE)`
        yield* sql`INSERT INTO effixir_sessions (id, epoch, claimed_until)
          VALUES ('held', 1, 99999999999999), ('stuck', 1, 0)`
        yield* sql`UPDATE effixir_migrations SET migration_id = 99 WHERE migration_id = ${Migrations.version}`
        const told = yield* examine(url)
        assert.strictEqual(told.code, 1)
        assert.deepStrictEqual(told.of("tables"), [
          "fail",
          `The tables are of version 99, and this program knows them up to version ${Migrations.version} only`
        ])
        assert.deepStrictEqual(told.of("runners"), ["ok", "1 runner is alive: a:1; 1 is not heard of"])
        assert.deepStrictEqual(told.of("sessions"), ["warn", "Turns in 1 session have no runner: stuck"])
      }).pipe(Effect.provide(postgresAt(url)))
    }).pipe(Effect.provide(platform)))
})
