import { spawnSync } from "node:child_process"
import { program } from "./support.ts"

/** A command that runs the one it is given, as `nice` does. */
export type Through = ReadonlyArray<string>

const succeeds = ([command = "", ...words]: ReadonlyArray<string>): boolean => spawnSync(command, words).status === 0

export const canRun = (through: Through): boolean => succeeds([...through, process.execPath, program, "--version"])

/** No file of the process may be larger than this, in blocks of 512 bytes. It needs no rights, and no disk of its own. */
export const fileLimit = (blocks: number): Through => ["sh", "-c", `ulimit -f ${blocks}; exec "$@"`, "sh"]

export const canMount = succeeds(["unshare", "--mount", "sh", "-c", "mount -t tmpfs tmpfs /mnt"])

/** What a test is called says why it was skipped. */
export const where = (can: boolean, name: string, needs: string): string =>
  can ? name : `${name} (skipped: needs ${needs})`
