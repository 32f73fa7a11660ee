/**
 * The command line of bubblewrap, which holds a command to rules on Linux.
 *
 * @internal
 */
import { isExecutable } from "../files/isExecutable.ts"
import * as Masks from "./Masks.ts"
import type { Rules } from "./Rules.ts"

/**
 * The program, where the system has it: one that `PATH` names could be the workspace's own.
 *
 * @since 0.1.0
 * @category finding
 */
export const find = (): string | undefined =>
  ["/usr/bin", "/usr/local/bin", "/bin", "/run/current-system/sw/bin"].map((folder) => `${folder}/bwrap`).find(
    isExecutable
  )

/**
 * What stands before the command. Later arguments go on top of earlier ones. A process sees only its own kind, so that it
 * reaches no file through another one, and ends with its command.
 *
 * @since 0.1.0
 * @category arguments
 */
export const wrap = (program: string, rules: Rules): ReadonlyArray<string> => [
  program,
  ...isolation,
  ...rules.network ? [] : ["--unshare-net"],
  ...system,
  // Shells write here-documents somewhere.
  ...rules.writable.length === 0 ? ["--setenv", "TMPDIR", "/dev/shm"] : [],
  ...rules.writable.flatMap((folder) => ["--bind", folder, folder]),
  // A folder that is mounted cannot be put aside, with another one in its place.
  ...rules.pinned.flatMap((folder) => ["--bind", folder, folder]),
  ...rules.protected.flatMap((path) => ["--ro-bind", path, path]),
  ...rules.emptied.flatMap((folder) => ["--tmpfs", folder]),
  ...rules.shown.flatMap((path) => ["--ro-bind", path, path]),
  ...rules.emptied.flatMap((folder) => ["--remount-ro", folder]),
  // A device on a file system without devices is there, and cannot be opened.
  ...rules.hidden.flatMap((file) => ["--ro-bind", rules.masks.get(file) ?? "/dev/null", file]),
  ...rules.masks.size === 0 ? [] : forGit(),
  "--"
]

/** Added to what the person has set for git in the same way. */
const forGit = (): ReadonlyArray<string> => {
  const before = Number(process.env["GIT_CONFIG_COUNT"]) || 0
  return [
    ["GIT_CONFIG_COUNT", String(before + Masks.gitSettings.length)],
    ...Masks.gitSettings.flatMap(([name, value], at) => [
      [`GIT_CONFIG_KEY_${before + at}`, name],
      [`GIT_CONFIG_VALUE_${before + at}`, value]
    ])
  ].flatMap((pair) => ["--setenv", ...pair])
}

const isolation = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-drop", "ALL"]

const system = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
