/**
 * The command line of bubblewrap, which holds a command to rules on Linux.
 *
 * @internal
 */
import { isExecutable } from "../files/isExecutable.ts"
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
  // A device on a file system without devices: it is there, and cannot be opened.
  ...rules.hidden.flatMap((file) => ["--ro-bind", "/dev/null", file]),
  "--"
]

const isolation = ["--unshare-user", "--unshare-pid", "--unshare-ipc", "--die-with-parent", "--cap-drop", "ALL"]

const system = ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
