/**
 * What a sandbox has refused a command to write, as its output tells, and what would have to be writable for it.
 *
 * @internal
 */
import { accessSync, constants, existsSync, lstatSync, realpathSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { isWithin } from "../../internal/paths.ts"
import { control } from "../../internal/visible.ts"
import { entries, isFolder, real, type Rules, secretFolders } from "./Rules.ts"

/** No more than this many can be asked about in one question. */
const maxPaths = 4

/**
 * The paths that would have to be writable for a command with this output: a file that is there itself, else the nearest
 * folder that is. None, unless a person could allow all that was refused, and it would help: what holds secrets, what git
 * and later runs go by, and what the system shows as files stay as they are.
 *
 * @since 0.1.0
 * @category accessors
 */
export const pathsIn = (
  output: string,
  { home, rules }: { readonly home: string; readonly rules: Rules }
): ReadonlyArray<string> => {
  const refused = output.split("\n").filter((line) => refusal.test(line)).map(named)
  const found = refused.map((paths) => paths.map((path) => target(resolve(path))))
  // Of a file that is moved or copied, one of the two paths may be in the workspace.
  const outside = found.map((paths) => paths.filter((path) => path === undefined || !isWritable(path, rules)))
  const all = [...new Set(outside.flat())]
  const known = all.flatMap((path) => path !== undefined && isOpen(path, home, rules) ? [path] : [])
  return outside.every((paths) => paths.length > 0) && known.length === all.length && all.length <= maxPaths
    ? known
    : []
}

/** As the system says it. Of a file system that really is read-only it says the same, which is found out below. */
const words = process.platform === "darwin"
  ? "operation not permitted|\\bEPERM\\b"
  : "read-only file system|\\bEROFS\\b"

const refusal = new RegExp(words, "i")

const bare = new RegExp(`(?:^|\\s)(/[^\\s:'"\`]+): (?:${words})`, "i")

/** The paths in a line: in quotes, or bare before the refusal. A relative one may be so to any folder, and is not taken. */
const named = (line: string): ReadonlyArray<string> => {
  const quoted = [...line.matchAll(/'([^']+)'|"([^"]+)"|`([^`']+)[`']|‘([^’]+)’/g)]
    .map(([, ...groups]) => groups.find((group) => group !== undefined) ?? "")
    .filter((text) => text.startsWith("/"))
  const [, plain] = bare.exec(line) ?? []
  return quoted.length > 0 || plain === undefined ? quoted : [plain]
}

/** What has to be writable so that a path can be written; nothing where that is a link that leads nowhere. */
const target = (path: string): string | undefined => {
  for (let place = path;; place = dirname(place)) {
    try {
      const real = realpathSync(place)
      return place === path || isFolder(real) ? real : undefined
    } catch {
      if (lstatSync(place, { throwIfNoEntry: false }) !== undefined || place === "/") return undefined
    }
  }
}

const isWritable = (path: string, { protected: kept, writable }: Rules): boolean =>
  writable.some((folder) => isWithin(folder, path)) && !kept.some((one) => isWithin(one, path))

/** Whether it may be written at all: by a person's word, and by the person. */
const isOpen = (path: string, home: string, rules: Rules): boolean => {
  const closed = withReal([...closedFolders, home, ...rules.protected, ...rules.hidden, ...rules.emptied])
  const around = withReal([...closed, ...rules.writable, rules.root, homedir()])
  return !closed.some((folder) => isWithin(folder, path)) && !around.some((folder) => isWithin(path, folder)) &&
    !steers.test(path) && !control.test(path) && !holdsRepositories(path) && canWrite(path)
}

const withReal = (paths: ReadonlyArray<string>): ReadonlyArray<string> => [...paths, ...real(paths)]

const closedFolders = [
  "/proc",
  "/sys",
  "/dev",
  ...secretFolders,
  ...[".ssh", ".aws", ".docker", ".kube"].map((name) => join(homedir(), name))
]

/** What git, or a later run, goes by. */
const steers = /\/\.(?:git|agents|effixir|mcp\.json)(?:\/|$)/i

/** Of one repository what git goes by is kept from commands; not of all that lie in a folder. */
const holdsRepositories = (path: string): boolean =>
  entries(path).some((entry) => entry.isDirectory() && existsSync(join(path, entry.name, ".git")))

const canWrite = (path: string): boolean => {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
