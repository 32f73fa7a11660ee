import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"

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
    // Its name has nothing of the target's, which may be as long as the disk allows.
    const neighbour = path.join(path.dirname(target), `.${crypto.randomUUID()}.tmp`)
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content
    const write = Effect.scoped(Effect.gen(function*() {
      const file = yield* fs.open(neighbour, { flag: "wx", mode })
      // Writing nothing counts as a failed write.
      if (bytes.length > 0) yield* file.writeAll(bytes)
      yield* file.sync
    }))

    yield* fs.makeDirectory(path.dirname(target), { recursive: true })
    yield* write.pipe(
      // The umask may have taken bits from what open was asked for.
      Effect.zipRight(fs.chmod(neighbour, mode)),
      Effect.zipRight(fs.rename(neighbour, target)),
      Effect.onError(() => Effect.ignore(fs.remove(neighbour)))
    )
  }
)
