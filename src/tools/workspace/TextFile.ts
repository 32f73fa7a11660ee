/**
 * A file of the workspace, and its text: what the tools that read and change files have in common.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { TextFile } from "effixir/tools"
 *
 * // What tools of your own begin with: to read a file, to change one, and to write one that may be new.
 * const read = (path: string, session: string) =>
 *   Effect.flatMap(TextFile.loadToRead(path), (file) => TextFile.text(file, session))
 * const change = (path: string, session: string) =>
 *   Effect.gen(function*() {
 *     const text = yield* TextFile.textToChange(yield* TextFile.load(path), session)
 *     return TextFile.usesCrLf(text) ? text.replaceAll("\r\n", "\n") : text
 *   })
 * const isNew = (path: string) => Effect.map(TextFile.target(path), ({ before }) => before === undefined)
 *
 * // Where a path leads: to read, to change, to make something there, and without following a link at its end.
 * const places = (path: string) =>
 *   Effect.all({
 *     read: TextFile.resolveToRead(path),
 *     change: TextFile.resolve(path),
 *     make: TextFile.resolveToMake(path),
 *     link: TextFile.resolvePlace(path)
 *   })
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "../../internal/isNotFound.ts"
import * as EditFailures from "../../prompts/EditFailures.ts"
import * as FileFailures from "../../prompts/FileFailures.ts"
import { ToolFailure } from "../Tool.ts"
import * as FileKind from "./FileKind.ts"
import { Files } from "./Files.ts"
import { SeenFiles } from "./SeenFiles.ts"
import { failure, Workspace } from "./Workspace.ts"

/**
 * Larger files are left to `bash`. In bytes.
 *
 * @since 0.1.0
 * @category files
 */
export const maxSize = 10 * 1024 * 1024

/**
 * A regular file with its bytes.
 *
 * @since 0.1.0
 * @category models
 */
export interface Loaded {
  readonly path: string
  readonly real: string
  readonly mode: number
  readonly bytes: Uint8Array
}

/**
 * The bytes of a file that is to be changed. Refuses anything but a regular file, and huge files.
 *
 * @since 0.1.0
 * @category files
 */
export const load = (path: string): Effect.Effect<Loaded, ToolFailure, Files | Workspace> =>
  Effect.flatMap(resolve(path), (real) => loadFrom(path, real))

/**
 * The bytes of a file that is only read: it may also be in a readable folder outside of the workspace.
 *
 * @since 0.1.0
 * @category files
 */
export const loadToRead = (path: string): Effect.Effect<Loaded, ToolFailure, Files | Workspace> =>
  Effect.flatMap(resolveToRead(path), (real) => loadFrom(path, real))

const loadFrom: (path: string, real: string) => Effect.Effect<Loaded, ToolFailure, Files> = Effect.fnUntraced(
  function*(path, real) {
    const files = yield* Files
    const info = yield* Effect.mapError(files.stat(real), failure(path))
    if (Option.isNone(info)) return yield* fail(FileFailures.notFound(path))
    const { mode, size, type } = info.value
    if (type === "Directory") return yield* fail(FileFailures.cannotReadFolder(path))
    if (type !== "File") return yield* fail(FileFailures.notRegularFile(path))
    if (size > maxSize) return yield* tooLarge(path, size)
    const bytes = yield* Effect.mapError(files.read(real, maxSize + 1), failure(path))
    if (bytes.length > maxSize) return yield* tooLarge(path, bytes.length)
    return { path, real, mode: mode & 0o7777, bytes }
  }
)

/**
 * The text of a file as it is, byte order mark and line ends included. Refuses what is not UTF-8. Marks it as seen by
 * the session.
 *
 * @since 0.1.0
 * @category files
 */
export const text: (
  file: Loaded,
  session: string
) => Effect.Effect<string, ToolFailure, SeenFiles> = Effect.fnUntraced(function*(file, session) {
  const text = yield* decode(file)
  const seen = yield* SeenFiles
  yield* seen.note(session, file.real, text)
  return text
})

/**
 * The text of a file that is to be changed. Refuses one that somebody else has changed since the session last saw it.
 *
 * @since 0.1.0
 * @category files
 */
