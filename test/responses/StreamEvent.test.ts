import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"
import * as Recordings from "./recordings.ts"

const item = { id: "msg_1", type: "message", role: "assistant", content: [] }

const known = [
  { type: "response.created", response: { id: "resp_1", moderation: null }, sequence_number: 0 },
  { type: "response.queued", response: {} },
  { type: "response.in_progress", response: {} },
  { type: "response.output_item.added", output_index: 0, item },
  { type: "response.output_item.done", output_index: 0, item: { ...item, phase: "final_answer", future: [1] } },
  { type: "response.output_text.delta", delta: "Hi", item_id: "msg_1", logprobs: [] },
  { type: "response.refusal.delta", delta: "No", item_id: null },
  { type: "response.reasoning_summary_text.delta", delta: "Hm", output_index: 0, summary_index: 0 },
  { type: "response.reasoning_text.delta", delta: "Hm" },
  { type: "response.function_call_arguments.delta", delta: "{", safety_buffering: { reasons: [] } },
  { type: "response.metadata", headers: { "x-codex-turn-state": "a" } },
  { type: "codex.response.metadata", metadata: {} },
  { type: "responsesapi.websocket_timing", total_ms: 7 },
  { type: "error", code: "server_error", message: "Oops", param: null },
  { type: "error", error: { type: "usage_limit_reached" }, status_code: 429 },
  // As servers tell it that number nothing.
  { type: "response.output_item.done", item }
]

const unexpected = [
  null,
  7,
  "response.completed",
  [{ type: "response.completed" }],
  {},
  { type: 7 },
  { type: "toString" },
  { type: "effixir.retry", attempt: 2 },
  { type: "response.future", delta: "?" },
  { type: "response.content_part.added", part: "text" },
  { type: "response.output_text.done", text: null },
  { type: "response.output_item.done", output_index: 0, item: { role: "assistant" } },
  { type: "response.output_item.added", output_index: 0, item: null },
  { type: "response.output_text.delta", delta: { words: "Hi" } }
]

/** The fields in which servers differ from this API. */
const mended = new Set(["output_index", "item_id", "item", "part", "delta", "text", "refusal", "arguments", "input"])

const terminal = ["response.completed", "response.incomplete", "response.failed", "response.cancelled"]

