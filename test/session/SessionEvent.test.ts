import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Usage from "../../src/responses/Usage.ts"
import * as SessionEvent from "../../src/session/SessionEvent.ts"

const call = { type: "function_call", call_id: "call_1", name: "ls", arguments: "{ }" } as const
const thought = { type: "reasoning", summary: [] }
const message = { type: "message", role: "assistant", content: [], phase: "final_answer" }
const foreign = { future: [1], type: "holographic_call", id: "hc_1" }
const ended = { turnId: "turn-1", itemId: "turn-1.0.1", call }

const responded = (...items: SessionEvent.ModelResponded["items"]): SessionEvent.ModelResponded => ({
  _tag: "ModelResponded",
  turnId: "turn-1",
  step: 2,
  model: "gpt-5.5",
  account: "chatgpt:acct-1",
  items,
  usage: Usage.zero,
  finishReason: "stop"
})

const events: ReadonlyArray<SessionEvent.SessionEvent> = [
  { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, workspace: "/work" },
  { _tag: "TurnStarted", turnId: "turn-1", model: "gpt-5.5", input: [foreign] },
  responded(thought, call, foreign, message),
  { _tag: "ToolStarted", turnId: "turn-1", itemId: "turn-1.0.1", call },
  { _tag: "ToolEnded", ...ended, status: "failed", output: "no" },
  { _tag: "TurnCompleted", turnId: "turn-1", answer: "Hi", usage: Usage.zero, finishReason: "stop" },
  { _tag: "TurnFailed", turnId: "turn-1", kind: "Transport", message: "no", retryable: true, details: { status: 500 } },
  { _tag: "TurnInterrupted", turnId: "turn-1", reason: "crashed" }
]

describe("SessionEvent", () => {
  it.each(events)("survives being written down: $_tag", (event) => {
    const json = JSON.parse(JSON.stringify(Schema.encodeSync(SessionEvent.SessionEvent)(event)))
    assert.deepStrictEqual(Schema.decodeUnknownSync(SessionEvent.SessionEvent)(json), event)
  })

  it("keeps the bytes of its items", () => {
    const event = responded(foreign, call)
    const json = JSON.stringify(Schema.encodeSync(SessionEvent.SessionEvent)(event))
    assert.include(json, JSON.stringify([foreign, call]))
  })

  it("shows the items of a response under ids of their own, and no calls", () => {
    assert.deepStrictEqual(SessionEvent.shownItems(responded(thought, call, foreign, call, message)), [
      { itemId: "turn-1.2.0", item: thought },
      { itemId: "turn-1.2.2", item: foreign },
      { itemId: "turn-1.2.4", item: message }
    ])
  })

  it("takes a number for each item that it shows, and one for the usage", () => {
    assert.strictEqual(SessionEvent.width(responded()), 1)
    assert.strictEqual(SessionEvent.width(responded(call, call)), 1)
    assert.strictEqual(SessionEvent.width(responded(thought, call, message)), 3)
    for (const event of events) {
      if (event._tag !== "ModelResponded") assert.strictEqual(SessionEvent.width(event), 1)
    }
  })

  it("ends a turn in one of three ways", () => {
    assert.deepStrictEqual(events.filter(SessionEvent.endsTurn).map(({ _tag }) => _tag), [
      "TurnCompleted",
      "TurnFailed",
      "TurnInterrupted"
    ])
  })
})
