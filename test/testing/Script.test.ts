import { assert, describe, it } from "@effect/vitest"
import * as Predicate from "effect/Predicate"
import * as fc from "fast-check"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import type { Item } from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"
import * as ServerFailure from "../../src/responses/transport/ServerFailure.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"

const options = { model: "gpt-5.5", responseId: "resp_1" }
const decode = (turn: Script.Turn, extra?: Partial<ScriptEvents.EventOptions>) =>
  ScriptEvents.events(turn, { ...options, ...extra }).map(StreamEvent.fromJson)
const fold = (turn: Script.Turn, extra?: Partial<ScriptEvents.EventOptions>) =>
  decode(turn, extra).reduce(Response.add, Response.empty)
const types = (turn: Script.Turn) => ScriptEvents.events(turn, options).map(({ type }) => type)
const recordings = new URL("../../../shared/recordings/", import.meta.url)

/** The names of the fields of an event, those of its inner objects too. */
const fields = (value: unknown, path = ""): ReadonlyArray<string> =>
  Predicate.isReadonlyRecord(value)
    ? Object.entries(value).flatMap(([name, inner]) => [`${path}.${name}`, ...fields(inner, `${path}.${name}`)])
    : []

const request = Request.make({ model: "gpt-5.5", instructions: "Be brief.", input: [], cacheKey: "k" })