export const textToChange: (
  file: Loaded,
  session: string
) => Effect.Effect<string, ToolFailure, SeenFiles> = Effect.fnUntraced(function*(file, session) {
  const text = yield* decode(file)
  const seen = yield* SeenFiles
  if (yield* seen.isStale(session, file.real, text)) {
    return yield* fail(EditFailures.changedSinceRead(file.path))
  }
  return text
})

/**
 * A place for a text: an existing file of any content, or one to be made. An existing file is loaded; of a huge or
 * unreadable one only the size is known.
 *
 * @since 0.1.0
 * @category files
 */
export const target = Effect.fnUntraced(function*(path: string) {
  const files = yield* Files
  const real = yield* resolveToMake(path)
  const info = Option.getOrUndefined(yield* Effect.mapError(files.stat(real), failure(path)))
  if (info === undefined) return { path, real, mode: undefined, before: undefined }
  const { mode, size, type } = info
  if (type === "Directory") return yield* fail(FileFailures.isFolder(path))
  if (type !== "File") return yield* fail(FileFailures.notRegularFile(path))
  const bytes = size > maxSize ? undefined : yield* Effect.orElseSucceed(files.read(real, maxSize + 1), () => undefined)
  return { path, real, mode: mode & 0o7777, before: bytes === undefined ? size : { bytes } }
})

/**
 * The real path of a path of the workspace.
 *
 * @since 0.1.0
 * @category files
 */
export const resolve = (path: string): Effect.Effect<string, ToolFailure, Workspace> =>
  Effect.flatMap(Workspace, (workspace) => Effect.mapError(workspace.resolve(path), failure(path)))

/**
 * The real path of a path that is to be made or replaced. A link that leads nowhere is refused as what it is.
 *
 * @since 0.1.0
 * @category files
 */
export const resolveToMake = (path: string): Effect.Effect<string, ToolFailure, Files | Workspace> =>
  Effect.flatMap(Workspace, (workspace) =>
    workspace.resolve(path).pipe(
      Effect.catchTag("SystemError", (error) =>
        isNotFound(error)
          ? Effect.flatMap(
            Effect.orElseSucceed(linkAt(path), () => undefined),
            (link) => Effect.fail(link === undefined ? error : fail(FileFailures.linkToNowhere(path, link)))
          )
          : Effect.fail(error)),
      Effect.mapError((error) => error._tag === "ToolFailure" ? error : failure(path)(error))
    ))

/** The text of the link that is at a path itself; nothing if no link is there. */
const linkAt = (path: string) =>
  Effect.flatMap(
    resolvePlace(path),
    (place) =>
      Effect.flatMap(Files, (files) =>
        Effect.map(Effect.mapError(files.stat(place), failure(path)), (info) =>
          Option.getOrUndefined(info)?.target))
  )

/**
 * The real path of what is at a path itself, also if that is a link.
 *
 * @since 0.1.0
 * @category files
 */
export const resolvePlace = (path: string): Effect.Effect<string, ToolFailure, Workspace> =>
  Effect.flatMap(Workspace, (workspace) => Effect.mapError(workspace.resolvePlace(path), failure(path)))

/**
 * The real path of a path that is only read.
 *
 * @since 0.1.0
 * @category files
 */
export const resolveToRead = (path: string): Effect.Effect<string, ToolFailure, Workspace> =>
  Effect.flatMap(Workspace, (workspace) => Effect.mapError(workspace.resolveToRead(path), failure(path)))

/**
 * Whether every line ends with CRLF. Models quote lines with a bare newline, whatever the file uses.
 *
 * @since 0.1.0
 * @category line ends
 */
export const usesCrLf = (text: string): boolean => text.includes("\r\n") && !/[^\r]\n/.test(text)

const decode = ({ bytes, path }: Pick<Loaded, "bytes" | "path">): Effect.Effect<string, ToolFailure> => {
  const kind = FileKind.fromBytes(bytes)
  const size = FileKind.size(bytes.length)
  return bytes.subarray(0, 8192).includes(0) || kind?.image !== undefined
    ? fail(FileFailures.binary(path, kind?.name, size))
    : Effect.mapError(
      Effect.try(() => decoder.decode(bytes)),
      () => fail(FileFailures.notUtf8(path, kind?.name, size))
    )
}

const fail = (message: string) => new ToolFailure({ message })

const tooLarge = (path: string, size: number) => fail(FileFailures.tooLarge(path, FileKind.size(size)))

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
