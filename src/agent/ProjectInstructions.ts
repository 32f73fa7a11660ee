/**
 * What a person says to all agents, and a project to those that work in it: `AGENTS.md` files, and what stands in for
 * them.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { diskProblem } from "../internal/diskProblem.ts"
import { isNotFound } from "../internal/isNotFound.ts"
import { isWithin } from "../internal/paths.ts"
import { readStart } from "../internal/readStart.ts"
import * as Preamble from "../prompts/Preamble.ts"
import { developerMessage, type Item } from "../responses/Item.ts"

/** How much of the files is read, in all. */
const maxBytes = 32 * 1024

const fileName = "AGENTS.md"

/** What a folder may say it in: the first of them that is there and not empty. */
const fileNames = ["AGENTS.override.md", fileName, "CLAUDE.md", ".github/copilot-instructions.md"]

/** The same for a person, whose files are for effixir alone. */
const ownNames = ["AGENTS.override.md", fileName]

/**
 * One file. `text` is the part that is used; `isCut` says that the file is longer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Source {
  readonly path: string
  readonly text: string
  readonly isCut: boolean
}

/**
 * A file that the model does not get in full. The message about it continues after its path: "is left out: …".
 *
 * @since 0.1.0
 * @category models
 */
export interface Problem {
  readonly path: string
  readonly what: string
}

/** @since 0.1.0 @category models */
export interface Loaded {
  readonly sources: ReadonlyArray<Source>
  readonly problems: ReadonlyArray<Problem>
}

/** @since 0.1.0 @category loading */
export const none: Loaded = { sources: [], problems: [] }

/**
 * What a person says to agents in all projects: `AGENTS.md` in effixir's own folder, or `AGENTS.override.md` in its place.
 * It may be a link to anywhere.
 *
 * @since 0.1.0
 * @category loading
 */
export const ofPerson: (
  home: string
) => Effect.Effect<Loaded, never, FileSystem.FileSystem | Path.Path> = (home) => loadFrom([home], ownNames, () => true)

/**
 * The files that count for a folder, that of the project first and the nearest one last. The project is the nearest
 * folder above that is a git repository; without one it is the folder itself. In each folder `AGENTS.override.md` goes
 * before `AGENTS.md`; where there is neither, `CLAUDE.md` counts, and then `.github/copilot-instructions.md`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ProjectInstructions } from "effixir"
 *
 * const preamble = Effect.gen(function*() {
 *   const own = yield* ProjectInstructions.ofPerson("/home/ada/.effixir")
 *   const project = yield* ProjectInstructions.load("/home/ada/app/src")
 *   return ProjectInstructions.toItems([...own.sources, ...project.sources])
 * })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (
  folder: string
) => Effect.Effect<Loaded, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(folder) {
    const folders = yield* foldersTo(folder)
    const [project = folder] = folders
    return yield* loadFrom(folders, fileNames, (real) => isWithin(project, real))
  }
)

const loadFrom = Effect.fnUntraced(
  function*(folders: ReadonlyArray<string>, names: ReadonlyArray<string>, mayRead: (real: string) => boolean) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const sources: Array<Source> = []
    const problems: Array<Problem> = []
    let left = maxBytes
    for (const folder of folders) {
      let found: Effect.Effect.Success<ReturnType<typeof read>>
      // One look at the folder instead of one for each name. A folder that cannot be listed may still be gone into.
      const there = yield* Effect.option(fs.readDirectory(folder))
      const known = Option.map(there, (all) => new Set(all.map((name) => name.toLowerCase())))
      // Some systems do not tell cases apart.
      const isThere = (name: string) =>
        Option.match(known, { onNone: () => true, onSome: (all) => all.has(name.split("/", 1).join().toLowerCase()) })
      for (const name of names.filter(isThere)) {
        found = yield* read(path.join(folder, name), left, mayRead)
        if (found !== undefined) break
      }
      if (found === undefined) continue
      if ("what" in found) {
        problems.push(found)
        continue
      }
      const { bytes, source } = found
      sources.push(source)
      if (source.isCut) problems.push({ path: source.path, what: `is cut: ${howMuch(bytes)}` })
      left -= bytes
    }
    return { sources, problems }
  }
)

const howMuch = (bytes: number): string =>
  `${bytes === 0 ? "nothing of it counts" : `only its first ${bytes} bytes count`}, ` +
  `as all ${fileName} files have ${maxBytes / 1024} KiB together; make them shorter`

/**
 * What the model is told of them: nothing, or one developer message that precedes all others.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toItems = (sources: ReadonlyArray<Source>): ReadonlyArray<Item> =>
  sources.length === 0 ? [] : [developerMessage(Preamble.projectInstructions(sources))]

/**
 * The project that a folder belongs to, by its real path.
 *
 * @since 0.1.0
 * @category loading
 */
export const projectOf: (
  folder: string
) => Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> = (folder) =>
  Effect.map(foldersTo(folder), ([project = folder]) => project)

/**
 * The folders from the project down to this one, by their real paths.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ProjectInstructions } from "effixir"
 *
 * const folders = Effect.gen(function*() {
 *   const project = yield* ProjectInstructions.projectOf("/home/ada/app/src") // "/home/ada/app", with its .git
 *   return [project, yield* ProjectInstructions.foldersTo("/home/ada/app/src")]
 * })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const foldersTo: (
  folder: string
) => Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*(
  given
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = yield* Effect.orElseSucceed(fs.realPath(given), () => given)
  const folders = [folder]
  for (let current = folder;;) {
    if (yield* Effect.orElseSucceed(fs.exists(path.join(current, ".git")), () => false)) return folders
    const parent = path.dirname(current)
    if (parent === current) return [folder]
    folders.unshift(parent)
    current = parent
  }
})

/** One file; nothing where it is missing or empty. A link out of the project does not count as one, and neither does a pipe. */
const read = Effect.fnUntraced(
  function*(file: string, left: number, mayRead: (real: string) => boolean) {
    const fs = yield* FileSystem.FileSystem
    const leaveOut = (why: string): Problem => ({ path: file, what: `is left out: ${why}` })
    return yield* Effect.gen(function*() {
      const real = yield* fs.realPath(file)
      if (!mayRead(real)) {
        return leaveOut("it is a link that leads out of the project")
      }
      const info = yield* fs.stat(real)
      if (info.type !== "File") {
        return leaveOut(info.type === "Directory" ? "it is a folder" : "it is no regular file")
      }
      if (info.size === 0n) return undefined
      const { bytes, isCut, text } = left === 0 ? { bytes: 0, isCut: true, text: "" } : yield* readStart(real, left)
      if (isBinary(text)) return leaveOut("it is no text in UTF-8")
      const source: Source = { path: file, text, isCut }
      return { source, bytes }
    }).pipe(
      // A missing file is no problem; a link without a target is one.
      Effect.catchIf(isNotFound, () =>
        Effect.match(fs.readLink(file), {
          onFailure: () => undefined,
          onSuccess: () => leaveOut("it is a link that leads nowhere")
        })),
      Effect.catchAll((error) =>
        Effect.succeed(
          error._tag === "SystemError" && error.reason === "PermissionDenied"
            ? leaveOut("this user may not read it")
            : leaveOut(diskProblem(error))
        )
      )
    )
  }
)

/** Text in another encoding has a few bytes that are not UTF-8; binary data has many, or zeros. */
const isBinary = (text: string): boolean => text.includes("\0") || text.split("\uFFFD").length - 1 > text.length / 10
