import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import type { Item } from "../../src/responses/Item.ts"
import * as ContextSize from "../../src/session/compaction/ContextSize.ts"
import * as Plan from "../../src/session/compaction/Plan.ts"
import * as Transcript from "../../src/session/export/Transcript.ts"
import * as History from "../../src/session/History.ts"
import * as LastTurn from "../../src/session/LastTurn.ts"
import { readable } from "../../src/session/Log.ts"
import { type SessionEvent, startedSuffix, Stored } from "../../src/session/SessionEvent.ts"
import * as Summary from "../../src/session/Summary.ts"
import * as WorkingSet from "../../src/session/WorkingSet.ts"

const runs = { numRuns: Number(process.env["EFFIXIR_PROPERTY_RUNS"] ?? 300) }
const recipient = { model: "m0", account: "a0" }

/** Few names, so that events speak of each other, rightly and wrongly. */
const turnId = fc.nat(2).map((n) => `turn-${n}`)
const itemId = fc.tuple(turnId, fc.nat(2), fc.nat(2)).map((parts) => parts.join("."))
const model = fc.constantFrom("m0", "m1")
const account = fc.constantFrom("a0", "a1")
const number = fc.oneof(fc.nat(60), fc.double({ noNaN: true, noDefaultInfinity: true }))
const callOf = fc.record({
  type: fc.constant("function_call" as const),
  call_id: fc.constantFrom("c0", "c1"),
  name: fc.string(),
  arguments: fc.string()
})
const item: fc.Arbitrary<Item> = fc.oneof(
  callOf,
  fc.record({ type: fc.constant("function_call"), call_id: fc.jsonValue() }),
  fc.record({ type: fc.constant("function_call_output"), call_id: fc.string(), output: fc.jsonValue() }),
  fc.record({ type: fc.constant("reasoning"), summary: fc.jsonValue(), encrypted_content: fc.jsonValue() }),
  fc.record({ type: fc.constant("message"), role: fc.constantFrom("user", "developer", "x"), content: fc.jsonValue() }),
  fc.record({ type: fc.constant("compaction"), encrypted_content: fc.string() }),
  fc.record({ type: fc.string(), id: fc.jsonValue() })
)
const items = fc.array(item, { maxLength: 4 })
const usage = fc.record({
  inputTokens: number,
  cachedInputTokens: number,
  outputTokens: number,
  reasoningOutputTokens: number
})
const flag = fc.constantFrom(true, false)
const effort = fc.constantFrom("low", "high")
const setup = fc.record({ profile: fc.string(), search: flag }, { requiredKeys: [] })
const permission = fc.constantFrom("auto" as const, "ask" as const)
const output = fc.oneof(fc.string(), fc.constant([{ type: "input_image", image_url: "data:image/png;base64,AA" }]))

