import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Content from "../../src/acp/Content.ts"
import { userMessage } from "../../src/responses/Item.ts"
import * as Picture from "../../src/responses/Picture.ts"

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII=",
  "base64"
)
const url = (bytes: Uint8Array | string) => `data:image/png;base64,${Buffer.from(bytes).toString("base64")}`

const saying = (image_url: unknown) => ({
  ...userMessage(""),
  content: [{ type: "input_text", text: "Look" }, { type: "input_image", image_url }]
})

describe("A picture", () => {
  it("is found to be cut off wherever that is, and to be none", () => {
    assert.isUndefined(Picture.problemIn([userMessage("Hi"), saying(url(png))]))
    assert.isUndefined(Picture.problemOfUrl(url(png).replace(/=+$/, "")))
    for (let length = 12; length < png.length; length++) {
      assert.strictEqual(Picture.problemIn([saying(url(png.subarray(0, length)))]), "its end is missing")
    }
    for (const bytes of ["", "text", "<svg></svg>"]) assert.strictEqual(Picture.problemOfUrl(url(bytes)), "it is none")
    assert.strictEqual(Picture.problemOfUrl("data:image/png;base64,%%%"), "it is none")
    assert.strictEqual(Picture.problemOfUrl(url(new Uint8Array(Picture.maxSize + 8))), "it is larger than 20 MiB")
    const output = { type: "function_call_output", output: [{ type: "input_image", image_url: url("none") }] }
    assert.strictEqual(Picture.problemIn([output]), "it is none")
  })

  it("at another server is not looked at, nor is what is no address", () => {
    for (const at of ["https://example.com/a.png", 7, undefined]) assert.isUndefined(Picture.problemIn([saying(at)]))
  })

  it.effect("of an editor is refused in a sentence", () =>
    Effect.gen(function*() {
      const block = (bytes: Uint8Array) => ({
        type: "image" as const,
        mimeType: "image/png",
        data: Buffer.from(bytes).toString("base64")
      })
      assert.isUndefined(Picture.problemIn([yield* Content.toItem([block(png)])]))
      const error = yield* Effect.flip(Content.toItem([block(png.subarray(0, 40))]))
      assert.strictEqual(
        error.message,
        "A picture cannot be sent: its end is missing; give a png, jpeg, gif or webp"
      )
    }))
})
