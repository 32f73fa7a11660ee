import { readFileSync, readlinkSync } from "node:fs"
import type { Marked } from "./ProcessMark.ts"

/**
 * The one of these processes that waits for somebody to type at a terminal. A command has none of its own, so that is one
 * that it has made (as `script` does), and nobody sits there. Only Linux shows in what a process waits; a process that
 * waits for one of several things is left alone.
 */
export const findWaiting = (processes: ReadonlyArray<Marked>): Marked | undefined =>
  processes.find(({ pid }) => {
    try {
      return waits(pid)
    } catch {
      // It has ended meanwhile, or belongs to somebody else.
      return false
    }
  })

const waits = (pid: number): boolean => {
  const [number = "", first = ""] = readFileSync(`/proc/${pid}/syscall`, "utf8").split(" ")
  switch (calls.get(Number(number))) {
    case "read":
      return isTerminal(pid, Number(first))
    case "select":
      return Number(first) === 1 && isTerminal(pid, 0)
    default:
      return false
  }
}

/** What is polled for cannot be seen from outside: it may be the network. */
type Call = "read" | "select"

/** The numbers of calls differ by processor. */
const numbers: { readonly [arch: string]: ReadonlyArray<readonly [number, Call]> } = {
  x64: [[0, "read"], [19, "read"], [23, "select"], [270, "select"]],
  arm64: [[63, "read"], [65, "read"], [72, "select"]]
}

const calls: ReadonlyMap<number, Call> = new Map(numbers[process.arch])

const isTerminal = (pid: number, fd: number): boolean =>
  /^\/dev\/(?:pts\/\d+|tty\d*|console)$/.test(readlinkSync(`/proc/${pid}/fd/${fd}`))
