#!/usr/bin/env bash
# Packages  @effect/sql 0.52.1 (`Migrator`), @effect/sql-libsql 0.42.0, effect 3.22.4, Node 20
# Guess     The table of migrations holds the id of each one that ran, so one that is not in it runs, wherever its number
#           stands, or the migrator fails for want of order, as Flyway does.
# Behaviour Only the highest id counts. What two people number 2 and 3, and merge in the other order, leaves a database that
#           was migrated in between without number 2, for good: the migrator succeeds, says that nothing was to be done, and a
#           new database, as in the tests, has the table that the old one lacks.
# Seen      old database, first: 1 users, 3 orders
#           old database, then: nothing
#           old database has: orders, users
#           new database: 1 users, 2 invoices, 3 orders
#           new database has: invoices, orders, users
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/sql-libsql@0.42.0 @effect/sql@0.52.1 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 effect@3.22.4

cat >program.mjs <<'JS'
import { Migrator, SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { Effect } from "effect"

const create = (name) => Effect.flatMap(SqlClient.SqlClient, (sql) => sql`CREATE TABLE ${sql(name)} (id INTEGER)`)
const before = { "0001_users": create("users"), "0003_orders": create("orders") }
const merged = { ...before, "0002_invoices": create("invoices") }
const migrate = (migrations) =>
  Effect.map(
    Migrator.make({})({ loader: Migrator.fromRecord(migrations) }),
    (ran) => ran.map((migration) => migration.join(" ")).join(", ") || "nothing"
  )
const tables = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql`SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'effect_sql_migrations' ORDER BY name`
  return rows.map(({ name }) => name).join(", ")
})
const within = (file, program) => Effect.runPromise(Effect.provide(program, LibsqlClient.layer({ url: `file:${file}` })))

await within("old.db", Effect.gen(function*() {
  console.log(`old database, first: ${yield* migrate(before)}`)
  console.log(`old database, then: ${yield* migrate(merged)}`)
  console.log(`old database has: ${yield* tables}`)
}))
await within("new.db", Effect.gen(function*() {
  console.log(`new database: ${yield* migrate(merged)}`)
  console.log(`new database has: ${yield* tables}`)
}))
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'old database, first: 1 users, 3 orders
old database, then: nothing
old database has: orders, users
new database: 1 users, 2 invoices, 3 orders
new database has: invoices, orders, users' ]
