/**
 * Sessions as files: a folder for each, and in it `log.ndjson`, one event a line.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { statSync } from "node:fs"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import * as SessionDriver from "../../session/SessionDriver.ts"
import { SessionError } from "../../session/SessionError.ts"
import * as SessionStore from "../../session/SessionStore.ts"
import * as FileLock from "../files/FileLock.ts"
import { attemptSync } from "../files/readPlainFile.ts"
import { makeNeighbour } from "../files/replaceFile.ts"
import * as LogLines from "./LogLines.ts"
import * as SessionIndex from "./SessionIndex.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly folder: string
  /** What has to outlive a power cut; everything outlives the death of the process. `step` by default. */
  readonly durability?: Durability | undefined
  /** The file in which it is remembered what a list shows. Without one, a list reads all logs. */
  readonly index?: string | undefined
}

/**
 * When to wait until the disk itself has what was written, beyond the memory of the system:
 *
 * - `none` never
 * - `turn` when a turn has ended
 * - `step` when a turn or a call of a tool has ended
 *
 * @since 0.1.0
 * @category models
 */
export type Durability = "none" | "turn" | "step"

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { SessionStore } from "effixir"
 * import { SessionFiles } from "effixir/node"
 *
 * const options = { folder: "/var/lib/my-agent/sessions" }
 *
 * const store = Effect.map(SessionFiles.makeDriver(options), (driver) => SessionStore.makeEncoded(driver))
 * const withItsIndex = SessionFiles.make(options)
 * const ReadsTheseAndKeepsNothing = SessionFiles.layerEphemeral(options)
 * ```
 *
 * @since 0.1.0 @category drivers
 */
export const makeDriver = Effect.fnUntraced(function*(options: Options) {
  const { durability = "step" } = options
  const services = Context.pick(FileSystem.FileSystem, Path.Path)(
    yield* Effect.context<FileSystem.FileSystem | Path.Path>()
  )
  const fs = Context.get(services, FileSystem.FileSystem)
  const path = Context.get(services, Path.Path)
  const folderOf = (id: string) => path.join(options.folder, id)
  const logOf = (id: string) => path.join(folderOf(id), "log.ndjson")

  const claim = Effect.fnUntraced(function*(id: string) {
    yield* Effect.mapError(Effect.provide(makeFolder(folderOf(id), 0o700), services), failed(id))
    const file = yield* Effect.mapError(fs.open(logOf(id), { flag: "a+", mode: 0o600 }), failed(id))
    if (!(yield* Effect.mapError(FileLock.tryLock(file), failed(id)))) {
      return yield* new SessionError({ reason: "Busy", session: id, detail: "" })
    }
    const opened = yield* Effect.mapError(file.stat, failed(id))
    // What is written to a file that was deleted meanwhile, or moved away with its folder, would be lost. A disk that
    // has just written does not keep this waiting, and handing it to another thread would take longer than it does.
    const isInPlace = attemptSync("stat", logOf(id), () => statSync(logOf(id), { throwIfNoEntry: false })).pipe(
      Effect.map((now) => now?.dev === opened.dev && Option.contains(opened.ino, now.ino)),
      Effect.mapError(failed(id)),
      Effect.filterOrFail((is) => is, () => gone(id))
    )
    const lines = LogLines.make(logOf(id), failed(id))
    /** How many bytes hold whole lines; known once the lines were gone through. */
    let size: number | undefined
    let isTorn = false
    // A line that a crash or a full disk has cut off was never confirmed to a caller, and no line may be appended to
    // it.
    const mend = Effect.suspend(() => {
      isTorn ||= size === undefined && BigInt(lines.size) !== opened.size
      size ??= lines.size
      return isTorn ? file.truncate(size) : Effect.void
    }).pipe(
      Effect.tap(() => {
        isTorn = false
      })
    )

    const append = ({ ends, text }: SessionDriver.Line) => {
      const line = encoder.encode(`${text}\n`)
      const keep = ends !== undefined && outlivesPowerCuts(ends) ? file.sync : Effect.void
      return mend.pipe(
        Effect.zipRight(file.writeAll(line)),
        Effect.zipRight(keep),
        Effect.mapError(failed(id)),
        Effect.zipRight(isInPlace),
        Effect.tap(() => {
          size = (size ?? 0) + line.length
        }),
        Effect.tapError(() => {
          isTorn = true
          return Effect.ignore(mend)
        })
      )
    }
    return { lines, append }
  })

  /** A file beside the sessions, which becomes the log of one. */
  const draft = (id: string) =>
    Effect.gen(function*() {
      yield* makeFolder(options.folder, 0o700)
      const { file, path: draft } = yield* makeNeighbour(folderOf(id))
      return {
        append: ({ text }: SessionDriver.Line) =>
          Effect.mapError(file.writeAll(encoder.encode(`${text}\n`)), failed(id)),
        publish: (durability === "none" ? Effect.void : file.sync).pipe(
          Effect.zipRight(makeFolder(folderOf(id), 0o700)),
          Effect.zipRight(fs.rename(draft, logOf(id))),
          Effect.tapError(() => Effect.ignore(fs.remove(folderOf(id), { recursive: true }))),
          Effect.provide(services),
          Effect.mapError(failed(id))
        )
      }
    }).pipe(Effect.provide(services), Effect.mapError(failed(id)))

  const outlivesPowerCuts = (ends: "call" | "turn"): boolean =>
    durability === "step" || durability === "turn" && ends === "turn"

  const list = (isWanted: (id: string) => boolean) =>
    fs.readDirectory(options.folder).pipe(
      Effect.catchIf(isNotFound, () => Effect.succeed([])),
      Effect.mapError(failed("list")),
      Effect.tap((names) => names.some(isLeft) ? Effect.ignore(sweep) : Effect.void),
      // Thousands of files: each by an effect of its own would take ten times as long.
      Effect.map((names) => listedIn(options.folder, names.filter(isWanted)))
    )

  /** Deletes under the lock, atomically: a renamed folder is no session, and its place is free for another. */
  const remove = Effect.fnUntraced(
    function*(id: string) {
      yield* sweep
      const removed = path.join(options.folder, `${removing}${id}`)
      if (!(yield* fs.exists(logOf(id)))) return
      yield* claim(id)
      yield* fs.rename(folderOf(id), removed)
      yield* fs.remove(removed, { recursive: true, force: true })
    },
    Effect.scoped,
    (effect, id) => Effect.mapError(effect, (error) => error._tag === "SessionError" ? error : failed(id)(error))
  )

  /** Deletes what a process that was killed on the way has left. */
  const sweep = Effect.gen(function*() {
    const left = (yield* fs.readDirectory(options.folder)).filter(isLeft)
    yield* Effect.forEach(
      left,
      (name) => fs.remove(path.join(options.folder, name), { recursive: true, force: true }),
      { discard: true }
    )
  }).pipe(Effect.catchIf(isNotFound, () => Effect.void))

  const read = (id: string) =>
    Effect.suspend(() => {
      const lines = LogLines.make(logOf(id), failed(id))
      try {
        // One that was opened and never written to is no session yet.
        return LogLines.isEmpty(lines) ? notFound(id) : Effect.succeed(lines)
      } catch (error) {
        return error instanceof SessionError ? error : Effect.die(error)
      }
    })

  const driver: SessionDriver.Encoded = { claim, draft, read, list, remove }
  return driver
})

const indexOf = ({ index }: Options) => index === undefined ? undefined : SessionIndex.make(index)

/** @since 0.1.0 @category constructors */
export const make = (
  options: Options
): Effect.Effect<typeof SessionStore.SessionStore.Service, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(makeDriver(options), (driver) => SessionStore.makeEncoded(driver, indexOf(options)))

/**
 * Keeps sessions in a folder. The log of a session is locked as long as it is open; readers need no lock.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Layer from "effect/Layer"
 * import { NodeAgent, SessionFiles } from "effixir/node"
 *
 * const Sessions = SessionFiles.layer({ folder: "/var/lib/my-agent/sessions", durability: "turn" })
 *
 * const AgentLive = NodeAgent.layer({ workspace: ".", parts: Layer.provide(Sessions, NodeContext.layer) })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<SessionStore.SessionStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(SessionStore.SessionStore, make(options))

/**
 * Reads sessions from a folder, and keeps nothing there: what is written lasts as long as the program runs.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEphemeral = (
  options: Options
): Layer.Layer<SessionStore.SessionStore, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    SessionStore.SessionStore,
    Effect.map(
      Effect.flatMap(makeDriver(options), SessionDriver.makeOverlay),
      (driver) => SessionStore.makeEncoded(driver, indexOf(options))
    )
  )

/** What is in the folder and has no log is no session. A file cannot be changed without its `ctime`. */
const listedIn = (folder: string, names: ReadonlyArray<string>): ReadonlyArray<SessionDriver.Listed> => {
  const listed: Array<SessionDriver.Listed> = []
  for (const id of names) {
    try {
      const stats = statSync(`${folder}/${id}/log.ndjson`, { throwIfNoEntry: false })
      if (stats === undefined || stats.size === 0 || !stats.isFile()) continue
      listed.push({ id, revision: `${stats.ino} ${stats.size} ${stats.ctimeMs}` })
    } catch {
      // A file has no files in it.
    }
  }
  return listed
}

const removing = ".removed-"

const isLeft = (name: string): boolean => name.startsWith(removing)

const encoder = new TextEncoder()

const notFound = (session: string) => new SessionError({ reason: "NotFound", session, detail: "" })

const gone = (session: string) =>
  new SessionError({
    reason: "Io",
    session,
    detail: "it was deleted or moved away while the session was open; what happened since then is not kept"
  })

const failed = (id: string) => (cause: PlatformError): SessionError =>
  isNotFound(cause)
    ? notFound(id)
    : new SessionError({ reason: "Io", session: id, detail: diskProblem(cause), cause })
