#!/usr/bin/env bash
# Packages  @effect/sql-pg 0.53.0 (`PgClient`), @effect/sql 0.52.1, effect 3.22.4, Node 20
# Guess     `transformQueryNames: String.camelToSnake` and `transformResultNames: String.snakeToCamel` are for the names of
#           columns. A document written by `sql.json` into a jsonb column comes back as it was.
# Behaviour Unless `transformJson: false` is set, the keys of the document are rewritten too, at each depth, on the way in and
#           on the way out, and the two do not undo each other: an environment variable, a header or an id that is a key
#           of a map is another one when it is read, and a query by `->` in the database finds none of them. Shown with
#           the compiler and the transformation that the client is made of, without a database.
# Seen      given: {"userId":1,"my_key":2,"API_KEY":3,"headers":{"Content-Type":4}}
#           written: {"user_id":1,"my_key":2,"_a_p_i__k_e_y":3,"headers":{"_content-_type":4}}
#           read: {"userId":1,"myKey":2,"_aPI_kEY":3,"headers":{"_content-Type":4}}
#           written without transformJson: {"userId":1,"my_key":2,"API_KEY":3,"headers":{"Content-Type":4}}
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/sql-pg@0.53.0 @effect/sql@0.52.1 @effect/platform@0.97.2 \
  @effect/experimental@0.61.1 effect@3.22.4

cat >program.mjs <<'JS'
import { Statement } from "@effect/sql"
import { PgClient } from "@effect/sql-pg"
import { String } from "effect"

const given = { userId: 1, my_key: 2, API_KEY: 3, headers: { "Content-Type": 4 } }
// What `sql.json` makes of a document.
const json = Statement.custom("PgJson")
const written = (transformJson) => {
  const [, [parameter]] = PgClient.makeCompiler(String.camelToSnake, transformJson).compile(json(given))
  return parameter
}
const [read] = Statement.defaultTransforms(String.snakeToCamel).array([{ document: written() }])
console.log(`given: ${JSON.stringify(given)}`)
console.log(`written: ${JSON.stringify(written())}`)
console.log(`read: ${JSON.stringify(read.document)}`)
console.log(`written without transformJson: ${JSON.stringify(written(false))}`)
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'given: {"userId":1,"my_key":2,"API_KEY":3,"headers":{"Content-Type":4}}
written: {"user_id":1,"my_key":2,"_a_p_i__k_e_y":3,"headers":{"_content-_type":4}}
read: {"userId":1,"myKey":2,"_aPI_kEY":3,"headers":{"_content-Type":4}}
written without transformJson: {"userId":1,"my_key":2,"API_KEY":3,"headers":{"Content-Type":4}}' ]
