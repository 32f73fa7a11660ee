#!/usr/bin/env bash
# Packages  @effect/sql-libsql 0.42.0 (libsql 0.4.7), @effect/sql 0.52.1, effect 3.22.4, Node 20
# Guess     A write that fails with SQLITE_BUSY has done nothing, and the usual answer is to try it again; what succeeds then is
#           on the disk. So it is with better-sqlite3 and node:sqlite. A transaction that cannot begin fails, and frees its client.
# Behaviour The statement that was refused is never reset. It stays open in its connection, so that no later statement commits:
#           writes succeed, this client reads them back, and no other process ever sees them. A transaction that cannot
#           begin keeps the one permit of the client: whatever is asked of it afterwards waits for ever. What helps is not
#           to be refused (`PRAGMA busy_timeout`, again after each transaction, as that takes the connection along).
# Seen      the first try: refused; the second: done; seen by itself 1, seen by another 0
#           a transaction that cannot begin: refused; a statement after it: no answer
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts @effect/sql-libsql@0.42.0 @effect/sql@0.52.1 \
  @effect/platform@0.97.2 @effect/experimental@0.61.1 effect@3.22.4

cat >program.mjs <<'JS'
import { LibsqlClient } from "@effect/sql-libsql"
import { Deferred, Effect, Fiber, Layer, Option } from "effect"

const client = Layer.build(Layer.fresh(LibsqlClient.layer({ url: "file:data.db" }))).pipe(
  Effect.flatMap((context) => Effect.provide(LibsqlClient.LibsqlClient, context))
)
const say = Effect.match({ onFailure: () => "refused", onSuccess: () => "done" })

const program = Effect.gen(function*() {
  const [one, other, reader] = [yield* client, yield* client, yield* client]
  yield* one`PRAGMA journal_mode = WAL`
  yield* one`CREATE TABLE paid (id INTEGER PRIMARY KEY)`
  // Holds the lock of the file meanwhile, and changes nothing.
  const whileLocked = Effect.fnUntraced(function*(effect) {
    const [held, over] = [yield* Deferred.make(), yield* Deferred.make()]
    const holding = yield* Effect.fork(one.withTransaction(Effect.zipRight(Deferred.succeed(held, undefined), Deferred.await(over))))
    yield* Deferred.await(held)
    const said = yield* say(effect)
    yield* Deferred.succeed(over, undefined)
    yield* Fiber.join(holding)
    return said
  })
  const pay = other`INSERT INTO paid (id) VALUES (1)`
  const first = yield* whileLocked(pay)
  const second = yield* say(pay)
  const count = (sql) => Effect.map(sql`SELECT id FROM paid`, (rows) => rows.length)
  console.log(
    `the first try: ${first}; the second: ${second}; ` +
      `seen by itself ${yield* count(other)}, seen by another ${yield* count(reader)}`
  )
  const third = yield* client
  // The client that lost its write keeps the lock as well.
  const begun = yield* say(third.withTransaction(third`SELECT 1`))
  const answer = yield* Effect.timeoutOption(third`SELECT 1`, "1 second")
  console.log(
    `a transaction that cannot begin: ${begun}; a statement after it: ${Option.isSome(answer) ? "answered" : "no answer"}`
  )
})
Effect.runPromise(Effect.scoped(program)).then(() => process.exit())
JS
seen=$(node program.mjs)
printf '%s\n' "$seen"
[ "$seen" = 'the first try: refused; the second: done; seen by itself 1, seen by another 0
a transaction that cannot begin: refused; a statement after it: no answer' ]
