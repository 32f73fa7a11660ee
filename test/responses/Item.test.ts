import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Item from "../../src/responses/Item.ts"

const message = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi", annotations: [] }] }
const thought = { type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }], encrypted_content: "gAAAAA" }
const call = { type: "function_call", call_id: "call_1", name: "ls", arguments: "{ \"path\" : 1e3" }
const output = { type: "function_call_output", call_id: "call_1", output: "a.txt" }
const foreign = { type: "holographic_call", shape: { sides: [1, null] }, "": "empty" }

const guards = {
  message: Item.isMessage,
  reasoning: Item.isReasoning,
  function_call: Item.isFunctionCall,
  function_call_output: Item.isFunctionCallOutput
}

describe("Item", () => {
  it("is anything that says of which type it is", () => {
    for (const item of [message, thought, call, output, foreign]) assert.isTrue(Item.isItem(item))
    for (const none of [null, undefined, 7, "message", [], {}, { type: null }]) assert.isFalse(Item.isItem(none))
  })

  it("passes its schema as the very same value", () => {
    assert.strictEqual<unknown>(Schema.decodeUnknownSync(Item.Item)(foreign), foreign)
    assert.strictEqual<unknown>(Schema.encodeSync(Item.Item)(foreign), foreign)
  })

  it("is of one known type, or of none", () => {
    for (const [type, guard] of Object.entries(guards)) {
      const known = [message, thought, call, output, foreign].filter(guard)
      assert.deepStrictEqual(known.map((item) => item.type), [type])
      for (const item of known) assert.isTrue(guard({ ...item, future: true, id: null }))
    }
  })

  it("is not of a type whose fields it lacks", () => {
    assert.isFalse(Item.isReasoning({ type: "reasoning" }))
    assert.isFalse(Item.isFunctionCall({ ...call, arguments: {} }))
    assert.isFalse(Item.isFunctionCallOutput({ ...output, call_id: undefined }))
    assert.isFalse(Item.isMessage({ ...message, content: "Hi" }))
  })

  it("knows the outputs that are more than text", () => {
    assert.isTrue(Item.isFunctionCallOutput({ ...output, output: [{ type: "input_image", image_url: "data:," }] }))
  })

  it("is made from text, in the shape that the server wants", () => {
    assert.deepStrictEqual(Item.userMessage("Grüße 👋"), {
      type: "message",
      role: "user",
      content: [{ type: "input_text", text: "Grüße 👋" }]
    })
    assert.deepStrictEqual(Item.functionCallOutput("call_1", "a.txt"), {
      type: "function_call_output",
      call_id: "call_1",
      output: "a.txt"
    })
  })

  it("holds no half of a character, which no server accepts", () => {
    const half = "👋".slice(0, 1)
    assert.strictEqual(Item.text(Item.userMessage(`a${half}b`)), "a\uFFFDb")
    assert.strictEqual(Item.functionCallOutput("call_1", half).output, "\uFFFD")
  })

  it("reads as what is said, and as the summary of what is thought", () => {
    const parts = (...content: ReadonlyArray<Item.Item>) => Item.text({ type: "message", role: "assistant", content })
    assert.strictEqual(parts({ type: "output_text", text: "Hel" }, { type: "output_text", text: "lo" }), "Hello")
    assert.strictEqual(parts({ type: "refusal", refusal: "I cannot." }), "I cannot.")
    assert.strictEqual(parts({ type: "input_image", image_url: "data:," }, { type: "output_text", text: null }), "")
    assert.strictEqual(
      Item.text({ ...thought, summary: [...thought.summary, { type: "summary_text", text: "Ah" }] }),
      "Hm\n\nAh"
    )
    for (const item of [call, output, foreign]) assert.strictEqual(Item.text(item), "")
  })
})
