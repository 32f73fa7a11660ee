import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { type Item, userMessage } from "../../src/responses/Item.ts"
import * as Usage from "../../src/responses/Usage.ts"
import * as LastTurn from "../../src/session/LastTurn.ts"
import type * as SessionEvent from "../../src/session/SessionEvent.ts"

const call: Item = { type: "function_call", call_id: "call_1", name: "ls", arguments: "{}" }
const say = (text: string): Item => ({ type: "message", role: "assistant", content: [{ type: "output_text", text }] })

const asked = (text: string, turnId = "t") =>
  ({
    _tag: "TurnStarted",
    turnId,
    model: "gpt-5.5",
    input: [userMessage(text)]
  }) satisfies SessionEvent.SessionEvent

const responded = (items: ReadonlyArray<Item>, change: Partial<SessionEvent.ModelResponded> = {}) =>
  ({
    _tag: "ModelResponded",
    turnId: "t",
    step: 0,
    model: "gpt-5.5",
    account: "chatgpt:acct-1",
    items,
    usage: Usage.zero,
    finishReason: "stop",
    ...change
  }) satisfies SessionEvent.ModelResponded

describe("LastTurn", () => {
  describe("openTurn", () => {
    const interrupted = { _tag: "TurnInterrupted", turnId: "t", reason: "cancelled" } as const

    it("is none before the first turn, and none after the end of the last", () => {
      assert.isTrue(Option.isNone(LastTurn.openTurn([])))
      assert.isTrue(Option.isNone(LastTurn.openTurn([asked("Hi"), responded([say("Hi")]), interrupted])))
    })

    it("is the last turn, and where it starts", () => {
      const second = asked("Again", "t2")
      const open = LastTurn.openTurn([asked("Hi"), interrupted, second, responded([call], { turnId: "t2" })])
      assert.deepStrictEqual(Option.getOrUndefined(open), { at: 2, started: second, end: undefined, ends: 0 })
    })

    it("is one that was ended and went on, and not one after which something else happened", () => {
      const began = [asked("Hi"), responded([call]), interrupted]
      const open = LastTurn.openTurn([...began, responded([say("Hi")], { step: 1 })])
      assert.deepInclude(Option.getOrUndefined(open), { end: undefined, ends: 1 })
      assert.isTrue(Option.isNone(LastTurn.openTurn([...began, responded([say("Hi")], { turnId: "other" })])))
    })
  })

  describe("unfinishedTurn", () => {
    const ends: ReadonlyArray<readonly [SessionEvent.TurnEnd, boolean]> = [
      [{ _tag: "TurnCompleted", turnId: "t", answer: "", usage: Usage.zero, finishReason: "stop" }, false],
      [{ _tag: "TurnInterrupted", turnId: "t", reason: "cancelled" }, true],
      [{ _tag: "TurnFailed", turnId: "t", kind: "Transport", message: "", retryable: true, details: {} }, true],
      [{ _tag: "TurnLimited", turnId: "t", limit: "steps", usage: Usage.zero }, true]
    ]

    it.each(ends)("%j", (end, canGoOn) => {
      assert.strictEqual(Option.isSome(LastTurn.unfinishedTurn([asked("Hi"), end])), canGoOn)
    })

    it("is one that was cut off, and none before the first", () => {
      assert.isTrue(Option.isSome(LastTurn.unfinishedTurn([asked("Hi")])))
      assert.isTrue(Option.isNone(LastTurn.unfinishedTurn([])))
    })
  })
})
