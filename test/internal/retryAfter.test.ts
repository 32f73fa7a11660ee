import { assert, describe, it } from "@effect/vitest"
import { retryAfter } from "../../src/internal/retryAfter.ts"

const now = Date.UTC(1994, 10, 6, 8, 49, 30)
const of = (text: string) => retryAfter({ "retry-after": text }, now)

describe("retryAfter", () => {
  it("takes seconds, and milliseconds before them", () => {
    assert.strictEqual(of("7"), 7000)
    assert.strictEqual(of(" 0.5 "), 500)
    assert.strictEqual(of("0"), 0)
    assert.strictEqual(retryAfter({ "retry-after-ms": "250", "retry-after": "7" }, now), 250)
    assert.strictEqual(retryAfter({ "retry-after-ms": "soon", "retry-after": "7" }, now), 7000)
  })

  it("takes a date in each of the forms that HTTP has", () => {
    for (
      const date of ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
    ) {
      assert.strictEqual(of(date), 7000, date)
    }
    assert.strictEqual(of("Sun, 06 Nov 1994 08:00:00 GMT"), 0)
  })

  it("takes anything else for nothing", () => {
    for (const text of ["", " ", "-1", "soon", "Infinity", "1994-11-06", "Sunday", "7 s", "0x10"]) {
      assert.isUndefined(of(text), text)
    }
    assert.isUndefined(retryAfter({}, now))
  })
})
