/** Writes the logs, starts the processes of all measurements, and tells what they found. */
import { fork } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import { build, inTurns } from "../bench-loop/compare.ts"
import { median, ratio, type Row, tell } from "../table.ts"
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
  const medians = `medians of ${runs} runs`
  try {
    const rows: Array<Row> = []
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
      const of = (side: ReadonlyArray<Found>, field: string) => side.map((one) => one[field] ?? NaN)
      const cells = (side: ReadonlyArray<Found>) => [
        median(of(side, "cpu")).toFixed(0),
        (median(of(side, "memory")) / 1e6).toFixed(0)
      ]
      rows.push({
        name: `${isTurn ? "a turn over" : "opening"} ${name} (${(size / 1e6).toFixed(1)} MB)`,
        cells: [...cells(now), median(of(least, "cpu")).toFixed(0), ...then === undefined ? [] : cells(then)],
        times: { ratio: ratio(of(now, "cpu"), of(least, "cpu")), of: "its floor" }
      })
    }
    const columns = ["CPU ms", "peak MB", "floor", ...before === undefined ? [] : ["before", "peak MB"]]
    if (rows.length > 0) tell({ title: `sessions, ${medians}`, columns, rows })
    if (values.only === "" || values.only === "memory") {
      const folders = Object.entries(compacted).map(([name, shape]) => {
        const folder = join(base, name.replaceAll(/\W/g, "-"))
        writeLog(join(folder, "s/log.ndjson"), shape)
        return folder
      })
      const found = await inTurns(folders, runs, (folder) => measure(ours, "turn", folder))
      const peaks = found.map((side) => median(side.map(({ memory = NaN }) => memory / 1e6)))
      tell({
        title: `memory, ${medians}`,
        columns: ["peak MB", "more"],
        rows: Object.keys(compacted).map((name, at) => {
          const [peak = NaN, first = NaN] = [peaks[at], peaks[0]]
          return { name: `a turn over ${name}`, cells: [peak.toFixed(0), (peak - first).toFixed(0)] }
        })
      })
    }
    const appended: Array<Row> = []
    for (const turns of [100, 33_333].filter(() => values.only === "")) {
      const folder = join(base, `append-${turns}`)
      const costs = await inTurns(["none", "step"], runs, (durability) => {
        writeLog(join(folder, "s/log.ndjson"), { turns, calls: 0, outputs: 0 })
        return measure(ours, "append", folder, durability)
      })
      for (const [field, what] of [["cpu", "CPU"], ["wall", "clock"]] as const) {
        appended.push({
          name: `${what}, after ${turns * 3} events`,
          cells: costs.map((all) => median(all.map((one) => one[field] ?? NaN)).toFixed(0))
        })
      }
    }
    if (appended.length > 0) {
      tell({
        title: `adding the end of a turn, by durability, ${medians}`,
        columns: ["none µs", "step µs"],
        rows: appended
      })
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
