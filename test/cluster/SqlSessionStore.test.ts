import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as SqlSessionStore from "../../src/cluster/SqlSessionStore.ts"
import type { SessionEvent } from "../../src/session/SessionEvent.ts"
import { makeId, SessionStore } from "../../src/session/SessionStore.ts"
import * as SessionStoreContract from "../../src/testing/SessionStoreContract.ts"
import { type Database, hasPostgres } from "./databases.ts"
import { postgres, sqlite } from "./shared.ts"

const event = (answer: string): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId: "t",
  answer,
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 },
  finishReason: "stop"
})

/** As if its process had not been heard of for long. */
const expire = (id: string) =>
  Effect.flatMap(SqlClient.SqlClient, (sql) => sql`UPDATE effixir_sessions SET claimed_until = 0 WHERE id = ${id}`)

const promises = (database: Database) => {
  const storeWith = (options?: SqlSessionStore.Options) => Layer.provideMerge(SqlSessionStore.layer(options), database)

  for (const { check, name } of SessionStoreContract.checks(storeWith())) it.effect(name, () => check)

  it.scoped("lets nobody add a line who was taken for dead, and loses none of those before", () =>
    Effect.gen(function*() {
      const [store, id] = [yield* SessionStore, yield* makeId]
      const first = yield* store.open(id)
      yield* first.append("before", event("before"))
      yield* expire(id)
      const second = yield* store.open(id)
      assert.lengthOf(yield* second.log, 1)
      const { reason } = yield* Effect.flip(first.append("late", event("late")))
      assert.strictEqual(reason, "Busy")
      yield* second.append("after", event("after"))
      assert.deepStrictEqual((yield* store.read(id)).map(({ key }) => key), ["before", "after"])
    }).pipe(Effect.provide(storeWith())))

  it.scopedLive("stays claimed beyond its lease as long as its process lives, and is free when it leaves", () =>
    Effect.gen(function*() {
      const [store, id] = [yield* SessionStore, yield* makeId]
      const life = yield* Scope.make()
      yield* Effect.flatMap(Scope.extend(store.open(id), life), (session) => session.append("a", event("a")))
      const sql = yield* SqlClient.SqlClient
      const until = Effect.map(
        sql<{ until: number }>`SELECT CAST(claimed_until AS TEXT) AS until FROM effixir_sessions WHERE id = ${id}`,
        ([row]) => Number(row?.until)
      )
      const begun = yield* until
      yield* until.pipe(Effect.repeat({ until: (now) => now > begun + 2000, schedule: Schedule.spaced("50 millis") }))
      assert.strictEqual((yield* Effect.flip(Effect.scoped(store.open(id)))).reason, "Busy")
      yield* Scope.close(life, Exit.void)
      yield* store.open(id)
    }).pipe(Effect.provide(storeWith({ lease: "1 second" }))))

  it.scoped("remembers what a list shows, and believes it only as long as nothing was added", () =>
    Effect.gen(function*() {
      const [store, id] = [yield* SessionStore, yield* makeId]
      const sql = yield* SqlClient.SqlClient
      yield* Effect.scoped(Effect.flatMap(store.open(id), (session) => session.append("a", event("a"))))
      const statusOf = Effect.map(store.list, (all) => all.find((one) => one.id === id)?.status)
      assert.strictEqual(yield* statusOf, "completed")
      yield* sql`UPDATE effixir_summaries SET summary = replace(summary, 'completed', 'failed') WHERE session_id = ${id}`
      assert.strictEqual(yield* statusOf, "failed")
      yield* store.rename(id, "Another")
      assert.strictEqual(yield* statusOf, "completed")
      yield* sql`UPDATE effixir_summaries SET summary = 'of another version' WHERE session_id = ${id}`
      assert.strictEqual(yield* statusOf, "completed")
    }).pipe(Effect.provide(storeWith())))
}

describe("Sessions in SQLite", () => promises(sqlite()))

describe("A session that a runner takes while it is removed", () => {
  const database = sqlite()

  it.effect("stays as it is", () =>
    Effect.gen(function*() {
      const [store, sql] = [yield* SessionStore, yield* SqlClient.SqlClient]
      const id = yield* makeId
      yield* Effect.scoped(
        Effect.flatMap(store.open(id), (session) => session.append("a", { _tag: "SessionRenamed", title: "A" }))
      )
      const before = yield* store.read(id)
      yield* sql`
        CREATE TRIGGER taken AFTER UPDATE ON effixir_sessions WHEN NEW.epoch = OLD.epoch + 1 AND NEW.holder <> 'runner'
        BEGIN UPDATE effixir_sessions SET holder = 'runner', epoch = NEW.epoch + 1 WHERE id = NEW.id; END`
      assert.deepInclude(yield* Effect.flip(store.remove(id)), { reason: "Busy" })
      assert.deepStrictEqual(yield* store.read(id), before)
    }).pipe(Effect.provide(Layer.provideMerge(SqlSessionStore.layer(), database))))
})

describe.runIf(hasPostgres)("Sessions in Postgres", () => {
  const database = postgres()
  promises(database)

  it.scopedLive("goes on over connections that are cut, and keeps each line once", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore
      const sql = yield* SqlClient.SqlClient
      const ids = yield* Effect.replicateEffect(makeId, 4)
      const writing = yield* Effect.forEach(
        ids,
        (id) =>
          Effect.scoped(Effect.flatMap(store.open(id), (session) =>
            Effect.forEach(
              Array.from({ length: 60 }, (_, n) => n),
              (n) => session.append(`line/${n}`, event(String(n)))
            ))),
        { concurrency: "unbounded" }
      ).pipe(Effect.fork)
      const cut =
        sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()`
      yield* Effect.ignore(cut).pipe(Effect.repeat(Schedule.spaced("30 millis")), Effect.fork)
      yield* Fiber.join(writing)
      for (const id of ids) {
        assert.deepStrictEqual(
          (yield* store.read(id)).map(({ key }) => key),
          Array.from({ length: 60 }, (_, n) => `line/${n}`)
        )
      }
    }).pipe(Effect.provide(Layer.provideMerge(SqlSessionStore.layer(), database))))

  it.effect("gets its tables once, from however many machines", () =>
    Effect.gen(function*() {
      const store = Layer.provide(Layer.fresh(SqlSessionStore.layer()), Layer.fresh(database))
      const lists = yield* Effect.all(
        Array.from({ length: 6 }, () => Effect.provide(Effect.flatMap(SessionStore, (store) => store.list), store)),
        { concurrency: "unbounded" }
      )
      assert.lengthOf(lists, 6)
    }))
})
