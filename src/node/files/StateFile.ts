/**
 * A file in which effixir keeps what it knows, wherever a person has put it: at the path, behind symbolic links, under
 * several names (hard links), or mounted alone into a container. A link is never replaced by a plain file.
 *
 * Where a rename can take the place of the file, it does. Where it would tear names apart (hard links) or cannot be (a
 * mounted file is busy), the file is overwritten in place. For that moment it ends with a copy of the new content: by
 * each of its names a reader finds the old content or the new one, and after a kill or a power cut the next lock repairs
 * the file. What cannot be written in place, as on a full disk, is kept in a journal beside it until it can.
 *
 * @internal
 */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createHash } from "node:crypto"
import { type FileHandle, open } from "node:fs/promises"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import * as FileLock from "./FileLock.ts"
import { attempt, readOwnText, readPlainFile, readPlainText } from "./readPlainFile.ts"
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
    const readContent = Effect.map(readOwnText(path), contentOf)
    let text = yield* readContent
    for (let tries = 0; tries < maxTries; tries++) {
      const journal = yield* readJournal(yield* realPath(path))
      if (!isTorn(text)) {
        if (Option.isNone(journal) || text === journal.value.text) return text
        if (journal.value.replaces === hashOf(text)) return journal.value.text
      }
      yield* Effect.sleep("20 millis")
      text = yield* readContent
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
  const room = yield* reserveBeside(real, 2 * size, mode)

  const putInPlace = Effect.fnUntraced(function*(text: string) {
    // Half of the reserved space is for the copy in the file, the other half for the journal.
    yield* room.shrinkTo(size)
    const written = yield* Effect.either(overwrite(real, text))
    if (Either.isRight(written)) return yield* fs.remove(journalOf(real), { force: true })
    const journal: Journal = { replaces: hashOf(contentOf(yield* readPlainText(real))), text }
    yield* fs.rename(yield* room.fill(encodeJournal(journal)), journalOf(real))
    yield* Effect.logWarning(
      `${path} could not be written (${diskProblem(written.left)}); what belongs there is kept in ` +
        `${journalOf(real)} and is put into its place later`
    )
  })

  return Effect.fnUntraced(function*(text) {
    const links = yield* linksOf(real)
    if (Option.exists(links, (count) => count > 1)) return yield* putInPlace(text)
    yield* Effect.catchIf(fs.rename(yield* room.fill(text), real), isBusy, () => putInPlace(text))
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
const hashLength = 64

/** Takes up an overwrite that was cut off, and puts into the file what could not be written before. */
const finish: (real: string) => Effect.Effect<void, PlatformError, Services> = Effect.fnUntraced(function*(real) {
  const before = yield* Effect.catchIf(readPlainFile(real), isNotFound, () => Effect.succeed(new Uint8Array()))
  if (before.includes(0)) yield* inPlace(real, (file) => settle(file, before))
  const journal = yield* readJournal(real)
  if (Option.isNone(journal)) return
  const fs = yield* FileSystem.FileSystem
  const { replaces, text } = journal.value
  const content = yield* Effect.catchIf(
    Effect.map(readPlainText(real), contentOf),
    isNotFound,
    () => Effect.succeed("")
  )
  const isDone = hashOf(content) !== replaces || (yield* Effect.isSuccess(overwrite(real, text)))
  if (isDone) yield* fs.remove(journalOf(real))
})

/**
 * A file that is overwritten in place goes through these states (no text contains the bytes `0` and `1`):
 *
 *     old                           before
 *     old 0…0 hash new              from here on, the copy counts
 *     1 [old or new] 0…0 hash new   torn: whoever reads it without the copy reads it again
 *     new 0…0 hash new
 *     new                           after
 */
const overwrite = (real: string, text: string): Effect.Effect<void, PlatformError> =>
  inPlace(real, async (file) => {
    const { size } = await file.stat()
    const content = Buffer.from(text)
    const gap = Buffer.alloc(Math.max(content.length - size, 0) + 1)
    const copy = Buffer.concat([gap, Buffer.from(hashOf(text)), content])
    try {
      await writeAt(file, copy, size)
      await file.sync()
    } catch (error) {
      await file.truncate(size)
      throw error
    }
    // The new content is safe: if the rest fails, the next lock goes on with it.
    await put(file, content, size + gap.length).catch(() => {})
  })

/** Ends an overwrite, given the bytes that it has left. Without a whole copy, the old content is still there. */
const settle = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  const start = bytes.lastIndexOf(0) + 1
  const copy = copyIn(new TextDecoder().decode(bytes))
  if (copy !== undefined) return await put(file, Buffer.from(copy), start)
  if (bytes[0] === torn) return
  await file.truncate(bytes.indexOf(0))
  await file.sync()
}

/** Writes the content of a copy into its place, which ends before the copy. */
const put = async (file: FileHandle, content: Buffer, end: number): Promise<void> => {
  const bytes = Buffer.concat([content, Buffer.alloc(end - content.length)])
  await writeAt(file, Buffer.from([torn]), 0)
  await writeAt(file, bytes.subarray(1), 1)
  await writeAt(file, bytes.subarray(0, 1), 0)
  await file.sync()
  await file.truncate(content.length)
  await file.sync()
}

/** The content of a file in any of those states; a torn one stays as it is. */
const contentOf = (text: string): string => copyIn(text) ?? (isTorn(text) ? text : text.split("\0", 1).join())

/** The first byte of a torn file. */
const torn = 1

const isTorn = (text: string): boolean => text.charCodeAt(0) === torn

/** The copy at the end of a file, if it is whole. */
const copyIn = (text: string): string | undefined => {
  const start = text.lastIndexOf("\0") + 1
  const copy = text.slice(start + hashLength)
  return start > 0 && text.slice(start, start + hashLength) === hashOf(copy) ? copy : undefined
}

const inPlace = (real: string, use: (file: FileHandle) => Promise<void>): Effect.Effect<void, PlatformError> =>
  Effect.acquireUseRelease(
    attempt("open", real, () => open(real, "r+")),
    (file) => attempt("write", real, () => use(file)),
    (file) => Effect.promise(() => file.close())
  )

const writeAt = async (file: FileHandle, bytes: Buffer, position: number): Promise<void> => {
  for (let done = 0; done < bytes.length;) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten
  }
}
