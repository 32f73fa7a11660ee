#!/usr/bin/env bash
# Packages  @effect/sql 0.52.1 (`sql.insert`), @effect/sql-libsql 0.42.0, effect 3.22.4, Node 20
# Guess     `sql.insert([first, second])` writes each field of each row, or refuses rows of different fields.
# Behaviour The columns are those of the first row. What a later row has beyond them is left out of the statement without a
#           word, by values as well as by types. Which data is kept depends on the order: optional fields, as a Schema
#           encodes them, are lost for a whole batch whose first row happens to have none. `updateValues` does the same.
# Seen      urgent first: 1 fix urgent, 2 rest null
#           urgent second: 2 rest null, 1 fix null
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/sql-libsql@0.42.0 @effect/sql@0.52.1 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 effect@3.22.4

cat >program.mjs <<'JS'
import { SqlClient } from "@effect/sql"
import { LibsqlClient } from "@effect/sql-libsql"
import { Effect } from "effect"

const urgent = { id: 1, title: "fix", tag: "urgent" }
const plain = { id: 2, title: "rest" }

await Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE tasks (id INTEGER, title TEXT, tag TEXT)`
  for (const [name, rows] of Object.entries({ "urgent first": [urgent, plain], "urgent second": [plain, urgent] })) {
    yield* sql`INSERT INTO tasks ${sql.insert(rows)}`
    const kept = yield* sql`SELECT id, title, tag FROM tasks ORDER BY rowid`
    yield* sql`DELETE FROM tasks`
    console.log(`${name}: ${kept.map(({ id, tag, title }) => `${id} ${title} ${tag}`).join(", ")}`)
  }
}).pipe(Effect.provide(LibsqlClient.layer({ url: "file:tasks.db" })), Effect.runPromise)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'urgent first: 1 fix urgent, 2 rest null
urgent second: 2 rest null, 1 fix null' ]
