import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as Visible from "../../src/internal/visible.ts"
import { readBack, sly } from "../shown.ts"

describe("exactly", () => {
  it("is read back as the very text", () => {
    fc.assert(
      fc.property(sly, (text) => {
        assert.strictEqual(readBack(Visible.exactly(text)), text)
      }),
      { numRuns: 2000 }
    )
  })

  it("has nothing in it that cannot be seen", () => {
    fc.assert(
      fc.property(sly, (text) => {
        assert.notMatch(Visible.exactly(text), /(?![\n ])[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u)
        assert.notMatch(Visible.line(text), /\n/)
      }),
      { numRuns: 500 }
    )
  })

  it.each([
    ["touch \u202Etxt.exe", "touch \\u202etxt.exe"],
    ["touch a\u200Bb\u00ADc\uFEFFd", "touch a\\u200bb\\xadc\\ufeffd"],
    ["touch \u{E0041}\u{E0042}", "touch \\u{e0041}\\u{e0042}"],
    ["echo \u001B[2J\r\u0007", "echo \\x1b[2J\\x0d\\x07"],
    ["printf '\\x1b[1m'", "printf '\\\\x1b[1m'"],
    ["echo \\\\u202e \\n \\x", "echo \\\\\\\\u202e \\n \\x"],
    ["a\u00A0b\u3000c\u2800d", "a\\xa0b\\u3000c\\u2800d"],
    ["touch ⟨9 spaces⟩", "touch \\u27e89 spaces⟩"],
    [`echo nice${" ".repeat(300)}; touch x`, "echo nice⟨300 spaces⟩; touch x"],
    [`a${"\n".repeat(40)}b`, "a\n⟨39 blank lines⟩\nb"],
    [`a\n${`${" ".repeat(200)}\n`.repeat(40)}b`, "a\n⟨40 lines of 200 spaces⟩\nb"],
    ["ls  \t\n\tls", "ls  ⟨1 tab⟩\n⇥ls"],
    [`ls${"\u00A0".repeat(50)}x`, "ls⟨50 × \\xa0⟩x"],
    ["cafe\u0301 日本 👩", "cafe\u0301 日本 👩"],
    [`e${"\u0301".repeat(40)}`, `e${"\u0301".repeat(4)}⟨36 × \\u0301⟩`],
    ["\ud83d", "\\ud83d"]
  ])("shows %j as %s", (text, shown) => {
    assert.strictEqual(Visible.exactly(text), shown)
    assert.strictEqual(readBack(shown), text)
  })
})

describe("prose", () => {
  it("leaves nothing out, and leaves words and emoji of all languages as they are", () => {
    const plain = "Grüße, 日本語, \u0646\u0645\u06CC\u200C\u062E\u0648\u0627\u0647\u0645, 👨‍👩‍👧, ❤️, 1️⃣\n\tend"
    assert.strictEqual(Visible.prose(plain), plain)
    assert.strictEqual(
      Visible.prose("a\u001B]0;ls\u0007b\u202Ec\u200Bd\r\ne\rf"),
      "a\\x1b]0;ls\\x07b\\u202ec\\u200bd\ne\\x0df"
    )
  })
})

describe("output", () => {
  it("is without its colours, and shows what else steers a terminal", () => {
    assert.strictEqual(Visible.output("\u001B[0m\u001B[01;34msrc\u001B[0m\n"), "src\n")
    assert.strictEqual(Visible.output("\u001B[01;31m\u001B[Kone\u001B[m\u001B[K two"), "one two")
    assert.strictEqual(Visible.output("\u001B[38:2::1:2:3mx\u001B[0K"), "x")
    assert.strictEqual(Visible.output("\u001B[2Ka\u001B[1Ab\u001B]8;;x\u0007"), "\\x1b[2Ka\\x1b[1Ab\\x1b]8;;x\\x07")
  })
})

describe("a text that repeats itself without end", () => {
  it.each([" ", "\t", "\n", "\\", "\u200B", "x", "\u{E0041}", " \n"])("is shown, and can be read back: %j", (piece) => {
    // What is counted by hand may be longer than what a regular expression counts.
    const long = piece.repeat(piece.length === 1 ? 4_000_000 : 100_000)
    for (const text of [long, `${long}x`, `x${long}`, `x${long}\\x1b${long}`]) {
      assert.isTrue(readBack(Visible.exactly(text)) === text)
    }
  })

  it("is told by its length from the place where it begins", () => {
    assert.strictEqual(Visible.exactly(`ls${" ".repeat(10_000)}; x`), "ls⟨10000 spaces⟩; x")
    assert.strictEqual(
      Visible.exactly(`${"a".repeat(9_990)}${"b".repeat(10_001)}c`),
      `${"a".repeat(9_990)}⟨10001 × \\x62⟩c`
    )
  })
})

describe("pieces", () => {
  it("are shown as the whole is, wherever it is cut", () => {
    const part = fc.constantFrom("a", "\r", "\n", "\r\n", "👩", "\u001B", "é")
    fc.assert(
      fc.property(fc.array(part), fc.array(fc.nat(20)), (parts, cuts) => {
        const text = parts.join("")
        const reader = Visible.pieces()
        const ends = [...cuts.filter((at) => at < text.length), text.length].toSorted((a, b) => a - b)
        const shown = ends.map((end, index) => reader.next(text.slice(ends[index - 1] ?? 0, end))).join("")
        assert.strictEqual(shown + reader.rest(), Visible.prose(text))
        assert.strictEqual(reader.rest(), "")
      })
    )
  })
})

describe("json", () => {
  it("is the same value, and can be seen", () => {
    fc.assert(
      fc.property(fc.array(sly), (texts) => {
        const shown = Visible.json(JSON.stringify(texts))
        assert.deepStrictEqual(JSON.parse(shown), texts)
        assert.notMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u)
      }),
      { numRuns: 500 }
    )
  })
})