const event: fc.Arbitrary<unknown> = fc.oneof(
  fc.record({ _tag: fc.constant("SessionStarted"), sessionId: fc.string(), schemaVersion: fc.constant(1) }),
  fc.record({ _tag: fc.constant("SessionRenamed"), title: fc.string() }),
  fc.record({ _tag: fc.constant("TurnStarted"), turnId, model, effort, input: items, setup, permission }, {
    requiredKeys: ["_tag", "turnId", "model", "input"]
  }),
  fc.record({ _tag: fc.constant("TurnResumed"), turnId, model, effort, setup, permission }, {
    requiredKeys: ["_tag", "turnId"]
  }),
  fc.record({
    _tag: fc.constant("InputAdded"),
    turnId,
    step: number,
    kind: fc.constantFrom("steer", "followUp"),
    input: items
  }),
  fc.record({
    _tag: fc.constant("ModelResponded"),
    turnId,
    step: fc.nat(2),
    model,
    account,
    items,
    usage,
    finishReason: fc.string(),
    isWithoutEncrypted: flag,
    isWithoutImages: flag,
    removed: fc.array(fc.string())
  }, { requiredKeys: ["_tag", "turnId", "step", "model", "account", "items", "usage", "finishReason"] }),
  fc.record({
    _tag: fc.constant("Compacted"),
    turnId,
    reason: fc.constantFrom("threshold", "overflow", "asked"),
    method: fc.constantFrom("hosted", "local"),
    upTo: number,
    items,
    model,
    account,
    effort,
    usage,
    beforeTokens: number,
    afterTokens: number
  }, {
    requiredKeys: [
      "_tag",
      "reason",
      "method",
      "upTo",
      "items",
      "model",
      "account",
      "usage",
      "beforeTokens",
      "afterTokens"
    ]
  }),
  fc.record({
    _tag: fc.constant("PermissionDecided"),
    turnId,
    itemId,
    decision: fc.constantFrom("allowed", "denied"),
    rule: fc.string(),
    by: fc.constantFrom("rule", "person"),
    grants: fc.array(fc.string())
  }, { requiredKeys: ["_tag", "turnId", "itemId", "decision", "rule", "by"] }),
  fc.record({ _tag: fc.constant("ToolStarted"), turnId, itemId, call: callOf }),
  fc.record({
    _tag: fc.constant("ToolEnded"),
    turnId,
    itemId,
    call: callOf,
    status: fc.constantFrom("completed", "failed", "interrupted"),
    output
  }),
  fc.record({
    _tag: fc.constant("TurnCompleted"),
    turnId,
    answer: fc.string(),
    usage,
    finishReason: fc.string()
  }),
  fc.record({
    _tag: fc.constant("TurnFailed"),
    turnId,
    kind: fc.string(),
    message: fc.string(),
    retryable: flag,
    details: fc.dictionary(fc.string(), fc.jsonValue())
  }),
  fc.record({ _tag: fc.constant("TurnInterrupted"), turnId, reason: fc.string() }),
  fc.record({ _tag: fc.constant("TurnLimited"), turnId, limit: fc.constantFrom("steps", "time"), usage })
)

/** In any order, and with any numbers and keys. */
const lines = fc.array(
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.record({
        seq: fc.integer({ min: 1, max: 60 }),
        at: fc.constant("2026-11-29T12:00:00.000Z"),
        key: fc.oneof(fc.string(), fc.constantFrom("k", `k${startedSuffix}`)),
        event
      }).map((stored) => JSON.stringify(stored))
    },
    { weight: 1, arbitrary: fc.string() }
  ),
  { maxLength: 30, size: "max" }
)

describe("Whatever the lines of a log say, in whatever order,", () => {
  it("all that is made of them can be made", () => {
    let count = 0
    fc.assert(
      fc.property(lines, (lines) => {
        const { events } = readable(lines)
        count += events.length
        const known = WorkingSet.make(lines).events()
        for (const log of [events, known]) {
          const plain: ReadonlyArray<SessionEvent> = log.map(({ event }) => event)
          for (const history of [History.fromStored(log), History.forRecipient(log, recipient)]) {
            const input = History.toInput(history, recipient)
            assert.isFalse(input.some((item) => "id" in item))
            assert.isFalse(Number.isNaN(input.length + JSON.stringify(input).length))
            ContextSize.of(history)
            Option.map(Plan.make(history, 1000), Plan.counts)
          }
          LastTurn.lastUsed(plain)
          LastTurn.lastPermission(plain)
          LastTurn.unfinishedTurn(plain)
          Transcript.fromEvents(log)
        }
        Summary.fromLines("s", lines)
        for (const stored of events) assert.isTrue(Schema.is(Stored)({ ...stored, at: DateTime.unsafeMake(0) }))
      }),
      runs
    )
    assert.isAbove(count, 1000)
  })

  it("a conversation is sent the same when its log is read again, from any prefix", () => {
    fc.assert(
      fc.property(lines, (lines) => {
        const { events } = readable(lines)
        let live = History.empty
        for (const [index, stored] of events.entries()) {
          live = History.add(live, History.numbered(stored))
          const text = events.slice(0, index + 1).map((one) => Schema.encodeSync(Schema.parseJson(Stored))(one))
          assert.strictEqual(
            JSON.stringify(History.toInput(History.fromStored(readable(text).events), recipient)),
            JSON.stringify(History.toInput(live, recipient))
          )
        }
      }),
      runs
    )
  })
})
