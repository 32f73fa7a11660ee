/** Has turns run by workers that die, each time in another place, and judges them when they are over. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { Migrations, SqlSessionStore } from "../../src/cluster/index.ts"
import { SessionStore } from "../../src/session/index.ts"
import { type Database, postgresAt, postgresUrl, sqliteAt, sqliteUrl } from "../../test/cluster/databases.ts"
import { judge, type Row, type Verdict } from "./judge.ts"
import { boundaries, type Death, type Fault, kinds, type Order, type Shape } from "./order.ts"
import * as Random from "./random.ts"
import { linesOf } from "./witness.ts"

/** A database with its tables, and the program of the workers. */
export interface Place {
  readonly name: string
  readonly url: string
  readonly database: Database
  readonly worker: string
  readonly folder: string
}

const place = Effect.fnUntraced(
  function*(name: string, url: string, database: Database, worker: string, folder: string) {
    yield* Effect.provide(Migrations.run, database)
    return { name, url, database, worker, folder }
  }
)

export const sqlite = (worker: string, folder: string) =>
  Effect.flatMap(sqliteUrl, (url) => place("SQLite", url, sqliteAt(url), worker, folder))

export const postgres = (worker: string, folder: string) =>
  Effect.flatMap(postgresUrl, (url) => place("Postgres", url, postgresAt(url), worker, folder))

/** One death that is planned: where it comes, or a time in milliseconds after which it comes from outside. */
export type Planned = Death | { readonly after: number }

export interface Plan {
  readonly session: string
  readonly shape: Shape
  readonly deaths: ReadonlyArray<Planned>
  readonly fault?: Fault | undefined
  /** Whether one that was stopped wakes up beside the next worker, or when that has ended. */
  readonly wakesBeside: boolean
}

export interface Tried {
  readonly plan: Plan
  /** Where its workers have died. */
  readonly died: ReadonlyArray<string>
  readonly verdict: Verdict
}

/** The plan of a turn, which a seed decides; its deaths are taken from `next`, so that each place has its turn. */
export const plan = (seed: number, next: () => string): Plan => {
  const random = Random.make(seed)
  const shape = Array.from(
    { length: 2 + random.below(2) },
    () => Array.from({ length: 1 + random.below(3) }, () => random.of(kinds))
  )
  const deaths = Array.from({ length: 3 + random.below(5) }, (): Planned => {
    const at = next()
    if (at === atRandom) return { after: random.below(250) }
    const nth = Math.max(1, random.below(4) - 1)
    return { at, nth, how: random.next() < 0.2 && canStop(at) ? "stop" : "kill" }
  })
  return { session: `torture-${seed}`, shape, deaths, wakesBeside: random.next() < 0.5 }
}

/** A worker that has seen no turn before it claims, and wakes up when it is over, begins another one, as it was asked to. */
const canStop = (at: string): boolean => !at.startsWith("during") && at !== "before claim"

/** The place of deaths that come from outside. */
export const atRandom = "at a random time"

/** All places, in an order that a seed decides, over and over. */
export const places = (seed: number): () => string => {
  const random = Random.make(seed)
  let left: Array<string> = []
  return () => {
    if (left.length === 0) left = [...boundaries, ...Array.from({ length: 12 }, () => atRandom)]
    return left.splice(random.below(left.length), 1)[0] ?? atRandom
  }
}

/** How a worker has ended: its turn is over, or another worker has its session, or it is dead or stopped. */
type Ended = "over" | "overtaken" | "dead" | "stopped"

interface Worker {
  readonly child: ChildProcess
  readonly ready: Promise<void>
  /** The first that is true. */
  readonly stoppedOrEnded: Promise<Ended>
  readonly ended: Promise<Ended>
}

