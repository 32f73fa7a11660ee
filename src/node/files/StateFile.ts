/**
 * A file in which effixir keeps what it knows, wherever a person has put it: at the path, behind symbolic links, under
 * several names (hard links), or mounted alone into a container. A link is never replaced by a plain file.
 *
 * Where a rename can take the place of the file, it does. Where it would tear names apart (hard links) or cannot be (a
 * mounted file is busy), the file is overwritten in place. For that moment the new content is also in a journal beside
 * it: a reader finds the old content or the new one, and after a kill or a power cut the next change repairs the file.
 *
 * @internal
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { type FileHandle, open } from "node:fs/promises"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import * as FileLock from "./FileLock.ts"
import { attempt, readOwnText, readPlainText } from "./readPlainFile.ts"
import { reserve as reserveBeside } from "./replaceFile.ts"

type Services = FileSystem.FileSystem | Path.Path

/**
 * Where a file really is: links are followed, also one to a file that is not there yet.
 *
 * @since 0.1.0
 * @category paths
 */
export const realPath: (path: string) => Effect.Effect<string, PlatformError, Services> = Effect.fnUntraced(
  function*(start) {
    const fs = yield* FileSystem.FileSystem
    const { dirname, join, resolve } = yield* Path.Path
    let path = resolve(start)
    for (let links = 0; links < maxLinks; links++) {
      const real = yield* existing(fs.realPath(path))
      if (Option.isSome(real)) return real.value
      const folder = yield* existing(fs.realPath(dirname(path)))
      const target = yield* Effect.option(fs.readLink(path))
      if (Option.isNone(folder)) return links === 0 ? path : yield* dangling(start)
      if (Option.isNone(target)) return join(folder.value, path.slice(dirname(path).length))
      path = resolve(folder.value, target.value)
    }
    return yield* fs.realPath(start)
  }
)

/** As many as Linux follows. */
const maxLinks = 40

const existing = (path: Effect.Effect<string, PlatformError>) =>
  Effect.catchIf(Effect.asSome(path), isNotFound, () => Effect.succeedNone)

const dangling = (path: string): PlatformError =>
  new SystemError({
    reason: "BadResource",
    module: "FileSystem",
    method: "realPath",
    pathOrDescriptor: path,
    description: "EDANGLING: its symbolic link leads into a folder that is not there"
  })

/**
 * Holds the lock of a file until the Scope closes. It is the same lock by whichever path the file is reached: it is
 * taken beside the real file, which may not exist yet, and on the file itself, which may have a second name elsewhere.
 * An overwrite that was cut off is finished first.
 *
 * @since 0.1.0
 * @category locking
 */
export const lock: (path: string) => Effect.Effect<void, PlatformError, Services | Scope.Scope> = Effect.fnUntraced(
  function*(path) {
    const real = yield* realPath(path)
    yield* FileLock.acquire(`${real}.lock`)
    yield* FileLock.acquireExisting(real)
    const info = yield* linksOf(real)
    if (Option.contains(info, 0)) return yield* stale(path)
    yield* finish(real)
  }
)

/** How many names a file has, if there is one. A mounted file that was replaced at its source has none. */
const linksOf = (path: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => fs.stat(path)).pipe(
    Effect.map(({ nlink }) => nlink),
    Effect.catchIf(isNotFound, () => Effect.succeedNone)
  )

const stale = (path: string): PlatformError =>
  new SystemError({
    reason: "BadResource",
    module: "FileSystem",
    method: "stat",
    pathOrDescriptor: path,
    description: "ESTALE: it was replaced where it is mounted from"
  })

/**
 * The text of a file: the old one or the new one while it is overwritten.
 *
 * @since 0.1.0
 * @category reading
 */
export const read: (path: string) => Effect.Effect<string, PlatformError, Services> = Effect.fnUntraced(
  function*(path) {
    let text = yield* readOwnText(path)
    for (let tries = 0; tries < maxTries; tries++) {
      const journal = yield* readJournal(yield* realPath(path))
      if (Option.isNone(journal)) {
        if (!isTorn(text)) return text
      } else {
        if (isTorn(text) || journal.value.replaces === hashOf(text)) return journal.value.text
        if (text === journal.value.text) return text
      }
      yield* Effect.sleep("20 millis")
      text = yield* readOwnText(path)
    }
    return text
  }
)

const maxTries = 25

/**
 * Reserves room on the disk until the Scope closes, and gives a function that replaces the file. Where others may write
 * the file as well, the caller must hold the lock.
 *
 * @since 0.1.0
 * @category writing
 */
