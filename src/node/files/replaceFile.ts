import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import { constants } from "node:fs"
import { chown, lstat, open } from "node:fs/promises"
import { dirname, join } from "node:path"
import { makeFolder } from "../../internal/makeFolder.ts"
import * as FileLock from "./FileLock.ts"

/**
 * Replaces a file as a whole: a file beside it is written, synced to the disk and renamed over it. At any moment, and
 * after a crash or on a full disk, the path holds the old content or the new one. Folders that are missing are made.
 * The next write in the folder removes what a killed process has left there. Without a mode, the new file gets the one
 * that any new file gets in that folder. The owner and the group of the file that was there are kept, if the system
 * allows it.
 */
export const replaceFile: (
  path: string,
  content: string | Uint8Array,
  mode: number | undefined
) => Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(target, content, mode) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content

    yield* makeFolder(path.dirname(target))
    const neighbour = yield* makeNeighbour(target, mode === undefined ? 0o666 : 0o600)
    yield* write(neighbour, bytes).pipe(
      Effect.zipRight(mode === undefined ? Effect.void : settle(neighbour.path, target, mode)),
      Effect.zipRight(fs.rename(neighbour.path, target))
    )
  },
  Effect.scoped
)

/** Before the mode, as a change of the owner takes some bits of it away. */
const settle = Effect.fnUntraced(function*(neighbour: string, target: string, mode: number) {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.ignore(Effect.tryPromise(async () => {
    const [old, young] = await Promise.all([lstat(target), lstat(neighbour)])
    if (!old.isFile() || old.uid === young.uid && old.gid === young.gid) return
    await chown(neighbour, old.uid, old.gid).catch(() => chown(neighbour, young.uid, old.gid))
  }))
  yield* fs.chmod(neighbour, mode)
})

/** A file beside another one, with disk blocks already allocated. */
export interface Room {
  /** Writes a content into it, syncs it to the disk, and gives its path. */
  readonly fill: (
    content: string
  ) => Effect.Effect<string, PlatformError, FileSystem.FileSystem | Path.Path>
  /** Gives the rest back to the disk. */
  readonly shrinkTo: (size: number) => Effect.Effect<void, PlatformError>
}

/**
 * Holds so many bytes of the disk beside a file until the Scope closes. They are written, not only asked for: so a full
 * disk fails now rather than at the real write. (On a disk that copies what it overwrites, as btrfs and ZFS do, new
 * blocks are needed again later; those keep some back.)
 */
export const reserve: (
  path: string,
  size: number,
  mode: number
) => Effect.Effect<Room, PlatformError, FileSystem.FileSystem | Path.Path | Scope.Scope> = Effect.fnUntraced(
  function*(target, size, mode) {
    const fs = yield* FileSystem.FileSystem
    const scope = yield* Effect.scope
    const held = yield* makeNeighbour(target)
    yield* write(held, new Uint8Array(size))
    return {
      fill: Effect.fnUntraced(function*(content) {
        // Another program may have removed it meanwhile.
        const neighbour = (yield* fs.exists(held.path)) ? held : yield* Scope.extend(makeNeighbour(target), scope)
        yield* write(neighbour, new TextEncoder().encode(content))
        yield* fs.chmod(neighbour.path, mode)
        return neighbour.path
      }),
      shrinkTo: (size) => held.file.truncate(size)
    }
  }
)

export interface Neighbour {
  readonly path: string
  readonly file: FileSystem.File
}

/**
 * A new file beside another one, for as long as the Scope is open. It is locked, which shows other processes that its
 * writer is alive. Before it is locked, another process may take it for a leftover and remove it; then another one is
 * made. Only its owner can read it until it gets its final mode.
 */
export const makeNeighbour = (
  target: string,
  mode = 0o600
): Effect.Effect<Neighbour, PlatformError, FileSystem.FileSystem | Path.Path | Scope.Scope> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    yield* sweep(dirname(target))
    const neighbour = nameBeside(target)
    const file = yield* fs.open(neighbour, { flag: "wx", mode })
    yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(neighbour, { force: true })))
    const lock = yield* FileLock.probe(file)
    return lock !== "busy" && (yield* fs.exists(neighbour))
      ? { path: neighbour, file }
      : yield* makeNeighbour(target, mode)
  })

/** A path in the same folder. It does not include the target's name, which may be as long as the file system allows. */
export const nameBeside = (target: string): string => join(dirname(target), `.effixir-${crypto.randomUUID()}.tmp`)

/** From position 0: reserved room is overwritten. */
const write = Effect.fnUntraced(function*({ file }: Neighbour, bytes: Uint8Array) {
  yield* file.seek(0, "start")
  // Writing nothing counts as a failed write.
  if (bytes.length > 0) yield* file.writeAll(bytes)
  yield* file.truncate(bytes.length)
  yield* file.sync
})

/** Removes the leftovers of processes that were killed while they wrote in a folder. Failures are ignored. */
const sweep = (folder: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const names = (yield* fs.readDirectory(folder)).filter((name) => isNeighbour.test(name))
    yield* Effect.forEach(names, (name) => Effect.ignore(removeIfLeft(path.join(folder, name))), { discard: true })
  }).pipe(Effect.ignore)

const isNeighbour = /^\.effixir-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/

/** Only its writer locks such a file, and the kernel releases the lock when the writer ends. */
const removeIfLeft = (path: string) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    // To lock it, it has to be opened for writing; a link or a pipe of such a name is not ours.
    const handle = yield* Effect.acquireRelease(
      Effect.tryPromise(() => open(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)),
      (handle) => Effect.promise(() => handle.close())
    )
    const isFile = yield* Effect.tryPromise(async () => (await handle.stat()).isFile())
    if (isFile && (yield* FileLock.probe(handle)) === "taken") yield* fs.remove(path)
  }))
