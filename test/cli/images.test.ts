import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const timeout = 30_000
const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

const images = {
  "image/png": bytes("\u0089PNG\r\n\u001A\n and more"),
  "image/jpeg": bytes("\u00FF\u00D8\u00FF\u00E0 and more"),
  "image/gif": bytes("GIF89a and more"),
  "image/webp": bytes("RIFF\0\0\0\0WEBPVP8 ")
}

describe("-i", () => {
  it.scopedLive("sends images with the prompt, whatever they are called", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(Script.fromTurns([Script.answer(Script.say("A picture."))]))
      const flags: Array<string> = []
      for (const [type, data] of Object.entries(images)) {
        const path = file(`${type.replace("/", "-")}.txt`)
        yield* fs.writeFile(path, data)
        flags.push("-i", path)
      }
      const { code, stderr, stdout } = yield* run(["run", ...flags, "What is this?"])
      assert.deepStrictEqual([code, stdout], [0, "A picture.\n"], stderr)
      const body = (yield* simulator.requests)[0]?.body
      const sent = JSON.stringify(body)
      assert.include(sent, "\"text\":\"What is this?\"")
      for (const [type, data] of Object.entries(images)) {
        const url = `data:${type};base64,${Buffer.from(data).toString("base64")}`
        assert.include(sent, JSON.stringify({ type: "input_image", image_url: url }))
      }
    }).pipe(Effect.provide(platform)), timeout)

  it.scopedLive("says in a sentence what is no image, and sends nothing", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(Script.fromTurns([]))
      yield* fs.writeFileString(file("text.png"), "<svg/>")
      yield* fs.writeFileString(file("empty.png"), "")
      yield* fs.makeDirectory(file("folder.png"))
      for (const name of ["text.png", "empty.png", "folder.png", "missing.png"]) {
        const { code, stderr, stdout } = yield* run(["run", "-i", name, "What is this?"])
        assert.deepStrictEqual([code, stdout], [2, ""], name)
        assertSentence(stderr, name, "png, jpeg, gif or webp")
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)), timeout)
})