describe("Script", () => {
  it("tells of a turn in the order of the real servers", () => {
    const turn = Script.answer(Script.think("Look it up."), Script.say("One moment", { phase: "commentary" }))
    assert.deepStrictEqual(types(turn), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.reasoning_summary_part.added",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.delta",
      "response.reasoning_summary_text.done",
      "response.reasoning_summary_part.done",
      "response.output_item.done",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.delta",
      "response.output_text.delta",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed"
    ])
    assert.deepStrictEqual(types(Script.answer(Script.call("ls", {}))), [
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.function_call_arguments.delta",
      "response.function_call_arguments.done",
      "response.output_item.done",
      "response.completed"
    ])
  })

  it.runIf(existsSync(recordings))("has only fields that the ChatGPT host sends", () => {
    const real = readdirSync(recordings)
      .filter((name) => /openai_codex_.*\.sse$/.test(name))
      .flatMap((name) => readFileSync(new URL(name, recordings), "utf8").split("\n"))
      .filter((line) => line.startsWith("data: "))
      .map((line): ScriptEvents.JsonEvent => JSON.parse(line.slice("data: ".length)))
    const turn = Script.answer(Script.think(), Script.say("Hi", { phase: "final_answer" }), Script.call("ls", {}))
    for (const event of ScriptEvents.events(turn, options)) {
      const known = new Set(real.filter(({ type }) => type === event.type).flatMap((event) => fields(event)))
      assert.deepStrictEqual(fields(event).filter((name) => !known.has(name)), [], event.type)
    }
  })

  it("numbers the events", () => {
    const numbers = ScriptEvents.events(Script.answer(Script.say("a b c")), options).map((event) =>
      event["sequence_number"]
    )
    assert.deepStrictEqual(numbers, [...numbers.keys()])
  })

  it("folds to the items it was given, whatever the final output says", () => {
    const items: ReadonlyArray<Item> = [
      Script.think("First.", "Second."),
      Script.think(),
      Script.say("  Hello,\n\n world 👋 ", { phase: "final_answer" }),
      { type: "message", id: "msg_1", role: "assistant", content: [{ type: "refusal", refusal: "No, I will not." }] },
      Script.call("read", { path: "a.txt" }),
      Script.call("read", "{\"path\": "),
      { type: "compaction", id: "cmp_1", encrypted_content: "gAAAAA" }
    ]
    for (const hasFinalOutput of [false, true]) {
      const response = fold(Script.answer(...items), { hasFinalOutput })
      assert.deepStrictEqual(Response.items(response), items)
      assert.deepStrictEqual(response.usage, Script.defaultUsage)
      assert.strictEqual(response.finishReason, "stop")
      assert.strictEqual(response.id, "resp_1")
      assert.strictEqual(response.model, "gpt-5.5")
    }
  })

  it("repeats the items in the last event only where the API does", () => {
    const last = (hasFinalOutput: boolean) =>
      ScriptEvents.events(Script.answer(Script.say("hi")), { ...options, hasFinalOutput }).at(-1)?.["response"]
    assert.propertyVal(last(false), "status", "completed")
    assert.nestedProperty(last(true), "output[0].content[0].text")
    assert.notNestedProperty(last(false), "output[0]")
  })

  it("writes the usage as the servers do", () => {
    const turn: Script.Turn = {
      _tag: "Answer",
      items: [],
      usage: { inputTokens: 7, cachedInputTokens: 3, outputTokens: 5, reasoningOutputTokens: 2 }
    }
    assert.deepNestedPropertyVal(ScriptEvents.events(turn, options).at(-1), "response.usage", {
      input_tokens: 7,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 2 },
      total_tokens: 12
    })
  })

  it("loses no character of a text or of arguments", () => {
    const deltas = (turn: Script.Turn) =>
      ScriptEvents.events(turn, options).filter(({ type }) => type.endsWith(".delta")).map((event) => event["delta"])
        .join("")
    fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
      assert.strictEqual(deltas(Script.answer(Script.say(text))), text)
      assert.strictEqual(deltas(Script.answer(Script.call("x", text))), text)
      assert.strictEqual(deltas(Script.answer(Script.think(text))), text)
    }))
  })

  it("only has events that the decoder knows, or that carry nothing new", () => {
    const turn = Script.answer(Script.think("a"), Script.say("b"), Script.call("c", {}))
    const unknown = decode(turn).flatMap((event) =>
      event.type === "unknown" ? [(event.raw as ScriptEvents.JsonEvent).type] : []
    )
    assert.isTrue(unknown.every((type) => /part\.|\.done$/.test(type)), unknown.join(" "))
  })

  it("stops early for a reason", () => {
    const items = [Script.say("half of")]
    const response = fold(Script.incomplete("max_output_tokens", ...items))
    assert.deepStrictEqual(Response.items(response), items)
    assert.strictEqual(response.finishReason, "max_output_tokens")
  })

  it("tells of one error in three ways that are read alike", () => {
    const error = { type: "invalid_request_error", code: "context_length_exceeded", message: "Too long." }
    for (const as of ["response.failed", "error", "error-nested"] as const) {
      const last = decode(Script.fail(error, as)).at(-1) ?? assert.fail()
      const failure = ServerFailure.fromEvent(last) ?? assert.fail()
      assert.strictEqual(ServerFailure.toModelError(failure, 0).reason._tag, "ContextOverflow", as)
      assert.strictEqual(failure.message, "Too long.")
    }
    const nested = ScriptEvents.events(Script.fail({ ...error, status: 400 }, "error-nested"), options).at(-1)
    assert.propertyVal(nested, "status", 400)
  })

  it("cuts the stream before its last event", () => {
    const item = Script.say("a b c")
    assert.deepStrictEqual(types(Script.cut(3, item)), types(Script.answer(item)).slice(0, 3))
    assert.isFalse(decode(Script.cut(1000, item)).some(StreamEvent.isTerminal))
  })

  it("gives every item an id and every call a call id of its own", () => {
    const items = [Script.say("a"), Script.say("a"), Script.think("a"), Script.call("a", {}), Script.call("a", {})]
    const ids = items.flatMap((item: Item) => [item["id"], item["call_id"] ?? []].flat())
    assert.strictEqual(new Set(ids).size, 7)
    assert.strictEqual(Script.call("a", {}, "call_mine").call_id, "call_mine")
  })

  it("says when it has run out", () => {
    const script = Script.fromTurns([Script.answer()])
    assert.strictEqual(script(request, 0)._tag, "Answer")
    assert.throws(() => script(request, 1), "The script has 1 turns, and the model was called once more")
  })
})
