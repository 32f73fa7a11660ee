/**
 * Whether git, when it only looks at a repository, runs programs that the repository names, or looks at another one.
 *
 * A clone names none, but a folder that came as an archive may, and so may one that an agent has worked in. Git runs
 * them from many places: the configuration (`core.fsmonitor`, `diff.external`, `diff.*.textconv`, `filter.*.clean`,
 * `gpg.program`, a merge driver where `log.diffMerges` asks for one, `core.sshCommand` where a partial clone lacks an
 * object), what it includes, the hook `post-index-change`, and all of that again in each submodule. Variables of the
 * environment cannot undo it: filters and drivers go by names of the repository's own choice, and a submodule is looked
 * at without those variables. So git may run only where everything is known to name no program; unknown settings count
 * as naming one.
 *
 * A folder may also contain a repository that is a link to another user's, or that has its objects there.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "../../internal/isNotFound.ts"
import { isWithin } from "../../internal/paths.ts"

/**
 * Whether git runs nothing of the repository's own, and shows nothing of another, when it looks at the one that a folder,
 * given by its real path, belongs to. Where there is none, there is nothing to run or show.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isPlain: (folder: string) => Effect.Effect<boolean, never, FileSystem.FileSystem> = Effect.fnUntraced(
  function*(folder) {
    const top = yield* find(folder)
    if (top === undefined) return true
    const { common, own } = yield* foldersOf(top)
    if (!(yield* isWhole(own, common)) || !(yield* isSelfContained(common, top))) return false
    const settings = settingsIn(new TextDecoder().decode(yield* readBounded(`${common}/config`)))
    if (settings === undefined || !settings.every(({ key }) => isHarmless(key))) return false
    const hooks = settings.filter(({ key }) => key === "core.hookspath").map(({ value }) => value)
    if (!hooks.every((value) => /^[\w./-]+$/.test(value))) return false
    const fs = yield* FileSystem.FileSystem
    for (const folder of [`${common}/hooks`, ...hooks.map((value) => from(top, value))]) {
      if (yield* fs.exists(`${folder}/post-index-change`)) return false
    }
    const index = yield* readBounded(`${own}/index`)
    return index.length === 0 || (yield* Effect.try(() => holdsFilesOnly(index)))
  },
  Effect.orElseSucceed(() => false)
)

/**
 * The top of the repository that a folder, given by its real path, belongs to, if there is one.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Option from "effect/Option"
 * import { NodeAgent } from "effixir/node"
 * import { GitRepository } from "effixir/tools"
 *
 * // The repository of a folder, where git would run nothing of its own when a program asks it.
 * const folder = Effect.gen(function*() {
 *   const top = yield* GitRepository.topOf("/home/ada/app/src")
 *   return (yield* GitRepository.isPlain("/home/ada/app/src")) ? top : Option.none()
 * }).pipe(Effect.provide(NodeAgent.layerPlatform))
 * ```
 *
 * @since 0.1.0
 * @category finding
 */
export const topOf = (folder: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  find(folder).pipe(Effect.map(Option.fromNullable), Effect.orElseSucceed(Option.none))

/** The nearest folder above that git takes for the top of a repository. A bare repository is not supported. */
const find = Effect.fnUntraced(function*(start: string) {
  const fs = yield* FileSystem.FileSystem
  for (let folder = start;; folder = folder.slice(0, folder.lastIndexOf("/"))) {
    if (yield* fs.exists(`${folder}/.git`)) return folder
    if (yield* fs.exists(`${folder}/HEAD`)) return yield* Effect.fail("bare")
    if (!folder.includes("/")) return undefined
  }
})

/**
 * A worktree has an index of its own, and shares the rest with a repository that lists it. Any other repository outside
 * of the folder counts as foreign.
 */
const foldersOf = Effect.fnUntraced(function*(top: string) {
  const fs = yield* FileSystem.FileSystem
  const git = `${top}/.git`
  if (yield* isLink(git)) return yield* Effect.fail("not understood")
  if ((yield* fs.stat(git)).type === "Directory") {
    return (yield* fs.exists(`${git}/commondir`)) ? yield* Effect.fail("not understood") : { own: git, common: git }
  }
  const [, pointer] = /^gitdir: ([^\r\n]+)\s*$/.exec(yield* fs.readFileString(git)) ?? []
  if (pointer === undefined) return yield* Effect.fail("not understood")
  const own = yield* fs.realPath(from(top, pointer))
  const led = (name: string) =>
    Effect.flatMap(fs.readFileString(`${own}/${name}`), (path) => fs.realPath(from(own, path.trim())))
  const common = yield* led("commondir")
  const isKnown = (yield* led("gitdir")) === git && own.startsWith(`${common}/worktrees/`)
  return isKnown ? { own, common } : yield* Effect.fail("not understood")
})

const isLink = (path: string) => Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.isSuccess(fs.readLink(path)))

