/**
 * The credential in a file that only its owner can read.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import { CredentialStore, CredentialStoreError, type Encoded, makeEncoded } from "../auth/CredentialStore.ts"
import { diskProblem } from "../internal/diskProblem.ts"
import { isNotFound } from "../internal/isNotFound.ts"
import { makeFolder } from "../internal/makeFolder.ts"
import * as FileLock from "./FileLock.ts"
import { readPlainText } from "./readPlainFile.ts"
import { rehearse, replaceFile } from "./replaceFile.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly path: string
  /**
   * How long another program may change the file before it is given up on; two minutes unless told otherwise. That is
   * longer than any change takes, unless whoever makes it is stopped in the middle (Ctrl-Z).
   */
  readonly patience?: Duration.DurationInput | undefined
}

/**
 * The file as a medium. Other media may borrow its lock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMedium = Effect.fnUntraced(function*({ path, patience = "2 minutes" }: Options) {
  // Only these: with the Scope that may be around, locks would be held until that closes.
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const folder = Context.get(services, Path.Path).dirname(path)

  const failed = (operation: CredentialStoreError["operation"]) => (cause: PlatformError) =>
    new CredentialStoreError({ operation, location: path, problem: diskProblem(cause), cause })

  // The rights of its owner stay as they are: a folder that is there to be read only is not made writable.
  const prepareFolder = makeFolder(folder, 0o700).pipe(
    Effect.zipRight(fs.stat(folder)),
    Effect.flatMap(({ mode }) => isOpenToOthers(mode) ? fs.chmod(folder, mode & 0o700) : Effect.void)
  )

  const isTold = yield* Ref.make(false)

  /** Somebody has copied the file, or written it by hand. It is closed again, and that is told once. */
  const close = Effect.gen(function*() {
    const { mode, type } = yield* fs.stat(path)
    if (type !== "File" || !isOpenToOthers(mode)) return
    const isClosed = yield* Effect.isSuccess(fs.chmod(path, mode & 0o600))
    if (yield* Ref.getAndSet(isTold, true)) return
    const what = isClosed ? "it is set back to 0600" : "it cannot be set back: set it to 0600 yourself"
    yield* Effect.logWarning(
      `Other users of this machine could read or change ${path} (mode 0${(mode & 0o777).toString(8)}); ${what}`
    )
  })

  const lock = prepareFolder.pipe(
    Effect.zipRight(FileLock.acquire(`${path}.lock`)),
    Effect.provide(services),
    Effect.mapError(failed("lock")),
    Effect.timeoutFail({
      duration: patience,
      onTimeout: () =>
        new CredentialStoreError({
          operation: "lock",
          location: path,
          problem: `another program has held it for ${
            Duration.format(patience)
          }; see whether an effixir is stopped somewhere`
        })
    })
  )

  const medium: Encoded = {
    location: path,
    read: Effect.option(close).pipe(
      Effect.zipRight(readPlainText(path)),
      Effect.asSome,
      Effect.catchIf(isNotFound, () => Effect.succeedNone),
      Effect.mapError(failed("load"))
    ),
    write: (text) =>
      prepareFolder.pipe(
        Effect.zipRight(replaceFile(path, text, 0o600)),
        Effect.provide(services),
        Effect.mapError(failed("save"))
      ),
    check: prepareFolder.pipe(
      Effect.zipRight(rehearse(path, roomForTokens)),
      Effect.provide(services),
      Effect.mapError(failed("save"))
    ),
    remove: Effect.mapError(fs.remove(path, { force: true }), failed("clear")),
    alone: (change) => Effect.scoped(Effect.zipRight(lock, Effect.uninterruptible(change)))
  }
  return medium
})

/** In bytes; more than the tokens of a sign-in need. */
const roomForTokens = 16_384

/** Windows has no such bits. */
const isOpenToOthers = (mode: number): boolean => process.platform !== "win32" && (mode & 0o077) !== 0

/** @since 0.1.0 @category constructors */
export const make = (
  options: Options
): Effect.Effect<typeof CredentialStore.Service, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(makeMedium(options), makeEncoded)

/**
 * One JSON file, mode 0600 in a folder of mode 0700. It is replaced as a whole, and fields that are not ours stay.
 * One that is open to other users is closed again, with one warning.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CredentialStore, make(options))
