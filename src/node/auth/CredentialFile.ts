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
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import type * as Scope from "effect/Scope"
import { stat } from "node:fs/promises"
import { CredentialStore, CredentialStoreError, type Encoded, makeEncoded } from "../../auth/CredentialStore.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import { exposureOf, me, octal } from "../files/exposure.ts"
import { attempt } from "../files/readPlainFile.ts"
import * as StateFile from "../files/StateFile.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly path: string
  /**
   * How long to wait for another program that changes the file; two minutes by default. That is longer than any change
   * takes, unless that program is stopped in the middle (Ctrl-Z).
   */
  readonly lockTimeout?: Duration.DurationInput | undefined
}

/**
 * The file as a medium. Other media may use its lock.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { CredentialStore } from "effixir"
 * import { CredentialFile } from "effixir/node"
 *
 * const options = { path: "/etc/my-agent/auth.json" }
 *
 * // What `CredentialFile.make(options)` does, under another name for people.
 * const store = Effect.map(CredentialFile.makeMedium(options), (medium) =>
 *   CredentialStore.makeEncoded({ ...medium, location: "the file of my agent" }))
 * const same = CredentialFile.make(options)
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeMedium = Effect.fnUntraced(function*({ path, lockTimeout = "2 minutes" }: Options) {
  // Only these: with the Scope that may be around, locks would be held until that closes.
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const folder = Context.get(services, Path.Path).dirname(path)

  const failed = (operation: CredentialStoreError["operation"]) => (cause: PlatformError) =>
    new CredentialStoreError({
      operation,
      location: operation === "lock" ? placeOf(cause) ?? path : path,
      problem: diskProblem(cause),
      cause
    })

  // The owner's rights stay as they are: a read-only folder is not made writable.
  const prepareFolder = makeFolder(folder, 0o700).pipe(
    Effect.zipRight(fs.stat(folder)),
    Effect.flatMap(({ mode }) => isOpenToOthers(mode) ? fs.chmod(folder, mode & 0o700) : Effect.void)
  )

  const isTold = yield* Ref.make(false)

  /** Somebody has copied the file, or written it by hand. It is made private again, with one warning. */
  const close = Effect.gen(function*() {
    const info = yield* attempt("stat", path, () => stat(path))
    const person = me()
    if (!info.isFile() || person === undefined || exposureOf(info, person) !== "Readable") return
    const isClosed = yield* Effect.isSuccess(fs.chmod(path, info.mode & 0o600))
    if (yield* Ref.getAndSet(isTold, true)) return
    const what = isClosed ? "it is set back to 0600" : "it cannot be set back: set it to 0600 yourself"
    yield* Effect.logWarning(`Other users of this machine could read ${path} (mode ${octal(info.mode)}); ${what}`)
  })

  const lock = prepareFolder.pipe(
    Effect.zipRight(StateFile.lock(path)),
    Effect.provide(services),
    Effect.mapError(failed("lock")),
    Effect.timeoutFail({
      duration: lockTimeout,
      onTimeout: () =>
        new CredentialStoreError({
          operation: "lock",
          location: path,
          problem: `another program has held it for ${
            Duration.format(lockTimeout)
          }; see whether an effixir is stopped somewhere`
        })
    })
  )

  const medium: Encoded = {
    location: path,
    read: Effect.option(close).pipe(
      Effect.zipRight(StateFile.read(path)),
      Effect.provide(services),
      Effect.map(Option.liftPredicate((text) => text !== signedOut)),
      Effect.catchIf(isNotFound, () => Effect.succeedNone),
      Effect.mapError(failed("load"))
    ),
    reserve: prepareFolder.pipe(
      Effect.zipRight(StateFile.reserve(path, roomForTokens)),
      Effect.map((put) => (text: string) => Effect.mapError(Effect.provide(put(text), services), failed("save"))),
      Effect.mapError(failed("save")),
      Effect.mapInputContext((scope: Context.Context<Scope.Scope>) => Context.merge(services, scope))
    ),
    remove: Effect.mapError(Effect.provide(StateFile.remove(path, signedOut), services), failed("clear")),
    alone: <A, E, R>(change: Effect.Effect<A, E, R>) =>
      // The resources of the change outlive the lock.
      Effect.flatMap(Effect.context<R>(), (context) =>
        Effect.scoped(Effect.zipRight(lock, Effect.uninterruptible(Effect.provide(change, context)))))
  }
  return medium
})

/** What cannot be locked may be the lock file beside the store. */
const placeOf = (cause: PlatformError): string | undefined =>
  cause._tag === "SystemError" && typeof cause.pathOrDescriptor === "string" ? cause.pathOrDescriptor : undefined

/** In bytes; several times what the tokens of a sign-in need, should they grow. */
const roomForTokens = 65_536

/** The content left after a sign-out, where the file cannot be removed. */
const signedOut = "null\n"

/** Windows has no such bits. */
const isOpenToOthers = (mode: number): boolean => process.platform !== "win32" && (mode & 0o077) !== 0

/** @since 0.1.0 @category constructors */
export const make = (
  options: Options
): Effect.Effect<typeof CredentialStore.Service, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(makeMedium(options), makeEncoded)

/**
 * One JSON file, mode 0600 in a folder of mode 0700, wherever links lead to it. It is replaced as a whole, and fields
 * that are not ours stay. A file that other users can read is made private again, with one warning.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Layer from "effect/Layer"
 * import { CredentialFile, NodeAgent } from "effixir/node"
 *
 * const Own = CredentialFile.layer({ path: "/etc/my-agent/auth.json", lockTimeout: "10 seconds" })
 *
 * const AgentLive = NodeAgent.layer({ workspace: ".", parts: Layer.provide(Own, NodeContext.layer) })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<CredentialStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(CredentialStore, make(options))
