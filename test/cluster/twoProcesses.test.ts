import * as SqlClient from "@effect/sql/SqlClient"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { execFile } from "node:child_process"
import { rmSync } from "node:fs"
import { promisify } from "node:util"
import { bundle } from "../../scratchpad/torture/bundle.ts"
import * as SqlSessionStore from "../../src/cluster/SqlSessionStore.ts"
import type { SessionEvent } from "../../src/session/SessionEvent.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"
import { sqliteAt, sqliteUrl } from "./databases.ts"

const ended: SessionEvent = {
  _tag: "TurnCompleted",
  turnId: "t",
  answer: "",
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 },
  finishReason: "stop"
}

describe("Two processes on one file of SQLite", () => {
  let program = ""
  beforeAll(async () => void (program = await bundle(new URL("writer.ts", import.meta.url))))
  afterAll(() => rmSync(program, { force: true }))

  it.scopedLive("lose no line that was acknowledged to one of them", () =>
    Effect.gen(function*() {
      const url = yield* sqliteUrl
      const [sessions, lines] = [4, 100]
      const names = ["first", "second"]
      const write = (name: string) =>
        Effect.promise((signal) =>
          promisify(execFile)(process.execPath, [program, url, name, String(sessions), String(lines)], { signal })
        )
      yield* Effect.forEach(names, write, { concurrency: "unbounded" })
      const kept = Effect.gen(function*() {
        const store = yield* SessionStore
        return yield* Effect.forEach(names, (name) =>
          Effect.forEach(
            Array.from({ length: sessions }, (_, n) => n),
            (n) =>
              Effect.map(
                Effect.orElseSucceed(store.read(`${name}-${n}`), () => []),
                (all) => all.length
              )
          ))
      })
      const found = yield* Effect.provide(kept, Layer.provide(SqlSessionStore.layer(), sqliteAt(url)))
      assert.deepStrictEqual(found.flat(), names.flatMap(() => Array.from({ length: sessions }, () => lines)))
    }))

  it.scopedLive("lose none where one has the file for longer than the other waits", () =>
    Effect.gen(function*() {
      const url = yield* sqliteUrl
      const stored = Layer.provideMerge(SqlSessionStore.layer(), sqliteAt(url))
      yield* Effect.gen(function*() {
        const store = yield* SessionStore
        const session = yield* store.open("waits")
        const other = yield* Effect.provide(SqlClient.SqlClient, yield* Layer.build(Layer.fresh(sqliteAt(url))))
        const busy = yield* Effect.fork(
          Effect.ignore(other.withTransaction(Effect.zipRight(Effect.sleep("1500 millis"), Effect.fail("undone"))))
        )
        yield* Effect.yieldNow()
        for (let n = 0; n < 3; n++) yield* session.append(`line/${n}`, ended)
        yield* Fiber.join(busy)
      }).pipe(Effect.scoped, Effect.provide(stored))
      const seen = yield* Effect.provide(
        Effect.flatMap(SessionStore, (store) => store.read("waits")),
        Layer.fresh(stored)
      )
      assert.lengthOf(seen, 3)
    }))
})
