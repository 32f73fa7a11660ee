/**
 * The files below a folder as ripgrep sees them: without hidden ones and without those that `.gitignore` and similar
 * files exclude, links not followed.
 *
 * @internal
 */
import * as Path from "@effect/platform/Path"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { isWithin } from "../../internal/paths.ts"
import { quote } from "../../internal/quote.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import ignore from "../../vendor/ignore.ts"
import picomatch from "../../vendor/picomatch.ts"
import { ToolFailure } from "../Tool.ts"
import { Files } from "./Files.ts"
import { type Entry, FileSearch } from "./FileSearch.ts"
import { Workspace } from "./Workspace.ts"

/**
 * Something below a folder. `path` is absolute. A folder that cannot be read comes with nothing below it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly path: string
  readonly kind: Entry["kind"]
  readonly isUnreadable: boolean
  /** The folder that it is in; everything in one folder has the same. */
  readonly folder: Listing
}

/**
 * The content of a folder, as far as it matters for a search of its files.
 *
 * @since 0.1.0
 * @category models
 */
export interface Listing {
  readonly path: string
  /** How many files of it are given. */
  readonly files: number
  /** The names of the files that ignore files exclude. */
  readonly ignored: ReadonlyArray<string>
}

/** @since 0.1.0 @category models */
export interface Options {
  /** The real path of the folder. */
  readonly folder: string
  /** Also gives what has a name that begins with a dot, except `.git`. */
  readonly includesHidden?: boolean
}

/** The sizes of the batches: small at first, which is often enough, and larger each time. */
const firstChunk = 512
const maxChunk = 8192

/**
 * The largest number of folders listed at once; listing in groups pays, as the time limit for patterns costs more than
 * listing one folder.
 */
const foldersAtOnce = 256

/** How far ahead folders are looked for. */
const entriesAhead = 4096

/**
 * All that is below a folder, in the order of the paths. A folder is listed when its turn has come, together with some
 * that come after it, so a consumer of only the beginning pays for little more than that.
 *
 * @since 0.1.0
 * @category walking
 */
export const walk = (
  options: Options
): Stream.Stream<Found, ToolFailure, FileSearch | Files | Path.Path | Workspace> =>
  Stream.unwrap(Effect.map(rulesAbove(options.folder), (rules) => {
    const stack: Array<Pending> = [start(options.folder, rules)]
    const listed = new Map<Pending, ReadonlyArray<Pending> | undefined>()
    let size = firstChunk
    const listAhead = Effect.fnUntraced(function*(pending: Pending) {
      const folders = [pending]
      for (let n = stack.length - 1; n >= Math.max(0, stack.length - entriesAhead); n--) {
        const entry = stack[n]
        if (entry?.kind === "Folder" && !listed.has(entry)) folders.push(entry)
        if (folders.length >= Math.min(foldersAtOnce, size / 8)) break
      }
      const contents = yield* list(folders, options.includesHidden === true)
      folders.forEach((folder, index) => listed.set(folder, contents[index]))
    })
    const next = Effect.gen(function*() {
      const found: Array<Found> = []
      while (found.length < size) {
        const pending = stack.pop()
        if (pending === undefined) break
        if (pending.kind === "Folder" && !listed.has(pending)) yield* listAhead(pending)
        const inside = pending.kind === "Folder" ? listed.get(pending) : []
        listed.delete(pending)
        if (pending.path !== options.folder || inside === undefined) {
          found.push(inside === undefined ? { ...pending, isUnreadable: true } : pending)
        }
        for (const entry of inside?.toReversed() ?? []) stack.push(entry)
      }
      size = Math.min(size * 2, maxChunk)
      const state = stack.length > 0 ? Option.some(undefined) : Option.none()
      return [Chunk.unsafeFromArray(found), state] as const
    })
    return Stream.paginateChunkEffect(undefined, () => next)
  }))

/**
 * What a folder itself holds, in order; `left` is how much of it is hidden or ignored. `undefined` if it cannot be read.
 *
 * @since 0.1.0
 * @category walking
 */
export const look = Effect.fnUntraced(function*(folder: string) {
  const search = yield* FileSearch
  const [all = Option.none()] = yield* search.entries([folder])
  const rules = yield* rulesAbove(folder)
  const [shown] = yield* list([start(folder, rules)], false)
  return shown === undefined || Option.isNone(all) ? undefined : { shown, left: all.value.length - shown.length }
})

/**
 * Makes a test for paths relative to a folder. A glob without a slash is for names, at any depth.
 *
 * @since 0.1.0
 * @category matching
 */
export const glob: (
  pattern: string
) => Effect.Effect<(path: string) => boolean, ToolFailure, FileSearch> = Effect.fnUntraced(function*(pattern) {
  const search = yield* FileSearch
  if (pattern.trim() === "") return yield* new ToolFailure({ message: ToolFailures.globEmpty })
  if (pattern.length > maxGlobLength) return yield* new ToolFailure({ message: ToolFailures.globTooLong })
  const isForNames = !pattern.slice(0, -1).includes("/")
  return yield* search.withRegExpTimeout(pattern, () =>
    picomatch(pattern.replace(/^\.?\/+/, "").replace(/\/$/, ""), {
      basename: isForNames,
      dot: namesHidden(pattern),
      strictSlashes: false
    }))
})

