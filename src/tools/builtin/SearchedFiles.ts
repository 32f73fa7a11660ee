/**
 * The files that `grep` searches, in order and in batches: a small one first, for it is often enough.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as FileFailures from "../../prompts/FileFailures.ts"
import { SecretFiles } from "../permission/SecretFiles.ts"
import { ToolFailure } from "../Tool.ts"
import type { Files } from "../workspace/Files.ts"
import { FileSearch, type Selection } from "../workspace/FileSearch.ts"
import * as FileTree from "../workspace/FileTree.ts"
import { failure, Workspace } from "../workspace/Workspace.ts"

/** @since 0.1.0 @category models */
export interface Batch {
  readonly selection: Selection
  /** The files that are skipped: for their names, for a rule of the policy, or because they cannot be read. */
  readonly left: { readonly secret: number; readonly denied: number; readonly unreadable: number }
}

/** How many files the search gets at once: more each time, for each is another program to start. */
const firstBatch = 512
const maxBatch = 32 * 1024

/** @since 0.1.0 @category models */
export interface Options {
  /** The file or folder, as the model names it. */
  readonly path: string
  /** Only files that match. */
  readonly glob: string | undefined
  readonly session: string
}

/**
 * A file that the call names is searched even if it is ignored or secret; secret files only then.
 *
 * @since 0.1.0
 * @category searching
 */
export const batches: (
  options: Options
) => Stream.Stream<
  Batch,
  ToolFailure,
  FileSearch | Files | FileSystem.FileSystem | Path.Path | Workspace
> = ({ glob, path: given, session }) =>
  Stream.unwrap(Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const workspace = yield* Workspace
    const real = yield* Effect.mapError(workspace.resolveToRead(given), failure(given))
    const { type } = yield* Effect.mapError(fs.stat(real), failure(given))
    if (type === "File") {
      const selection: Selection = { files: [real], folders: [], apart: [real] }
      return Stream.make<[Batch]>({ selection, left: { secret: 0, denied: 0, unreadable: 0 } })
    }
    if (type !== "Directory") {
      return yield* new ToolFailure({ message: FileFailures.neitherFileNorFolder(given) })
    }
    const search = yield* FileSearch
    const secrets = yield* SecretFiles
    const isHidden = (path: string) => secrets.isHidden(path, session)
    const isSecret = (path: string) => secrets.isSecret(path, session)
    const isWanted = glob === undefined ? undefined : yield* FileTree.glob(glob)
    const includesHidden = glob !== undefined && FileTree.namesHidden(glob)
    return FileTree.walk({ folder: real, includesHidden }).pipe(
      Stream.chunks,
      Stream.mapEffect((found) => {
        const all = Chunk.toReadonlyArray(found)
        return glob === undefined || isWanted === undefined
          ? Effect.succeed<Judged>({ all, isWanted: undefined })
          : search.withRegExpTimeout(
            glob,
            (): Judged => ({ all, isWanted: all.map(({ path }) => isWanted(FileTree.relative(real, path))) })
          )
      }),
      Stream.map(Option.some),
      Stream.concat(Stream.make(Option.none<Judged>())),
      Stream.mapAccum({ batch: makeBatch(isHidden, isSecret), size: firstBatch }, ({ batch, size }, next) => {
        if (Option.isSome(next)) {
          const { all, isWanted } = next.value
          all.forEach((one, index) => batch.add(one, isWanted?.[index] ?? true))
        }
        return batch.size() >= size || Option.isNone(next)
          ? [{ batch: makeBatch(isHidden, isSecret), size: Math.min(size * 8, maxBatch) }, [batch.read()]]
          : [{ batch, size }, []]
      }),
      Stream.flattenIterables
    )
  }))

interface Judged {
  readonly all: ReadonlyArray<FileTree.Found>
  /** Which of them are wanted, if not all. */
  readonly isWanted: ReadonlyArray<boolean> | undefined
}

/** The part of a batch that is in one folder. */
interface Part {
  readonly files: Array<string>
  /** The files of it that are not wanted, as long as there are few. */
  readonly without: Array<string>
  /** How many files of it were seen, wanted or not. */
  seen: number
  /** Whether it contains a file that must not be opened. */
  isGuarded: boolean
}

/**
 * A folder is searched as a whole when nearly all its files are wanted, and none is forbidden: whether a forbidden file
 * stays closed must not depend on how a program reads its exclude options.
 */
const makeBatch = (isHidden: (path: string) => boolean, isSecret: (path: string) => boolean) => {
  const files: Array<string> = []
  const dotted: Array<string> = []
  const parts = new Map<FileTree.Listing, Part>()
  const left = { secret: 0, denied: 0, unreadable: 0 }

  const partOf = (folder: FileTree.Listing): Part => {
    const known = parts.get(folder)
    if (known !== undefined) return known
    const part: Part = { files: [], without: [], seen: 0, isGuarded: false }
    parts.set(folder, part)
    return part
  }

  const add = ({ folder, isUnreadable, kind, path }: FileTree.Found, isWanted: boolean): void => {
    if (isUnreadable) left.unreadable++
    if (isUnreadable || kind !== "File") return
    const part = partOf(folder)
    part.seen++
    if (path.includes(replacement)) part.isGuarded = true
    if (isHidden(path)) {
      part.isGuarded = true
      if (isWanted) left[isSecret(path) ? "secret" : "denied"]++
    } else if (!isWanted) {
      if (isSmallPart(part.without.length, folder.files)) part.without.push(path)
    } else {
      files.push(path)
      if (FileTree.relative(folder.path, path).startsWith(".")) dotted.push(path)
      else part.files.push(path)
    }
  }

  /** Whether a folder is searched as a whole: then it is passed to the search program with the files to leave out. */
  const isWhole = (part: Part, { files, ignored, path }: FileTree.Listing): boolean =>
    !part.isGuarded && part.seen === files &&
    isSmallPart(part.without.length + ignored.length, part.files.length) &&
    !ignored.some((name) => isHidden(`${path}/${name}`))

  const read = (): Batch => {
    const folders: Array<Selection["folders"][number]> = []
    const apart = [...dotted]
    for (const [folder, part] of parts) {
      if (isWhole(part, folder)) {
        folders.push({
          path: folder.path,
          files: part.files,
          without: [...part.without, ...folder.ignored.map((name) => `${folder.path}/${name}`)]
        })
      } else apart.push(...part.files)
    }
    return { selection: { files, folders, apart }, left }
  }

  return { add, read, size: () => files.length }
}

/** Replaces bytes of a name that are not UTF-8: other programs would not find the file by this name. */
const replacement = "\uFFFD"

/** Every file left out of a folder is named on the command line of the search program. */
const isSmallPart = (left: number, all: number): boolean => left * 2 <= all
