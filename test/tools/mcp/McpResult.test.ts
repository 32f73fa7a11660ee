import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as McpResult from "../../../src/tools/mcp/McpResult.ts"

/** A picture of one dot. */
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

describe("The result of a server's tool", () => {
  it.effect("is told once, by its content", () =>
    Effect.gen(function*() {
      const content = [{ type: "text", text: "hello" }]
      assert.strictEqual(yield* McpResult.toOutput({ content, structuredContent: { content: "hello" } }), "hello")
      assert.strictEqual(yield* McpResult.toOutput({ content: [], structuredContent: { a: 1 } }), `{"a":1}`)
      for (const empty of [{ content: [] }, {}, null, "nonsense"]) {
        assert.strictEqual(yield* McpResult.toOutput(empty), "[The tool has run and gave nothing.]")
      }
    }))

  it.effect("shows what is a picture, and tells of what is none", () =>
    Effect.gen(function*() {
      const output = yield* McpResult.toOutput({
        content: [
          { type: "image", mimeType: "image/jpeg", data: png },
          { type: "image", mimeType: "image/png", data: "bm90IGFuIGltYWdl" },
          { type: "audio", mimeType: "audio/wav", data: "AAAA" },
          { type: "resource_link", name: "a.txt", uri: "file:///a.txt" },
          { type: "resource", resource: { uri: "file:///b.txt", text: "b" } },
          { type: "hologram" },
          7
        ]
      })
      assert.deepStrictEqual(output, [
        { type: "input_image", image_url: `data:image/png;base64,${png}` },
        ...[
          "[image: image/png, 12 bytes, not shown]",
          "[audio: audio/wav, 3 bytes, not shown]",
          "[Link to a.txt: file:///a.txt]",
          "[file:///b.txt]\nb",
          "[Content of the type hologram, which cannot be shown]",
          "[Content of the type unknown, which cannot be shown]"
        ].map((text) => ({ type: "input_text", text }))
      ])
    }))

  it.effect("that is an error is a failure", () =>
    Effect.gen(function*() {
      const fail = (result: object) => Effect.flip(McpResult.toOutput({ isError: true, ...result }))
      assert.strictEqual((yield* fail({ content: [{ type: "text", text: "no such file" }] })).message, "no such file")
      assert.strictEqual((yield* fail({})).message, "The tool failed without saying why.")
    }))
})
