import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { readable } from "../../src/session/Log.ts"
import * as SessionDriver from "../../src/session/SessionDriver.ts"
import type { SessionError } from "../../src/session/SessionError.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Summary from "../../src/session/Summary.ts"
import * as WorkingSet from "../../src/session/WorkingSet.ts"

const at = "2026-11-29T12:00:00.000Z"
const line = (seq: unknown, key: string, event: object) => JSON.stringify({ seq, at, key, event })
const begun = line(1, "session", { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, workspace: "/work" })
const asked = line(2, "turn-1", { _tag: "TurnStarted", turnId: "turn-1", model: "m", input: [] })
const ended = line(3, "turn-1/end", { _tag: "TurnInterrupted", turnId: "turn-1", reason: "cancelled" })

const problems = (...lines: ReadonlyArray<string>) => readable(lines).damaged.map(({ problem }) => problem)

/** A store of one session, with these lines. */
const storeOf = Effect.fnUntraced(function*(id: string, ...lines: ReadonlyArray<string>) {
  const driver = yield* SessionDriver.makeMemory
  yield* Effect.scoped(
    Effect.flatMap(
      driver.claim(id),
      ({ append }) =>
        Effect.forEach(lines, (text, seq) => append({ seq, key: String(seq), at: 0, text, ends: undefined }))
    )
  )
  return SessionStore.makeEncoded(driver)
})

describe("A log", () => {
  it("has an event once, however often its line is there", () => {
    const { damaged, events } = readable([begun, asked, ended, begun, asked, ended])
    assert.lengthOf(events, 3)
    assert.deepStrictEqual(damaged.map(({ line, problem }) => [line, problem]), [
      [4, "repeated"],
      [5, "repeated"],
      [6, "repeated"]
    ])
    assert.deepInclude(Summary.fromLines("s", [begun, asked, ended, asked]), {
      damaged: 1,
      turns: 1,
      status: "interrupted"
    })
  })

  it("is the same with the line ends of another system", () => {
    const [plain, other] = ["", "\r"].map((end) => [begun, asked, ended].map((line) => line + end))
    assert.deepStrictEqual(readable(other ?? []), readable(plain ?? []))
    assert.deepStrictEqual(Summary.fromLines("s", other ?? []), Summary.fromLines("s", plain ?? []))
    assert.deepStrictEqual(WorkingSet.make(other ?? []).events(), WorkingSet.make(plain ?? []).events())
  })

  it.each([0, -1, 1.5, 2 ** 53 - 1, 1e300, "1", null])("has no event with the number %s", (seq) => {
    const odd = line(seq, "odd", { _tag: "SessionRenamed", title: "Odd" })
    assert.deepStrictEqual(problems(begun, odd, asked), ["no event"])
    assert.deepInclude(Summary.fromLines("s", [begun, odd, asked]), { damaged: 1, title: null })
  })

  it.effect("that was copied is another session, by the name of its folder", () =>
    Effect.gen(function*() {
      const store = yield* storeOf("copy", begun, asked)
      const [first] = yield* store.read("copy")
      assert.deepInclude(first?.event, { _tag: "SessionStarted", sessionId: "copy" })
      const fork = yield* store.fork("copy")
      assert.deepInclude((yield* store.read(fork.id))[0]?.event, { sessionId: fork.id })
    }))

  it.effect("of a later version is refused with what to do, and listed", () =>
    Effect.gen(function*() {
      const store = yield* storeOf("later", begun.replace(`"schemaVersion":1`, `"schemaVersion":2`), asked)
      const uses: ReadonlyArray<Effect.Effect<unknown, SessionError, Scope.Scope>> = [
        store.read("later"),
        store.inspect("later"),
        store.lines("later"),
        store.fork("later"),
        store.open("later")
      ]
      for (const use of uses) {
        const { message, reason } = yield* Effect.flip(Effect.scoped(use))
        assert.strictEqual(reason, "Newer")
        assert.strictEqual(
          message,
          "Session later was written by a later version of effixir: its format has number 2, and this one knows 1. " +
            "Update effixir to go on with it"
        )
      }
      assert.lengthOf(yield* store.list, 1)
    }))
})
