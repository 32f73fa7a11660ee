/** Runs programs that are measured, and tells what was measured. */
import { spawn } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { median, ratio, tell } from "./table.ts"

/** Milliseconds and MiB. CPU and memory are NaN where there is no GNU time. */
interface Sample {
  readonly wall: number
  readonly cpu: number
  readonly memory: number
}

const meter = "/usr/bin/time"
const hasMeter = existsSync(meter)

/** A program that is measured. */
export interface Side {
  readonly name: string
  readonly command: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string
  /** The whole environment: the one around may name proxies, and certificates that Node 20 reads at every start. */
  readonly env: Readonly<Record<string, string>>
  /** The side that it is compared with, if not the first. */
  readonly comparedWith?: string
}

/** Runs a program to its end, which must be a good one. */
const run = async ({ args, command, cwd, env, name }: Side): Promise<Sample> => {
  const report = join(cwd, "report")
  const [program, words] = hasMeter ? [meter, ["-f", "%U %S %M", "-o", report, command, ...args]] : [command, args]
  const start = performance.now()
  const child = spawn(program, words, {
    cwd,
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "ignore", "pipe"]
  })
  let stderr = ""
  child.stderr.on("data", (data: Buffer) => stderr += data.toString())
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve))
  const wall = performance.now() - start
  if (code !== 0) throw new Error(`${name} ended with ${code}: ${stderr}`)
  const numbers = hasMeter ? readFileSync(report, "utf8").trim().split("\n").at(-1)?.split(" ").map(Number) : []
  const [user = NaN, system = NaN, memory = NaN] = numbers ?? []
  return { wall, cpu: (user + system) * 1000, memory: memory / 1024 }
}

/** Runs the sides by turns and tells the medians; the first rounds fill the caches, and do not count. */
export const compare = async (title: string, sides: ReadonlyArray<Side>, rounds: number): Promise<void> => {
  const samples = sides.map((): Array<Sample> => [])
  for (let round = -2; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const sample = await run(side)
      if (round >= 0) samples[index]?.push(sample)
    }
  }
  const of = (index: number, field: keyof Sample) => samples[index]?.map((sample) => sample[field]) ?? []
  tell({
    title: `${title}, medians of ${rounds} rounds`,
    columns: ["ms", "CPU ms", "peak MiB", "× its time"],
    rows: sides.map(({ comparedWith, name }, index) => {
      const other = Math.max(0, sides.findIndex((side) => side.name === comparedWith))
      const times = (field: keyof Sample) => ratio(of(index, field), of(other, field))
      const cells = (["wall", "cpu", "memory"] as const).map((field) => median(of(index, field)).toFixed(0))
      return index === other
        ? { name, cells }
        : {
          name,
          cells: [...cells, times("wall").toFixed(2)],
          times: { ratio: times("cpu"), of: sides[other]?.name ?? "" }
        }
    })
  })
}
