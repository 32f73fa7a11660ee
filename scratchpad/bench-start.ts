/**
 * How long the CLI takes to start, next to Node alone, and with `-- --before FOLDER` next to the built checkout of an
 * earlier commit: medians of runs that take turns, so that all sides see the same machine, and the medians of their
 * ratios. Each side has a home of its own, and with it a cache of its compiled code. `npm run bench:start`
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"
import { compare, type Side } from "./program.ts"

const { values } = parseArgs({
  options: { before: { type: "string" }, rounds: { type: "string", default: "21" } }
})
const base = mkdtempSync(join(tmpdir(), "effixir-bench-"))

const side = (name: string, args: ReadonlyArray<string>, more: Partial<Side> = {}): Side => {
  const home = join(base, args[0] ?? "")
  mkdirSync(home, { recursive: true })
  return {
    name,
    command: process.execPath,
    args,
    cwd: base,
    env: { HOME: base, EFFIXIR_HOME: home, OPENAI_API_KEY: "sk-bench" },
    ...more
  }
}

const bundle = "dist/bin/effixir.js"
const sides = ["--version", "--help", "status"].flatMap((word) => {
  const name = `effixir ${word}`
  if (values.before === undefined) return [side(name, [resolve(bundle), word])]
  const before = side(`${name}, before`, [resolve(values.before, bundle), word])
  return [before, side(name, [resolve(bundle), word], { comparedWith: before.name })]
})

await compare("starts", [side("node -e 0", ["-e", "0"]), ...sides], Number(values.rounds)).finally(() =>
  rmSync(base, { recursive: true, force: true })
)
