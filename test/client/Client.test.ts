import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import * as Client from "../../src/client/Client.ts"
import * as Script from "../../src/testing/Script.ts"
import { start, token } from "../server/support.ts"

describe("The client of a server", () => {
  it.scopedLive("begins a session and a turn, follows it, and is told why it is refused", () =>
    Effect.gen(function*() {
      const { url } = yield* start(Script.fromTurns([Script.answer(Script.say("Hello."))]))
      const client = yield* Client.make({ baseUrl: url, token: Redacted.make(token) })
      assert.deepStrictEqual(yield* client.health({}), { ok: true })
      const { session_id: session } = yield* client.sessions.create({ payload: { title: "T" } })
      const started = yield* client.turns.start({ path: { session }, payload: { input: "Say hello" } })
      assert.deepStrictEqual(started, { session_id: session, turn_id: "turn-1" })
      const events = yield* client.follow(session).pipe(
        Stream.takeUntil(({ line }) => line.type === "turn.completed"),
        Stream.runCollect,
        Effect.map(Chunk.toReadonlyArray)
      )
      assert.strictEqual(events[0]?.line.type, "thread.started")
      assert.strictEqual(events[0]?.id, events[0]?.line.seq)
      const { sessions } = yield* client.sessions.list({ urlParams: {} })
      assert.deepInclude(sessions[0], { id: session, title: "T", status: "completed" })

      const refused = yield* Effect.either(client.turns.steer({ path: { session }, payload: { text: "Hurry" } }))
      assert.deepInclude(Either.getOrThrow(Either.flip(refused)), {
        _tag: "ApiError",
        status: 409,
        kind: "NoTurnRunning"
      })
      const stranger = yield* Client.make({ baseUrl: url, token: Redacted.make("nobody") })
      const unknown = yield* Effect.either(Stream.runHead(stranger.follow(session)))
      assert.deepInclude(Either.getOrThrow(Either.flip(unknown)), {
        _tag: "ApiError",
        status: 401,
        kind: "Unauthorized"
      })
    }).pipe(Effect.provide(FetchHttpClient.layer)))

  it("needs nothing that a browser has not", async () => {
    const bundle = await rolldown({
      input: fileURLToPath(new URL("../../src/client/index.ts", import.meta.url)),
      platform: "browser",
      external: /^node:/
    })
    const { output } = await bundle.generate({ format: "esm" })
    assert.deepStrictEqual(output.flatMap((chunk) => chunk.type === "chunk" ? chunk.imports : []), [])
  })
})
