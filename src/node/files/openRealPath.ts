import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"

const hasHandlePaths = process.platform === "linux" && existsSync("/proc/self/fd")

/**
 * A path to the open file of a handle, for other programs too. Only Linux has one; elsewhere this is the original
 * path.
 */
export const pathOf = (path: string, { fd }: { readonly fd: number }): string =>
  hasHandlePaths ? `/proc/${process.pid}/fd/${fd}` : path

/**
 * Opens the file at a real path for reading, and nothing that was put in its place since the path was resolved: it
 * follows no link anywhere on the path, and waits for no pipe.
 */
export const openRealPath = async (real: string, flags = 0): Promise<FileHandle> => {
  const handle = await open(real, safely | flags)
  if (isAt(real, handle)) return handle
  await handle.close()
  throw somethingElse()
}

/** The same, synchronously. */
export const openRealPathSync = (real: string, flags = 0): number => {
  const fd = openSync(real, safely | flags)
  if (isAt(real, { fd })) return fd
  closeSync(fd)
  throw somethingElse()
}

const isAt = (real: string, handle: { readonly fd: number }): boolean => {
  try {
    return (hasHandlePaths ? readlinkSync(pathOf(real, handle)) : realpathSync(real)) === real
  } catch {
    // It was removed, so nothing is at the path.
    return false
  }
}

/**
 * The same, synchronously, for a file of a folder that is held open: where the file is reached through that handle, the
 * folder need not be checked again.
 */
export const openIn = (folder: string, held: FileHandle, name: string): number => {
  const fd = openSync(`${pathOf(folder, held)}/${name}`, safely)
  if (hasHandlePaths || realpathSync(`${folder}/${name}`) === `${folder}/${name}`) return fd
  closeSync(fd)
  throw somethingElse()
}

const safely = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const somethingElse = () => new Error("something else took the place of the file or folder while it was looked at")
