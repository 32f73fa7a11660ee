import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { type SessionEvent, Stored } from "../../src/session/SessionEvent.ts"
import * as Summary from "../../src/session/Summary.ts"

const usage = { inputTokens: 10, cachedInputTokens: 4, outputTokens: 2, reasoningOutputTokens: 1 }

const user = (text: string) => ({ type: "message", role: "user", content: [{ type: "input_text", text }] })
const developer = { type: "message", role: "developer", content: [{ type: "input_text", text: "# Instructions" }] }

const decode = Schema.decodeUnknownSync(Stored)
const encode = Schema.encodeSync(Schema.parseJson(Stored))

/** The lines of a log, a second apart. */
const linesOf = (...events: ReadonlyArray<SessionEvent>): ReadonlyArray<string> =>
  events.map((event, at) =>
    encode(
      decode({ seq: at + 1, at: new Date(1000 * (at + 1)).toISOString(), key: `key "${at}"`, event: { ...event } })
    )
  )

const started: SessionEvent = { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, workspace: "/work" }
const asked: SessionEvent = {
  _tag: "TurnStarted",
  turnId: "t",
  model: "m1",
  input: [developer, user("\n  Fix\tthis \nnow"), user("more")]
}
const responded: SessionEvent = {
  _tag: "ModelResponded",
  turnId: "t",
  step: 0,
  model: "m2",
  account: "a",
  items: [],
  usage,
  finishReason: "stop"
}

const interrupted: SessionEvent = { _tag: "TurnInterrupted", turnId: "t", reason: "cancelled" }

const ended = (end: "TurnCompleted" | "TurnInterrupted" | "TurnLimited" | "TurnFailed"): SessionEvent => {
  switch (end) {
    case "TurnCompleted":
      return { _tag: end, turnId: "t", answer: "", usage, finishReason: "stop" }
    case "TurnInterrupted":
      return { _tag: end, turnId: "t", reason: "crashed" }
    case "TurnLimited":
      return { _tag: end, turnId: "t", limit: "steps", usage }
    case "TurnFailed":
      return { _tag: end, turnId: "t", kind: "NoAnswer", message: "no", retryable: false, details: {} }
  }
}

describe("A summary", () => {
  it("says what a session is about, what it has cost, and when it was used", () => {
    assert.deepStrictEqual(
      Summary.fromLines("id", linesOf(started, asked, responded, responded, ended("TurnCompleted"))),
      {
        id: "id",
        title: "Fix this",
        workspace: "/work",
        model: "m2",
        status: "completed",
        createdAt: 1000,
        updatedAt: 5000,
        turns: 1,
        usage: { inputTokens: 20, cachedInputTokens: 8, outputTokens: 4, reasoningOutputTokens: 2 },
        forkOf: null,
        parent: null,
        damaged: 0
      }
    )
  })

  it.each(
    [
      ["TurnCompleted", "completed"],
      ["TurnInterrupted", "interrupted"],
      ["TurnLimited", "limited"],
      ["TurnFailed", "failed"]
    ] as const
  )("of a session that ends with %s is %s, and open again when it goes on", (end, status) => {
    const log = [started, asked, responded, ended(end)]
    assert.strictEqual(Summary.fromLines("id", linesOf(started, asked)).status, "open")
    assert.strictEqual(Summary.fromLines("id", linesOf(...log)).status, status)
    assert.strictEqual(Summary.fromLines("id", linesOf(...log, asked)).status, "open")
    assert.strictEqual(
      Summary.fromLines("id", linesOf(...log, { ...asked, _tag: "TurnResumed", turnId: "t" })).status,
      "open"
    )
  })

  it("has the title that a person has given, which is no use of the session", () => {
    const renamed = linesOf(started, asked, { _tag: "SessionRenamed", title: "Mine" })
    const { title, updatedAt } = Summary.fromLines("id", renamed)
    assert.deepStrictEqual([title, updatedAt], ["Mine", 2000])
    assert.strictEqual(
      Summary.fromLines("id", linesOf({ ...started, title: "Begun" } as SessionEvent, asked)).title,
      "Begun"
    )
  })

  it("counts what a fork has used itself, and the turns of the whole conversation", () => {
    const past = linesOf(started, asked, responded, ended("TurnCompleted"))
    const own = linesOf({ ...started, forkOf: { sessionId: "p", seq: 4 } } as SessionEvent, asked, responded)
      .map((line) => line.replace("key ", "own key "))
    const { createdAt, forkOf, status, title, turns, usage: used } = Summary.fromLines("id", own, past.slice(1))
    assert.deepStrictEqual({ createdAt, forkOf, status, title, turns, used }, {
      createdAt: 1000,
      forkOf: { sessionId: "p", seq: 4 },
      status: "open",
      title: "Fix this",
      turns: 2,
      used: usage
    })
  })

  it("counts a compaction like a call, and what all of it has cost where each of them tells", () => {
    const dear = { ...usage, costUsd: 0.25 }
    const compacted: SessionEvent = {
      _tag: "Compacted",
      reason: "asked",
      method: "local",
      upTo: 3,
      items: [],
      model: "m2",
      account: "a",
      usage: dear,
      beforeTokens: 10,
      afterTokens: 5
    }
    const used = (...events: ReadonlyArray<SessionEvent>) => Summary.fromLines("id", linesOf(...events)).usage
    assert.deepStrictEqual(used(started, asked, { ...responded, usage: dear }, compacted), {
      inputTokens: 20,
      cachedInputTokens: 8,
      outputTokens: 4,
      reasoningOutputTokens: 2,
      costUsd: 0.5
    })
    assert.notProperty(used(started, asked, responded, compacted), "costUsd")
    const ended = Summary.fromLines("id", linesOf(started, asked, responded, interrupted, compacted))
    assert.deepInclude(ended, { status: "interrupted", model: "m2" })
  })

  it("passes over what is damaged, and counts it", () => {
    const [first = "", second = "", third = ""] = linesOf(started, asked, responded)
    for (
      const damage of [
        "",
        "{}",
        "nonsense",
        second.slice(0, 40),
        second.slice(0, -2),
        `${second.slice(0, -2)}"`,
        "[1]",
        "null",
        "\u0000".repeat(64)
      ]
    ) {
      const summary = Summary.fromLines("id", [first, damage, third])
      assert.deepInclude(summary, { damaged: 1, turns: 0, model: "m2", usage, workspace: "/work" }, damage)
    }
    assert.strictEqual(Summary.fromLines("id", []).damaged, 0)
  })

  it("reads lines that another program has written, with their fields in another order", () => {
    const lines = linesOf(started, asked, responded).map((line) => {
      const { at, event, key, seq } = JSON.parse(line)
      return JSON.stringify({ event, key, at, seq })
    })
    assert.deepInclude(Summary.fromLines("id", lines), { damaged: 0, turns: 1, title: "Fix this", updatedAt: 3000 })
  })

  it("cuts a title to one line", () => {
    assert.strictEqual(Summary.toTitle("  one\r\ntwo"), "one")
    assert.strictEqual(Summary.toTitle("\u2028\n"), "")
    assert.lengthOf([...Summary.toTitle("👋".repeat(500))], 100)
  })
})
