/** A process that adds lines to sessions of a SQLite file, and says how many were acknowledged. */
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as SqlSessionStore from "../../src/cluster/SqlSessionStore.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"

const [url = "", name = "", sessions = "", lines = ""] = process.argv.slice(2)

const write = Effect.gen(function*() {
  const store = yield* SessionStore
  for (let session = 0; session < Number(sessions); session++) {
    yield* Effect.scoped(
      Effect.flatMap(store.open(`${name}-${session}`), (opened) =>
        Effect.forEach(
          Array.from({ length: Number(lines) }, (_, n) => n),
          (n) =>
            opened.append(`line/${n}`, {
              _tag: "TurnCompleted",
              turnId: "t",
              answer: String(n),
              usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 },
              finishReason: "stop"
            }),
          { discard: true }
        ))
    )
  }
})

await Effect.runPromise(
  Effect.provide(write, Layer.provide(SqlSessionStore.layer(), LibsqlClient.layer({ url })))
)
