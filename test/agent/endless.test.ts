import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Admission from "../../src/agent/Admission.ts"
import * as Json from "../../src/internal/json.ts"
import * as Sse from "../../src/responses/transport/Sse.ts"
import * as Usage from "../../src/responses/Usage.ts"
import * as History from "../../src/session/History.ts"
import { ModelResponded } from "../../src/session/SessionEvent.ts"

const deepText = (levels: number) => `${"[".repeat(levels)}${"]".repeat(levels)}`
const deepValue = (levels: number): unknown => JSON.parse(deepText(levels))

describe("JSON that is nested without end", () => {
  it("is told by its text and by its value, and brackets in texts do not count", () => {
    for (const levels of [5000, 100_000]) {
      assert.isTrue(Json.isDeepText(deepText(levels)))
      assert.isTrue(Json.isDeepText(`{"a\\\\":"\\"]]",${deepText(levels).replace("[", `"b":[`)}}`))
      assert.isTrue(Json.isDeep(deepValue(levels)))
      assert.isUndefined(Json.parse(deepText(levels)))
      assert.include(Json.problemOf(deepText(levels)), "levels deep")
    }
    const flat = JSON.stringify({ text: "[".repeat(5000), escaped: "\\\"{".repeat(2000) })
    assert.isFalse(Json.isDeepText(flat))
    assert.isFalse(Json.isDeepText(deepText(Json.maxDepth)))
    assert.isFalse(Json.isDeep(deepValue(Json.maxDepth)))
  })

  for (const levels of [5000, 100_000]) {
    it.effect(`in an item makes an answer that cannot be understood: ${levels}`, () =>
      Effect.gen(function*() {
        const item = `{"type":"message","role":"assistant","content":[],"unknown":${deepText(levels)}}`
        const body = `data: {"type":"response.output_item.done","output_index":0,"item":${item}}\n\n` +
          `data: {"type":"response.completed","response":{}}\n\n`
        const bytes = Stream.make(new TextEncoder().encode(body))
        const error = yield* Effect.flip(Stream.runDrain(Sse.decode(bytes)))
        assert.strictEqual(error.reason._tag, "MalformedOutput")
        assert.include(error.message, "levels deep")
      }))
  }

  it("in a log that somebody else has written is left out of the next request", () => {
    const message = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello" }] }
    const call = { type: "function_call", call_id: "c1", name: "ls", arguments: "{}" }
    const responded = ModelResponded.make({
      turnId: "turn-1",
      step: 0,
      model: "m",
      account: "a",
      items: [{ ...message, unknown: deepValue(5000) }, { ...call, unknown: deepValue(5000) }, message],
      usage: Usage.zero,
      finishReason: "stop"
    })
    const input = History.toInput(History.fromEvents([responded]), { model: "m", account: "a" })
    assert.deepStrictEqual(input, [message])
  })
})

describe("calls without number", () => {
  const call = (n: number) => ({
    call: { type: "function_call", call_id: `c${n}`, name: "ls", arguments: `{"n":${n}}` },
    isDone: false
  })

  it("are refused beyond the 64th of a response, each with a word, and cost the run nothing", () => {
    const calls = Array.from({ length: 1000 }, (_, n) => call(n))
    const { counters, calls: admitted, limit } = Admission.admit(Admission.empty, {}, calls)
    assert.lengthOf(admitted, 1000)
    assert.lengthOf(admitted.filter(({ refusal }) => refusal === undefined), 64)
    assert.isTrue(admitted.slice(64).every(({ refusal }) => refusal?.includes("at most 64") === true))
    assert.strictEqual(counters.spent.toolCalls, 64)
    assert.isUndefined(limit)
  })

  it("may be more or fewer where somebody says so", () => {
    const { calls } = Admission.admit(Admission.empty, { callsPerResponse: 2 }, [call(0), call(1), call(2)])
    assert.deepStrictEqual(calls.map(({ refusal }) => refusal === undefined), [true, true, false])
  })
})
