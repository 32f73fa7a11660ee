import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { makeFolder } from "./makeFolder.ts"

/**
 * Replaces a file as a whole: a neighbour is written, forced to the disk and renamed over it. At any moment, and after
 * a crash or on a full disk, the path holds the old content or the new one. Folders that are missing are made.
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
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content

    yield* makeFolder(path.dirname(target))
    yield* write(neighbour, bytes, mode).pipe(
      // The umask may have taken bits from what open was asked for.
      Effect.zipRight(fs.chmod(neighbour, mode)),
      Effect.zipRight(fs.rename(neighbour, target)),
      Effect.onError(() => Effect.ignore(fs.remove(neighbour)))
    )
  }
)

/** Writes so many bytes beside a file and takes them away again: what would fail when it counts fails now. */
export const rehearse: (
  path: string,
  size: number
) => Effect.Effect<void, PlatformError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(target, size) {
    const fs = yield* FileSystem.FileSystem
    const neighbour = neighbourOf(yield* Path.Path, target)
    yield* Effect.ensuring(
      write(neighbour, new Uint8Array(size), 0o600),
      Effect.ignore(fs.remove(neighbour, { force: true }))
    )
  }
)

/** Its name has nothing of the target's, which may be as long as the disk allows. */
const neighbourOf = (path: Path.Path, target: string): string =>
  path.join(path.dirname(target), `.${crypto.randomUUID()}.tmp`)

const write = (path: string, bytes: Uint8Array, mode: number) =>
  Effect.scoped(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fs.open(path, { flag: "wx", mode })
    // Writing nothing counts as a failed write.
    if (bytes.length > 0) yield* file.writeAll(bytes)
    yield* file.sync
  }))
