import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { at, fail, layer, put, succeed } from "./support.ts"

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
      assert.match(yield* fail("read", { path: "a.txt", offset: 0 }), /offset: /)
      assert.match(yield* fail("read", { path: "a.txt", limit: 1.5 }), /limit: /)
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

  it.effect("refuses what is no text", () =>
    Effect.gen(function*() {
      yield* put("a.bin", Uint8Array.of(0x7f, 0x45, 0x4c, 0x46, 0))
      assert.strictEqual(yield* fail("read", { path: "a.bin" }), "a.bin is a binary file")
      yield* put("a.bin", Uint8Array.of(0xe9, 0x74, 0xe9))
      assert.match(yield* fail("read", { path: "a.bin" }), /binary file, or text in another encoding/)
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
