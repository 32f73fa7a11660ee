import { assert, describe, it } from "@effect/vitest"
import * as StatusLine from "../../../src/cli/chat/StatusLine.ts"

const status = {
  model: "gpt-6-luna",
  effort: "high",
  folder: "~/projects/notes",
  branch: "main",
  context: { tokens: 45_000, window: 272_000 },
  windows: [{ minutes: 300, usedPercent: 34.4 }, { minutes: 7 * 24 * 60, usedPercent: 12 }],
  elapsed: 83_000,
  cost: 0.0123,
  colors: false
}

describe("StatusLine", () => {
  it("tells what there is room for", () => {
    const at = (width: number) => StatusLine.row({ ...status, width })
    assert.strictEqual(
      at(120),
      "gpt-6-luna high · ~/projects/notes (main) · 17 % of 272k · 5h 34 % · week 12 % · 1:23 · $0.012"
    )
    assert.strictEqual(
      at(90),
      "gpt-6-luna high · ~/projects/notes (main) · 17 % of 272k · 5h 34 % · week 12 % · $0.012"
    )
    assert.strictEqual(at(70), "gpt-6-luna high · 17 % of 272k · 5h 34 % · week 12 % · $0.012")
    assert.strictEqual(at(35), "gpt-6-luna high · 17 % of 272k")
    assert.strictEqual(at(12), "gpt-6-luna …")
  })

  it("tells only what is known", () => {
    assert.strictEqual(StatusLine.row({ model: "m", folder: "/x", width: 80, colors: false }), "m · /x")
    assert.strictEqual(
      StatusLine.row({ model: "m", folder: "/x", context: { tokens: 1234, window: null }, width: 80, colors: false }),
      "m · /x · 1k tokens"
    )
  })

  it("shows names that would control the terminal by their characters", () => {
    const row = StatusLine.row({ ...status, folder: "/a\u001b]0;b\u0007", branch: "c\nd", width: 200 })
    assert.include(row, "/a\\x1b]0;b\\x07 (c⏎ d)")
  })

  it("is dim in colours", () => {
    assert.strictEqual(
      StatusLine.row({ model: "m", folder: "/x", width: 80, colors: true }),
      "\u001b[2mm · /x\u001b[0m"
    )
  })
})
