import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0))

const images = {
  "image/png": bytes("\u0089PNG\r\n\u001A\n and more IEND\u00AE\u0042\u0060\u0082"),
  "image/jpeg": bytes("\u00FF\u00D8\u00FF\u00E0 and more\u00FF\u00D9"),
  "image/gif": bytes("GIF89a and more\u003B"),
  "image/webp": bytes("RIFF\u0008\0\0\0WEBPVP8 ")
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
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says in a sentence what is no image, and sends nothing", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(Script.fromTurns([]))
      yield* fs.writeFileString(file("text.png"), "<svg/>")
      yield* fs.writeFileString(file("empty.png"), "")
      yield* fs.makeDirectory(file("folder.png"))
      for (const data of Object.values(images)) {
        yield* fs.writeFile(file("cut.png"), data.subarray(0, data.length - 1))
        const { code, stderr } = yield* run(["run", "-i", "cut.png", "What is this?"])
        assert.strictEqual(code, 2)
        assertSentence(stderr, "cut.png", "its end is missing")
      }
      for (const name of ["text.png", "empty.png", "folder.png", "missing.png"]) {
        const { code, stderr, stdout } = yield* run(["run", "-i", name, "What is this?"])
        assert.deepStrictEqual([code, stdout], [2, ""], name)
        assertSentence(stderr, name, "png, jpeg, gif or webp")
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("goes with the prompt of a session that goes on, and not without one", () =>
    Effect.gen(function*() {
      const answer = Script.answer(Script.say("A picture."))
      const { file, fs, run, simulator } = yield* machine(
        Script.fromTurns([answer, answer, Script.refuse(400, { detail: "no" }), answer, answer])
      )
      const png = images["image/png"]
      const url = `data:image/png;base64,${Buffer.from(png).toString("base64")}`
      const sent = Effect.map(simulator.requests, (all) => JSON.stringify(all.at(-1)?.body))
      yield* fs.writeFile(file("a.png"), png)
      yield* run(["run", "Hello"])
      const { code, stdout } = yield* run(["resume", "--last", "-i", "a.png", "What is this?"])
      assert.deepStrictEqual([code, stdout], [0, "A picture.\n"])
      assert.include(yield* sent, JSON.stringify({ type: "input_image", image_url: url }))
      assert.include(yield* sent, "What is this?")

      const alone = yield* run(["resume", "--last", "-i", "a.png"])
      assert.deepStrictEqual([alone.code, alone.stdout], [2, ""])
      assertSentence(alone.stderr, "prompt")
      const wrong = yield* run(["resume", "--last", "-i", "missing.png", "What is this?"])
      assert.deepStrictEqual([wrong.code, wrong.stdout], [2, ""])
      assertSentence(wrong.stderr, "missing.png", "there is no such file")
      assert.strictEqual((yield* simulator.requests).length, 2)

      // A turn that could go on without a prompt does not take an image on its way.
      const failed = yield* run(["run", "--json", "Fail"])
      assert.strictEqual(failed.code, 1, failed.stderr)
      const before = (yield* simulator.requests).length
      const again = yield* run(["resume", "--last", "-i", "a.png"])
      assert.deepStrictEqual([again.code, again.stdout], [2, ""])
      assertSentence(again.stderr, "prompt")
      assert.strictEqual((yield* simulator.requests).length, before)
      const piped = yield* run(["resume", "--last", "-i", "a.png"], { stdin: "And this?" })
      assert.strictEqual(piped.code, 0, piped.stderr)
      assert.include(yield* sent, "And this?")
    }).pipe(Effect.provide(platform)))
})

describe("an image that the model reads", () => {
  it.scopedLive(
    "goes to the model and into the log as a whole, and is only named under --json",
    () =>
      Effect.gen(function*() {
        const { file, fs, home, path, run, simulator } = yield* machine(({ input }) =>
          Script.answer(
            input.some(isFunctionCallOutput) ? Script.say("A picture.") : Script.call("read", { path: "a.png" })
          )
        )
        for (const size of [100, 101, 102, 3_000_000]) {
          const image = new Uint8Array(size)
          image.set(images["image/png"])
          image.set(images["image/png"].subarray(-8), size - 8)
          yield* fs.writeFile(file("a.png"), image)
          const { code, stderr, stdout } = yield* run(["--json", "Look at it"])
          assert.strictEqual(code, 0, stderr)
          const { item } = lines(stdout).find(({ type }) => type === "item.completed") ?? assert.fail(stdout)
          assert.deepInclude(item?.["output"], { type: "input_image", mime_type: "image/png", bytes: size })
          assert.isBelow(stdout.length, 10_000)

          const whole = Buffer.from(image).toString("base64")
          assert.include(JSON.stringify((yield* simulator.requests).at(-1)?.body), whole)
          const id = (yield* fs.readDirectory(path.join(home, "sessions"))).toSorted().at(-1) ?? ""
          assert.include(yield* fs.readFileString(path.join(home, "sessions", id, "log.ndjson")), whole)
        }
      }).pipe(Effect.provide(platform))
  )
})
