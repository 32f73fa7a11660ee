import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import { span } from "../../src/cli/time.ts"

describe("A span", () => {
  it.each(
    [
      ["-1 seconds", "0 s"],
      ["999 millis", "0 s"],
      ["59 seconds", "59 s"],
      ["61 seconds", "1 min"],
      ["60 minutes", "1 h"],
      ["190 minutes", "3 h 10 min"],
      ["24 hours", "1 d"],
      ["167 hours", "6 d 23 h"]
    ] as const
  )("of %s is said as %s", (length, said) => assert.strictEqual(span(Duration.decode(length)), said))
})
