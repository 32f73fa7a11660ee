/**
 * Files on this machine, reached through a handle on their folder: on Linux no link that is put on the path later can
 * lead elsewhere. Other systems cannot open a file through a folder's handle; there the path is checked again right
 * before it is used.
 *
 * @since 0.1.0
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { constants } from "node:fs"
import { type FileHandle, lstat, readlink, rename, symlink } from "node:fs/promises"
import { isNotFound } from "../../internal/isNotFound.ts"
import * as FileFailures from "../../prompts/FileFailures.ts"
import { Files, type Info } from "../../tools/workspace/Files.ts"
import { attempt, openToRead, readUpTo } from "../files/readPlainFile.ts"
import { nameBeside, replaceFile } from "../files/replaceFile.ts"

/** @since 0.1.0 @category constructors */
export const make = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path

  /** A path to a folder that stays valid while the Scope is open. */
  const hold: (folder: string) => Effect.Effect<string, PlatformError, Scope.Scope> = Effect.fnUntraced(
    function*(folder) {
      const handle = process.platform === "linux" ? yield* openAt(folder, constants.O_DIRECTORY) : undefined
      const held = handle === undefined ? folder : `/proc/self/fd/${handle.fd}`
      const real = yield* handle === undefined ? fs.realPath(folder) : attempt("readLink", folder, () => readlink(held))
      return real === folder ? held : yield* somethingElse("open", folder)
    }
  )

  /** The same for a folder that may have to be made. */
  const holdMade = (folder: string): Effect.Effect<string, PlatformError, Scope.Scope> =>
    Effect.catchIf(hold(folder), isNotFound, () =>
      holdMade(path.dirname(folder)).pipe(
        Effect.flatMap((parent) => fs.makeDirectory(path.join(parent, path.basename(folder)))),
        Effect.catchIf(isThere, () => Effect.void),
        Effect.zipRight(hold(folder))
      ))

  const within = <A>(
    real: string,
    holdFolder: typeof hold,
    use: (held: string) => Effect.Effect<A, PlatformError, Scope.Scope | FileSystem.FileSystem | Path.Path>
  ): Effect.Effect<A, PlatformError> =>
    holdFolder(path.dirname(real)).pipe(
      Effect.flatMap((folder) => use(path.join(folder, path.basename(real)))),
      Effect.scoped,
      Effect.provideService(FileSystem.FileSystem, fs),
      Effect.provideService(Path.Path, path)
    )

  return Files.of({
    stat: (real) =>
      within(real, hold, (held) => attempt("stat", real, () => lookAt(held))).pipe(
        Effect.asSome,
        Effect.catchIf(isNotFound, () => Effect.succeedNone)
      ),
    read: (real, limit) =>
      within(
        real,
        hold,
        (held) =>
          Effect.flatMap(openAt(held), (handle) =>
            Effect.flatMap(
              attempt("stat", real, () => handle.stat()),
              (info) =>
                info.isFile()
                  ? attempt("read", real, () => readUpTo(handle, limit))
                  : somethingElse("read", real)
            ))
      ),
    replace: (real, content, mode) => within(real, holdMade, (held) => replaceFile(held, content, mode)),
    link: (real, target) =>
      within(real, holdMade, (held) => {
        const beside = nameBeside(held)
        return Effect.zipRight(
          attempt("symlink", real, () => symlink(target, beside)),
          attempt("rename", real, () => rename(beside, held))
        )
      }),
    remove: (real) => within(real, hold, (held) => fs.remove(held))
  })
})

/**
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { NodeFiles } from "effixir/node"
 * import { Files } from "effixir/tools"
 *
 * const bytes = Effect.flatMap(Files.Files, (files) => files.read("/home/ada/app/README.md", 64 * 1024)).pipe(
 *   Effect.provide(Layer.provide(NodeFiles.layer, NodeContext.layer))
 * )
 * const sameAsAnEffect = NodeFiles.make
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer: Layer.Layer<Files, never, FileSystem.FileSystem | Path.Path> = Layer.effect(Files, make)

/** Opens without following a link at the end. */
const openAt = (path: string, flags = 0): Effect.Effect<FileHandle, PlatformError, Scope.Scope> =>
  openToRead(path, constants.O_NOFOLLOW | flags)

const lookAt = async (path: string): Promise<Info> => {
  const info = await lstat(path)
  const { mode, size } = info
  return info.isSymbolicLink() ? { type: "Link", size, mode, target: await readlink(path) } : {
    type: info.isFile() ? "File" : info.isDirectory() ? "Directory" : "Other",
    size,
    mode
  }
}

const somethingElse = (method: string, path: string) =>
  new SystemError({
    reason: "BadResource",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description: FileFailures.replacedMeanwhile
  })

const isThere = (error: PlatformError) => error._tag === "SystemError" && error.reason === "AlreadyExists"
