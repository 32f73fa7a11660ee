import { assert, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { version } from "../../src/internal/version.ts"

it("the version that is told is the version of the package", () => {
  const { version: expected }: { version: string } = JSON.parse(
    readFileSync(new URL("../../package.json", import.meta.url), "utf8")
  )
  assert.strictEqual(version, expected)
})
