import { assert, describe, it } from "@effect/vitest"
import * as Sampling from "../../../src/tools/mcp/Sampling.ts"

const said = (text: string, role = "user") => ({ role, content: { type: "text", text } })

describe("What a server wants the model to answer", () => {
  it("is text, which the person sees whole", () => {
    const request = Sampling.requestOf({
      messages: [said("What is tea?"), said("A drink.", "assistant"), said("And coffee?")],
      systemPrompt: "Be brief.",
      maxTokens: 1_000_000
    })
    assert.isDefined(request)
    assert.strictEqual(request.room, 16_384)
    assert.deepStrictEqual(request.input[1], {
      type: "message",
      role: "assistant",
      content: [{ type: "output_text", text: "A drink." }]
    })
    assert.strictEqual(
      Sampling.questionOf("one", request).message.split("\n").slice(1).join("\n"),
      "[instructions] Be brief.\n[user] What is tea?\n[assistant] A drink.\n[user] And coffee?"
    )
  })

  it("is nothing else, and no more than a person reads", () => {
    for (
      const params of [
        {},
        { messages: [], maxTokens: 10 },
        { messages: [said("x")] },
        { messages: [{ role: "user", content: { type: "image", data: "", mimeType: "image/png" } }], maxTokens: 10 },
        { messages: [said("x".repeat(16_001))], maxTokens: 10 }
      ]
    ) {
      assert.isUndefined(Sampling.requestOf(params))
    }
  })
})
