/**
 * Finds the processes of a command, also in other groups and sessions. Each has inherited a mark, in two places: in its
 * environment, and, since that can be emptied (`env -i`), as its limit of the number of file locks, which every process
 * inherits on Linux, where it has had no effect since 2.4.25. A process that has lost both is found as long as its
 * ancestors run. Only Linux exposes this; elsewhere no process is found, and one that has left its group is out of
 * reach.
 *
 * @internal
 */
import { readdirSync, readFileSync } from "node:fs"

/**
 * A new mark: a number that is a valid limit, longer than any process number, and practically unique.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (): string => {
  const [random = 0n] = crypto.getRandomValues(new BigUint64Array(1))
  return String(smallest + random % (9n * smallest))
}

const smallest = 10n ** 17n

const variable = "EFFIXIR_CALL_ID"

/**
 * The variable that marks a process and all it starts. If the agent itself runs inside such a command, its commands
 * have both marks.
 *
 * @since 0.1.0
 * @category constructors
 */
export const environment = (mark: string): Record<string, string> => {
  const outer = process.env[variable]
  return { [variable]: outer === undefined ? mark : `${outer}:${mark}` }
}

/**
 * The line of a shell script that sets the limit, to a mark or back to its usual value. Shells use two names for it,
 * which mean other limits on other systems.
 *
 * @since 0.1.0
 * @category constructors
 */
export const limit = (value: string): string =>
  process.platform === "linux" ? `ulimit -S -w ${value} || ulimit -S -x ${value}` : ":"

/** @since 0.1.0 @category models */
export interface Marked {
  readonly pid: number
  readonly session: number
  /** The start time in clock ticks: the process number may be reused. */
  readonly since: string
  /** The command line as one line, shortened. */
  readonly command: string
}

/** @since 0.1.0 @category models */
export interface Options {
  /**
   * Look only at processes that began after this one, which is faster; valid as long as the system has not begun to
   * reuse process numbers since.
   */
  readonly after?: number | undefined
  /** A process that is known to belong to the command, marked or not. */
  readonly root?: number | undefined
}

/**
 * The processes with the mark, and all that they or the root have started.
 *
 * @since 0.1.0
 * @category finding
 */
export const find = (mark: string, { after, root }: Options = {}): ReadonlyArray<Marked> => {
  if (process.platform !== "linux") return []
  const isYounger = after === undefined ? () => true : younger(after)
  const all = processes().filter(isYounger).flatMap((pid) => stateOf(pid) ?? [])
  const found = new Set(all.flatMap(({ pid }) => pid === root || isMarked(pid, mark) ? [pid] : []))
  for (let size = 0; size < found.size;) {
    size = found.size
    for (const { parent, pid } of all) if (found.has(parent)) found.add(pid)
  }
  return all.flatMap(({ pid, session, since }) =>
    found.has(pid) ? [{ pid, session, since, command: commandOf(pid) }] : []
  )
}

/**
 * Whether a process group has a live member. A signal also reaches zombies, and some of these are never reaped.
 *
 * @since 0.1.0
 * @category finding
 */
export const isGroupAlive = (group: number): boolean =>
  process.platform !== "linux" || processes().some((pid) => stateOf(pid)?.group === group)

/** @since 0.1.0 @category finding */
export const isAlive = ({ pid, since }: Marked): boolean => stateOf(pid)?.since === since

const processes = (): ReadonlyArray<number> => read(() => readdirSync("/proc"), []).map(Number).filter((pid) => pid > 0)

/** Processes are numbered in turn, and from the beginning again after the highest number. */
const younger = (first: number): (pid: number) => boolean => {
  const last = Number(text("/proc/loadavg").split(" ")[4])
  if (Number.isNaN(last)) return () => true
  return (pid) => last >= first ? pid > first && pid <= last : pid > first || pid <= last
}

const isMarked = (pid: number, mark: string): boolean =>
  text(`/proc/${pid}/environ`).includes(mark) || text(`/proc/${pid}/limits`).includes(mark)

const commandOf = (pid: number): string => {
  const words = text(`/proc/${pid}/cmdline`).split("\0").join(" ").trim()
  return shorten(words.replaceAll(/\p{Cc}+/gu, " "))
}

interface State {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly session: number
  readonly since: string
}

/** The name of the program, in brackets, may hold anything. Zombies do not count. */
const stateOf = (pid: number): State | undefined => {
  const stat = text(`/proc/${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group, session] = fields
  const since = fields[19]
  return since === undefined || state === "Z" || state === "X"
    ? undefined
    : { pid, parent: Number(parent), group: Number(group), session: Number(session), since }
}

const maxCommandLength = 200

const shorten = (command: string): string =>
  command.length > maxCommandLength ? `${command.slice(0, maxCommandLength)}…` : command

/** A process may end at any moment, or belong to another user. */
const text = (path: string): string => read(() => readFileSync(path, "utf8"), "")

const read = <A>(attempt: () => A, otherwise: A): A => {
  try {
    return attempt()
  } catch {
    return otherwise
  }
}
