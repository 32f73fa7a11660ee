import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { at, fail, get, layer, names, put, succeed } from "../support.ts"

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
    yield* succeed("read", { path: "a.txt" })
    yield* succeed("edit", edit(...change))
    return yield* get("a.txt")
  })

/** What is said of an edit that leaves the file alone. */
const refused = (text: string, ...change: Parameters<typeof edit>) =>
  Effect.gen(function*() {
    yield* put("a.txt", text)
    yield* succeed("read", { path: "a.txt" })
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
      assert.strictEqual(yield* edited("one\ntwo", "two", "2\r\n"), "one\n2\n")
    }).pipe(Effect.provide(layer)))

  it.effect("finds text whatever its lines end with, and ends new lines as their neighbours", () =>
    Effect.gen(function*() {
      const mixed = "one\r\ntwo\nthree\r\nfour"
      assert.strictEqual(yield* edited(mixed, "one\ntwo\nthree", "1\n2\n3"), "1\r\n2\n3\r\nfour")
      assert.strictEqual(yield* edited(mixed, "four", "4\n5"), "one\r\ntwo\nthree\r\n4\r\n5")
      assert.strictEqual(yield* edited(mixed, "two\r\nthree", "2\r\n3"), "one\r\n2\n3\r\nfour")
      assert.strictEqual(yield* edited("one\ntwo\n", "one\r\ntwo\r\n", "1\r\n"), "1\n")
      assert.strictEqual(yield* edited("a\r\nb\na\r\n", "a\n", "c\n", true), "c\r\nb\nc\r\n")
      assert.strictEqual(yield* edited("a\r\nb\r\n", "a\nb", "ab"), "ab\r\n")
    }).pipe(Effect.provide(layer)))

  it.effect("finds the one place with look-alike characters, and keeps those that it need not change", () =>
    Effect.gen(function*() {
      const quotes = "say “hello” – it’s\u00A0nice\nnext"
      assert.strictEqual(
        yield* edited(quotes, "say \"hello\" - it's nice", "say \"hello\" - it's very nice"),
        "say “hello” – it’s\u00A0very nice\nnext"
      )
      assert.strictEqual(yield* edited("cafe\u0301 x\r\nb", "caf\u00E9 x\nb", "caf\u00E9 y\nb"), "cafe\u0301 y\r\nb")
      assert.strictEqual(yield* edited("caf\u00E9 x", "cafe\u0301 x", "tea"), "tea")
      assert.strictEqual(yield* edited("\u1112\u1161\u11AB x", "\uD55C x", "\uD55C y"), "\u1112\u1161\u11AB y")
      assert.strictEqual(yield* edited("a 👋 – b", "👋 - b", "👋 - c"), "a 👋 – c")
      assert.strictEqual(yield* edited("it's", "it’s", "it was"), "it was")
      yield* put("a.txt", "one\n“two”\n")
      yield* succeed("read", { path: "a.txt" })
      assert.match(
        yield* succeed("edit", edit("\"two\"", "2")),
        /^Replaced 1 occurrence in a\.txt, at line 2: old_string is not there exactly, .*look-alike/
      )
    }).pipe(Effect.provide(layer)))

  it.effect("guesses at no look-alike characters where there are several places, or where text is exact", () =>
    Effect.gen(function*() {
      assert.match(yield* refused("“a” ”a„", "\"a\"", "b"), /^old_string is not in/)
      assert.match(yield* refused("“a” ”a„", "\"a\"", "b", true), /^old_string is not in/)
      assert.strictEqual(yield* edited("“a” \"a\"", "\"a\"", "b"), "“a” b")
      assert.match(yield* refused("naive", "naïve", "b"), /^old_string is not in/)
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

  it.effect("says what is nearest to what is not there", () =>
    Effect.gen(function*() {
      const text = "one\n\nfunction add(a, b) {\n  return a + b\n}\n\nlast\n"
      const near = yield* refused(text, "function add(x, y) {\n  return x + y\n}", "")
      assert.match(near, /^old_string is not in a\.txt; read the file and quote it exactly\. Line 3 is the nearest:\n/)
      assert.isTrue(near.endsWith("\nfunction add(a, b) {\n  return a + b\n}"))
      assert.include(
        yield* refused(text, "function add(a,b) {\n\treturn a + b\n}\n", ""),
        "Line 3 differs in white space only:"
      )
      assert.include(yield* refused(text, "something else altogether", ""), "Nothing there is like it.")
      assert.include(yield* refused("", "a", ""), "Nothing there is like it.")
      assert.include(yield* refused(text, "\t\n", ""), "Nothing there is like it.")
    }).pipe(Effect.provide(layer)))

  it.live("says so in bounded time and space, however large the file", () =>
    Effect.gen(function*() {
      const lines = Array.from({ length: 100_000 }, (_, n) => `the ${n}th line of a long file, with ${n * 7} in it`)
      yield* put("a.txt", lines.join("\n"))
      const wanted = `${lines.slice(500, 900).join("\n")}!`
      const output = yield* Effect.timeout(fail("edit", edit(wanted, "")), "1 minute")
      assert.include(output, "Line 501 is the nearest:\nthe 500th line")
      assert.isBelow(output.length, 3000)
      yield* put("b.txt", "x".repeat(5_000_000))
      yield* Effect.timeout(fail("edit", { ...edit("y".repeat(1_000_000), ""), path: "b.txt" }), "1 minute")
    }).pipe(Effect.provide(layer)))

  it.effect("does not undo what somebody else did since the file was read", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\ntwo\n")
      yield* succeed("read", { path: "a.txt", limit: 1 })
      yield* put("a.txt", "one\ntwo\nthree\n")
      assert.strictEqual(
        yield* fail("edit", edit("two", "2")),
        "a.txt has changed since you last read it; read it again, then change it"
      )
      yield* succeed("read", { path: "a.txt" })
      yield* succeed("edit", edit("two", "2"))
      yield* succeed("edit", edit("three", "3"))
      assert.strictEqual(yield* get("a.txt"), "one\n2\n3\n")
      yield* succeed("write", { path: "a.txt", content: "new" })
      yield* succeed("edit", edit("new", "newer"))
    }).pipe(Effect.provide(layer)))

  it.effect("changes a file that the session has not read as it is, and one that was only touched", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* put("a.txt", "one")
      yield* succeed("edit", edit("one", "two"))
      yield* fs.utimes(yield* at("a.txt"), 1, 1)
      yield* succeed("edit", edit("two", "three"))
    }).pipe(Effect.provide(layer)))
})
