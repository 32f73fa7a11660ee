import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { get, type IncomingMessage } from "node:http"
import * as Script from "../../src/testing/Script.ts"
import { start, token, types } from "./support.ts"

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

  it.scopedLive("cuts off a reader that does not read, and it can come back", () =>
    Effect.gen(function*() {
      const call = Script.answer(Script.call("echo", { text: "x".repeat(300_000) }))
      const done = Script.answer(Script.say("Done."))
      const script = Script.fromTurns(Array.from({ length: 20 }, () => [call, done]).flat())
      const { begin, reader, turn, url } = yield* start(script, { feeds: { capacity: 2_000_000 } })
      const session = yield* begin()
      const other = yield* reader(session)
      const stuck = yield* silent(`${url}/v1/sessions/${session}/events`)
      for (let n = 1; n <= 20; n++) {
        yield* turn(session, String(n))
        yield* other.until("turn.completed", n)
      }
      // It gets what was on its way, and the end of the answer; then it reads from there.
      const had = yield* stuck.rest
      const last = [...had.matchAll(/^id: (\d+)$/gm)].at(-1)?.[1] ?? "0"
      const again = yield* reader(session, "", { "last-event-id": last })
      const all = other.events.filter(({ id }) => id !== undefined)
      const missed = all.filter(({ id }) => Number(id) > Number(last))
      assert.isAbove(missed.length, 0)
      const read = yield* again.until(
        "turn.completed",
        missed.filter(({ line }) => line.type === "turn.completed").length
      )
      assert.deepStrictEqual(read.map(({ id }) => id), missed.map(({ id }) => id))
    }))

  it.scopedLive("ends with its server, also while a reader does not read", () =>
    Effect.gen(function*() {
      const call = Script.answer(Script.call("echo", { text: "x".repeat(300_000) }))
      const done = Script.answer(Script.say("Done."))
      const script = Script.fromTurns(Array.from({ length: 12 }, () => [call, done]).flat())
      const outside = yield* Effect.scope
      const read = yield* Effect.scoped(Effect.gen(function*() {
        const { begin, reader, turn, url } = yield* start(script, { feeds: { capacity: 100_000_000 } })
        const session = yield* begin()
        yield* Scope.extend(silent(`${url}/v1/sessions/${session}/events`), outside)
        const other = yield* Scope.extend(reader(session), outside)
        for (let n = 1; n <= 12; n++) {
          yield* turn(session, String(n))
          yield* other.until("turn.completed", n)
        }
        return other
      }))
      assert.strictEqual((yield* read.toEnd).at(-1)?.line.type, "turn.completed")
    }))
})

/** A connection of which nothing is read at first. */
const silent = (url: string) =>
  Effect.acquireRelease(
    Effect.async<IncomingMessage>((resume) => {
      const sent = get(url, { headers: { authorization: `Bearer ${token}` }, agent: false }, (response) => {
        response.pause()
        resume(Effect.succeed(response))
      })
      sent.on("error", () => {})
    }),
    (response) => Effect.sync(() => response.destroy())
  ).pipe(Effect.map((response) => ({
    rest: Effect.async<string>((resume) => {
      let text = ""
      response.setEncoding("utf8").on("data", (piece: string) => {
        text += piece
      }).once("close", () => resume(Effect.succeed(text))).resume()
    })
  })))