const maxGlobLength = 1000

/**
 * Whether a glob asks for names with a leading dot.
 *
 * @since 0.1.0
 * @category matching
 */
export const namesHidden = (pattern: string): boolean => /(^!?|[/{,])\.[^./]/.test(pattern)

/**
 * The path of what was found below a folder, relative to it.
 *
 * @since 0.1.0
 * @category matching
 */
export const relative = (folder: string, path: string): string => path.slice(folder === "/" ? 1 : folder.length + 1)

/**
 * A path as the model sees it: relative to the workspace if it is inside, and on one line whatever characters it
 * contains.
 *
 * @since 0.1.0
 * @category matching
 */
export const display: (path: string) => Effect.Effect<string, never, Workspace | Path.Path> = Effect.fnUntraced(
  function*(absolute) {
    const path = yield* Path.Path
    const { root } = yield* Workspace
    const relative = path.relative(root, absolute)
    if (relative === "") return "."
    return quote(relative === ".." || relative.startsWith(`..${path.sep}`) ? absolute : relative)
  }
)

interface Pending extends Found {
  readonly folder: Listed
}

interface Listed extends Listing {
  readonly rules: Rules
}

/** The folder in which a walk begins, and the rules that count there. */
const start = (folder: string, rules: Rules): Pending => ({
  path: folder,
  kind: "Folder",
  isUnreadable: false,
  folder: { path: folder.slice(0, folder.lastIndexOf("/")), files: 0, ignored: [], rules }
})

interface Ignore {
  readonly test: (path: string) => { readonly ignored: boolean; readonly unignored: boolean }
}

/** The ignore files that count in a folder, the nearest, which takes precedence, first. */
type Rules = ReadonlyArray<{
  readonly folder: string
  readonly forNames: Ignore | undefined
  readonly forPaths: Ignore | undefined
  /** The part of them that also applies in a nested repository: ignore files that are not git's. */
  readonly inRepositories: Rules
}>

/** What each of some folders holds, in order. `undefined` for one that cannot be read. */
const list: (
  folders: ReadonlyArray<Pending>,
  includesHidden: boolean
) => Effect.Effect<
  ReadonlyArray<ReadonlyArray<Pending> | undefined>,
  ToolFailure,
  FileSearch | Files | Path.Path
> = Effect.fnUntraced(
  function*(folders, includesHidden) {
    const search = yield* FileSearch
    const listings = yield* search.entries(folders.map(({ path }) => path))
    const entriesOf = (index: number) => Option.getOrUndefined(listings[index] ?? Option.none())
    const own = new Map(
      yield* Effect.forEach(
        folders.flatMap((folder, index) => {
          const entries = entriesOf(index) ?? []
          return entries.some(({ name }) => name === ".git" || ignoreFiles.has(name)) ? [{ folder, entries }] : []
        }),
        ({ entries, folder }) =>
          Effect.map(rulesOf(folder.path, entries, folder.folder.rules), (rules) => [folder, rules] as const),
        { concurrency: 16 }
      )
    )
    const choose = () =>
      folders.map((folder, index) => {
        const entries = entriesOf(index)
        return entries && chosen(folder.path, own.get(folder) ?? folder.folder.rules, entries, includesHidden)
      })
    const hasRules = own.size > 0 || folders.some(({ folder }) => folder.rules.length > 0)
    return hasRules ? yield* search.withRegExpTimeout(ToolFailures.ignoreRule, choose) : choose()
  }
)

/** The entries of a folder that are neither hidden nor ignored, in order. */
const chosen = (
  path: string,
  rules: Rules,
  entries: ReadonlyArray<Entry>,
  includesHidden: boolean
): ReadonlyArray<Pending> => {
  const base = path === "/" ? "" : path
  const left: Array<Entry> = []
  const ignored: Array<string> = []
  let files = 0
  for (const entry of entries) {
    const { kind, name } = entry
    if (name === ".git" || !includesHidden && name.startsWith(".")) continue
    if (!isIgnored(rules, base, name, kind === "Folder")) {
      left.push(entry)
      if (kind === "File") files++
    } else if (kind === "File") ignored.push(name)
  }
  const folder: Listed = { path, files, ignored, rules }
  return left.toSorted((a, b) => compare(sortKey(a), sortKey(b)))
    .map(({ kind, name }) => ({ path: `${base}/${name}`, kind, isUnreadable: false, folder }))
}

/** The paths below a folder sort as if they were listed in one go: a folder's name counts with its slash. */
const sortKey = ({ kind, name }: Entry): string => kind === "Folder" ? `${name}/` : name
const compare = (a: string, b: string): number => a < b ? -1 : a > b ? 1 : 0

/** Of one ignore file, in bytes. */
const maxRulesSize = 1024 * 1024
const decoder = new TextDecoder()

const ignoreFiles: ReadonlySet<string> = new Set([".gitignore", ".ignore", ".rgignore"])

/** By their names, in the order in which they count. */
const ignoreFilesIn = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> => {
  const found = entries.filter(({ kind, name }) =>
    kind === "File" && ignoreFiles.has(name) || kind === "Folder" && name === ".git"
  )
  return found.map(({ name }) => name === ".git" ? ".git/info/exclude" : name).toSorted()
}

/** A repository ignores the git settings of the repository around it. */
const rulesOf = Effect.fnUntraced(function*(folder: string, entries: ReadonlyArray<Entry>, around: Rules) {
  const files = yield* Files
  const path = yield* Path.Path
  const above = entries.some(({ name }) => name === ".git")
    ? around.flatMap(({ inRepositories }) => inRepositories)
    : around
  // Ignore files that are links, pipes or devices are not read.
  const read = yield* Effect.forEach(
    ignoreFilesIn(entries),
    (name) =>
      Effect.match(files.read(path.join(folder, name), maxRulesSize), {
        onFailure: () => ({ name, text: "" }),
        onSuccess: (bytes) => ({ name, text: decoder.decode(bytes) })
      })
  )
  const own = (some: typeof read, inRepositories: Rules): Rules =>
    some.every(({ text }) => text === "")
      ? []
      : [{ folder, ...rulesIn(some.map(({ text }) => text).join("\n")), inRepositories }]
  const others = read.filter(({ name }) => !name.startsWith(".git"))
  const inRepositories = own(others, [])
  return [...own(read, inRepositories.map((level) => ({ ...level, inRepositories }))), ...above]
})

/**
 * Most rules are for names, and the same names come again and again in a tree: the result of such a rule is cached by
 * name. Negated rules depend on the order, so these stay together.
 */
const rulesIn = (text: string) => {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  const isForNames = (line: string) => !line.replace(/[ \r]+$/, "").slice(0, -1).includes("/")
  const isOrdered = lines.some((line) => line.startsWith("!")) && !lines.every(isForNames)
  const compiled = (some: ReadonlyArray<string>) =>
    some.length === 0 ? undefined : ignore({ ignorecase: false }).add(some.join("\n"))
  return {
    forNames: compiled(lines.filter((line) => !isOrdered && isForNames(line))),
    forPaths: compiled(lines.filter((line) => isOrdered || !isForNames(line)))
  }
}

/**
 * The ignore files of the folders above: up to the repository that the workspace is in, or up to the workspace without
 * one. A call that names an ignored folder gets its content all the same.
 */
const rulesAbove = Effect.fnUntraced(function*(folder: string) {
  const search = yield* FileSearch
  const path = yield* Path.Path
  const { root } = yield* Workspace
  const levels: Array<{ readonly folder: string; readonly entries: ReadonlyArray<Entry> }> = []
  let isRepository = false
  for (let at = folder; !isRepository && levels.at(-1)?.folder !== at; at = path.dirname(at)) {
    const [listing = Option.none()] = yield* search.entries([at])
    const entries = Option.getOrElse(listing, () => [])
    levels.push({ folder: at, entries })
    isRepository = (at === root || !isWithin(root, at)) && entries.some(({ name }) => name === ".git")
  }
  // Without a repository, ignore files above the workspace do not apply.
  const counted = isRepository ? levels : levels.filter((level) => isWithin(root, level.folder))
  let rules: Rules = []
  const above: Array<readonly [folder: string, rules: Rules]> = []
  for (const level of counted.toReversed()) {
    above.push([level.folder, rules])
    if (level.folder !== folder) rules = yield* rulesOf(level.folder, level.entries, rules)
  }
  const isItselfIgnored = yield* search.withRegExpTimeout(
    ToolFailures.ignoreRule,
    () => above.some(([folder, rules]) => isIgnored(rules, path.dirname(folder), path.basename(folder), true))
  )
  return isItselfIgnored ? [] : rules
})

/** Whether something in a folder is ignored, where the folder itself is not. */
const isIgnored = (rules: Rules, folder: string, name: string, isFolder: boolean): boolean => {
  const whole = isFolder ? `${name}/` : name
  for (const { folder: top, forNames, forPaths } of rules) {
    const byName = forNames?.test(whole)
    if (byName?.ignored === true || byName?.unignored === true) return byName.ignored
    const inside = `${folder}/`.slice(top === "/" ? 1 : top.length + 1)
    // A nearer file has negated its rule for the whole folder.
    if (inside !== "" && forPaths?.test(inside).ignored === true) continue
    const byPath = forPaths?.test(`${inside}${whole}`)
    if (byPath?.ignored === true || byPath?.unignored === true) return byPath.ignored
  }
  return false
}
