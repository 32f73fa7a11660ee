import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import * as Jsonc from "../../../src/node/settings/Jsonc.ts"
import { forAll } from "../../forAll.ts"

const removed = (text: string, ...path: ReadonlyArray<string>) => Jsonc.edit(text, path, undefined)

describe("Jsonc", () => {
  it.effect("removes an entry with its comma and its line, and no comment", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* removed("{\n  // all\n  \"a\": 1\n}\n", "a"), "{\n  // all\n}\n")
      assert.strictEqual(yield* removed("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "a"), "{\n  \"b\": 2\n}\n")
      assert.strictEqual(yield* removed("{\n  \"a\": 1,\n  \"b\": 2\n}\n", "b"), "{\n  \"a\": 1\n}\n")
      assert.strictEqual(yield* removed("{\n  \"a\": 1, // one\n  \"b\": 2,\n}\n", "b"), "{\n  \"a\": 1, // one\n}\n")
      assert.strictEqual(yield* removed("{\"a\":1,\"b\":2}", "b"), "{\"a\":1}")
      assert.strictEqual(yield* removed("{\"a\":1,\"b\":2}", "a"), "{\"b\":2}")
      assert.strictEqual(yield* removed("{\"a\":{\"b\":2},\"c\":3}", "a", "b"), "{\"a\":{},\"c\":3}")
      assert.strictEqual(yield* removed("{\"a\":1}", "b"), "{\"a\":1}")
      assert.strictEqual(
        yield* removed("{\r\n\t\"a\": 1 /* one */,\r\n\t\"b\": 2\r\n}", "b"),
        "{\r\n\t\"a\": 1 /* one */\r\n}"
      )
    }))

  it.effect("adds an entry below a comment on the line of the last one", () =>
    Effect.gen(function*() {
      const added = (text: string) => Jsonc.edit(text, ["b"], { c: 2 })
      assert.strictEqual(
        yield* added("{\n  \"a\": 1, // one\n}\n"),
        "{\n  \"a\": 1, // one\n  \"b\": {\n    \"c\": 2\n  },\n}\n"
      )
      assert.strictEqual(
        yield* added("{\r\n\t\"a\": 1 /* one, only */\r\n}"),
        "{\r\n\t\"a\": 1, /* one, only */\r\n\t\"b\": {\r\n\t\t\"c\": 2\r\n\t}\r\n}"
      )
    }))

  it.effect("changes one value of any text, and keeps all comments", () =>
    forAll(
      fc.record({
        entries: fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"), { maxLength: 4 }),
        spaces: fc.array(fc.constantFrom(" ", "\n", "\t", "/* one */", "// two\n", "\r\n"), { minLength: 1 }),
        hasComma: fc.boolean(),
        key: fc.constantFrom("a", "b", "c", "d"),
        value: fc.constantFrom(undefined, 1, "//", { x: [true] })
      }),
      ({ entries, hasComma, key, spaces, value }) =>
        Effect.gen(function*() {
          const space = (index: number) => spaces[index % spaces.length] ?? ""
          const parts = entries.map((name, index) => `${space(index)}"${name}"${space(index + 1)}:${space(index + 2)}0`)
          const end = hasComma && entries.length > 0 ? "," : ""
          const text = `${space(1)}{${parts.join(`${space(3)},`)}${end}${space(4)}}${space(5)}`
          const edited = yield* Jsonc.edit(text, [key], value)
          const before = Object.fromEntries(entries.map((name) => [name, 0]))
          const expected: unknown = JSON.parse(JSON.stringify({ ...before, [key]: value }))
          assert.deepStrictEqual(yield* Effect.orDie(Jsonc.parse(edited)), expected, text)
          if (value !== undefined) {
            assert.strictEqual(edited.match(/one|two/g)?.length, text.match(/one|two/g)?.length, text)
          }
          if (value === undefined && !entries.includes(key)) assert.strictEqual(edited, text)
        })
    ))
})
