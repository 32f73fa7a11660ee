/** Has turns run by workers that die, each time in another place, and judges them when they are over. */
import { spawn } from "node:child_process"
import { mkdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import * as Base from "../torture/judge.ts"
import { type Death, kinds, type Shape } from "../torture/order.ts"
import * as Random from "../torture/random.ts"
import { linesOf } from "../torture/witness.ts"
import { early, type Fault, late, ofCompaction, type Order, repeated } from "./order.ts"

/** Makes one file of the worker, which starts several times faster than its many modules. */
export const bundle = async (): Promise<string> => {
  // Native modules are found from there.
  const folder = new URL("../../node_modules/.cache/torture-session/", import.meta.url)
  mkdirSync(folder, { recursive: true })
  const made = await rolldown({
    input: fileURLToPath(new URL("worker.ts", import.meta.url)),
    platform: "node",
    onLog: () => {}
  })
  const file = fileURLToPath(new URL(`worker-${process.pid}.mjs`, folder))
  await made.write({ file, format: "esm", codeSplitting: false })
  await made.close()
  return file
}

/** One death that is planned: where it comes, or a time in milliseconds after which it comes from outside. */
export type Planned = Death | { readonly after: number }

export interface Plan {
  readonly session: string
  readonly shape: Shape
  readonly deaths: ReadonlyArray<Planned>
  readonly fault?: Fault | undefined
}

/** The place of deaths that come from outside. */
export const atRandom = "at a random time"

/** All places, in an order that a seed decides, over and over. */
export const places = (seed: number): () => string => {
  const random = Random.make(seed)
  let left: Array<string> = []
  return () => {
    if (left.length === 0) left = [...repeated, ...Array.from({ length: 12 }, () => atRandom)]
    return left.splice(random.below(left.length), 1)[0] ?? atRandom
  }
}

/**
 * The plan of a turn, which a seed decides; the deaths on its way are taken from `next`, so that each place has its turn.
 * The beginning and the end of a turn come once: there the first and the last worker die.
 */
export const plan = (seed: number, next: () => string): Plan => {
  const random = Random.make(seed)
  const shape = Array.from({ length: 6 }, () => Array.from({ length: 1 + random.below(3) }, () => random.of(kinds)))
  const one = (places: ReadonlyArray<string>): Array<Planned> => [
    { at: places[random.below(places.length)] ?? atRandom, nth: 1, how: "kill" }
  ]
  // A turn has a compaction or two: whoever dies there must come early.
  const onTheWay = Array.from({ length: 12 }, next)
    .toSorted((a, b) => Number(ofCompaction.includes(b)) - Number(ofCompaction.includes(a)))
    .map((at): Planned => at === atRandom ? { after: random.below(120) } : { at, nth: 1, how: "kill" })
  return {
    session: `torture-${seed}`,
    shape,
    deaths: [...random.next() < 0.5 ? one(early) : [], ...onTheWay, ...random.next() < 0.5 ? one(late) : []]
  }
}

export const promises = {
  lost: Base.promises.lost,
  twice: Base.promises.twice,
  ranAgain: Base.promises.ranAgain,
  neverTwice: Base.promises.neverTwice,
  workTwice: Base.promises.workTwice,
  ends: Base.promises.ends,
  other: Base.promises.other,
  compactions: "turns that were not compacted, or twice at one place"
} as const

export type Violation = keyof typeof promises

export interface Tried {
  readonly plan: Plan
  /** Where its workers have died. */
  readonly died: ReadonlyArray<string>
  readonly verdict: Readonly<Record<Violation, ReadonlyArray<string>>>
}

/** How a worker has ended. */
const ended = (program: string, order: Order, planned: Planned | undefined) =>
  new Promise<"dead" | "over">((resolve, reject) => {
    // The environment may name proxies, and certificates that are read at every start.
    const child = spawn(process.execPath, [program, JSON.stringify(order)], {
      env: { PATH: process.env["PATH"] },
      stdio: ["ignore", "pipe", "pipe"]
    })
    let complaint = ""
    child.stderr.on("data", (chunk) => void (complaint += String(chunk)))
    child.stdout.once("data", () => {
      if (planned !== undefined && "after" in planned) setTimeout(() => child.kill("SIGKILL"), planned.after)
    })
    child.once("close", (code, signal) => {
      if (signal === "SIGKILL") resolve("dead")
      else if (code === 0) resolve("over")
      else reject(new Error(`Worker ${order.worker} of ${order.session} ended with ${code ?? signal}: ${complaint}`))
    })
  })

/** One turn, from its first worker to the verdict. */
export const torture = async (plan: Plan, program: string, folder: string): Promise<Tried> => {
  const { deaths, session, shape } = plan
  const witness = join(folder, `${session}.witness`)
  const died: Array<string> = []
  for (let worker = 0;; worker++) {
    const planned = deaths[worker]
    const death = planned !== undefined && "at" in planned ? planned : undefined
    const order = { folder, session, witness, worker, shape, death, fault: plan.fault }
    if (await ended(program, order, planned) === "over") break
    died.push(death?.at ?? atRandom)
  }
  const log = readFileSync(join(folder, session, "log.ndjson"), "utf8").split("\n").slice(0, -1).map((text) => {
    const { event, key, seq }: { seq: number; key: string; event: { _tag: string } } = JSON.parse(text)
    return { seq, key, text, epoch: 0, tag: event._tag }
  })
  const isCompaction = (key: string) => key.includes("/compacted/")
  const seen = linesOf(witness)
  // The model of such a turn has no compaction in it: where it comes follows from when its workers died.
  const { fence: _, reader: __, ...base } = Base.judge({
    shape,
    log: log.filter(({ tag }) => tag !== "Compacted"),
    witness: seen.filter((line) => line.what !== "acked" || !isCompaction(line.key)),
    read: []
  })
  const compactions = log.filter(({ tag }) => tag === "Compacted").map(({ key }) => key)
  const lost = seen.flatMap((line) =>
    line.what === "acked" && isCompaction(line.key) && !compactions.includes(line.key) ? [line.key] : []
  )
  return {
    plan,
    died,
    verdict: {
      ...base,
      lost: [...base.lost, ...lost],
      compactions: compactions.length > 0 && new Set(compactions).size === compactions.length
        ? []
        : [`${compactions.length}: ${compactions.join(", ")}`]
    }
  }
}

/** Turns in which the fault must show: where its worker dies, and what is broken then. */
const controls: Readonly<Record<Fault, { readonly death: Death; readonly shows: ReadonlyArray<Violation> }>> = {
  "without the look-up": {
    death: { at: "acknowledged ToolEnded", nth: 1, how: "kill" },
    shows: ["ranAgain", "neverTwice"]
  },
  "without the intent": { death: { at: "after call never", nth: 1, how: "kill" }, shows: ["neverTwice"] }
}

/** What a worker with a fault has done wrong in such a turn; nothing would mean that the judge is blind. */
export const control = async (fault: Fault, program: string, folder: string): Promise<ReadonlyArray<Violation>> => {
  const { death, shows } = controls[fault]
  const { verdict } = await torture(
    {
      session: `control-${fault.replaceAll(" ", "-")}`,
      shape: [["never", "never", "safe"], ["never"], ["safe"], ["safe"], ["safe"]],
      deaths: [death],
      fault
    },
    program,
    folder
  )
  return shows.filter((name) => verdict[name].length > 0)
}
