/**
 * Search on this machine: with ripgrep where it is installed, else with the regular expressions of JavaScript.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { closeSync, constants, type Dirent, readdirSync } from "node:fs"
import { readdir } from "node:fs/promises"
import { setImmediate } from "node:timers/promises"
import { type Entry, FileSearch } from "../../tools/workspace/FileSearch.ts"
import { openRealPath, openRealPathSync, pathOf } from "../files/openRealPath.ts"
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
    entries: makeEntries(),
    lines: (query, selection) =>
      ripgrep === undefined
        ? LineScanner.lines(query, selection.files)
        : Stream.catchTag(
          Ripgrep.lines(ripgrep, query, selection),
          "CannotSearch",
          // The two support different patterns. The second refuses what neither supports, and says why.
          () => LineScanner.lines(query, selection.files)
        ),
    withRegExpTimeout
  })

/** @since 0.1.0 @category layers */
export const layerWith = (options: Options): Layer.Layer<FileSearch> => Layer.sync(FileSearch, () => make(options))

/**
 * Looks for ripgrep once.
 *
 * @example
 * ```ts
 * import { NodeFileSearch } from "effixir/node"
 *
 * const Usual = NodeFileSearch.layer // with ripgrep where there is one
 * const Plain = NodeFileSearch.layerWith({ ripgrep: undefined })
 * const service = NodeFileSearch.make({ ripgrep: "/usr/bin/rg" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<FileSearch> = Layer.sync(
  FileSearch,
  () => make({ ripgrep: Option.getOrUndefined(Ripgrep.find()) })
)

/**
 * The entries of folders. Those in the system's cache are listed sooner than a thread could be asked to; when a disk
 * turns out to be slow, threads list the folders for a while. It yields to other fibers now and then.
 */
const makeEntries = (): typeof FileSearch.Service["entries"] => {
  let isSlowUntil = 0
  const listAll = async (folders: ReadonlyArray<string>) => {
    const listings: Array<Option.Option<ReadonlyArray<Entry>>> = []
    let isTurnOver = 0
    while (listings.length < folders.length) {
      const start = performance.now()
      if (start < isSlowUntil) {
        listings.push(...await Promise.all(folders.slice(listings.length, listings.length + threads).map(listByThread)))
      } else if (start > isTurnOver) {
        await setImmediate()
        isTurnOver = performance.now() + maxBlocking
      } else {
        listings.push(listNow(folders[listings.length] ?? ""))
        const end = performance.now()
        if (end - start > slow) isSlowUntil = end + slowFor
      }
    }
    return listings
  }
  return (folders) => Effect.promise(() => listAll(folders))
}

/**
 * In milliseconds: how long one folder may take, how long threads take over after that, and after which time it
 * yields.
 */
const slow = 100
const slowFor = 250
const maxBlocking = 10

const threads = 16

const listNow = (folder: string): Option.Option<ReadonlyArray<Entry>> => {
  try {
    const fd = openRealPathSync(folder, constants.O_DIRECTORY)
    try {
      return Option.some(readdirSync(pathOf(folder, { fd }), { withFileTypes: true }).map(toEntry))
    } finally {
      closeSync(fd)
    }
  } catch {
    return Option.none()
  }
}

const listByThread = async (folder: string): Promise<Option.Option<ReadonlyArray<Entry>>> => {
  try {
    const handle = await openRealPath(folder, constants.O_DIRECTORY)
    try {
      return Option.some((await readdir(pathOf(folder, handle), { withFileTypes: true })).map(toEntry))
    } finally {
      await handle.close()
    }
  } catch {
    return Option.none()
  }
}

const toEntry = (entry: Dirent): Entry => ({
  name: entry.name,
  kind: entry.isFile() ? "File" : entry.isDirectory() ? "Folder" : entry.isSymbolicLink() ? "Link" : "Other"
})
