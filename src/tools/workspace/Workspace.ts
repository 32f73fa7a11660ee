/**
 * The folder in which tools may work, and the only way for a tool from a path to a file.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { isNotFound } from "../../internal/isNotFound.ts"
import { isWithin } from "../../internal/paths.ts"
import * as FileFailures from "../../prompts/FileFailures.ts"
import { ToolFailure } from "../Tool.ts"

/**
 * A path leads out of the workspace, by `..`, as an absolute path, or through a symbolic link.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutsideWorkspace
  extends Schema.TaggedError<OutsideWorkspace>("effixir/tools/workspace/Workspace/OutsideWorkspace")(
    "OutsideWorkspace",
    {
      path: Schema.String,
      root: Schema.String
    }
  )
{
  override get message(): string {
    const { path, root } = this
    return FileFailures.outsideWorkspace({ path, root, isOfHome: isOfHome(path) })
  }
}

/**
 * The folder was deleted, moved away or unmounted while an agent worked in it.
 *
 * @since 0.1.0
 * @category errors
 */
export class WorkspaceGone
  extends Schema.TaggedError<WorkspaceGone>("effixir/tools/workspace/Workspace/WorkspaceGone")("WorkspaceGone", {
    root: Schema.String
  })
{
  override get message(): string {
    return FileFailures.workspaceGone(this.root)
  }
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { NodeAgent } from "effixir/node"
 * import { Workspace } from "effixir/tools"
 *
 * const App = Layer.provide(
 *   Workspace.layer({ root: "/home/ada/app", readable: ["/home/ada/docs"] }),
 *   NodeAgent.layerPlatform
 * )
 *
 * // Where a path leads, or what a model is told of one that leads out of the folder.
 * const resolve = (path: string) =>
 *   Effect.flatMap(Workspace.Workspace, (workspace) => workspace.resolve(path)).pipe(
 *     Effect.mapError(Workspace.failure(path)),
 *     Effect.provide(App)
 *   )
 *
 * // The same without a layer, for several folders in one program.
 * const folders = Effect.forEach(["/home/ada/app", "/home/ada/docs"], (root) => Workspace.make({ root }))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Workspace extends Context.Tag("effixir/tools/workspace/Workspace")<Workspace, {
  /** The real path of the folder. */
  readonly root: string
  /** Fails when the folder no longer exists. A new folder at its path counts as the same. */
  readonly check: Effect.Effect<void, WorkspaceGone>
  /**
   * The real path behind a path that is relative to the root, absolute, or begins with `~/` for the home folder. It need
   * not exist; the part that does is followed through every link, and must end inside the root, which must be there.
   */
  readonly resolve: (path: string) => Effect.Effect<string, OutsideWorkspace | WorkspaceGone | PlatformError>
  /**
   * The real path of what is at a path itself: links on the way to it are followed, and one at its end is not. It must
   * lie inside the root.
   */
  readonly resolvePlace: (path: string) => Effect.Effect<string, OutsideWorkspace | WorkspaceGone | PlatformError>
  /** The same as `resolve` for a path that is only read: it may also end inside one of the readable folders. */
  readonly resolveToRead: (path: string) => Effect.Effect<string, OutsideWorkspace | WorkspaceGone | PlatformError>
  /** Runs one change of files at a time, so that two edits of one file cannot undo each other. */
  readonly exclusively: <A, E, R>(change: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}>() {}

/** @since 0.1.0 @category models */
export interface Options {
  readonly root: string
  /**
   * Folders elsewhere that may be read and never changed, by their real paths: one that becomes a link later is not
   * followed.
   */
  readonly readable?: ReadonlyArray<string> | undefined
  /** The folder that `~` stands for. By default `~` counts as outside of the workspace. */
  readonly home?: string | undefined
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Options) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const root = yield* fs.realPath(path.resolve(options.root))
  yield* fs.readDirectory(root)
  const lock = yield* Effect.makeSemaphore(1)

  const check = Effect.all([fs.realPath(root), fs.stat(root)]).pipe(
    Effect.filterOrFail(([real, { type }]) => real === root && type === "Directory"),
    Effect.mapError(() => new WorkspaceGone({ root })),
    Effect.asVoid
  )

  const isInside = (real: string) => isWithin(root, real)
  const isReadable = [root, ...options.readable ?? []].map((folder) => (real: string) => isWithin(folder, real))

  const realPath = (target: string): Effect.Effect<string, WorkspaceGone | PlatformError> =>
    Effect.catchIf(fs.realPath(target), isNotFound, (notFound: PlatformError) =>
      target === root ?
        new WorkspaceGone({ root }) :
        // A path that does not exist yet is resolved through its folder; a link without a target is never followed.
        Effect.matchEffect(fs.readLink(target), {
          onFailure: (error) =>
            isNotFound(error)
              ? Effect.map(realPath(path.dirname(target)), (parent) => path.join(parent, path.basename(target)))
              : Effect.fail(error),
          onSuccess: () => Effect.fail(notFound)
        }))

  const realPlace = (target: string): Effect.Effect<string, WorkspaceGone | PlatformError> =>
    target === root
      ? realPath(root)
      : Effect.map(realPath(path.dirname(target)), (folder) => path.join(folder, path.basename(target)))

  const resolveInto = (isAllowed: (real: string) => boolean, real = realPath) => (given: string) => {
    const outside = new OutsideWorkspace({ path: given, root })
    if (!isOfHome(given)) return Effect.filterOrFail(real(path.resolve(root, given)), isAllowed, () => outside)
    return options.home === undefined
      ? Effect.fail(outside)
      : Effect.filterOrFail(real(path.join(options.home, given.slice(1))), isAllowed, () => outside)
  }

  return Workspace.of({
    root,
    check,
    resolve: resolveInto(isInside),
    resolvePlace: resolveInto(isInside, realPlace),
    resolveToRead: resolveInto((real) => isReadable.some((isIn) => isIn(real))),
    exclusively: lock.withPermits(1)
  })
})

/** As in a shell: a name may begin with `~` as well, and `./~` is a name. */
const isOfHome = (path: string): boolean => path === "~" || path.startsWith("~/")

/**
 * A workspace on the file system. Building it fails when the root is no folder that can be read.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  options: Options
): Layer.Layer<Workspace, PlatformError, FileSystem.FileSystem | Path.Path> => Layer.effect(Workspace, make(options))

/**
 * What the model is told when a file cannot be used.
 *
 * @since 0.1.0
 * @category errors
 */
export const failure = (given: string) => (error: OutsideWorkspace | WorkspaceGone | PlatformError): ToolFailure => {
  switch (error._tag) {
    case "WorkspaceGone":
      return new ToolFailure({ message: error.message })
    case "OutsideWorkspace":
      return new ToolFailure({ message: FileFailures.onlyInside(error.message) })
    case "BadArgument":
      return new ToolFailure({ message: FileFailures.unusablePath(given) })
    case "SystemError":
      return new ToolFailure({ message: FileFailures.refusedBySystem(given, error.reason, error.description) })
  }
}
