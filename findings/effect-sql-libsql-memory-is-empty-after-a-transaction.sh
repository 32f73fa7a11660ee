#!/usr/bin/env bash
# Packages  @effect/sql-libsql 0.42.0 with @libsql/client 0.12.0, @effect/sql 0.52.1, effect 3.22.4, Node 20
# Guess     A database in memory lives as long as its client: what stood in it before a transaction stands in it after.
# Behaviour A transaction takes the connection with it, and the client opens another one, which for ":memory:" is another
#           database, an empty one. One `withTransaction`, even one that only reads, and each table is gone; the migrator,
#           which runs in one, leaves none of the tables that it says it made. A database in a file is as guessed.
# Seen      file: before 1, within 1, after 1
#           memory: before 1, within 1, after no such table: notes
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/sql-libsql@0.42.0 @libsql/client@0.12.0 @effect/sql@0.52.1 \
  @effect/platform@0.97.2 @effect/experimental@0.61.1 effect@3.22.4

cat >program.mjs <<'JS'
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { Effect } from "effect"

for (const [name, url] of Object.entries({ file: "file:notes.db", memory: ":memory:" })) {
  await Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    yield* sql`CREATE TABLE notes (id INTEGER)`
    yield* sql`INSERT INTO notes VALUES (1)`
    const count = sql`SELECT count(*) AS count FROM notes`.pipe(
      Effect.map(([{ count }]) => count),
      Effect.catchAll(({ cause }) => Effect.succeed(cause.message.replace("SQLITE_ERROR: ", "")))
    )
    console.log(`${name}: before ${yield* count}, within ${yield* sql.withTransaction(count)}, after ${yield* count}`)
  }).pipe(Effect.provide(LibsqlClient.layer({ url })), Effect.runPromise)
}
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'file: before 1, within 1, after 1
memory: before 1, within 1, after no such table: notes' ]
