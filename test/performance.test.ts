import { assert, it } from "@effect/vitest"
import { readdirSync, readFileSync } from "node:fs"
import { files } from "../scratchpad/bench-report/page.ts"

const docs = new URL("../docs/", import.meta.url)
const read = (path: string) => readFileSync(new URL(path, docs), "utf8")

it("docs/performance.md and its pictures say what the benches have found, and nothing else", () => {
  const made = files(JSON.parse(read("performance/results.json")))
  for (const [path, text] of Object.entries(made)) assert.strictEqual(read(path), text, path)
  const pictures = readdirSync(new URL("performance", docs)).filter((name) => name.endsWith(".svg"))
  assert.deepStrictEqual(pictures.toSorted(), Object.keys(made).flatMap((path) => path.split("/")[1] ?? []).toSorted())
})
