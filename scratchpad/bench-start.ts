/**
 * How long the CLI takes to start, next to Node alone: medians of runs that take turns, so that both sides see the same
 * machine. `npm run bench:start`
 */
import { execFileSync } from "node:child_process"
import { mkdtempSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"

const rounds = 21
const home = mkdtempSync(join(tmpdir(), "effixir-bench-"))
const cases: ReadonlyArray<readonly [name: string, args: ReadonlyArray<string>]> = [
  ["node -e 0", ["-e", "0"]],
  ["effixir --version", ["dist/bin/effixir.js", "--version"]],
  ["effixir --help", ["dist/bin/effixir.js", "--help"]],
  ["effixir status", ["dist/bin/effixir.js", "status"]]
]

const run = (args: ReadonlyArray<string>): number => {
  const start = performance.now()
  try {
    execFileSync(process.execPath, args, {
      stdio: "ignore",
      // A file of extra certificates is read at every start of Node 20, and would be measured too.
      env: { PATH: process.env["PATH"], EFFIXIR_HOME: home, OPENAI_API_KEY: "sk-bench" }
    })
  } catch (error) {
    throw new Error(`node ${args.join(" ")} failed`, { cause: error })
  }
  return performance.now() - start
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

for (const [, args] of cases) run(args)
const times = cases.map((): Array<number> => [])
for (let round = 0; round < rounds; round++) {
  for (const [index, [, args]] of cases.entries()) times[index]?.push(run(args))
}

const medians = times.map(median)
const [floor = 0] = medians
for (const [index, [name]] of cases.entries()) {
  const value = medians[index] ?? 0
  process.stdout.write(`${name.padEnd(20)} ${value.toFixed(1).padStart(7)} ms  ${(value / floor).toFixed(2)} × node\n`)
}
