/**
 * The credential in a file that only its owner can read.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CredentialStore, CredentialStoreError, type Encoded, makeEncoded } from "../auth/CredentialStore.ts"
import { isNotFound } from "../internal/isNotFound.ts"
import { replaceFile } from "../internal/replaceFile.ts"
import * as FileLock from "./FileLock.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly path: string
}

/**
 * The file as a medium. Other media may borrow its lock.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMedium = Effect.fnUntraced(function*({ path }: Options) {
  // Only these: with the Scope that may be around, locks would be held until that closes.
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const folder = Context.get(services, Path.Path).dirname(path)

  const failed = (operation: CredentialStoreError["operation"]) => (cause: PlatformError) =>
    new CredentialStoreError({ operation, location: path, problem: cause.message, cause })

  const prepareFolder = Effect.zipRight(
    fs.makeDirectory(folder, { recursive: true, mode: 0o700 }),
    fs.chmod(folder, 0o700)
  )

  const lock = prepareFolder.pipe(
    Effect.zipRight(FileLock.acquire(`${path}.lock`)),
    Effect.provide(services),
    Effect.mapError(failed("lock"))
  )

  const medium: Encoded = {
    location: path,
    read: fs.readFileString(path).pipe(
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
    remove: Effect.mapError(fs.remove(path, { force: true }), failed("clear")),
    alone: (change) => Effect.scoped(Effect.zipRight(lock, Effect.uninterruptible(change)))
  }
  return medium
})

/** @since 0.1.0 @category constructors */
export const make = (
  options: Options
): Effect.Effect<typeof CredentialStore.Service, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(makeMedium(options), makeEncoded)

/**
 * One JSON file, mode 0600 in a folder of mode 0700. It is replaced as a whole, and fields that are not ours stay.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CredentialStore, make(options))
