import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Drive from "../../scratchpad/torture-session/drive.ts"
import { faults } from "../../scratchpad/torture-session/order.ts"

/** `npm run torture:session` does the same for as long as it is asked to. */
describe("A turn with a compaction, whose processes die again and again", () => {
  const folder = mkdtempSync(join(tmpdir(), "effixir-torture-"))
  let worker = ""
  beforeAll(async () => void (worker = await Drive.bundle()))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
    rmSync(worker, { force: true })
  })

  const places = [
    "before TurnStarted",
    "within call never",
    "before ToolEnded",
    "asking for a summary",
    "acknowledged Compacted",
    "after call reconciled",
    "before TurnCompleted"
  ]

  it("breaks no promise, and the judge sees what is broken without one", async () => {
    const { died, verdict } = await Drive.torture(
      {
        session: "torture",
        shape: [["never", "safe"], ["safe", "never"], ["safe"], ["safe"], ["reconciled"]],
        deaths: places.map((at) => ({ at, nth: 1, how: "kill" }))
      },
      worker,
      folder
    )
    assert.deepStrictEqual(Object.entries(verdict).filter(([, found]) => found.length > 0), [])
    assert.deepStrictEqual(died, places)
    for (const fault of faults) assert.isNotEmpty(await Drive.control(fault, worker, folder), fault)
  }, 300_000)
})
