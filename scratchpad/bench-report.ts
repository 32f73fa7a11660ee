/**
 * Runs the benches and writes docs/performance.md with what they have found: `npm run bench:report`. With
 * `-- --before FOLDER` the built checkout of an earlier commit is measured beside, where a bench can; with
 * `-- --only start,loop` those are measured again, and the page keeps what it says of the others.
 */
import { spawnSync } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, loadavg, tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { type Results, write } from "./bench-report/page.ts"
import type { Table } from "./table.ts"

interface Bench {
  /** The npm script; `bench:` and the name of the bench by default. */
  readonly script?: string
  readonly args?: ReadonlyArray<string>
  /** Whether it can measure an earlier commit as well. */
  readonly before?: boolean
  /** Other programs that it measures where they are installed. */
  readonly beside?: ReadonlyArray<string>
}

const codex = process.env["CODEX_BINARY"] ?? "codex"
const pi = process.env["PI_BINARY"] ?? "pi"

/** In the order of the page. */
const benches: Readonly<Record<string, Bench>> = {
  start: { before: true },
  loop: { before: true, beside: [codex, pi] },
  stream: { before: true },
  session: { before: true, args: ["--runs", "3"] },
  sessions: {},
  serve: {},
  cluster: {},
  chat: { beside: [codex, pi] },
  search: { before: true, beside: ["rg"] },
  import: {},
  torture: { script: "torture", args: ["--deaths", "300"] }
}

const { values } = parseArgs({
  options: { before: { type: "string" }, only: { type: "string", default: Object.keys(benches).join(",") } }
})
const root = fileURLToPath(new URL("..", import.meta.url))
const file = join(root, "docs/performance/results.json")
const results: Record<string, Results> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
const folder = mkdtempSync(join(tmpdir(), "effixir-bench-"))

const version = (command: string): ReadonlyArray<string> => {
  const { status, stdout } = spawnSync(command, ["--version"], { encoding: "utf8" })
  const line = stdout?.split("\n", 1)[0] ?? ""
  return status === 0 ? [/[a-z] /i.test(line) ? line : `${basename(command)} ${line}`] : []
}

const measure = (
  name: string,
  { args = [], before = false, beside = [], script = `bench:${name}` }: Bench
): Results => {
  const told = join(folder, `${name}.ndjson`)
  const words = [...args, ...before && values.before !== undefined ? ["--before", values.before] : []]
  const load = loadavg()[0] ?? NaN
  const { status } = spawnSync("npm", ["run", "-s", script, "--", ...words], {
    cwd: root,
    env: { ...process.env, BENCH_RESULTS: told },
    stdio: "inherit"
  })
  if (status !== 0) throw new Error(`${script} ended with ${status}`)
  const tables = readFileSync(told, "utf8").trim().split("\n").map((line): Table => JSON.parse(line))
  return {
    script,
    at: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]?.model ?? "a processor"}, ${availableParallelism()} cores, at load ${load.toFixed(1)}`,
    versions: [`node ${process.version}`, ...beside.flatMap(version)],
    tables
  }
}

try {
  for (const [name, bench] of Object.entries(benches)) {
    if (!values.only.split(",").includes(name)) continue
    results[name] = measure(name, bench)
    // At once: the next bench may fail.
    writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}
write(join(root, "docs"), results)
