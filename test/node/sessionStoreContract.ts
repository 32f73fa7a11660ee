import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import type { SessionEvent } from "../../src/session/SessionEvent.ts"
import { SessionStore } from "../../src/session/SessionStore.ts"

const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 }

export const started = (turnId: string, text = "hi"): SessionEvent => ({
  _tag: "TurnStarted",
  turnId,
  model: "gpt-5.5",
  input: [{ type: "message", role: "user", content: [{ type: "input_text", text }] }]
})

/** A response of which reasoning, message and usage are shown, and the call is not: it takes three numbers. */
const responded: SessionEvent = {
  _tag: "ModelResponded",
  turnId: "t1",
  step: 0,
  model: "gpt-5.5",
  account: "account-1",
  items: [
    { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA", new_field: [1, { deep: null }] },
    { type: "message", id: "msg_1", role: "assistant", content: [{ type: "output_text", text: "naïve\n€👋" }] },
    { type: "function_call", id: "fc_1", call_id: "call_1", name: "read", arguments: "{ \"path\" : \"a\" }" }
  ],
  usage,
  finishReason: "stop"
}

export const completed = (turnId: string): SessionEvent => ({
  _tag: "TurnCompleted",
  turnId,
  answer: "Done.",
  usage,
  finishReason: "stop"
})

/** What every store of sessions does. */
export const contract = <E>(name: string, layer: Layer.Layer<SessionStore, E>) =>
  describe(`${name}, as a SessionStore,`, () => {
    it.scoped("keeps events as they are, with growing numbers and their times", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        const session = yield* store.open("s1")
        const stored = [yield* session.append("start", started("t1")), yield* session.append("model/0", responded)]
        yield* TestClock.adjust("1 minute")
        stored.push(yield* session.append("end", completed("t1")))
        assert.deepStrictEqual(stored.map(({ seq }) => seq), [1, 2, 5])
        assert.deepStrictEqual(stored.map(({ key }) => key), ["start", "model/0", "end"])
        assert.deepStrictEqual(stored.map(({ at }) => DateTime.toEpochMillis(at)), [0, 0, 60_000])
        for (const events of [yield* session.events, yield* store.read("s1")]) {
          assert.strictEqual(JSON.stringify(events), JSON.stringify(stored))
        }
      }).pipe(Effect.provide(layer)))

    it.scoped("keeps the first event of a key", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        const session = yield* store.open("s1")
        const first = yield* session.append("start", started("t1"))
        assert.deepStrictEqual(yield* session.append("start", started("t2")), first)
        const again = yield* Effect.all([
          session.append("end", completed("t1")),
          session.append("end", completed("t2"))
        ], {
          concurrency: 2
        })
        assert.deepStrictEqual(again[0], again[1])
        assert.deepStrictEqual(yield* store.read("s1"), [first, again[0]])
      }).pipe(Effect.provide(layer)))

    it.scoped("finds an event by its key", () =>
      Effect.gen(function*() {
        const session = yield* Effect.flatMap(SessionStore, (store) => store.open("s1"))
        const stored = yield* session.append("model/0", responded)
        assert.deepStrictEqual(Option.getOrThrow(yield* session.lookup("model/0")), stored)
        assert.isTrue(Option.isNone(yield* session.lookup("model/1")))
      }).pipe(Effect.provide(layer)))

    it.scoped("reads on after a number", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        const session = yield* store.open("s1")
        yield* session.append("start", started("t1"))
        yield* session.append("model/0", responded)
        const end = yield* session.append("end", completed("t1"))
        assert.lengthOf(yield* store.read("s1", 0), 3)
        assert.deepStrictEqual(yield* store.read("s1", 2), [end])
        assert.deepStrictEqual(yield* store.read("s1", 5), [])
      }).pipe(Effect.provide(layer)))

    it.scoped("gives no number twice", () =>
      Effect.gen(function*() {
        const session = yield* Effect.flatMap(SessionStore, (store) => store.open("s1"))
        const numbers = yield* Effect.forEach(
          Array.from({ length: 40 }, (_, n) => n),
          (n) =>
            n % 2 === 0 ? session.number : Effect.map(session.append(`end/${n}`, completed("t1")), ({ seq }) => seq),
          { concurrency: "unbounded" }
        )
        assert.lengthOf(new Set(numbers), 40)
        const kept = (yield* session.events).map(({ seq }) => seq)
        assert.lengthOf(kept, 20)
        assert.deepStrictEqual(kept, kept.toSorted((a, b) => a - b))
      }).pipe(Effect.provide(layer)))

    it.scoped("goes on where a session stood when it is opened again", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        const before = yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* store.open("s1")
          yield* session.append("start", started("t1"))
          yield* session.append("model/0", responded)
          return yield* session.events
        }))
        const session = yield* store.open("s1")
        assert.deepStrictEqual(yield* session.events, before)
        assert.deepStrictEqual(yield* session.append("start", started("t2")), before[0])
        assert.strictEqual((yield* session.append("end", completed("t1"))).seq, 5)
      }).pipe(Effect.provide(layer)))

    it.scoped("lets one write at a time", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        const first = yield* Scope.make()
        yield* Scope.extend(store.open("s1"), first)
        assert.deepInclude(yield* Effect.flip(store.open("s1")), { reason: "Busy", session: "s1" })
        yield* store.open("s2")
        yield* Scope.close(first, Exit.void)
        yield* store.open("s1")
        assert.propertyVal(yield* Effect.flip(store.open("s1")), "reason", "Busy")
      }).pipe(Effect.provide(layer)))

    it.scoped("knows no session without an event", () =>
      Effect.gen(function*() {
        const store = yield* SessionStore
        assert.deepInclude(yield* Effect.flip(store.read("s1")), { reason: "NotFound", session: "s1" })
        assert.deepStrictEqual(yield* store.list, [])
        const session = yield* store.open("s1")
        assert.deepStrictEqual(yield* session.events, [])
        assert.propertyVal(yield* Effect.flip(store.read("s1")), "reason", "NotFound")
        assert.deepStrictEqual(yield* store.list, [])
        yield* session.append("start", started("t1"))
        assert.lengthOf(yield* store.read("s1"), 1)
        assert.deepStrictEqual((yield* store.list).map(({ id }) => id), ["s1"])
      }).pipe(Effect.provide(layer)))
  })
