import { assert, it } from "@effect/vitest"
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished, vi } from "vitest"
import * as Masks from "../../../src/node/sandbox/Masks.ts"

it("keeps the masks that were needed within a day, whatever the times of their files, and removes others", () => {
  const base = mkdtempSync(join(tmpdir(), "effixir-masks-"))
  onTestFinished(() => {
    vi.useRealTimers()
    rmSync(base, { recursive: true })
  })
  const masks = join(base, "masks")
  const secret = (name: string, size: number) => {
    const file = join(base, name)
    writeFileSync(file, "x".repeat(size))
    utimesSync(file, 1000, 1000)
    return file
  }
  const [one, two, three] = [secret("one", 1), secret("two", 2), secret("three", 3)]
  Masks.make(masks, [one])
  Masks.make(masks, [two])
  assert.deepStrictEqual(readdirSync(masks).toSorted(), ["1-1000", "2-1000"])
  assert.strictEqual(statSync(join(masks, "1-1000")).mode & 0o777, 0)
  // Two days later.
  vi.useFakeTimers({ now: Date.now() + 2 * 24 * 60 * 60 * 1000, toFake: ["Date"] })
  Masks.make(masks, [three])
  assert.deepStrictEqual(readdirSync(masks), ["3-1000"])
})

it("counts a mask as needed whenever it is given", () => {
  const base = mkdtempSync(join(tmpdir(), "effixir-masks-"))
  onTestFinished(() => rmSync(base, { recursive: true }))
  const file = join(base, "secret")
  writeFileSync(file, "x")
  const mask = Masks.make(join(base, "masks"), [file]).get(file) ?? ""
  const made = statSync(mask).ctimeMs
  while (Date.now() <= made + 20);
  Masks.make(join(base, "masks"), [file])
  assert.isAbove(statSync(mask).ctimeMs, made)
  Masks.sweep(join(base, "masks"), made + 1)
  assert.deepStrictEqual(readdirSync(join(base, "masks")).length, 1)
})
