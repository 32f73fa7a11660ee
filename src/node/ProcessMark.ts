/**
 * Finds the processes of a command wherever they went: each has inherited a mark in its environment. Only Linux lets
 * one look; elsewhere nobody is found, and a process that has left its group is out of reach. So is one that was started
 * with an empty environment.
 *
 * @since 0.1.0
 */
import { readdirSync, readFileSync } from "node:fs"

const variable = "EFFIXIR_CALL_ID"

/**
 * The variable that marks a process and all it starts. A command of an agent that is itself such a command has the marks
 * of both.
 *
 * @since 0.1.0
 * @category constructors
 */
export const environment = (mark: string): Record<string, string> => {
  const outer = process.env[variable]
  return { [variable]: outer === undefined ? mark : `${outer}:${mark}` }
}

/** @since 0.1.0 @category models */
export interface Marked {
  readonly pid: number
  readonly session: number
  /** The command line as one line, of bearable length. */
  readonly command: string
}

/**
 * The processes with the mark. With `after`, only those that began after that process, which spares looking at all
 * others; it holds as long as the system has not given out all its numbers since.
 *
 * @since 0.1.0
 * @category finding
 */
export const find = (mark: string, after?: number): ReadonlyArray<Marked> => {
  if (process.platform !== "linux") return []
  const pids = read(() => readdirSync("/proc"), []).map(Number).filter((pid) => pid > 0)
  const isYounger = after === undefined ? () => true : younger(after)
  return pids.filter((pid) => isYounger(pid) && isMarked(pid, mark)).flatMap(describe)
}

/** @since 0.1.0 @category finding */
export const isAlive = ({ pid }: Marked): boolean => stateOf(pid) !== undefined

/** Processes are numbered in turn, and from the beginning again after the highest number. */
const younger = (first: number): (pid: number) => boolean => {
  const last = Number(text("/proc/loadavg").split(" ")[4])
  if (Number.isNaN(last)) return () => true
  return (pid) => last >= first ? pid > first && pid <= last : pid > first || pid <= last
}

const isMarked = (pid: number, mark: string): boolean => text(`/proc/${pid}/environ`).includes(mark)

const describe = (pid: number): ReadonlyArray<Marked> => {
  const state = stateOf(pid)
  if (state === undefined) return []
  const words = text(`/proc/${pid}/cmdline`).split("\0").join(" ").trim()
  return [{ pid, session: state.session, command: shorten(words.replaceAll(/\p{Cc}+/gu, " ")) }]
}

/** The name of the program, in brackets, may hold anything. One that has ended and waits to be noticed is no more. */
const stateOf = (pid: number): { readonly session: number } | undefined => {
  const stat = text(`/proc/${pid}/stat`)
  const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return session === undefined || state === "Z" || state === "X" ? undefined : { session: Number(session) }
}

const maxCommandLength = 200

const shorten = (command: string): string =>
  command.length > maxCommandLength ? `${command.slice(0, maxCommandLength)}…` : command

/** A process may end, or be none of ours, at any moment. */
const text = (path: string): string => read(() => readFileSync(path, "utf8"), "")

const read = <A>(attempt: () => A, otherwise: A): A => {
  try {
    return attempt()
  } catch {
    return otherwise
  }
}