describe("StreamEvent", () => {
  it.each(known)("keeps $type as it came", (raw) => {
    assert.strictEqual<unknown>(StreamEvent.fromJson(raw), raw)
  })

  it.each(unexpected.map((raw) => [JSON.stringify(raw), raw] as const))(
    "keeps what it does not expect: %s",
    (_, raw) => {
      const event = StreamEvent.fromJson(raw)
      assert.strictEqual(event.type, "unknown")
      assert.isTrue("raw" in event && event.raw === raw)
    }
  )

  it.each(terminal)("takes %s for the end, whatever it carries", (type) => {
    for (const response of [undefined, null, "odd", 7, [], {}, { output: null, usage: null }]) {
      const event = StreamEvent.fromJson({ type, response })
      assert.deepStrictEqual<unknown>(event, { type, response })
      assert.isTrue(StreamEvent.isTerminal(event))
    }
    assert.isTrue(StreamEvent.isTerminal(StreamEvent.fromJson({ type })))
  })

  it("takes response.done for response.completed, and keeps the rest of it", () => {
    assert.deepStrictEqual<unknown>(
      StreamEvent.fromJson({ type: "response.done", response: { id: "resp_1" }, sequence_number: 3 }),
      { type: "response.completed", response: { id: "resp_1" }, sequence_number: 3 }
    )
  })

  const { type: _, ...untyped } = item
  const foreign: ReadonlyArray<readonly [told: object, means: object]> = [
    ...["0", null, true, { of: 1 }].map((output_index) =>
      [{ type: "response.output_item.done", output_index, item }, {
        type: "response.output_item.done",
        output_index: undefined,
        item
      }] as const
    ),
    [{ type: "response.output_text.delta", output_index: "1", item_id: 7, delta: "Hi" }, {
      type: "response.output_text.delta",
      output_index: undefined,
      item_id: undefined,
      delta: "Hi"
    }],
    [{ type: "response.output_text.delta", delta: { type: "output_text", text: "Hi" } }, {
      type: "response.output_text.delta",
      delta: "Hi"
    }],
    [{ type: "response.function_call_arguments.done", arguments: { a: 1 } }, {
      type: "response.function_call_arguments.done",
      arguments: "{\"a\":1}"
    }],
    [{ type: "response.output_item.done", item: untyped }, {
      type: "response.output_item.done",
      item: { ...untyped, type: "message" }
    }],
    [{ type: "response.output_item.done", item: { call_id: "1", name: "ls", arguments: {} } }, {
      type: "response.output_item.done",
      item: { type: "function_call", call_id: "1", name: "ls", arguments: {} }
    }]
  ]

  it.each(foreign.map(([told, means]) => [JSON.stringify(told), told, means] as const))(
    "understands what other servers mean: %s",
    (_, told, means) => assert.deepStrictEqual<unknown>(StreamEvent.fromJson(told), means)
  )

  it("takes a whole response that does not say how it ended for a complete one, unless it says why not", () => {
    const ends = (fields: object) =>
      StreamEvent.fromUntyped({ object: "response", output: [item], ...fields }).at(-1)?.type
    assert.strictEqual(ends({}), "response.completed")
    assert.strictEqual(ends({ status: null }), "response.completed")
    assert.strictEqual(ends({ object: undefined }), "response.completed")
    assert.strictEqual(ends({ incomplete_details: { reason: "max_output_tokens" } }), "response.incomplete")
    assert.strictEqual(ends({ error: { message: "Oops" } }), "response.failed")
    assert.strictEqual(ends({ status: "in_progress" }), "response.in_progress")
  })

  it("goes on after everything but the end and an error", () => {
    const ends = [...known, ...unexpected].map(StreamEvent.fromJson).filter(StreamEvent.isTerminal)
    assert.deepStrictEqual(ends.map(({ type }) => type), ["error", "error"])
  })

  it("never fails, and never loses anything", () => {
    const type = fc.oneof(fc.string(), fc.constantFrom(...known.map(({ type }) => type), ...terminal))
    const json = fc.oneof(
      fc.jsonValue(),
      fc.tuple(type, fc.dictionary(fc.string(), fc.jsonValue())).map(
        ([type, fields]) => ({ ...fields, type })
      )
    )
    fc.assert(fc.property(json, (raw) => {
      const event = StreamEvent.fromJson(raw)
      if (event.type === "unknown" && "raw" in event) return assert.strictEqual(event.raw, raw)
      const changed = Object.keys(event).filter((field) =>
        Reflect.get(event, field) !== Reflect.get(Object(raw), field)
      )
      assert.isTrue(changed.every((field) => mended.has(field)), changed.join())
    }))
  })

  it("checks events as their schemas would", () => {
    const types = Object.keys(StreamEvent.schemas)
    const odd = fc.oneof(fc.constant(null), fc.string(), fc.integer(), fc.constant(undefined))
    const oddItem = fc.oneof(odd, fc.record({ type: odd, text: fc.string() }, { requiredKeys: [] }))
    const event = fc.record({
      // Half of them are tokens, as their check is written out.
      type: fc.oneof(fc.constantFrom(...types.filter((type) => type.endsWith(".delta"))), fc.constantFrom(...types)),
      delta: odd,
      text: odd,
      refusal: odd,
      arguments: odd,
      item: oddItem,
      part: oddItem,
      item_id: odd,
      output_index: odd,
      future: fc.jsonValue()
    }, { requiredKeys: ["type"] })
    fc.assert(fc.property(event, (raw) => {
      const schema = StreamEvent.schemas[raw.type as keyof typeof StreamEvent.schemas]() as Schema.Schema<unknown>
      assert.strictEqual<unknown>(StreamEvent.fromJson(raw) === raw, Schema.is(schema)(raw), JSON.stringify(raw))
    }))
  })

  it.runIf(Recordings.areHere)("knows every event that was recorded", () => {
    const ours = Recordings.streams.filter(({ name }) => !/xai|deepseek|lmstudio|openrouter/.test(name))
    for (const { events, name } of ours) {
      for (const raw of events) {
        assert.notStrictEqual(
          StreamEvent.fromJson(raw).type,
          "unknown",
          `${name}: ${JSON.stringify(raw).slice(0, 300)}`
        )
      }
    }
  })
})
