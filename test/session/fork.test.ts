import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import * as SessionDriver from "../../src/session/SessionDriver.ts"
import type { SessionEvent, Stored } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import { forAll } from "../forAll.ts"

const started = (id: string): SessionEvent => ({ _tag: "SessionStarted", sessionId: id, schemaVersion: 1 })
const asked = (n: number): SessionEvent => ({ _tag: "TurnStarted", turnId: `turn-${n}`, model: "m", input: [] })
const ended = (n: number): SessionEvent => ({ _tag: "TurnInterrupted", turnId: `turn-${n}`, reason: "cancelled" })
const renamed: SessionEvent = { _tag: "SessionRenamed", title: "x" }

/** What a person does: go on with one of the sessions, or fork it. */
const act = fc.record({
  what: fc.constantFrom("ask", "end", "rename", "fork", "fork to a turn"),
  which: fc.nat(),
  turn: fc.nat()
})

/** An event without what its own session says of itself. */
const flat = (log: ReadonlyArray<Stored>) => log.slice(1).map(({ event, key, seq }) => ({ event, key, seq }))

const turnsOf = (log: ReadonlyArray<Stored>) => log.filter(({ event }) => event._tag === "TurnStarted").length

describe("A fork", () => {
  it.effect("never changes another session, and no other session changes it", () =>
    forAll(fc.array(act, { maxLength: 40 }), (acts) =>
      Effect.gen(function*() {
        const store = yield* SessionStore.makeMemory
        yield* Effect.scoped(Effect.flatMap(store.open("s"), (session) => session.append("session", started("s"))))
        /** What each session should hold. */
        const model = new Map<string, ReadonlyArray<unknown>>([["s", []]])
        for (const { turn, what, which } of acts) {
          const ids = [...model.keys()]
          const id = ids[which % ids.length] ?? "s"
          const log = yield* store.read(id)
          const own = model.get(id) ?? []
          if (what === "fork" || what === "fork to a turn") {
            const turns = turnsOf(log)
            if (what === "fork to a turn" && turns === 0) continue
            const to = what === "fork" ? undefined : turn % turns + 1
            const { forkOf, id: fork } = yield* store.fork(id, to)
            const shared = own.filter((_, at) => (log[at + 1]?.seq ?? 0) <= forkOf.seq)
            if (to !== undefined) assert.strictEqual(turnsOf(yield* store.read(fork)), to)
            else assert.lengthOf(shared, own.length)
            model.set(fork, shared)
          } else {
            const n = turnsOf(log) + 1
            const [key, event] = what === "ask"
              ? [`turn-${n}`, asked(n)] as const
              : what === "end"
              ? [`turn-${n - 1}/end/${log.length}`, ended(n - 1)] as const
              : [`renamed/${log.length}`, renamed] as const
            const stored = yield* Effect.scoped(Effect.flatMap(store.open(id), (session) => session.append(key, event)))
            model.set(id, [...own, { event, key, seq: stored.seq }])
          }
          for (const [id, expected] of model) {
            const log = yield* store.read(id)
            assert.deepStrictEqual(flat(log), expected)
            const numbers = log.map(({ seq }) => seq)
            assert.deepStrictEqual(numbers, [...new Set(numbers)].toSorted((a, b) => a - b))
            assert.strictEqual(new Set(log.map(({ key }) => key)).size, log.length)
          }
        }
      }).pipe(Effect.orDie)))

  it.effect("whose past is lost says so, and does not hide the other sessions", () =>
    Effect.gen(function*() {
      const driver = yield* SessionDriver.makeMemory
      const store = SessionStore.makeEncoded(driver)
      yield* Effect.scoped(Effect.flatMap(store.open("s"), (session) => session.append("session", started("s"))))
      const fork = yield* store.fork("s")
      yield* driver.remove("s")
      const error = yield* Effect.flip(store.read(fork.id))
      assert.strictEqual(error.reason, "PastLost")
      assert.include(error.message, "it goes on from session s, which is not there any more")
      assert.deepStrictEqual((yield* store.list).map(({ id }) => id), [fork.id])
      assert.lengthOf(yield* store.ownLines(fork.id), 1)
    }))

  it.effect("does not go on from an older copy of its past that has grown otherwise", () =>
    Effect.gen(function*() {
      const driver = yield* SessionDriver.makeMemory
      const store = SessionStore.makeEncoded(driver)
      const add = (...events: ReadonlyArray<readonly [string, SessionEvent]>) =>
        Effect.scoped(Effect.flatMap(store.open("s"), (session) =>
          Effect.forEach(events, ([key, event]) =>
            session.append(key, event))))
      yield* add(["session", started("s")], ["turn-1", asked(1)], ["turn-1/end", ended(1)])
      const fork = yield* store.fork("s")
      const again = yield* store.fork(fork.id, 1)
      const whole = yield* store.read(fork.id)
      yield* driver.remove("s")
      yield* TestClock.adjust("1 hour")
      yield* add(["session", started("s")], ["turn-1", asked(2)])
      for (const id of [fork.id, again.id]) {
        const lost = yield* Effect.flip(store.open(id))
        assert.strictEqual(lost.reason, "PastLost")
        assert.match(lost.message, /what it shares with session .+ was replaced by an older copy/)
      }
      yield* add(["turn-1/end", ended(2)])
      assert.strictEqual((yield* Effect.flip(store.read(fork.id))).reason, "PastLost")
      assert.lengthOf(whole, 3)
    }).pipe(Effect.scoped))

  it.effect("of a session whose first line is damaged, or gone, has all the others", () =>
    Effect.gen(function*() {
      for (const first of ["garbage", undefined]) {
        const driver = yield* SessionDriver.makeMemory
        const store = SessionStore.makeEncoded({
          ...driver,
          read: (id, afterSeq) =>
            Effect.map(driver.read(id, afterSeq), (lines) =>
              id === "s" ? [...first === undefined ? [] : [first], ...Array.from(lines).slice(1)] : lines)
        })
        yield* Effect.scoped(Effect.flatMap(store.open("s"), (session) =>
          Effect.zipRight(session.append("session", started("s")), session.append("turn-1", asked(1)))))
        const fork = yield* store.fork("s")
        const tags = (yield* store.read(fork.id)).map(({ event }) =>
          event._tag
        )
        assert.deepStrictEqual(tags, ["SessionStarted", "TurnStarted"])
      }
    }))

  it.effect("of itself, as only a damaged log has it, is no endless loop", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.makeMemory
      for (const [id, sessionId] of [["a", "b"], ["b", "a"]] as const) {
        yield* Effect.scoped(Effect.option(Effect.flatMap(store.open(id), (session) =>
          session.append("session", {
            _tag: "SessionStarted",
            sessionId: id,
            schemaVersion: 1,
            forkOf: { sessionId, seq: 1 }
          }))))
      }
      const error = yield* Effect.flip(store.read("a"))
      assert.include(error.message, "it is a fork of itself")
      assert.lengthOf(yield* store.list, 2)
    }))
})
