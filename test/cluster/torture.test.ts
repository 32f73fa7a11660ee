import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundle } from "../../scratchpad/torture/bundle.ts"
import * as Drive from "../../scratchpad/torture/drive.ts"
import { faults } from "../../scratchpad/torture/order.ts"
import { hasPostgres } from "./databases.ts"

/** `npm run torture` does the same for as long as it is asked to. */
describe("A turn whose processes die again and again", () => {
  const folder = mkdtempSync(join(tmpdir(), "effixir-torture-"))
  let worker = ""
  beforeAll(async () => void (worker = await bundle()))
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true })
    rmSync(worker, { force: true })
  })

  const deaths: ReadonlyArray<Drive.Planned> = [
    { at: "after TurnStarted", nth: 1, how: "kill" },
    { at: "after call never", nth: 1, how: "kill" },
    { at: "within call reconciled", nth: 1, how: "kill" },
    { at: "before ToolEnded", nth: 1, how: hasPostgres ? "stop" : "kill" },
    { after: 20 },
    { at: "during TurnCompleted", nth: 1, how: "kill" }
  ]

  it.scopedLive(`breaks no promise, and the judge sees what is broken without one`, () =>
    Effect.gen(function*() {
      const place = yield* hasPostgres ? Drive.postgres(worker, folder) : Drive.sqlite(worker, folder)
      const { died, verdict } = yield* Drive.torture({
        session: "torture",
        shape: [["never", "safe"], ["reconciled"], ["safe"]],
        deaths,
        wakesBeside: true
      }, place)
      assert.deepStrictEqual(Object.entries(verdict).filter(([, found]) => found.length > 0), [])
      assert.isAtLeast(died.length, 4)
      for (const fault of faults) assert.isNotEmpty(yield* Drive.control(fault, place), fault)
    }))
})
