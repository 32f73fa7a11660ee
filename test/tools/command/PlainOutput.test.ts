import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as PlainOutput from "../../../src/tools/command/PlainOutput.ts"

/** What is shown of an output that comes in pieces of a length. */
const shown = (output: string, size = output.length + 1): string => {
  const plain = PlainOutput.make()
  const bytes = Buffer.from(output)
  const pieces: Array<Uint8Array> = []
  for (let at = 0; at < bytes.length; at += size) pieces.push(plain.push(bytes.subarray(at, at + size)))
  return Buffer.concat([...pieces, plain.rest()]).toString()
}

describe("PlainOutput", () => {
  const cases: { readonly [of: string]: readonly [string, string] } = {
    "plain text, tabs and other letters": ["a\tb\nnaïve €👋\n\nend", "a\tb\nnaïve €👋\n\nend"],
    "colours": ["\u001B[1;31mred\u001B[0m and \u001B[38:2::1:2:3mmore\u001B[m\n", "red and more\n"],
    "titles and links": ["\u001B]0;title\u0007a\u001B]8;;http://x\u001B\\b\u001B]8;;\u001B\\c\n", "abc\n"],
    "charsets, keypads and device strings": ["\u001B(Ba\u001B=b\u001BPq#0\u001B\\c", "abc"],
    "NULs, bells and deletes": ["a\0b\u0007c\u007Fd\u0001\n", "abcd\n"],
    "progress that is overwritten": ["10%\r50%\r100%\ndone\n", "100%\ndone\n"],
    "progress that clears the line": ["\r\u001B[K10%\r\u001B[K100%\r\n", "100%\n"],
    "line ends of Windows": ["a\r\nb\r\r\nc\r", "a\nb\nc"],
    "a spinner, and bold by overstriking": ["|\b/\b-\bok é\bx\nN\bNA\bA\n", "ok x\nNA\n"],
    "a sequence that a line end cuts off": ["a\u001B[31\nb\u001B]0;title\nc\n", "a\nb\nc\n"]
  }
  for (const [of, [output, text]] of Object.entries(cases)) {
    it(`shows ${of}, however it comes in`, () => {
      for (const size of [1, 2, 3, 1000]) assert.strictEqual(shown(output, size), text)
    })
  }

  it("gives bounded lines on, and does not lose the rest after a sequence without an end", () => {
    const plain = PlainOutput.make()
    assert.isAbove(plain.push(Buffer.from("x".repeat(200_000))).length, 100_000)
    assert.match(shown(`\u001B]0;${"y".repeat(10_000)}`), /^y+$/)
  })

  it("leaves text without control characters alone", () => {
    const text = fc.string({ unit: "grapheme" }).filter((text) => !/[^\P{Cc}\t\n]/u.test(text))
    fc.assert(fc.property(text, (text) => assert.strictEqual(shown(text, 5), text)))
  })
})
