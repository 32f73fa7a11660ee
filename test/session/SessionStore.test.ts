import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as TestClock from "effect/TestClock"
import * as Usage from "../../src/responses/Usage.ts"
import type * as SessionDriver from "../../src/session/SessionDriver.ts"
import { SessionError } from "../../src/session/SessionError.ts"
import type { SessionEvent } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"

const started: SessionEvent = { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1 }
const asked: SessionEvent = { _tag: "TurnStarted", turnId: "t", model: "gpt-5.5", input: [] }
const ended: SessionEvent = { _tag: "TurnInterrupted", turnId: "t", reason: "cancelled" }
const message = { type: "message", role: "assistant", content: [] }
const responded: SessionEvent = {
  _tag: "ModelResponded",
  turnId: "t",
  step: 0,
  model: "gpt-5.5",
  account: "chatgpt:acct-1",
  items: [message, message],
  usage: Usage.zero,
  finishReason: "stop"
}

const memory = Effect.provide(SessionStore.layerMemory)
const open = (id: string) => Effect.flatMap(SessionStore.SessionStore, (store) => store.open(id))

describe("SessionStore.layerMemory", () => {
  it.scoped("numbers events from 1, and leaves room for what a response shows", () =>
    Effect.gen(function*() {
      const session = yield* open("s")
      yield* TestClock.setTime(5000)
      const stored = [
        yield* session.append("session", started),
        yield* session.append("model/0", responded),
        yield* session.append("end", ended)
      ]
      assert.deepStrictEqual(stored.map(({ seq }) => seq), [1, 2, 5])
      assert.strictEqual(yield* session.number, 6)
      assert.strictEqual((yield* session.append("next", asked)).seq, 7)
      assert.deepStrictEqual(stored[0], { seq: 1, at: DateTime.unsafeMake(5000), key: "session", event: started })
      assert.deepStrictEqual((yield* session.log).slice(0, 3), stored)
    }).pipe(memory))

  it.scoped("keeps what is stored under a key already", () =>
    Effect.gen(function*() {
      const session = yield* open("s")
      const first = yield* session.append("end", ended)
      assert.strictEqual(yield* session.append("end", asked), first)
      assert.deepStrictEqual(yield* session.events, [first])
      assert.strictEqual(Option.getOrUndefined(yield* session.lookup("end")), first)
      assert.isTrue(Option.isNone(yield* session.lookup("start")))
    }).pipe(memory))

  it.scoped("stores an event once, and numbers without a gap, when many append at a time", () =>
    Effect.gen(function*() {
      const session = yield* open("s")
      const keys = Array.from({ length: 20 }, (_, n) => `key/${n % 10}`)
      yield* Effect.forEach(keys, (key) => session.append(key, asked), { concurrency: 20 })
      const events = yield* session.events
      assert.deepStrictEqual(events.map(({ seq }) => seq), Array.from({ length: 10 }, (_, n) => n + 1))
      assert.deepStrictEqual(new Set(events.map(({ key }) => key)), new Set(keys))
    }).pipe(memory))

  it.effect("goes on where the last writer stopped", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.flatMap(open("s"), (session) => session.append("model/0", responded)))
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* open("s")
        assert.isTrue(Option.isSome(yield* session.lookup("model/0")))
        assert.strictEqual((yield* session.append("end", ended)).seq, 4)
      }))
    }).pipe(memory))

  it.effect("lets one write at a time, until the scope closes", () =>
    Effect.gen(function*() {
      yield* Effect.scoped(Effect.gen(function*() {
        yield* open("s")
        const error = yield* Effect.flip(open("s"))
        assert.strictEqual(error.reason, "Busy")
        assert.match(error.message, /Session s is in use/)
        yield* open("other")
      }))
      yield* Effect.scoped(open("s"))
    }).pipe(memory))

  it.scoped("reads what comes after a number, also while somebody writes", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      const session = yield* store.open("s")
      assert.strictEqual((yield* Effect.flip(store.read("s"))).reason, "NotFound")
      const first = yield* session.append("session", started)
      const second = yield* session.append("start", asked)
      assert.deepStrictEqual(yield* store.read("s"), [first, second])
      assert.deepStrictEqual(yield* store.read("s", 1), [second])
      assert.deepStrictEqual(yield* store.read("s", 2), [])
    }).pipe(memory))

  it.scoped("lists sessions that hold something, the one written to last first", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      const [a, b] = [yield* store.open("a"), yield* store.open("b")]
      yield* store.open("empty")
      yield* b.append("session", started)
      yield* TestClock.adjust("1 minute")
      yield* a.append("session", started)
      assert.deepStrictEqual((yield* store.list).map(({ id }) => id), ["a", "b"])
      yield* TestClock.adjust("1 minute")
      yield* b.append("start", asked)
      assert.deepStrictEqual((yield* store.list).map(({ id, updatedAt }) => [id, updatedAt]), [
        ["b", 120_000],
        ["a", 60_000]
      ])
    }).pipe(memory))
})

describe("SessionStore.makeEncoded", () => {
  /** A session that writes so. */
  const openWith = (append: SessionDriver.Writer["append"]) =>
    SessionStore.makeEncoded({
      claim: () => Effect.succeed({ lines: [], append }),
      draft: () => Effect.succeed({ append, publish: Effect.void }),
      read: () => Effect.succeed([]),
      list: () => Effect.succeed([]),
      remove: () => Effect.void
    }).open("s")
  const io = new SessionError({ reason: "Io", session: "s", detail: "disk full" })

  it.scoped("keeps nothing of an event that could not be written", () =>
    Effect.gen(function*() {
      const session = yield* openWith(() => io)
      assert.strictEqual(yield* Effect.flip(session.append("end", ended)), io)
      assert.deepStrictEqual(yield* session.events, [])
      assert.isTrue(Option.isNone(yield* session.lookup("end")))
    }))

  it.scoped("finishes the event that it writes when nobody waits any more", () =>
    Effect.gen(function*() {
      const [writing, disk] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const session = yield* openWith(() => Effect.zipRight(Deferred.succeed(writing, undefined), Deferred.await(disk)))
      const fiber = yield* Effect.fork(session.append("end", ended))
      yield* Deferred.await(writing)
      const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
      yield* Effect.yieldNow()
      yield* Deferred.succeed(disk, undefined)
      yield* Fiber.join(interrupting)
      assert.isTrue(Option.isSome(yield* session.lookup("end")))
    }))

  it("says what is wrong with a session in one sentence", () => {
    const message = (reason: SessionError["reason"]) =>
      new SessionError({ reason, session: "s", detail: "line 3" }).message
    assert.strictEqual(message("NotFound"), "There is no session s")
    assert.strictEqual(message("Corrupt"), "The log of session s cannot be read: line 3")
    assert.strictEqual(message("Io"), "The log of session s cannot be used: line 3")
  })
})

describe("SessionStore.makeId", () => {
  it.effect("gives ids that differ, and sort by time", () =>
    Effect.gen(function*() {
      const first = yield* SessionStore.makeId
      yield* TestClock.adjust("1 millis")
      const second = yield* SessionStore.makeId
      assert.match(first, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      assert.isBelow(first.localeCompare(second), 0)
    }))
})
