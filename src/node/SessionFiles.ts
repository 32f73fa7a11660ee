/**
 * Sessions as files: a folder for each, and in it `log.ndjson`, one event a line.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { hidden } from "../auth/Secrets.ts"
import { diskProblem } from "../internal/diskProblem.ts"
import { isNotFound } from "../internal/isNotFound.ts"
import { makeFolder } from "../internal/makeFolder.ts"
import { json } from "../internal/visible.ts"
import { Stored } from "../session/SessionEvent.ts"
import { makeSession, SessionError, SessionStore, type Summary } from "../session/SessionStore.ts"
import * as FileLock from "./FileLock.ts"
import { readPlainFile } from "./readPlainFile.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly folder: string
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const path = Context.get(services, Path.Path)
  const folderOf = (id: string) => path.join(options.folder, id)
  const logOf = (id: string) => path.join(folderOf(id), "log.ndjson")

  const readLog = (id: string): Effect.Effect<Log, SessionError> =>
    isId(id)
      ? readPlainFile(logOf(id), Infinity).pipe(
        Effect.mapError(failed(id)),
        Effect.flatMap((bytes) => parse(id, bytes))
      )
      : new SessionError({ reason: "NotFound", session: id, detail: "" })

  const open = Effect.fnUntraced(function*(id: string) {
    if (!isId(id)) return yield* new SessionError({ reason: "NotFound", session: id, detail: "" })
    yield* Effect.mapError(Effect.provide(makeFolder(folderOf(id), 0o700), services), failed(id))
    const file = yield* Effect.mapError(fs.open(logOf(id), { flag: "a+", mode: 0o600 }), failed(id))
    if (!(yield* Effect.mapError(FileLock.tryLock(file), failed(id)))) {
      return yield* new SessionError({ reason: "Busy", session: id, detail: "" })
    }
    const opened = yield* Effect.mapError(file.stat, failed(id))
    // What is written to a file that was deleted meanwhile, or moved away with its folder, nobody will find.
    const isInPlace = fs.stat(logOf(id)).pipe(
      Effect.map(({ dev, ino }) => dev === opened.dev && Equal.equals(ino, opened.ino)),
      Effect.catchIf(isNotFound, () => Effect.succeed(false)),
      Effect.mapError(failed(id)),
      Effect.filterOrFail((is) => is, () => gone(id))
    )
    const log = yield* readLog(id)
    let size = log.size
    let isTorn = true
    // A line that a crash or a full disk has cut off was never told to anybody, and none may be written behind it.
    const mend = Effect.suspend(() => isTorn ? file.truncate(size) : Effect.void).pipe(
      Effect.tap(() => {
        isTorn = false
      })
    )
    yield* Effect.mapError(mend, failed(id))

    return yield* makeSession(id, log.events, (stored) => {
      const encoded = Either.try(() => encodeLine(stored))
      if (Either.isLeft(encoded)) return unwritable(id)
      return hidden(`${encoded.right}\n`).pipe(
        Effect.map((line) => encoder.encode(line)),
        Effect.tap(mend),
        Effect.tap((line) => file.writeAll(line)),
        Effect.mapError(failed(id)),
        Effect.tap(() => isInPlace),
        Effect.tap((line) => {
          size += line.length
        }),
        Effect.tapError(() => {
          isTorn = true
          return Effect.ignore(mend)
        })
      )
    })
  })

  const summary = (id: string): Effect.Effect<Option.Option<Summary>> =>
    fs.stat(logOf(id)).pipe(
      Effect.map((info) =>
        info.size === 0n
          ? Option.none()
          : Option.map(info.mtime, (mtime) => ({ id, updatedAt: DateTime.unsafeMake(mtime) }))
      ),
      // Something else in the folder is no session.
      Effect.orElseSucceed(Option.none)
    )

  const list = Effect.gen(function*() {
    const names = yield* fs.readDirectory(options.folder).pipe(
      Effect.catchIf(isNotFound, () => Effect.succeed([])),
      Effect.mapError(failed("list"))
    )
    const summaries = yield* Effect.forEach(names.filter(isId), summary, { concurrency: 16 })
    return summaries.flatMap(Option.toArray).toSorted((a, b) =>
      DateTime.toEpochMillis(b.updatedAt) - DateTime.toEpochMillis(a.updatedAt)
    )
  })

  return SessionStore.of({
    open,
    read: (id, afterSeq = 0) =>
      readLog(id).pipe(
        // One that was opened and never written to is no session yet.
        Effect.filterOrFail(
          ({ events }) => events.length > 0,
          () => new SessionError({ reason: "NotFound", session: id, detail: "" })
        ),
        Effect.map(({ events }) => events.filter((stored) => stored.seq > afterSeq))
      ),
    list
  })
})

/**
 * Keeps sessions in a folder. The log of a session is locked as long as it is open; who only reads needs no lock.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<SessionStore, never, FileSystem.FileSystem | Path.Path> => Layer.effect(SessionStore, make(options))

/** The events of a log, and how many bytes of it hold whole lines. */
interface Log {
  readonly events: ReadonlyArray<Stored>
  readonly size: number
}

const parse = (id: string, bytes: Uint8Array): Either.Either<Log, SessionError> =>
  Either.gen(function*() {
    // Counted in bytes: text that is damaged may be decoded to something longer.
    const size = bytes.lastIndexOf(newline) + 1
    const lines = decoder.decode(bytes.subarray(0, size)).split("\n").slice(0, -1)
    const events: Array<Stored> = []
    for (const [index, line] of lines.entries()) {
      const stored = yield* Either.mapLeft(decodeLine(line), (cause) =>
        new SessionError({
          reason: "Corrupt",
          session: id,
          detail: `line ${index + 1} of log.ndjson is no event`,
          cause
        }))
      events.push(stored)
    }
    return { events, size }
  })

const newline = 10
const encoder = new TextEncoder()
const decoder = new TextDecoder()
const Line = Schema.parseJson(Stored)
const encodeLine = (stored: Stored) => json(Schema.encodeSync(Line)(stored))
const decodeLine = (line: string) => Schema.decodeUnknownEither(Line)(line)

/** As JSON that is nested without end, which a program has handed in. */
const unwritable = (id: string) =>
  new SessionError({
    reason: "Io",
    session: id,
    detail: "what should be kept there is not JSON, or is nested too deeply"
  })

const gone = (id: string) =>
  new SessionError({
    reason: "Io",
    session: id,
    detail: "it was deleted or moved away while the session was open; what happened since then is not kept"
  })

const isId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/.test(id)

const failed = (id: string) => (cause: PlatformError): SessionError =>
  isNotFound(cause)
    ? new SessionError({ reason: "NotFound", session: id, detail: "" })
    : new SessionError({ reason: "Io", session: id, detail: diskProblem(cause), cause })
