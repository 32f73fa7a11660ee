/**
 * The files behind real paths. Between the moment a path is resolved and the moment it is used, another program may put
 * a link on it; these operations follow no link, neither at the end of a path nor on the way to it.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"

/**
 * What is at a path: a link is not followed, and `target` is the text of it. What is neither a regular file nor a folder
 * nor a link is `Other`: a pipe, a device.
 *
 * @since 0.1.0
 * @category models
 */
export interface Info {
  readonly type: "File" | "Directory" | "Link" | "Other"
  readonly size: number
  readonly mode: number
  readonly target?: string
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { Files, Workspace } from "effixir/tools"
 *
 * // Writes a file unless there is one, for a tool of your own.
 * const begin = (path: string, text: string) =>
 *   Effect.gen(function*() {
 *     const [files, workspace] = yield* Effect.all([Files.Files, Workspace.Workspace])
 *     const real = yield* workspace.resolve(path)
 *     if (Option.isNone(yield* files.stat(real))) yield* files.replace(real, text, undefined)
 *   })
 * ```
 *
 * @since 0.1.0 @category services
 */
export class Files extends Context.Tag("effixir/tools/workspace/Files")<Files, {
  /** What is at a real path; none if there is nothing. */
  readonly stat: (real: string) => Effect.Effect<Option.Option<Info>, PlatformError>
  /** The bytes of a regular file, but no more than `limit`. It never waits for a pipe or a device. */
  readonly read: (real: string, limit: number) => Effect.Effect<Uint8Array, PlatformError>
  /**
   * Puts a file in place as a whole: the old content or the new one is there at any moment. Makes missing folders. A new
   * file without a mode gets that of any new file (`0666` without the umask). One that is replaced keeps its owner and
   * group, as far as the system allows it.
   */
  readonly replace: (
    real: string,
    content: string | Uint8Array,
    mode: number | undefined
  ) => Effect.Effect<void, PlatformError>
  /** Puts a symbolic link in place, whatever its text leads to. */
  readonly link: (real: string, target: string) => Effect.Effect<void, PlatformError>
  /** Removes a file, or a link itself. */
  readonly remove: (real: string) => Effect.Effect<void, PlatformError>
}>() {}
