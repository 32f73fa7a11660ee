/** Starts the processes of all measurements and tells what they found. */
import { fork } from "node:child_process"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { rolldown } from "rolldown"
import { median, ratio, type Row, tell } from "../table.ts"
import type { Found, Job } from "./measure.ts"
import { wholeTurn } from "./wholeTurn.ts"

const titles: Readonly<Record<Job, string>> = {
  turn: "a turn, with its log on the disk",
  together: "a call of a tool, all in one response",
  stepwise: "a call of a tool, one in each step",
  togetherUnsynced: "all in one response, durability none",
  stepwiseUnsynced: "one in each step, durability none",
  long1000: "a turn in a session of 1000 items",
  long2500: "a turn in a session of 2500 items",
  long5000: "a turn in a session of 5000 items",
  long10000: "a turn in a session of 10000 items",
  crowd: "1000 agents at once"
}

export const compare = async (args: Array<string>): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: {
      before: { type: "string" },
      runs: { type: "string", default: "5" },
      rounds: { type: "string", default: "15" },
      only: { type: "string", default: [...Object.keys(titles), "cli"].join(",") }
    }
  })
  const only = values.only.split(",")
  const root = fileURLToPath(new URL("../..", import.meta.url))
  const before = values.before === undefined ? undefined : resolve(values.before)
  const folders = before === undefined ? [root] : [root, before]
  const programs = await Promise.all(folders.map((folder) => build(root, folder)))
  const rows: Array<Row> = []
  for (const [job, title] of Object.entries(titles)) {
    if (!only.includes(job)) continue
    const found = await inTurns(programs, Number(values.runs), (program) => measure(program, job))
    const row = (name: string, fields: ReadonlyArray<string>, scale = 1) => {
      const of = (side: number, field: string) => found[side]?.map((one) => (one[field] ?? NaN) / scale) ?? []
      const cells = fields.flatMap((field) => found.map((_, side) => number(median(of(side, field)))))
      const last = fields.at(-1) ?? ""
      const times = before === undefined ? undefined : { ratio: ratio(of(0, last), of(1, last)), of: "before" }
      rows.push({ name, cells, times })
    }
    row(title, ["wall", "cpu"])
    if (job.startsWith("long")) {
      row("  of it the input of its request", ["input"])
      row("  beside that, writing the input as JSON", ["json"])
      row("  the input in KB", ["bytes"], 1000)
    }
    if (job === "crowd") {
      row("  until all wait for their tools", ["started"])
      row("  KiB of each", ["perAgent"], 1024)
    }
  }
  const columns = before === undefined ? ["ms", "CPU ms"] : ["ms", "before", "CPU ms", "before"]
  if (rows.length > 0) tell({ title: `the loop, medians of ${values.runs} runs`, columns, rows })
  if (only.includes("cli")) await wholeTurn(folders, Number(values.rounds))
}

/**
 * Bundles the measurements with the sources of a checkout, into that checkout, so that it runs with its own packages.
 * Unbundled, what runs TypeScript directly would make functions slower.
 */
export const build = async (root: string, checkout: string, name = "bench-loop"): Promise<string> => {
  const file = resolve(checkout, `node_modules/.cache/${name}/${name}.js`)
  const bundle = await rolldown({
    input: resolve(root, `scratchpad/${name}.ts`),
    platform: "node",
    external: (id) => !/^[./]/.test(id),
    plugins: [{
      name: "checkout",
      resolveId: (id) => id.startsWith("../../src/") ? resolve(checkout, id.slice("../../".length)) : null
    }]
  })
  await bundle.write({ dir: resolve(file, ".."), format: "esm", cleanDir: true, entryFileNames: "[name].js" })
  await bundle.close()
  return file
}

const measure = async (program: string, job: string): Promise<Found> => {
  const child = fork(program, ["measure", job], {
    execArgv: ["--expose-gc", ...process.env["BENCH_NODE_OPTIONS"]?.split(" ") ?? []],
    // The environment may name proxies, and certificates that Node 20 reads at every start.
    env: { PATH: process.env["PATH"] }
  })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const found = await new Promise<Found>((resolve, reject) => {
    child.once("message", (message) => resolve(message as Found))
    child.once("exit", (code) => reject(new Error(`${job} of ${program} ended with ${code} and told nothing`)))
  })
  if (child.connected) child.disconnect()
  await ended
  return found
}

export const inTurns = async <A, B>(sides: ReadonlyArray<A>, runs: number, run: (side: A) => Promise<B>) => {
  const results = sides.map((): Array<B> => [])
  for (let n = 0; n < runs; n++) {
    for (const [index, side] of sides.entries()) results[index]?.push(await run(side))
  }
  return results
}

const number = (value: number): string => value.toFixed(value < 10 ? 3 : 1)
