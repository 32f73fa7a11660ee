/**
 * Search on this machine: with ripgrep where it is installed, else with the regular expressions of JavaScript.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { constants, type Dirent } from "node:fs"
import { readdir } from "node:fs/promises"
import { type Entry, FileSearch } from "../../tools/workspace/FileSearch.ts"
import { openRealPath, pathOf } from "../files/openRealPath.ts"
import * as LineScanner from "./LineScanner.ts"
import { withRegExpTimeout } from "./regExpTimeout.ts"
import * as Ripgrep from "./Ripgrep.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** The path of ripgrep, if it is to be used. */
  readonly ripgrep: string | undefined
}

/** @since 0.1.0 @category constructors */
export const make = ({ ripgrep }: Options): typeof FileSearch.Service =>
  FileSearch.of({
    entries: (folder) =>
      Effect.option(Effect.map(
        Effect.tryPromise(() => entriesOf(folder)),
        (entries) => entries.map((entry): Entry => ({ name: entry.name, kind: kindOf(entry) }))
      )),
    lines: (query, files) =>
      ripgrep === undefined
        ? LineScanner.lines(query, files)
        : Stream.flatMap(Stream.fromIterable(Ripgrep.batches(files)), (batch) =>
          Stream.catchTag(
            Ripgrep.lines(ripgrep, query, batch),
            "CannotSearch",
            // The two know different patterns. What neither knows is refused by the second, which says why.
            () => LineScanner.lines(query, batch)
          )),
    withRegExpTimeout
  })

/** @since 0.1.0 @category layers */
export const layerWith = (options: Options): Layer.Layer<FileSearch> => Layer.sync(FileSearch, () => make(options))

/**
 * Looks for ripgrep once.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<FileSearch> = Layer.sync(
  FileSearch,
  () => make({ ripgrep: Option.getOrUndefined(Ripgrep.find()) })
)

const entriesOf = async (folder: string): Promise<ReadonlyArray<Dirent>> => {
  const handle = await openRealPath(folder, constants.O_DIRECTORY)
  try {
    return await readdir(pathOf(folder, handle), { withFileTypes: true })
  } finally {
    // Nobody need wait for that.
    void handle.close()
  }
}

const kindOf = (entry: Dirent): Entry["kind"] =>
  entry.isFile() ? "File" : entry.isDirectory() ? "Folder" : entry.isSymbolicLink() ? "Link" : "Other"
