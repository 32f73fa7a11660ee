import type * as MessageStorage from "@effect/cluster/MessageStorage"
import * as ShardingConfig from "@effect/cluster/ShardingConfig"
import { constEpochMillis } from "@effect/cluster/Snowflake"
import * as SqlMessageStorage from "@effect/cluster/SqlMessageStorage"
import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Retention from "../../src/cluster/Retention.ts"
import * as SqlSessionStore from "../../src/cluster/SqlSessionStore.ts"
import { makeId, SessionStore } from "../../src/session/SessionStore.ts"
import { hasPostgres } from "./databases.ts"
import { postgres } from "./shared.ts"

const day = 24 * 60 * 60 * 1000

/** Rows of `cluster_messages` with their answers, as so many turns leave them. */
const messages = Effect.fnUntraced(function*(
  name: string,
  count: number,
  age: number,
  { answered = age, entity = "effixir/Session", processed = true } = {}
) {
  const sql = yield* SqlClient.SqlClient
  const idsOf = (age: number) => (BigInt(Date.now() - age - constEpochMillis) << 22n).toString()
  const [first, reply] = [idsOf(age), idsOf(answered)]
  yield* sql`
    INSERT INTO cluster_messages (id, message_id, shard_id, entity_type, entity_id, kind, tag, payload, headers, processed, request_id, last_reply_id)
    SELECT ${first}::bigint + n, ${name} || n, 'default:1', ${entity}, ${name}, 0, 'Run', '{}', '{}', ${processed},
      ${first}::bigint + n, ${reply}::bigint + n
    FROM generate_series(1, ${count}::int) AS n`
  yield* sql`
    INSERT INTO cluster_replies (id, kind, request_id, payload)
    SELECT last_reply_id, 0, id, '{}' FROM cluster_messages WHERE entity_id = ${name}`
})

const left = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const names = yield* sql<{ entity_id: string }>`SELECT DISTINCT entity_id FROM cluster_messages ORDER BY 1`
  const replies = yield* sql<{ entity_id: string }>`
    SELECT DISTINCT coalesce(m.entity_id, 'nobody') AS entity_id
    FROM cluster_replies r LEFT JOIN cluster_messages m ON m.id = r.request_id ORDER BY 1`
  return { messages: names.map(({ entity_id }) => entity_id), replies: replies.map(({ entity_id }) => entity_id) }
})

describe.runIf(hasPostgres)("What a cluster keeps of turns that have ended", () => {
  const database = postgres()
  const stored = Layer.mergeAll(
    Layer.provide(SqlMessageStorage.layer, ShardingConfig.layer()),
    SqlSessionStore.layer()
  ).pipe(Layer.provideMerge(database))
  const test = <E, A>(
    name: string,
    body: Effect.Effect<A, E, SqlClient.SqlClient | SessionStore | MessageStorage.MessageStorage>
  ) => it.scopedLive(name, () => Effect.provide(body, stored))

  test(
    "goes when it is old, and neither turns that still run nor the entities of others do",
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      yield* messages("old", 2500, 3 * day)
      yield* messages("fresh", 10, 1000)
      yield* messages("waits", 3, 3 * day, { processed: false })
      yield* messages("long", 3, 3 * day, { answered: 1000 })
      yield* messages("foreign", 3, 3 * day, { entity: "Somebody's" })
      assert.strictEqual((yield* Retention.sweep("1 day")).messages, 2500)
      assert.deepStrictEqual(yield* left, {
        messages: ["foreign", "fresh", "long", "waits"],
        replies: ["foreign", "fresh", "long", "waits"]
      })
      assert.strictEqual((yield* Retention.sweep("1 day")).messages, 0)
      yield* sql`DELETE FROM cluster_messages`
      yield* sql`DELETE FROM cluster_replies`
    })
  )

  test(
    "goes by itself as long as a runner runs",
    Effect.scoped(Effect.gen(function*() {
      yield* messages("later", 10, 3 * day)
      yield* Layer.build(Retention.layer("1 day"))
      yield* left.pipe(
        Effect.repeat({ until: ({ messages }) => messages.length === 0, schedule: Schedule.spaced("20 millis") })
      )
    }))
  )

  test(
    "includes the epoch of a session that was removed long ago, and of no other",
    Effect.gen(function*() {
      const [store, sql] = [yield* SessionStore, yield* SqlClient.SqlClient]
      const ids = yield* Effect.replicateEffect(makeId, 3)
      const [removed = "", recent = "", kept = ""] = ids
      for (const id of ids) {
        yield* Effect.scoped(
          Effect.flatMap(store.open(id), (session) => session.append("a", { _tag: "SessionRenamed", title: "A" }))
        )
      }
      yield* store.remove(removed)
      yield* store.remove(recent)
      yield* sql`UPDATE effixir_sessions SET claimed_until = 1 WHERE id IN (${removed}, ${kept})`
      assert.strictEqual((yield* Retention.sweep("1 day")).epochs, 1)
      const rows = yield* sql<{ id: string }>`SELECT id FROM effixir_sessions`
      assert.sameMembers(rows.map(({ id }) => id), [recent, kept])
    })
  )
})
