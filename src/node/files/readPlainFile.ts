import { type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import * as Effect from "effect/Effect"
import { constants, type Stats } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { exposureOf, me } from "./exposure.ts"

/** In bytes; nothing that a person writes by hand comes near it. */
const usual = 1024 * 1024

/**
 * The bytes of a regular file, links followed. Anything else could block, as a pipe does, or have no end: it is opened
 * without blocking, and the type is taken from the handle, because the path may lead to something else by then.
 */
export const readPlainFile = (path: string, maxBytes = usual): Effect.Effect<Uint8Array, PlatformError> =>
  read(path, maxBytes, () => Effect.void)

/** The same as text. */
export const readPlainText = (path: string): Effect.Effect<string, PlatformError> =>
  Effect.map(readPlainFile(path), (bytes) => new TextDecoder().decode(bytes))

/**
 * The text of a file that holds permissions or a sign-in: a file that another user could have written is refused. Root
 * accepts the files of the person whose home it uses, as in a container.
 */
export const readOwnText = (path: string): Effect.Effect<string, PlatformError> =>
  Effect.map(
    read(path, usual, (info) => {
      const person = me()
      const exposure = person === undefined ? "None" : exposureOf(info, person)
      if (exposure === "Foreign" && person?.uid !== 0) return refused(path, "EFOREIGN: it belongs to another user")
      return exposure === "Writable" ? refused(path, "EWRITABLE: others can write it") : Effect.void
    }),
    (bytes) => new TextDecoder().decode(bytes)
  )

const read = (path: string, maxBytes: number, check: (info: Stats) => Effect.Effect<void, PlatformError>) =>
  Effect.scoped(Effect.gen(function*() {
    const handle = yield* openToRead(path)
    const info = yield* attempt("stat", path, () => handle.stat())
    if (info.isDirectory()) return yield* refused(path, "EISDIR: it is a folder")
    if (!info.isFile()) return yield* refused(path, "EFTYPE: it is no regular file")
    yield* check(info)
    const bytes = yield* attempt("read", path, () => readUpTo(handle, maxBytes + 1))
    return bytes.length > maxBytes ? yield* refused(path, "E2BIG: it is too large") : bytes
  }))

/** Opens a pipe without waiting for its other end. Windows has no such flag, nor such pipes. */
export const openToRead = (path: string, flags = 0) =>
  Effect.acquireRelease(
    attempt("open", path, () => open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | flags)),
    (handle) => Effect.promise(() => handle.close())
  )

/** Most files are small, and room costs time too. */
const firstChunk = 16 * 1024
const maxChunk = 256 * 1024

/** The size is not relied on: the file may grow while it is read, and some files report none. */
export const readUpTo = async (handle: FileHandle, limit: number): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  for (let size = 0; size < limit;) {
    const chunk = new Uint8Array(Math.min(Math.max(size, firstChunk), maxChunk, limit - size))
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, null)
    if (bytesRead === 0) break
    chunks.push(chunk.subarray(0, bytesRead))
    size += bytesRead
  }
  return Buffer.concat(chunks)
}

/** Errors of the system, in the form of `FileSystem`'s. */
export const attempt = <A>(method: string, path: string, run: () => Promise<A>): Effect.Effect<A, PlatformError> =>
  Effect.tryPromise({ try: run, catch: problem(method, path) })

/** The same for what the system answers at once. */
export const attemptSync = <A>(method: string, path: string, run: () => A): Effect.Effect<A, PlatformError> =>
  Effect.try({ try: run, catch: problem(method, path) })

/** An error of the system, in the form of `FileSystem`'s. */
export const problem = (method: string, path: string) => (cause: unknown): PlatformError => {
  const { code, message } = cause as NodeJS.ErrnoException
  return new SystemError({
    reason: reasons[code ?? ""] ?? "Unknown",
    module: "FileSystem",
    method,
    pathOrDescriptor: path,
    description: message,
    cause
  })
}

/** A file that exists but cannot be used. */
export const refused = (path: string, description: string): PlatformError =>
  new SystemError({ reason: "BadResource", module: "FileSystem", method: "read", pathOrDescriptor: path, description })

const reasons: { readonly [code: string]: SystemErrorReason } = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource",
  EBUSY: "Busy"
}
