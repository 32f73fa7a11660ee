import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as BinaryString from "../../src/internal/binaryString.ts"

const bytesOf = (text: string) => new TextEncoder().encode(text)
const decoded = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes)
const unicode = fc.string({ unit: "grapheme", maxLength: 50 })

describe("a binary string", () => {
  it("is decoded as its bytes would be, with a Buffer and without one", () => {
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), unicode.map(bytesOf)), (bytes) => {
      const binary = BinaryString.fromBytes(bytes)
      assert.strictEqual(BinaryString.decode(binary), decoded(bytes))
      assert.strictEqual(BinaryString.portable.fromBytes(bytes), binary)
      assert.strictEqual(BinaryString.portable.decode(binary), decoded(bytes))
    }))
    const much = new Uint8Array(100_000).map((_, at) => at)
    assert.strictEqual(BinaryString.portable.fromBytes(much), BinaryString.fromBytes(much))
  })

  it("reads no more than its part of a larger piece of memory", () => {
    assert.strictEqual(BinaryString.fromBytes(bytesOf("Hello").subarray(1, 3)), "el")
  })

  it("loses a byte order mark, however it is cut, and no other", () => {
    for (const text of ["\uFEFFHello", "\uFEFF\uFEFFHello", "Hello", "\uFFFEHello", ""]) {
      for (const size of [1, 2, 3, 100]) {
        const begin = BinaryString.withoutMark()
        const binary = BinaryString.fromBytes(bytesOf(text))
        let told = ""
        for (let at = 0; at < binary.length; at += size) told += begin(binary.slice(at, at + size))
        assert.strictEqual(BinaryString.decode(told), text.replace(/^\uFEFF/, ""), `${text} by ${size}`)
      }
    }
  })
})
