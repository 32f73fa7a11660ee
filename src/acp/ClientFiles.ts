/**
 * Files as the client has them: what its person has not saved yet is read, and a change shows in its windows at once.
 *
 * @since 0.1.0
 */
import { SystemError } from "@effect/platform/Error"
import type { TimeoutException, UnknownException } from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import type { Files } from "../tools/workspace/Files.ts"

/**
 * What a client can do with files. Each fails where it does not want to, as outside of its project.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientFiles {
  readonly read?: ((path: string) => Effect.Effect<string, UnknownException>) | undefined
  readonly write?:
    | ((path: string, content: string) => Effect.Effect<void, UnknownException | TimeoutException>)
    | undefined
}

/**
 * The same files, by way of a client. What is no text, what the client does not let be read, and a change of a file's mode
 * go to the disk, as without it. A change that the client refuses is not made.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { ClientFiles } from "effixir/acp"
 * import { Files } from "effixir/tools"
 *
 * // Files as the editor has them, saved or not.
 * const OfTheEditor = (client: ClientFiles.ClientFiles) =>
 *   Layer.effect(Files.Files, Effect.map(Files.Files, ClientFiles.around(client)))
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const around = (client: ClientFiles) => (files: typeof Files.Service): typeof Files.Service => ({
  ...files,
  read: (real, limit) =>
    Effect.flatMap(files.read(real, limit), (bytes) => {
      const onDisk = textOf(bytes)
      if (client.read === undefined || onDisk === undefined) return Effect.succeed(bytes)
      return Effect.match(client.read(real), {
        onFailure: () => bytes,
        // Its first mark and its line ends stay as they are on the disk where the client has changed nothing.
        onSuccess: (text) => text === onDisk ? bytes : new TextEncoder().encode(text).subarray(0, limit)
      })
    }),
  replace: (real, content, mode) => {
    const text = typeof content === "string" ? content : textOf(content)
    if (client.write === undefined || text === undefined) return files.replace(real, content, mode)
    const onDisk = files.replace(real, content, mode)
    return Effect.flatMap(
      files.stat(real),
      (now) =>
        mode !== undefined && !Option.exists(now, (info) => (info.mode & 0o7777) === (mode & 0o7777))
          ? onDisk
          : Effect.catchAll(client.write?.(real, text) ?? Effect.void, (error) =>
            // A no is a no. Only a client that knows of no such thing has not been asked.
            error._tag === "UnknownException" && isUnknown(error.error) ? onDisk : refused(real, error))
    )
  }
})

/** The code of JSON-RPC for a method that the other side does not have. */
const isUnknown = (error: unknown): boolean => Predicate.hasProperty(error, "code") && error.code === -32601

const refused = (pathOrDescriptor: string, error: UnknownException | TimeoutException) =>
  new SystemError({
    reason: "PermissionDenied",
    module: "FileSystem",
    method: "writeFile",
    pathOrDescriptor,
    description: `the editor has not written it: ${
      error._tag === "UnknownException" && error.error instanceof Error ? error.error.message : error.message
    }`
  })

const textOf = (bytes: Uint8Array): string | undefined => {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    return text.includes("\0") ? undefined : text
  } catch {
    return undefined
  }
}
