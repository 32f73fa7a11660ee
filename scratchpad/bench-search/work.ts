import { readFileSync } from "node:fs"

/**
 * What this process and those it has started and that have ended cost until now, in milliseconds of processors. Where the
 * system does not tell it of others, it is that of this one alone.
 */
export const work = (): number => {
  const { system, user } = process.cpuUsage()
  try {
    const [, fields = ""] = readFileSync("/proc/self/stat", "utf8").split(") ")
    const [childUser, childSystem] = fields.split(" ").slice(13).map(Number)
    return (user + system) / 1000 + ((childUser ?? 0) + (childSystem ?? 0)) * 10
  } catch {
    return (user + system) / 1000
  }
}
