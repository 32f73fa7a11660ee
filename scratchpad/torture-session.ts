/**
 * Kills processes in the middle of turns with many calls of tools and a compaction, in each place where one can be cut, until
 * so many have died, and judges each turn by an outside witness and a model of its log, over sessions in files; then shows that
 * the judge sees what two faults do. It fails if anything is broken, or a fault is not seen.
 * `npm run torture:session -- --deaths 1000 --seed 1`
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { say, tell } from "./table.ts"
import * as Drive from "./torture-session/drive.ts"
import { early, faults, late, repeated } from "./torture-session/order.ts"

const { values } = parseArgs({
  options: {
    deaths: { type: "string", default: "1000" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
    beside: { type: "string", default: "3" }
  }
})
const wanted = Number(values.deaths)
const seed = Number(values.seed)
/** How often it says how far it is, in deaths. */
const every = Math.max(1, Math.floor(wanted / 10))

const worker = await Drive.bundle()
const folder = mkdtempSync(join(tmpdir(), "effixir-torture-"))
say(`${wanted} deaths, by --seed ${seed}`)

try {
  const tried: Array<Drive.Tried> = []
  const nextDeath = Drive.places(seed)
  let deaths = 0
  let turns = 0
  const some = async () => {
    while (deaths < wanted) {
      const n = turns++
      const done = await Drive.torture(Drive.plan(seed + n, nextDeath), worker, folder)
      tried.push(done)
      const before = deaths
      deaths += done.died.length
      for (const [name, found] of Object.entries(done.verdict)) {
        if (found.length > 0) say(`--seed ${seed + n}: ${name}: ${found.join("; ")}\n${JSON.stringify(done)}`)
      }
      if (Math.floor(deaths / every) > Math.floor(before / every)) say(`${deaths} deaths`)
    }
  }
  await Promise.all(Array.from({ length: Number(values.beside) }, some))
  const seen = []
  for (const fault of faults) seen.push({ fault, found: await Drive.control(fault, worker, folder) })

  const counted = (name: string, count: (tried: Drive.Tried) => number) => ({
    name,
    cells: [String(tried.reduce((sum, one) => sum + count(one), 0))]
  })
  const broken = Object.entries(Drive.promises).map(([name, title]) =>
    counted(title, ({ verdict }) => verdict[name as Drive.Violation].length)
  )
  tell({
    title: `what is broken after ${deaths} deaths of processes, by seed ${seed}`,
    columns: ["files"],
    rows: [
      counted("deaths", ({ died }) => died.length),
      counted("turns", () => 1),
      ...broken,
      ...seen.map(({ fault, found }) => ({
        name: `what is broken ${fault}`,
        cells: [found.length === 0 ? "not seen" : found.map((name) => Drive.promises[name]).join(", ")]
      }))
    ]
  })
  tell({
    title: "where they died",
    columns: ["files"],
    rows: [...early, ...repeated, ...late, Drive.atRandom].map((at) =>
      counted(at, ({ died }) => died.filter((one) => one === at).length)
    )
  })
  const isBroken = broken.some(({ cells }) => cells.some((cell) => cell !== "0"))
  if (isBroken || seen.some(({ found }) => found.length === 0)) process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
  rmSync(worker, { force: true })
}