const start = (program: string, order: Order): Worker => {
  // The environment may name proxies, and certificates that are read at every start.
  const child = spawn(process.execPath, [program, JSON.stringify(order)], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let said = ""
  let complaint = ""
  child.stderr.on("data", (chunk) => void (complaint += String(chunk)))
  // Before those that look for a word.
  child.stdout.on("data", (chunk) => void (said += String(chunk)))
  const says = (word: string) =>
    new Promise<void>((resolve) => {
      child.stdout.on("data", () => said.includes(`${word}\n`) ? resolve() : undefined)
    })
  const ready = says("ready")
  const stopped = says("stopped").then((): Ended => "stopped")
  const ended = new Promise<Ended>((resolve, reject) =>
    child.once("close", (code, signal) => {
      if (signal === "SIGKILL") resolve("dead")
      else if (code === 0) resolve("over")
      else if (code === 3) resolve("overtaken")
      else reject(new Error(`Worker ${order.worker} of ${order.session} ended with ${code ?? signal}: ${complaint}`))
    })
  )
  return { child, ready, ended, stoppedOrEnded: Promise.race([stopped, ended]) }
}

const wake = async ({ child, ended }: Worker): Promise<Ended> => {
  // It may not have stopped yet, and would miss the first.
  const again = setInterval(() => child.kill("SIGCONT"), 50)
  return await ended.finally(() => clearInterval(again))
}

const kill = async ({ child, ended, ready }: Worker, after: number) => {
  await Promise.race([ready, ended])
  const timer = setTimeout(() => child.kill("SIGKILL"), after)
  await ended.finally(() => clearTimeout(timer))
}

const runWorkers = async (
  { deaths, fault, session, shape, wakesBeside }: Plan,
  { url, worker: program }: Place,
  witness: string
): Promise<ReadonlyArray<string>> => {
  const died: Array<string> = []
  const awake: Array<Promise<Ended>> = []
  let sleeping: Worker | undefined
  const wakeUp = () => {
    if (sleeping !== undefined) awake.push(wake(sleeping))
    sleeping = undefined
  }
  const started: Array<Worker> = []
  try {
    for (let n = 0;; n++) {
      const planned = deaths[n]
      const death = planned !== undefined && "at" in planned ? planned : undefined
      const worker = start(program, { url, session, witness, worker: n, shape, death, fault })
      started.push(worker)
      if (planned !== undefined && "after" in planned) void kill(worker, planned.after).catch(() => {})
      if (wakesBeside) void worker.ready.then(wakeUp)
      const end = await worker.stoppedOrEnded
      if (end !== "stopped") wakeUp()
      if (end === "stopped") {
        wakeUp()
        sleeping = worker
        died.push(`${death?.at} (stopped)`)
      } else if (end === "dead") died.push(death?.at ?? atRandom)
      else if (end === "over") break
      // Else one that was stopped before it had the session has taken it.
      if (n > deaths.length + 5) throw new Error(`${session} does not end`)
    }
    wakeUp()
    await Promise.all(awake)
  } finally {
    for (const { child } of started) child.kill("SIGKILL")
  }
  return died
}

/** Follows a session by a cursor, which is all that is left of it each time it begins again. */
const reader = Effect.fnUntraced(function*(session: string) {
  const store = yield* SessionStore.SessionStore
  const seen: Array<number> = []
  const more = Effect.suspend(() => store.read(session, seen.at(-1) ?? 0)).pipe(
    Effect.map((events) => void seen.push(...events.map(({ seq }) => seq))),
    Effect.catchIf(({ reason }) => reason === "NotFound", () => Effect.void)
  )
  return { seen, more }
})

/** One turn, from its first worker to the verdict. */
export const torture = (plan: Plan, place: Place) =>
  Effect.gen(function*() {
    const sql = yield* SqlClient.SqlClient
    const { more, seen } = yield* reader(plan.session)
    const witness = join(place.folder, `${place.name}-${plan.session}`)
    const reading = yield* Effect.fork(Effect.forever(Effect.zipRight(more, Effect.sleep("15 millis"))))
    const died = yield* Effect.tryPromise(() => runWorkers(plan, place, witness))
    yield* Fiber.interrupt(reading)
    yield* more
    const log = yield* sql<Row>`
      SELECT seq, line_key AS "key", epoch, line AS "text" FROM effixir_lines WHERE session_id = ${plan.session} ORDER BY seq`
    const tried: Tried = {
      plan,
      died,
      verdict: judge({ shape: plan.shape, log, witness: linesOf(witness), read: seen })
    }
    return tried
  }).pipe(Effect.provide(SqlSessionStore.layer()), Effect.provide(place.database), Effect.scoped)

/** Turns in which the fault must show: where its workers die, and what is broken then. */
export const controls: Readonly<
  Record<Fault, { readonly death: Death; readonly shows: ReadonlyArray<keyof Verdict> }>
> = {
  "without the fence": { death: { at: "before ToolStarted", nth: 1, how: "stop" }, shows: ["neverTwice", "fence"] },
  "without the look-up": {
    death: { at: "acknowledged ToolEnded", nth: 1, how: "kill" },
    shows: ["ranAgain", "neverTwice"]
  },
  "without the intent": { death: { at: "after call never", nth: 1, how: "kill" }, shows: ["neverTwice"] }
}

/** What a worker with a fault has done wrong in such a turn; nothing would mean that the judge is blind. */
export const control = (fault: Fault, place: Place) => {
  const { death, shows } = controls[fault]
  return Effect.map(
    torture({
      session: `control-${fault.replaceAll(" ", "-")}`,
      shape: [["never", "never", "safe"], ["never"]],
      deaths: [death],
      fault,
      wakesBeside: false
    }, place),
    ({ verdict }) => shows.filter((name) => verdict[name].length > 0)
  )
}
