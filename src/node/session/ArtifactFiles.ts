/**
 * Artifacts as files, in the folder of their session.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { Artifacts, limited, nameOf, outdated } from "../../tools/command/Artifacts.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The folder of all sessions. */
  readonly folder: string
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path

  const open = (
    folder: string,
    callId: string,
    n: number
  ): Effect.Effect<readonly [string, FileSystem.File], PlatformError, Scope.Scope> => {
    const location = path.join(folder, nameOf(callId, n))
    return fs.open(location, { flag: "wx", mode: 0o600 }).pipe(
      Effect.map((file) => [location, file] as const),
      Effect.catchIf(isThere, () => open(folder, callId, n + 1))
    )
  }

  const writing = new Set<string>()

  const keptIn = Effect.fnUntraced(function*(folder: string) {
    // Other files there are not ours to delete.
    const names = (yield* fs.readDirectory(folder)).filter((name) => /^[\w-]+\.txt$/.test(name))
    const locations = names.map((name) => path.join(folder, name)).filter((location) => !writing.has(location))
    const all = yield* Effect.forEach(
      locations,
      (location) =>
        Effect.option(Effect.map(fs.stat(location), ({ mtime, size }) => ({
          location,
          size: Number(size),
          at: Option.match(mtime, { onNone: () => 0, onSome: (date) => date.getTime() })
        }))),
      { concurrency: 16 }
    )
    return all.flatMap(Option.toArray).toSorted((a, b) => a.at - b.at)
  })

  const makeRoom = Effect.fnUntraced(function*(folder: string) {
    const gone = yield* Effect.forEach(
      outdated(yield* keptIn(folder)),
      ({ location }) => Effect.option(Effect.as(fs.remove(location), location))
    )
    return gone.flatMap(Option.toArray)
  })

  return Artifacts.of({
    begin: Effect.fnUntraced(function*(session, callId) {
      const folder = path.join(options.folder, session, "artifacts")
      // Does not make the session's folder: a deleted session must not come back in parts.
      yield* Effect.catchIf(fs.makeDirectory(folder, { mode: 0o700 }), isThere, () => Effect.void)
      const [location, file] = yield* open(folder, callId, 1)
      yield* Effect.acquireRelease(
        Effect.sync(() => writing.add(location)),
        () => Effect.sync(() => writing.delete(location))
      )
      // Deleted only now, so that no location is used for two outputs.
      const removed = yield* makeRoom(folder)
      return { location, removed, write: limited((bytes) => file.writeAll(bytes)) }
    })
  })
})

/**
 * The folder of a session must be there, as `SessionFiles` makes it.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Layer from "effect/Layer"
 * import { ArtifactFiles } from "effixir/node"
 *
 * const options = { folder: "/home/ada/.my-agent/sessions" }
 *
 * const Artifacts = Layer.provide(ArtifactFiles.layer(options), NodeContext.layer)
 * const sameAsAnEffect = ArtifactFiles.make(options)
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Artifacts, never, FileSystem.FileSystem | Path.Path> => Layer.effect(Artifacts, make(options))

const isThere = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "AlreadyExists"
