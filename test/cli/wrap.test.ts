import { assert, describe, it } from "@effect/vitest"
import { wrap } from "../../src/cli/wrap.ts"

describe("wrap", () => {
  it("breaks a sentence between words, each line behind the indent", () => {
    assert.strictEqual(wrap("one two three four", 12, "  "), "  one two\n  three four")
  })

  it("leaves whole what is longer than a line: an address must be one piece to be opened", () => {
    const url = "https://example.test/a/long/path"
    assert.strictEqual(wrap(`see ${url} now`, 10, ""), `see\n${url}\nnow`)
  })
})
