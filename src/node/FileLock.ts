/**
 * Locks between processes. The kernel holds them: they are gone with the process that took them, however it ends.
 *
 * @since 0.1.0
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { createRequire } from "node:module"

/**
 * Locks an open file if nobody else has. The lock goes when the file is closed. It fails where the disk cannot lock, as
 * some of the network cannot. Where nothing can be locked at all, one process still works as it should, and several are
 * told that they are on their own.
 *
 * @since 0.1.0
 * @category locking
 */
export const tryLock = (file: Opened): Effect.Effect<boolean, PlatformError> =>
  Effect.flatMap(native, (lock) => lock === undefined ? Effect.as(warn, true) : lockWith(lock, file))

/**
 * The same for a file of which it is enough to know: `taken` if it is locked now, `busy` if somebody else has locked it,
 * `unknown` where that cannot be told.
 *
 * @since 0.1.0
 * @category locking
 */
export const attempt = (file: Opened): Effect.Effect<"taken" | "busy" | "unknown"> =>
  Effect.flatMap(native, (lock) =>
    lock === undefined
      ? Effect.succeed("unknown" as const)
      : Effect.map(lockWith(lock, file), (isLocked) => isLocked ? "taken" as const : "busy" as const)).pipe(
      Effect.orElseSucceed(() => "unknown" as const)
    )

/** A file by the number that the system knows it by. */
type Opened = { readonly fd: number }

type Lock = (fd: number) => boolean

const lockWith = (lock: Lock, { fd }: Opened) => Effect.try({ try: () => lock(fd), catch: failed(fd) })

const failed = (fd: number) => (cause: unknown): PlatformError =>
  new SystemError({ reason: "Unknown", module: "FileSystem", method: "lock", pathOrDescriptor: fd, cause })

const warn = Effect.logWarning("Files cannot be locked on this platform; run one effixir at a time")

/**
 * Holds the lock of a path until the Scope closes; waits for whoever has it. The file at the path is made if there is
 * none, and stays.
 *
 * @since 0.1.0
 * @category locking
 */
export const acquire: (
  path: string
) => Effect.Effect<void, PlatformError, FileSystem.FileSystem | Scope.Scope> = Effect.fnUntraced(function*(path) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fs.open(path, { flag: "a", mode: 0o600 })
  yield* Effect.repeat(tryLock(file), { until: (isLocked) => isLocked, schedule: Schedule.spaced("20 millis") })
})

/**
 * The native part is loaded when it is first needed: most starts of the CLI never do. There may be no build of it; that a
 * build could not be opened for want of a file to open it with is another matter.
 */
const native: Effect.Effect<Lock | undefined, PlatformError> = Effect.suspend(() =>
  Effect.catchAll(
    prebuilt,
    (first) =>
      Effect.catchAll(searched, (second) =>
        [first, second].some(({ error }) =>
            /EMFILE|ENFILE|[Tt]oo many open files/.test(String(error))
          )
          ? Effect.fail(failed(-1)(Object.assign(new Error("too many open files"), { code: "EMFILE" })))
          : Effect.succeed(undefined))
  )
)

/** The package searches for its native part with a dozen modules, which takes 10 ms; where it is put is known. */
const prebuilt = Effect.try(() => {
  const file = `fs-native-extensions/prebuilds/${process.platform}-${process.arch}/fs-native-extensions.node`
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

/** What throws if it cannot lock. */
interface Binding {
  readonly tryLock: (fd: number, offset: number, length: number, isExclusive: boolean) => void
}

const searched = Effect.map(
  Effect.tryPromise(() => import("fs-native-extensions")),
  ({ tryLock }) => (fd: number) => tryLock(fd)
)
