import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as BoundedOutput from "../../../src/tools/command/BoundedOutput.ts"

const { bound, head, makeTail, maxBytes, maxLines } = BoundedOutput

const size = (text: string) => Buffer.byteLength(text)
const numbered = (count: number) => Array.from({ length: count }, (_, n) => `${n + 1}\n`).join("")

const tailOf = (bytes: Uint8Array, chunk = bytes.length) => {
  const tail = makeTail()
  for (let at = 0; at < bytes.length; at += chunk) tail.push(bytes.subarray(at, at + chunk))
  return tail.read()
}

/** Texts around both limits, with characters of every width. */
const texts = fc.tuple(
  fc.constantFrom("a", "é", "€", "👋", "\n", "a\n", "€\n", "\r\n"),
  fc.constantFrom(1, 7, maxLines - 1, maxLines, maxLines + 1, 12_799, 12_800, 12_801, 17_067, 51_199, 51_200, 51_201),
  fc.string({ unit: "grapheme" })
).map(([unit, times, end]) => unit.repeat(times) + end)

describe("BoundedOutput", () => {
  it("leaves alone what fits", () => {
    for (const text of ["", "\n", "a", "a\nb\n", numbered(maxLines), "x".repeat(maxBytes), "x\n".repeat(2000)]) {
      assert.deepInclude(head(text), { text, isCut: false, isLineCut: false })
      assert.strictEqual(bound(text), text)
      assert.deepInclude(tailOf(Buffer.from(text)), { text, isCut: false })
    }
  })

  it("counts a newline at the end as the end of a line", () => {
    assert.strictEqual(head("a\nb\n").lines, 2)
    assert.strictEqual(head("a\nb").lines, 2)
    assert.strictEqual(tailOf(Buffer.from("a\nb\n")).lines, 2)
    assert.strictEqual(tailOf(Buffer.from("a\nb")).lines, 2)
  })

  it("takes whole lines from the beginning, or the beginning of a line that is too long", () => {
    assert.deepStrictEqual(head("a\nb\nc", 2), { text: "a\nb", lines: 2, isCut: true, isLineCut: false })
    assert.strictEqual(head(numbered(maxLines + 1)).lines, maxLines)
    const long = `${"x".repeat(40_000)}\n${"y".repeat(40_000)}\n`
    assert.deepStrictEqual(head(long), { text: "x".repeat(40_000), lines: 1, isCut: true, isLineCut: false })
    assert.deepInclude(head("€".repeat(maxBytes)), { text: "€".repeat(17_066), isCut: true, isLineCut: true })
  })

  it("keeps the end, and says how much went by", () => {
    const tail = tailOf(Buffer.from(numbered(100_000)), 1000)
    assert.isTrue(tail.text.endsWith("99999\n100000\n"))
    assert.deepInclude(tail, { lines: 100_000, shownLines: maxLines, isCut: true })
    assert.deepInclude(tailOf(Buffer.from("€".repeat(maxBytes)), 1000), { text: "€".repeat(17_066), lines: 1 })
  })

  it("stays within both limits and inside no character", () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1000, max: 60_000 }), (text, chunk) => {
        const first = head(text)
        assert.isTrue(text.startsWith(first.text))
        assert.strictEqual(first.isCut, first.text !== text)
        const last = tailOf(Buffer.from(text), chunk)
        assert.isTrue(text.endsWith(last.text))
        assert.strictEqual(last.isCut, last.text !== text)
        for (const { text } of [first, last]) {
          assert.isAtMost(size(text), maxBytes)
          assert.isAtMost(text.split("\n").length, maxLines + 1)
        }
        assert.isAtMost(size(bound(text)), maxBytes + 1024)
      }),
      { numRuns: 60 }
    )
  })

  it("stays within the limit when the bytes are no text", () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 255 }), (byte) => {
      const { isCut, text } = tailOf(new Uint8Array(200_000).fill(byte), 65_536)
      assert.isTrue(isCut)
      assert.isNotEmpty(text)
      assert.isAtMost(size(text), maxBytes)
    }))
  })

  it("tells how to read on when it cuts", () => {
    assert.match(bound(numbered(3000)), /\n2000\n\[Output cut: 2000 of 3000 lines are shown\..*read on\.\]$/)
    assert.match(bound("x".repeat(100_000)), /x\n\[Output cut: the first 51200 bytes are shown\..*\]$/)
  })
})