/** Whether a repository that the folder has brought along takes nothing from elsewhere: one elsewhere is the user's own. */
const isSelfContained = Effect.fnUntraced(function*(common: string, top: string) {
  if (!isWithin(top, common)) return true
  const fs = yield* FileSystem.FileSystem
  if (yield* fs.exists(`${common}/objects/info/alternates`)) return false
  const parts = "HEAD config index objects packed-refs refs".split(" ").map((name) => `${common}/${name}`)
  if (yield* Effect.exists(parts, isLink)) return false
  const [own, objects] = yield* Effect.all([countsOf(common), countsOf(`${common}/objects`)])
  // On most systems a folder has two links and one more from each folder in it: the count shows that none of them is a
  // link to elsewhere, without a look at each.
  const countsFolders = own.links > 2 && own.links < own.names.length + 2
  return countsFolders && objects.links === objects.names.length + 2 ||
    !(yield* Effect.exists(objects.names.map((name) => `${common}/objects/${name}`), isLink))
})

const countsOf = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const { nlink } = yield* fs.stat(folder)
  return { links: Option.getOrElse(nlink, () => 0), names: yield* fs.readDirectory(folder) }
})

/** Git skips an incomplete repository, and takes the folder around it, or the next one above, for the repository. */
const isWhole = Effect.fnUntraced(function*(own: string, common: string) {
  const fs = yield* FileSystem.FileSystem
  const head = yield* fs.readFileString(`${own}/HEAD`)
  return /^(?:ref: refs\/\S+|[0-9a-f]{40})\n?$/.test(head) && (yield* fs.exists(`${common}/objects`)) &&
    (yield* fs.exists(`${common}/refs`))
})

const from = (folder: string, path: string): string => path.startsWith("/") ? path : `${folder}/${path}`

/** All of a file; nothing, if it is not there. */
const readBounded = Effect.fnUntraced(
  function*(path: string) {
    const fs = yield* FileSystem.FileSystem
    if ((yield* fs.stat(path)).size > maxBytes) return yield* Effect.fail("too long")
    return yield* fs.readFile(path)
  },
  Effect.catchIf((error) => typeof error !== "string" && isNotFound(error), () => Effect.succeed(new Uint8Array()))
)

const maxBytes = 64 * 1024 * 1024

interface Setting {
  /** In small letters; a name that the repository has chosen is a `*`. */
  readonly key: string
  readonly value: string
}

/** The settings of a configuration that is written as git writes it. Any other syntax is not accepted. */
const settingsIn = (config: string): ReadonlyArray<Setting> | undefined => {
  const settings: Array<Setting> = []
  let section: string | undefined
  for (const line of config.split("\n").map((line) => line.trim())) {
    if (line === "" || line.startsWith("#") || line.startsWith(";")) continue
    const header = /^\[([\w-]+)(\s+"[^"\\]*")?\]$/.exec(line)
    const setting = /^([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$/.exec(line)
    if (header !== null) section = `${header[1]?.toLowerCase()}${header[2] === undefined ? "" : ".*"}`
    else if (setting === null || section === undefined || line.endsWith("\\")) return undefined
    else settings.push({ key: `${section}.${setting[1]?.toLowerCase()}`, value: setting[2] ?? "" })
  }
  return settings
}

const isHarmless = (key: string): boolean => harmless.has(key) || harmless.has(key.replace(/[^.]+$/, ""))

/**
 * Settings that git, its hosts and its users commonly write, and that no read-only command runs; a section with all
 * its settings ends in a dot.
 */
const harmless: ReadonlySet<string> = new Set(
  [
    ..."abbrev autocrlf bare bigfilethreshold checkstat commentchar compression eol filemode hidedotfiles hookspath"
      .split(" "),
    ..."ignorecase logallrefupdates longpaths precomposeunicode preloadindex protecthfs protectntfs quotepath".split(
      " "
    ),
    ..."repositoryformatversion safecrlf sharedrepository symlinks trustctime untrackedcache whitespace".split(" ")
  ].map((name) => `core.${name}`).concat(
    "fetch gh-resolved mirror prune prunetags push pushurl skipfetchall tagopt url".split(" ").map((name) =>
      `remote.*.${name}`
    ),
    "remote.pushdefault lfs.repositoryformatversion lfs.*.access diff.algorithm diff.renames log.date log.decorate"
      .split(" "),
    "advice author branch branch.* color color.* commit committer init pull push rebase tag user".split(" ").map((
      name
    ) => `${name}.`)
  )
)

const files: ReadonlySet<number> = new Set([0x8000, 0xA000])

/**
 * Whether an index has files and links only, and has them all. A submodule, a folder that stands for what is in it, and
 * a split index do not qualify.
 */
const holdsFilesOnly = (index: Uint8Array): boolean => {
  const view = new DataView(index.buffer, index.byteOffset, index.byteLength)
  const text = (at: number) => String.fromCharCode(...index.subarray(at, at + 4))
  const version = view.getUint32(4)
  if (text(0) !== "DIRC" || version < 2 || version > 4) return false
  let at = 12
  for (let left = view.getUint32(8); left > 0; left--) {
    if (!files.has(view.getUint32(at + 24) & 0xF000)) return false
    let name = at + 62 + ((view.getUint16(at + 60) & 0x4000) === 0 ? 0 : 2)
    // How much of the name before it is kept.
    if (version === 4) { while ((view.getUint8(name++) & 0x80) !== 0) { /* goes on */ } }
    const end = index.indexOf(0, name)
    if (end === -1) return false
    at = version === 4 ? end + 1 : at + ((end - at + 8) & ~7)
  }
  for (; at + 8 <= index.length - hashLength; at += 8 + view.getUint32(at + 4)) {
    if (text(at) === "link") return false
  }
  return true
}

/** Repositories with longer hashes say so in their configuration. */
const hashLength = 20