export const reserve: (
  path: string,
  size: number
) => Effect.Effect<
  (text: string) => Effect.Effect<void, PlatformError, Services>,
  PlatformError,
  Services | Scope.Scope
> = Effect.fnUntraced(function*(path, size) {
  const fs = yield* FileSystem.FileSystem
  const real = yield* realPath(path)
  const room = yield* reserveBeside(real, size, mode)

  const overwrite = Effect.fnUntraced(function*(text: string) {
    const journal: Journal = { replaces: hashOf(yield* readPlainText(real)), text }
    yield* fs.rename(yield* room.fill(encodeJournal(journal)), journalOf(real))
    // The new content is safe from here on.
    yield* Effect.catchAll(finish(real), (error) =>
      Effect.logWarning(
        `${path} could not be written (${diskProblem(error)}); what belongs there is kept in ${
          journalOf(real)
        } and is ` +
          "put into its place later"
      ))
  })

  return Effect.fnUntraced(function*(text) {
    const links = yield* linksOf(real)
    if (Option.exists(links, (count) => count > 1)) return yield* overwrite(text)
    yield* Effect.catchIf(fs.rename(yield* room.fill(text), real), isBusy, () => overwrite(text))
  })
})

/** Only its owner can read such a file. */
const mode = 0o600

/**
 * Replaces the text of a file, and makes the folders that are missing.
 *
 * @since 0.1.0
 * @category writing
 */
export const write = (path: string, text: string): Effect.Effect<void, PlatformError, Services> =>
  Path.Path.pipe(
    Effect.flatMap(({ dirname }) => makeFolder(dirname(path), 0o700)),
    Effect.zipRight(reserve(path, 0)),
    Effect.flatMap((put) => put(text)),
    Effect.scoped
  )

/**
 * Removes the file behind the path; a link to it stays. Where a file has several names or is mounted, `emptied` takes the
 * place of its text instead.
 *
 * @since 0.1.0
 * @category writing
 */
export const remove: (path: string, emptied: string) => Effect.Effect<void, PlatformError, Services> = Effect
  .fnUntraced(function*(path, emptied) {
    const fs = yield* FileSystem.FileSystem
    const real = yield* realPath(path)
    const links = yield* linksOf(real)
    if (Option.isNone(links)) return
    yield* links.value > 1
      ? write(path, emptied)
      : Effect.catchIf(fs.remove(real, { force: true }), isBusy, () => write(path, emptied))
    yield* fs.remove(journalOf(real), { force: true })
  })

const isBusy = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "Busy"

/** `replaces` is the hash of the content that the text was made from; with any other, the journal is out of date. */
const Journal = Schema.Struct({ replaces: Schema.String, text: Schema.String })

type Journal = typeof Journal.Type

const encodeJournal = Schema.encodeSync(Schema.parseJson(Journal))
const decodeJournal = Schema.decodeOption(Schema.parseJson(Journal))

const journalOf = (real: string): string => `${real}.next`

const readJournal = (real: string) =>
  readOwnText(journalOf(real)).pipe(
    Effect.map(decodeJournal),
    Effect.catchIf(isNotFound, () => Effect.succeedNone)
  )

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex")

/** The first byte of a file that is being overwritten. No text begins with it. */
const isTorn = (text: string): boolean => text.startsWith("\0")

/** Writes the journal's content into the file, unless the file has other content by now. */
const finish: (real: string) => Effect.Effect<void, PlatformError, Services> = Effect.fnUntraced(function*(real) {
  const journal = yield* readJournal(real)
  if (Option.isNone(journal)) return
  const fs = yield* FileSystem.FileSystem
  const { replaces, text } = journal.value
  const before = yield* Effect.catchIf(readPlainText(real), isNotFound, () => Effect.succeed(""))
  if (isTorn(before) || hashOf(before) === replaces) yield* overwrite(real, text)
  yield* fs.remove(journalOf(real))
})

/** Marked from before the first byte of the old content goes until the last one of the new content is on the disk. */
const overwrite = (real: string, text: string): Effect.Effect<void, PlatformError> =>
  Effect.acquireUseRelease(
    attempt("open", real, () => open(real, "r+")),
    (file) =>
      attempt("write", real, async () => {
        const bytes = Buffer.from(text)
        await writeAt(file, Buffer.from([0]), 0)
        await file.sync()
        await writeAt(file, bytes.subarray(1), 1)
        await file.truncate(bytes.length)
        await file.sync()
        await writeAt(file, bytes.subarray(0, 1), 0)
        await file.sync()
      }),
    (file) => Effect.promise(() => file.close())
  )

const writeAt = async (file: FileHandle, bytes: Buffer, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}
