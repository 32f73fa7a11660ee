/** What the processes of a program use, also of those that outlive what has started them, as Linux tells it. */
import { readdirSync, readFileSync } from "node:fs"

/** The unit of the times in `/proc`, in milliseconds; the same on every Linux of today. */
const jiffy = 10

const pageSize = 4096

export interface Process {
  readonly pid: number
  /** Its own, and of those that it has waited for, in milliseconds of one processor. */
  readonly cpu: number
  /** What is in memory now, in bytes. */
  readonly memory: number
}

/** Those whose HOME is this folder. */
export const of = (home: string): ReadonlyArray<Process> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      if (!readFileSync(`/proc/${name}/environ`, "utf8").split("\0").includes(`HOME=${home}`)) return []
      const stat = readFileSync(`/proc/${name}/stat`, "utf8")
      // The name of the program stands in brackets, and may have anything in it.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number)
      const ticks = fields.slice(11, 15).reduce((sum, each) => sum + each, 0)
      return [{ pid: Number(name), cpu: ticks * jiffy, memory: (fields[21] ?? 0) * pageSize }]
    } catch {
      // It has ended meanwhile, or is somebody else's.
      return []
    }
  })

/** What they use together. */
export const sum = (all: ReadonlyArray<Process>, field: "cpu" | "memory"): number =>
  all.reduce((sum, each) => sum + each[field], 0)

export const end = (home: string): void => {
  for (const { pid } of of(home)) {
    try {
      process.kill(pid, "SIGKILL")
    } catch {
      continue
    }
  }
}
