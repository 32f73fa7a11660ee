import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isNotFound } from "./isNotFound.ts"
import { makeFolder } from "./makeFolder.ts"

/**
 * Replaces a file as a whole: a neighbour is written, forced to the disk and renamed over it. At any moment, and after
 * a crash or on a full disk, the path holds the old content or the new one. Folders that are missing are made. A link at
 * the path is replaced, too: who wants it followed does that first.
 */
export const replaceFile: (
  path: string,
  content: string | Uint8Array,
  mode: number
) => Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(target, content, mode) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const neighbour = neighbourOf(path, target)

    yield* makeFolder(path.dirname(target))
    yield* write(neighbour, "wx", bytesOf(content), mode).pipe(
      Effect.zipRight(fs.rename(neighbour, target)),
      Effect.onError(() => Effect.ignore(fs.remove(neighbour)))
    )
  }
)

/** A neighbour of a file that has blocks of the disk already. */
export interface Room {
  readonly path: string
  /** Puts a content into the room, and forces it to the disk. */
  readonly fill: (content: string) => Effect.Effect<void, PlatformError, FileSystem.FileSystem>
}

/**
 * Holds so many bytes of the disk beside a file until the Scope closes. They are written, not only asked for: what would
 * fail when it counts fails now. (On a disk that copies what it overwrites, as btrfs and ZFS do, new blocks are needed
 * again later; those keep some back.)
 */
export const reserve: (
  path: string,
  size: number,
  mode: number
) => Effect.Effect<Room, PlatformError, FileSystem.FileSystem | Path.Path | Scope.Scope> = Effect.fnUntraced(
  function*(target, size, mode) {
    const fs = yield* FileSystem.FileSystem
    const path = neighbourOf(yield* Path.Path, target)
    yield* Effect.addFinalizer(() => Effect.ignore(fs.remove(path, { force: true })))
    if (size > 0) yield* write(path, "wx", new Uint8Array(size), mode)
    return {
      path,
      fill: (content) =>
        Effect.catchIf(
          write(path, "r+", bytesOf(content), mode),
          // There was nothing to hold, or somebody has tidied up meanwhile.
          isNotFound,
          () => write(path, "wx", bytesOf(content), mode)
        )
    }
  }
)

/** Its name has nothing of the target's, which may be as long as the disk allows. */
const neighbourOf = (path: Path.Path, target: string): string =>
  path.join(path.dirname(target), `.${crypto.randomUUID()}.tmp`)

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content

const write = (path: string, flag: "wx" | "r+", bytes: Uint8Array, mode: number) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag, mode })
    // Writing nothing counts as a failed write.
    if (bytes.length > 0) yield* file.writeAll(bytes)
    if (flag === "r+") yield* file.truncate(bytes.length)
    yield* file.sync
    // The umask may have taken bits from what open was asked for.
    yield* fs.chmod(path, mode)
  }))
