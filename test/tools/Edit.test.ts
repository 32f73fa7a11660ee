import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { at, fail, get, layer, names, put, succeed } from "./support.ts"

const edit = (old_string: string, new_string: string, replace_all?: boolean) => ({
  path: "a.txt",
  old_string,
  new_string,
  replace_all
})

/** What becomes of a text by an edit. */
const edited = (text: string, ...change: Parameters<typeof edit>) =>
  Effect.gen(function*() {
    yield* put("a.txt", text)
    yield* succeed("edit", edit(...change))
    return yield* get("a.txt")
  })

/** What is said of an edit that leaves the file alone. */
const refused = (text: string, ...change: Parameters<typeof edit>) =>
  Effect.gen(function*() {
    yield* put("a.txt", text)
    const failure = yield* fail("edit", edit(...change))
    assert.strictEqual(yield* get("a.txt"), text)
    return failure
  })

describe("edit", () => {
  it.effect("replaces what is there once", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* edited("one two three", "two", "2"), "one 2 three")
      assert.strictEqual(yield* edited("one\ntwo\n", "one\n", ""), "two\n")
      assert.strictEqual(yield* edited("aXa", "X", "a"), "aaa")
    }).pipe(Effect.provide(layer)))

  it.effect("replaces every occurrence if it is told to", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "a b a b a")
      assert.strictEqual(yield* succeed("edit", edit("a", "aa", true)), "Replaced 3 occurrences in a.txt.")
      assert.strictEqual(yield* get("a.txt"), "aa b aa b aa")
      assert.strictEqual(yield* succeed("edit", edit("b aa b", "c", true)), "Replaced 1 occurrence in a.txt.")
    }).pipe(Effect.provide(layer)))

  it.effect("changes nothing unless it is clear what is meant", () =>
    Effect.gen(function*() {
      assert.match(yield* refused("a b a", "a", "c"), /^old_string is 2 times in a\.txt; .*replace_all$/)
      assert.match(yield* refused("a b a", "a", "c", false), /^old_string is 2 times/)
      assert.match(yield* refused("a b a", "A", "c"), /^old_string is not in a\.txt/)
      assert.match(yield* refused("a b a", "", "c"), /^old_string is empty/)
      assert.match(yield* refused("a b a", "b", "b"), /the same/)
    }).pipe(Effect.provide(layer)))

  it.effect("takes both texts literally", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* edited("f(x) + a.b", "(x)", "$& $1 $` $' $$"), "f$& $1 $` $' $$ + a.b")
      assert.strictEqual(yield* edited("f(x) + a.b", "a.b", "c", true), "f(x) + c")
    }).pipe(Effect.provide(layer)))

  it.effect("keeps the byte order mark and the line ends", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* edited("\uFEFFone\r\ntwo\r\n", "one\ntwo", "1\n2"), "\uFEFF1\r\n2\r\n")
      assert.strictEqual(yield* edited("one\r\ntwo\r\n", "one\r\ntwo", "1\r\n2"), "1\r\n2\r\n")
      assert.strictEqual(yield* edited("one\r\ntwo\nthree\n", "two\nthree", "2\n3"), "one\r\n2\n3\n")
      assert.strictEqual(yield* edited("one\ntwo", "two", "2\r\n"), "one\n2\r\n")
    }).pipe(Effect.provide(layer)))

  it.effect("keeps the mode of the file, and leaves nothing else behind", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* put("inside/run.sh", "exit 1")
      yield* fs.chmod(yield* at("inside/run.sh"), 0o755)
      yield* succeed("edit", { ...edit("1", "0"), path: "link-in/run.sh" })
      assert.strictEqual((yield* fs.stat(yield* at("inside/run.sh"))).mode & 0o777, 0o755)
      assert.strictEqual(yield* get("inside/run.sh"), "exit 0")
      assert.deepStrictEqual(yield* names("inside"), ["run.sh"])
    }).pipe(Effect.provide(layer)))

  it.effect("loses none of many edits at the same time", () =>
    Effect.gen(function*() {
      const lines = Array.from({ length: 50 }, (_, n) => `line ${n}.\n`)
      yield* put("a.txt", lines.join(""))
      yield* Effect.forEach(lines, (line) => succeed("edit", edit(line, line.toUpperCase())), {
        concurrency: "unbounded"
      })
      assert.strictEqual(yield* get("a.txt"), lines.join("").toUpperCase())
    }).pipe(Effect.provide(layer)))

  it.effect("refuses what cannot be read as text", () =>
    Effect.gen(function*() {
      assert.match(yield* fail("edit", edit("a", "b")), /no such file/)
      assert.match(yield* fail("edit", { ...edit("a", "b"), path: "inside" }), /is a folder/)
      const latin = Uint8Array.of(0x61, 0xe9)
      yield* put("a.txt", latin)
      assert.match(yield* fail("edit", edit("a", "b")), /binary/)
      const fs = yield* FileSystem.FileSystem
      assert.deepEqual([...(yield* fs.readFile(yield* at("a.txt")))], [...latin])
    }).pipe(Effect.provide(layer)))

  it.effect("does what replacing text does anywhere", () =>
    Effect.gen(function*() {
      const text = fc.string({ unit: fc.constantFrom("a", "b", "$", "\n", "é") })
      for (const [before, old, by] of fc.sample(fc.tuple(text, text, text), 100)) {
        if (old === "" || old === by || !before.includes(old)) continue
        assert.strictEqual(yield* edited(before, old, by, true), before.replaceAll(old, () => by))
      }
    }).pipe(Effect.provide(layer)))
})
