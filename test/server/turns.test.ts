import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { start, types } from "./support.ts"

const answers = (...texts: ReadonlyArray<string>) =>
  Script.fromTurns(texts.map((text) => Script.answer(Script.say(text))))

describe("A turn over HTTP", () => {
  it.scopedLive("is begun, and read as lines from the first to the last", () =>
    Effect.gen(function*() {
      const { begin, reader, turn } = yield* start(answers("Hello."))
      const session = yield* begin()
      const events = yield* reader(session)
      const begun = yield* turn(session, "Say hello")
      assert.deepStrictEqual([begun.status, begun.body], [202, { session_id: session, turn_id: "turn-1" }])
      const all = yield* events.until("turn.completed")
      assert.deepStrictEqual(types(all), [
        "thread.started",
        "turn.started",
        "item.completed",
        "usage",
        "turn.completed"
      ])
      // What is in the log has its number as id; a piece of a text has none.
      for (const { id, line } of all) assert.strictEqual(id, line.type === "item.delta" ? undefined : String(line.seq))
      assert.isTrue(all.some(({ line }) => line.type === "item.delta"))
    }))

  it.scopedLive("is read again from any number on, and goes on with the next turn", () =>
    Effect.gen(function*() {
      const { begin, reader, turn } = yield* start(answers("One.", "Two."))
      const session = yield* begin()
      yield* turn(session, "one")
      const first = yield* (yield* reader(session)).until("turn.completed")
      const logged = first.filter(({ id }) => id !== undefined)
      assert.lengthOf(logged, 5)
      for (const [at, { id = "" }] of logged.entries()) {
        const again = yield* reader(session, "", { "last-event-id": id })
        const same = yield* reader(session, `?after=${id}`)
        if (at === logged.length - 1) {
          yield* turn(session, "two")
          const next = yield* again.until("turn.completed")
          assert.deepStrictEqual(types(next), ["turn.started", "item.completed", "usage", "turn.completed"])
          assert.deepStrictEqual(types(yield* same.until("turn.completed")), types(next))
        } else {
          const rest = logged.slice(at + 1)
          assert.deepStrictEqual(
            (yield* again.until("turn.completed")).map(({ line }) => line),
            rest.map(({ line }) => line)
          )
          assert.deepStrictEqual((yield* same.until("turn.completed")).map(({ id }) => id), rest.map(({ id }) => id))
        }
      }
    }))
})
