import { closeSync, constants, existsSync, openSync, readlinkSync, realpathSync } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"

const hasHandlePaths = process.platform === "linux" && existsSync("/proc/self/fd")

/** A path to what a handle holds, for other programs too. Only Linux has one; elsewhere it is the path it came by. */
export const pathOf = (path: string, { fd }: { readonly fd: number }): string =>
  hasHandlePaths ? `/proc/${process.pid}/fd/${fd}` : path

/**
 * Opens what is at a real path to read it, and nothing else that has taken its place since it was found: no link is
 * followed, wherever on the way it is, and no pipe waited for.
 */
export const openRealPath = async (real: string, flags = 0): Promise<FileHandle> => {
  const handle = await open(real, safely | flags)
  if (isAt(real, handle)) return handle
  await handle.close()
  throw somethingElse()
}

/** The same at once. */
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
    // It is gone, and so not there any more either.
    return false
  }
}

/**
 * The same at once, for a file of a folder that is held open: where the handle leads to the file, the folder need not be
 * looked at again.
 */
export const openIn = (folder: string, held: FileHandle, name: string): number => {
  const fd = openSync(`${pathOf(folder, held)}/${name}`, safely)
  if (hasHandlePaths || realpathSync(`${folder}/${name}`) === `${folder}/${name}`) return fd
  closeSync(fd)
  throw somethingElse()
}

const safely = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

const somethingElse = () => new Error("something else took the place of the file or folder while it was looked at")
