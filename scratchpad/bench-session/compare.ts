/** Writes the logs, starts the processes of all measurements, and tells what they found. */
import { fork } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { build, inTurns } from "../bench-loop/compare.ts"
import { median } from "../program.ts"
import { writeLog } from "./logs.ts"
import type { Found } from "./measure.ts"

const logs = {
  "100,000 short events": { turns: 33_333, calls: 0, outputs: 0 },
  "100 MB": { turns: 1100, calls: 4, outputs: 22_000 },
  "a session of 2500 items": { turns: 250, calls: 4, outputs: 340 },
  "a session of 5000 items": { turns: 500, calls: 4, outputs: 340 },
  "a session of 10,000 items": { turns: 1000, calls: 4, outputs: 340 }
}

const compacted = {
  "an empty session": { turns: 0, calls: 0, outputs: 0 },
  "100 MB behind a compaction": { turns: 1100, calls: 4, outputs: 22_000, isCompacted: true }
}

export const compare = async (args: Array<string>): Promise<void> => {
  const { values } = parseArgs({
    args,
    options: {
      before: { type: "string" },
      runs: { type: "string", default: "5" },
      only: { type: "string", default: "" }
    }
  })
  const root = fileURLToPath(new URL("../..", import.meta.url))
  const folders = [root, ...values.before === undefined ? [] : [resolve(values.before)]]
  const [ours = "", before] = await Promise.all(folders.map((folder) => build(root, folder, "bench-session")))
  const base = mkdtempSync(join(tmpdir(), "effixir-bench-"))
  const runs = Number(values.runs)
  say(`node ${process.version}, ${availableParallelism()} cores; medians of ${runs} runs\n`)
  row("", ["CPU ms", "floor", "ratio", "peak MB", ...before === undefined ? [] : ["before", "peak MB"]])
  try {
    for (const [name, shape] of Object.entries(logs).filter(([name]) => name.includes(values.only))) {
      const folder = join(base, name.replaceAll(/\W/g, "-"))
      const size = writeLog(join(folder, "s/log.ndjson"), shape)
      const isTurn = name.includes("items")
      const [floor, job] = isTurn ? ["turnFloor", "turn"] : ["floor", "open"]
      const sides = [[ours, floor], [ours, job], ...before === undefined ? [] : [[before, job]]] as const
      // A turn adds to its log: each run gets it as it was.
      const found = await inTurns(sides, runs, ([program = "", job = ""]) => {
        if (isTurn) writeLog(join(folder, "s/log.ndjson"), shape)
        return measure(program, job, folder)
      })
      const [least = [], now = [], then] = found
      const of = (side: ReadonlyArray<Found>, field: string) => median(side.map((one) => one[field] ?? NaN))
      row(`${isTurn ? "a turn over" : "opening"} ${name} (${(size / 1e6).toFixed(1)} MB)`, [
        of(now, "cpu").toFixed(0),
        of(least, "cpu").toFixed(0),
        (of(now, "cpu") / of(least, "cpu")).toFixed(2),
        (of(now, "memory") / 1e6).toFixed(0),
        ...then === undefined ? [] : [of(then, "cpu").toFixed(0), (of(then, "memory") / 1e6).toFixed(0)]
      ])
    }
    if (values.only === "" || values.only === "memory") {
      say("")
      row("memory", ["peak MB", "more"])
      const folders = Object.entries(compacted).map(([name, shape]) => {
        const folder = join(base, name.replaceAll(/\W/g, "-"))
        writeLog(join(folder, "s/log.ndjson"), shape)
        return folder
      })
      const found = await inTurns(folders, runs, (folder) => measure(ours, "turn", folder))
      const peaks = found.map((side) => median(side.map(({ memory = NaN }) => memory / 1e6)))
      for (const [at, name] of Object.keys(compacted).entries()) {
        row(`a turn over ${name}`, [peaks[at]?.toFixed(0) ?? "", ((peaks[at] ?? NaN) - (peaks[0] ?? NaN)).toFixed(0)])
      }
    }
    say("")
    row("adding the end of a turn, in µs", ["none", "step"])
    for (const turns of [100, 33_333].filter(() => values.only === "")) {
      const folder = join(base, `append-${turns}`)
      const costs = await inTurns(["none", "step"], runs, (durability) => {
        writeLog(join(folder, "s/log.ndjson"), { turns, calls: 0, outputs: 0 })
        return measure(ours, "append", folder, durability)
      })
      for (const [field, what] of [["cpu", "CPU"], ["wall", "clock"]] as const) {
        row(
          `${what}, after ${turns * 3} events`,
          costs.map((all) => median(all.map((one) => one[field] ?? NaN)).toFixed(0))
        )
      }
    }
  } finally {
    rmSync(base, { recursive: true, force: true })
  }
}

const measure = async (program: string, ...args: ReadonlyArray<string>): Promise<Found> => {
  const child = fork(program, ["measure", ...args], { env: { PATH: process.env["PATH"] } })
  const ended = new Promise((resolve) => child.once("exit", resolve))
  const found = await new Promise<Found>((resolve, reject) => {
    child.once("message", (message) => resolve(message as Found))
    child.once("exit", (code) => reject(new Error(`${args.join(" ")} of ${program} ended with ${code}`)))
  })
  if (child.connected) child.disconnect()
  await ended
  return found
}

const say = (line: string): void => void process.stdout.write(`${line}\n`)
const row = (title: string, cells: ReadonlyArray<string>): void =>
  say(title.padEnd(52) + cells.map((cell) => cell.padStart(9)).join(""))
