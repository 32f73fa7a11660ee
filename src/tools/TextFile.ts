/**
 * A file of the workspace as text: what `read`, `write` and `edit` have in common.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { replaceFile } from "../internal/replaceFile.ts"
import { ToolFailure } from "./Tool.ts"
import { failure, Workspace } from "./Workspace.ts"

/** A file larger than this is for `bash` and its tools. In bytes. */
const maxSize = 10 * 1024 * 1024

const newFileMode = 0o644

/**
 * Reads the whole text of a file, byte order mark and line ends included. Refuses what is no regular file, what is
 * huge, and what is not UTF-8.
 *
 * @since 0.1.0
 * @category files
 */
export const read: (
  path: string
) => Effect.Effect<string, ToolFailure, FileSystem.FileSystem | Workspace> = Effect.fnUntraced(function*(path) {
  const fs = yield* FileSystem.FileSystem
  const real = yield* resolve(path)
  const info = yield* Effect.mapError(fs.stat(real), failure(path))
  if (info.type === "Directory") return yield* refuse(path, "is a folder; list it with bash (ls)")
  if (info.type !== "File") return yield* refuse(path, "is not a regular file")
  if (info.size > maxSize) {
    const size = `${Math.round(Number(info.size) / 1024 / 1024)} MB`
    return yield* refuse(path, `is too large to read (${size}); use bash with head, tail, sed -n or grep`)
  }
  const bytes = yield* Effect.mapError(fs.readFile(real), failure(path))
  if (bytes.subarray(0, 8192).includes(0)) return yield* refuse(path, "is a binary file")
  return yield* Effect.try({
    try: () => decoder.decode(bytes),
    catch: () => new ToolFailure({ message: `${path} is a binary file, or text in another encoding than UTF-8` })
  })
})

/**
 * Puts a text in the place of a file, or makes the file and the folders above it. The old text or the new one is
 * there at any moment; the file's mode stays.
 *
 * @since 0.1.0
 * @category files
 */
export const write: (
  path: string,
  text: string
) => Effect.Effect<void, ToolFailure, FileSystem.FileSystem | Path.Path | Workspace> = Effect.fnUntraced(
  function*(path, text) {
    const fs = yield* FileSystem.FileSystem
    const real = yield* resolve(path)
    const info = yield* Effect.option(fs.stat(real))
    if (info._tag === "Some" && info.value.type === "Directory") return yield* refuse(path, "is a folder")
    if (info._tag === "Some" && info.value.type !== "File") return yield* refuse(path, "is not a regular file")
    const mode = info._tag === "Some" ? info.value.mode & 0o7777 : newFileMode
    yield* Effect.mapError(replaceFile(real, text, mode), failure(path))
  }
)

const resolve = (path: string) =>
  Effect.flatMap(Workspace, (workspace) => Effect.mapError(workspace.resolve(path), failure(path)))

const refuse = (path: string, why: string) => new ToolFailure({ message: `${path} ${why}` })

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
