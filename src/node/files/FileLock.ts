/**
 * Locks between processes. The kernel holds them: it releases them when the process that took them ends, however it
 * ends.
 *
 * @since 0.1.0
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { constants } from "node:fs"
import { type FileHandle, open, stat } from "node:fs/promises"
import { createRequire } from "node:module"
import { isNotFound } from "../../internal/isNotFound.ts"
import { bundled } from "../process/bundled.ts"
import { attempt, refused } from "./readPlainFile.ts"

/**
 * Locks an open file if no one else has locked it. Closing the file releases the lock. It fails where the file system
 * cannot lock, as on some network drives. Where locks are not available at all, one process still works correctly, and
 * a warning says that several do not exclude each other.
 *
 * @example
 * ```ts
 * import { FileLock } from "effixir/node"
 * import { openSync } from "node:fs"
 *
 * const file = { fd: openSync("/home/ada/.my-agent/lock", "r+") }
 *
 * const isMine = FileLock.tryLock(file) // until the file is closed
 * const state = FileLock.probe(file) // "taken", "busy" or "unknown"
 * ```
 *
 * @since 0.1.0
 * @category locking
 */
export const tryLock = (file: Opened): Effect.Effect<boolean, PlatformError> =>
  Effect.flatMap(native, (lock) => lock === undefined ? Effect.as(warn, true) : lockWith(lock, file))

/**
 * The same, as a result instead of an error: `taken` if it is locked now, `busy` if somebody else has locked it,
 * `unknown` where locking is not possible.
 *
 * @since 0.1.0
 * @category locking
 */
export const probe = (file: Opened): Effect.Effect<"taken" | "busy" | "unknown"> =>
  Effect.flatMap(native, (lock) =>
    lock === undefined
      ? Effect.succeed("unknown" as const)
      : Effect.map(lockWith(lock, file), (isLocked) => isLocked ? "taken" as const : "busy" as const)).pipe(
      Effect.orElseSucceed(() => "unknown" as const)
    )

/** A file by its device and inode number. */
type Opened = { readonly fd: number }

type Lock = (fd: number) => boolean

const lockWith = (lock: Lock, { fd }: Opened) => Effect.try({ try: () => lock(fd), catch: failed(fd) })

const failed = (fd: number) => (cause: unknown): PlatformError =>
  new SystemError({ reason: "Unknown", module: "FileSystem", method: "lock", pathOrDescriptor: fd, cause })

const warn = Effect.logWarning("Files cannot be locked on this platform; run one effixir at a time")

/**
 * Holds the lock of a path until the Scope closes; waits for the process that holds it. The file at the path is made if
 * there is none, and stays. Anything but a regular file is refused: opening a pipe would block for ever.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { FileLock } from "effixir/node"
 *
 * // One process at a time; the lock is gone with the process, however it ends.
 * const alone = <A, E, R>(work: Effect.Effect<A, E, R>) =>
 *   Effect.scoped(Effect.zipRight(FileLock.acquire("/home/ada/.my-agent/lock"), work))
 *
 * const ifItIsThere = FileLock.acquireExisting("/home/ada/.my-agent/lock")
 * ```
 *
 * @since 0.1.0
 * @category locking
 */
export const acquire = (path: string): Effect.Effect<void, PlatformError, Scope.Scope> =>
  openToLock(path, constants.O_CREAT).pipe(
    Effect.tap((file) =>
      Effect.filterOrFail(
        attempt("stat", path, () => file.stat()),
        (info) => info.isFile(),
        () => refused(path, "EFTYPE: the lock is no regular file")
      )
    ),
    Effect.flatMap(waitFor)
  )

/**
 * Holds the lock of a file that may have several names, by all of them, until the Scope closes. Where there is no file,
 * or one that this user may not write, nothing is locked. On Windows no other process could read a locked file.
 *
 * @since 0.1.0
 * @category locking
 */
export const acquireExisting = (path: string): Effect.Effect<void, PlatformError, Scope.Scope> =>
  process.platform === "win32" ? Effect.void : openToLock(path, 0).pipe(
    Effect.tap(waitFor),
    // The file may have been replaced while we waited.
    Effect.flatMap((file) => attempt("stat", path, async () => isSame(await file.stat(), await stat(path)))),
    Effect.repeat({ until: (isSame) => isSame }),
    Effect.asVoid,
    Effect.catchIf((error) => isNotFound(error) || isNotOurs(error), () => Effect.void)
  )

interface Identity {
  readonly dev: number
  readonly ino: number
}

const isSame = (self: Identity, that: Identity): boolean => self.dev === that.dev && self.ino === that.ino

const isNotOurs = (error: PlatformError): boolean =>
  error._tag === "SystemError" &&
  (error.reason === "PermissionDenied" || /^(?:EROFS|EISDIR|ENXIO)/.test(error.description ?? ""))

const openToLock = (path: string, flags: number) =>
  Effect.acquireRelease(
    attempt("open", path, () => open(path, constants.O_RDWR | (constants.O_NONBLOCK ?? 0) | flags, 0o600)),
    (file) => Effect.promise(() => file.close())
  )

const waitFor = (file: FileHandle) =>
  Effect.repeat(tryLock(file), { until: (isLocked) => isLocked, schedule: Schedule.spaced("20 millis") })

/**
 * The native part is loaded when it is first needed: most starts of the CLI never do. There may be no build of it for
 * this system; a build that could not be opened because file descriptors ran out is another error.
 */
const native: Effect.Effect<Lock | undefined, PlatformError> = Effect.suspend(() =>
  Effect.catchAll(prebuilt, ({ error }) =>
    /EMFILE|ENFILE|[Tt]oo many open files/.test(String(error))
      ? Effect.fail(failed(-1)(Object.assign(new Error("too many open files"), { code: "EMFILE" })))
      : Effect.succeed(undefined))
)

/** The package would search for its native part with a dozen modules, which takes 10 ms; its place is known. */
const prebuilt = Effect.try(() => {
  const system = `${process.platform}-${process.arch}`
  const file = bundled(
    `fs-native-extensions/${system}.node`,
    `fs-native-extensions/prebuilds/${system}/fs-native-extensions.node`
  )
  const binding: Binding = createRequire(import.meta.url)(file)
  if (typeof binding.tryLock !== "function") throw new TypeError(`${file} has no tryLock`)
  return (fd: number): boolean => {
    try {
      binding.tryLock(fd, 0, 0, true)
      return true
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EAGAIN") return false
      throw error
    }
  }
})

/** Throws if the file system cannot lock. */
interface Binding {
  readonly tryLock: (fd: number, offset: number, length: number, isExclusive: boolean) => void
}
