/**
 * Files that stand in the place of those that a command must not open. Each has the size and the time of the file that it
 * stands for, by which git tells whether one has changed, and nobody may open it.
 *
 * @internal
 */
import {
  chmodSync,
  closeSync,
  existsSync,
  fchmodSync,
  ftruncateSync,
  futimesSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync
} from "node:fs"
import { join } from "node:path"

/** How long a mask is kept that no command has needed, in milliseconds. */
const maxAge = 24 * 60 * 60 * 1000

/**
 * The masks of files, in a folder where they are kept. What cannot be made is missing. When one is made, those go that
 * were not needed for a day.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (folder: string, files: ReadonlyArray<string>): ReadonlyMap<string, string> =>
  new Map(files.flatMap((file) => {
    try {
      return [[file, maskOf(folder, file)]]
    } catch {
      return []
    }
  }))

const maskOf = (folder: string, file: string): string => {
  const { mtimeMs, size } = statSync(file)
  const seconds = Math.floor(mtimeMs / 1000)
  const mask = join(folder, `${size}-${seconds}`)
  if (existsSync(mask)) {
    // Its time is that of the file; the one of its last change tells when it was needed.
    chmodSync(mask, 0)
    return mask
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  sweep(folder, Date.now() - maxAge)
  const fresh = `${mask}.${crypto.randomUUID()}`
  const fd = openSync(fresh, "wx", 0o600)
  try {
    // It takes no room on the disk.
    ftruncateSync(fd, size)
    futimesSync(fd, seconds, seconds)
    fchmodSync(fd, 0)
  } finally {
    closeSync(fd)
  }
  renameSync(fresh, mask)
  return mask
}

/**
 * Removes the masks that were last needed before a time, in milliseconds. What cannot be removed stays.
 *
 * @since 0.1.0
 * @category removing
 */
export const sweep = (folder: string, before: number): void => {
  for (const name of readdirSync(folder)) {
    const mask = join(folder, name)
    try {
      if (statSync(mask).ctimeMs < before) rmSync(mask)
    } catch {
      // Another process has removed it.
    }
  }
}

/**
 * What git is told in a sandbox with masks: to go by the size and the time of a file.
 *
 * @since 0.1.0
 * @category constants
 */
export const gitSettings: ReadonlyArray<readonly [name: string, value: string]> = [
  ["core.checkStat", "minimal"],
  ["core.trustctime", "false"]
]
