import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, call, fail, layer, put, succeed } from "../support.ts"

const read = (path: string, part: { readonly offset?: number; readonly limit?: number } = {}) =>
  succeed("read", { path, ...part })

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join("")

describe("read", () => {
  it.effect("shows a file as it is, with its byte order mark and line ends", () =>
    Effect.gen(function*() {
      for (const text of ["one\ntwo\n", "one\ntwo", "\n", "\uFEFFone\r\ntwo\r\n", "naïve €👋\n", numbered(2000)]) {
        yield* put("a.txt", text)
        assert.strictEqual(yield* read("a.txt"), text)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("says that a file is empty", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "")
      assert.strictEqual(yield* read("a.txt"), "[The file is empty.]")
    }).pipe(Effect.provide(layer)))

  it.effect("shows the part that is asked for, and where to read on", () =>
    Effect.gen(function*() {
      yield* put("a.txt", numbered(10))
      assert.strictEqual(yield* read("a.txt", { offset: 9 }), "9\n10\n")
      assert.strictEqual(yield* read("a.txt", { offset: 10, limit: 5 }), "10\n")
      assert.strictEqual(
        yield* read("a.txt", { offset: 3, limit: 2 }),
        "3\n4\n[Lines 3-4 of 10 are shown. Read on with offset=5.]"
      )
      assert.strictEqual(yield* fail("read", { path: "a.txt", offset: 11 }), "a.txt has 10 lines; there is no line 11")
    }).pipe(Effect.provide(layer)))

  it.effect("wants whole numbers above zero", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      assert.match(yield* fail("read", { path: "a.txt", offset: 0 }), /offset must be /)
      assert.match(yield* fail("read", { path: "a.txt", limit: 1.5 }), /limit must be /)
    }).pipe(Effect.provide(layer)))

  it.effect("shows 2,000 lines at once", () =>
    Effect.gen(function*() {
      yield* put("a.txt", numbered(2001))
      const first = yield* read("a.txt", { limit: 5000 })
      assert.isTrue(first.endsWith("\n2000\n[Lines 1-2000 of 2001 are shown. Read on with offset=2001.]"))
      assert.strictEqual(yield* read("a.txt", { offset: 2001 }), "2001\n")
    }).pipe(Effect.provide(layer)))

  it.effect("shows 50 KB at once, in whole lines", () =>
    Effect.gen(function*() {
      yield* put("a.txt", `${"€".repeat(10_000)}\n`.repeat(3))
      assert.strictEqual(
        yield* read("a.txt"),
        `${"€".repeat(10_000)}\n[Lines 1-1 of 3 are shown. Read on with offset=2.]`
      )
    }).pipe(Effect.provide(layer)))

  it.effect("shows the beginning of a line that is too long, in whole characters", () =>
    Effect.gen(function*() {
      yield* put("a.txt", `one\n${"€".repeat(20_000)}\nthree\n`)
      assert.isTrue((yield* read("a.txt")).startsWith("one\n[Lines 1-1 of 3 are shown."))
      const cut = yield* read("a.txt", { offset: 2 })
      assert.match(cut, /^€{17066}\n\[Line 2 of 3 is too long: .* Read on with offset=3\.\]$/)
      assert.strictEqual(yield* read("a.txt", { offset: 3 }), "three\n")
      yield* put("a.txt", "x".repeat(60_000))
      assert.match(yield* read("a.txt"), /^x{51200}\n\[Line 1 of 1 is too long: .*for the rest\.\]$/)
    }).pipe(Effect.provide(layer)))

  it.effect("refuses what is no text, and says what it is", () =>
    Effect.gen(function*() {
      const refused = (...bytes: ReadonlyArray<number>) =>
        Effect.zipRight(put("a.bin", Uint8Array.from(bytes)), fail("read", { path: "a.bin" }))
      assert.strictEqual(
        yield* refused(0x7f, 0x45, 0x4c, 0x46, 0),
        "a.bin is a binary file (ELF program, 5 bytes); look at it with bash (file, od -c)"
      )
      assert.match(yield* refused(1, 2, 0), /^a\.bin is a binary file \(of no known type, 3 bytes\)/)
      assert.match(yield* refused(0x50, 0x4b, 3, 4, 0xff), /^a\.bin is a binary file, .*\(ZIP archive, 5 bytes\)/)
      assert.match(yield* refused(0xe9, 0x74, 0xe9), /binary file, or text in another encoding/)
      assert.match(yield* refused(0xff, 0xfe, 0x61, 0), /text in UTF-16, 4 bytes/)
    }).pipe(Effect.provide(layer)))

  it.effect("shows an image, whatever its name", () =>
    Effect.gen(function*() {
      const images: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
        ["image/png", [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82]],
        ["image/jpeg", [0xff, 0xd8, 0xff, 0xe0, 0xff, 0xd9]],
        ["image/gif", [0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x3b]],
        ["image/webp", [0x52, 0x49, 0x46, 0x46, 5, 0, 0, 0, 0x57, 0x45, 0x42, 0x50, 0]]
      ]
      for (const [type, bytes] of images) {
        yield* put("a.txt", Uint8Array.from(bytes))
        const { raw, status } = yield* call("read", { path: "a.txt" })
        assert.strictEqual(status, "completed")
        assert.deepStrictEqual<unknown>(raw, [
          { type: "input_text", text: `[a.txt: ${type}, ${bytes.length} bytes]` },
          { type: "input_image", image_url: `data:${type};base64,${Buffer.from(bytes).toString("base64")}` }
        ])
        yield* put("a.txt", Uint8Array.from(bytes.slice(0, -1)))
        assert.match(yield* fail("read", { path: "a.txt" }), /^a\.txt cannot be shown: its end is missing/)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("shows no image that would fill the request, and edits none", () =>
    Effect.gen(function*() {
      const png = new Uint8Array(6 * 1024 * 1024)
      png.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
      yield* put("a.png", png)
      assert.strictEqual(
        yield* fail("read", { path: "a.png" }),
        "a.png is too large to show (image/png, 6 MB; at most 5 MB); make it smaller"
      )
      assert.match(
        yield* fail("edit", { path: "a.png", old_string: "PNG", new_string: "x" }),
        /^a\.png is a binary file \(PNG image, 6 MB\)/
      )
    }).pipe(Effect.provide(layer)))

  it.effect("refuses what is huge, without reading it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* put("huge.txt", "")
      yield* fs.truncate(yield* at("huge.txt"), 12 * 1024 ** 4)
      assert.match(
        yield* fail("read", { path: "huge.txt" }),
        /^huge\.txt is too large to read \(12582912 MB\); use bash/
      )
    }).pipe(Effect.provide(layer)))

  it.effect("names what is not there, and what is a folder", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* fail("read", { path: "nope.txt" }), "nope.txt: no such file or folder")
      assert.match(yield* fail("read", { path: "inside" }), /^inside is a folder/)
      assert.match(yield* fail("read", { path: "a\0b" }), /not a usable path/)
    }).pipe(Effect.provide(layer)))

  it.effect.runIf(process.platform !== "win32")("does not wait at a pipe", () =>
    Effect.gen(function*() {
      yield* Command.exitCode(Command.make("mkfifo", yield* at("pipe")))
      assert.strictEqual(yield* fail("read", { path: "pipe" }), "pipe is not a regular file")
    }).pipe(Effect.provide(layer)))
})
