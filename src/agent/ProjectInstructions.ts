/**
 * What a project says to agents that work in it: its `AGENTS.md` files.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { readStart } from "../internal/readStart.ts"
import type { Item } from "../responses/Item.ts"

/** How much of the files is read, in all. */
const maxBytes = 32 * 1024

const fileName = "AGENTS.md"

/**
 * One file. `text` is what counts of it; `isCut` says that there is more than that.
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
 * The files that count for a folder, that of the project first and the nearest one last. The project is the nearest
 * folder above that is a git repository; without one it is the folder itself.
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (
  folder: string
) => Effect.Effect<ReadonlyArray<Source>, never, FileSystem.FileSystem | Path.Path> = Effect.fn(
  "ProjectInstructions.load"
)(function*(folder) {
  const folders = yield* foldersTo(folder)
  const sources: Array<Source> = []
  let left = maxBytes
  for (const folder of folders) {
    const source = yield* read(folders[0] ?? folder, folder, left)
    if (Option.isNone(source)) continue
    sources.push(source.value.source)
    left -= source.value.bytes
  }
  return sources
})

/**
 * What the model is told of them: nothing, or one message of the developer that stands before all others.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toItems = (sources: ReadonlyArray<Source>): ReadonlyArray<Item> => {
  if (sources.length === 0) return []
  const parts = sources.map(({ isCut, path, text }) =>
    `## ${path}\n\n${text.trim()}${isCut ? "\n\n[The file goes on; read it if you need the rest.]" : ""}`
  )
  const text = "# Instructions of this project\n\n" +
    "Follow them where they fit the task. Where they disagree, the later file counts; what the user says counts more.\n\n" +
    parts.join("\n\n")
  return [{ type: "message", role: "developer", content: [{ type: "input_text", text: text.toWellFormed() }] }]
}

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

/** The file of a folder. A link that leads out of the project is none of its files, and neither is a pipe. */
const read = Effect.fnUntraced(
  function*(project: string, folder: string, left: number) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const file = path.join(folder, fileName)
    const real = yield* fs.realPath(file)
    const isInside = real.startsWith(project.endsWith(path.sep) ? project : project + path.sep)
    const info = yield* fs.stat(real)
    if (!isInside || info.type !== "File" || info.size === 0n || left === 0) return Option.none()
    const { bytes, isCut, text } = yield* readStart(real, left)
    const source: Source = { path: file, text, isCut }
    return Option.some({ source, bytes })
  },
  // A file that is not there, or cannot be read, says nothing.
  Effect.orElseSucceed(Option.none)
)
