/**
 * What a command may do, as paths: the same for every program that holds it to that.
 *
 * @internal
 */
import * as Arr from "effect/Array"
import {
  type Dirent,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync
} from "node:fs"
import { homedir, tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { isWithin } from "../../internal/paths.ts"
import type { Secrets } from "../../tools/permission/SecretFiles.ts"
import * as Masks from "./Masks.ts"

/**
 * - `writable` folders in which it may write
 * - `pinned` folders in them that can be written in, and neither moved nor removed
 * - `protected` what stays as it is within them
 * - `absent` what is not there, and is not to be made, by a program that can hold a command to that
 * - `unwanted` what is not there, would have git take its settings from elsewhere, and is removed if a command makes it
 * - `hidden` files that cannot be opened; in place of those of the workspace, `masks` has others which git takes for the
 *   same as long as it does not look into them
 * - `emptied` folders of which only `shown` can be seen
 *
 * All paths are real ones, and all but the absent and the unwanted are there.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rules {
  readonly root: string
  readonly writable: ReadonlyArray<string>
  readonly pinned: ReadonlyArray<string>
  readonly protected: ReadonlyArray<string>
  readonly absent: ReadonlyArray<string>
  readonly unwanted: ReadonlyArray<string>
  readonly hidden: ReadonlyArray<string>
  readonly masks: ReadonlyMap<string, string>
  readonly emptied: ReadonlyArray<string>
  readonly shown: ReadonlyArray<string>
  readonly network: boolean
}

/** @since 0.1.0 @category models */
export interface Options {
  readonly root: string
  readonly isReadOnly: boolean
  readonly network: boolean
  /** Folders beside the workspace in which commands may write. */
  readonly writable: ReadonlyArray<string>
  /** Files and folders that a person has let be written, by their real paths as they were then. */
  readonly granted?: ReadonlyArray<string> | undefined
  /** The folder of effixir's own files. */
  readonly home: string
  readonly secrets: Secrets
  readonly session: string | undefined
  /** For a program that stays: what is removed after a command would steer git as long as that one runs. */
  readonly keepsGit?: boolean
}

/** @since 0.1.0 @category constructors */
export const make = (
  { granted = [], home, isReadOnly, keepsGit = false, network, root, secrets, session, writable }: Options
): Rules => {
  // The workspace may be a part of a repository.
  const own = join(repositoryOf(root), ".git")
  const git = [...isRepository(own) ? [own] : [], ...gitFolders(own)]
  if (!isReadOnly) git.forEach(makeHooks)
  // A link in the place of what was granted leads to something else.
  const more = isReadOnly ? [] : granted.filter(isItself)
  const others = more.map((folder) => join(folder, ".git")).filter(isRepository)
  const folders = isReadOnly
    ? []
    : [...new Set([...writableOf([root, tmpdir(), "/tmp", "/var/tmp", ...git, ...writable]), ...more])]
  const shown = session === undefined ? [] : real(secrets.open(session))
  // A workspace in such a folder was chosen by a person: only the files beside it are kept away then.
  const [around, emptied] = Arr.partition(real([home, ...secretFolders]), (folder) => !isWithin(folder, root))
  const hidden = real([
    ...around.flatMap(filesIn),
    ...secretFiles(secrets, session),
    ...secrets.listed,
    ...secretsBelow(root, secrets, session)
  ]).filter((file) => !emptied.some((folder) => isWithin(folder, file)))
  const steering = [
    ...keepsGit ? [...isFolder(own) ? [own] : [], ...git] : [],
    ...isFolder(own) || !existsSync(own) ? [] : [own],
    ...[...new Set([...isFolder(own) ? [own] : [], ...git, ...others])].flatMap((folder) => [
      join(folder, "hooks"),
      join(folder, "config"),
      ...[folder, ...foldersIn(join(folder, "worktrees"))].map((one) => join(one, "config.worktree"))
    ]),
    ...[root, ...more].flatMap((folder) => [".agents", ".effixir", ".mcp.json"].map((name) => join(folder, name)))
  ]
  return {
    root,
    writable: folders,
    pinned: isReadOnly ? [] : [root, own, ...others].filter(isOwnFolder),
    protected: isReadOnly ? [] : real(steering),
    absent: isReadOnly ? [] : steering.filter((path) => !existsSync(path)),
    unwanted: isReadOnly
      ? []
      : [...isRepository(own) ? [own] : [], ...git, ...others].map(commondirOf).filter((path) => !isThere(path)),
    hidden,
    masks: Masks.make(join(home, "cache", "masks"), hidden.filter((file) => isWithin(root, file))),
    emptied,
    shown,
    network
  }
}

/** Git makes it for a worktree, in that one's own folder, and reads it anywhere. */
const commondirOf = (git: string): string => join(git, "commondir")

/** Also where a link leads nowhere. */
const isThere = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined

/**
 * Removes what a command has made of the unwanted, and tells which it was. A program that holds commands to rules by mounting
 * cannot keep away what is not there, unless it leaves something in its place.
 *
 * @since 0.1.0
 * @category removing
 */
export const removeUnwanted = ({ unwanted }: Rules): ReadonlyArray<string> =>
  unwanted.filter((path) => {
    if (!isThere(path)) return false
    rmSync(path, { recursive: true, force: true })
    return true
  })

/**
 * The folders as they really are. A command can write in the first ones, and put a link in the place of one that lies in
 * them: such a one can be written as it is, and is not followed.
 */
const writableOf = (folders: ReadonlyArray<string>): ReadonlyArray<string> =>
  real(folders.filter((folder, at) => at === 0 ? isOwnFolder(folder) : !isLinkIn(folders, folder)))

const isLinkIn = (folders: ReadonlyArray<string>, path: string): boolean =>
  !isOwnFolder(path) && folders.some((folder) => folder !== path && isWithin(folder, path))

/** A folder that no link leads to. */
const isOwnFolder = (path: string): boolean => isItself(path) && isFolder(path)

/** Whether something is there, and no link leads to it. */
const isItself = (path: string): boolean => {
  try {
    return realpathSync(path) === path
  } catch {
    return false
  }
}

/** A repository without hooks gets the empty folder that `git init` makes: what is not there cannot be protected. */
const makeHooks = (git: string): void => {
  try {
    mkdirSync(join(git, "hooks"))
  } catch {
    // It is there, or the repository is not ours to write.
  }
}

/**
 * Whether it is a folder, or a link to one.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true

/**
 * The real paths of those that are there.
 *
 * @since 0.1.0
 * @category accessors
 */
export const real = (paths: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set(paths.flatMap((path) => {
    try {
      return [realpathSync(path)]
    } catch {
      return []
    }
  }))
]

const inHome = (path: string): string => join(homedir(), path)

/**
 * Folders that hold nothing but secrets.
 *
 * @since 0.1.0
 * @category constants
 */
export const secretFolders: ReadonlyArray<string> = [".azure", ".gnupg", ".password-store", ".config/gcloud"].map(
  inHome
)

/** Files that programs keep sign-ins in, and keys. Their public parts, and what is known of hosts, can be read. */
const secretFiles = (secrets: Secrets, session: string | undefined): ReadonlyArray<string> =>
  [
    ...[".ssh", ".aws", ".aws/sso/cache", ".aws/cli/cache"].flatMap((folder) => filesIn(inHome(folder))),
    ...[".docker/config.json", ".kube/config", ".codex/auth.json", ".config/gh/hosts.yml", ".config/git/credentials"]
      .map(inHome),
    ...filesIn(homedir())
  ].filter((file) => existsSync(file) && secrets.isSecret(file, session))

const filesIn = (folder: string): ReadonlyArray<string> =>
  entries(folder).flatMap((entry) => entry.isDirectory() ? [] : [join(folder, entry.name)])

/** How far the workspace is looked through for files with names of secrets, before each command. */
const maxDepth = 4
const maxFolders = 400

/** Secrets in what was installed are as public as the package. */
const skipped: ReadonlySet<string> = new Set(["node_modules", ".git", ".venv", "vendor", "target", "dist", "build"])

const secretsBelow = (root: string, secrets: Secrets, session: string | undefined): ReadonlyArray<string> => {
  const found: Array<string> = []
  let folders = [root]
  let looked = 0
  for (let depth = 0; depth < maxDepth && folders.length > 0; depth++) {
    const next: Array<string> = []
    for (const folder of folders) {
      if (looked++ >= maxFolders) return found
      for (const entry of entries(folder)) {
        const path = join(folder, entry.name)
        if (entry.isDirectory()) {
          if (!skipped.has(entry.name)) next.push(path)
        } else if (secrets.isHidden(path, session)) found.push(path)
      }
    }
    folders = next
  }
  return found
}

const foldersIn = (folder: string): ReadonlyArray<string> =>
  entries(folder).flatMap((entry) => entry.isDirectory() ? [join(folder, entry.name)] : [])

/**
 * What is in a folder; nothing of what is none.
 *
 * @since 0.1.0
 * @category accessors
 */
export const entries = (folder: string): ReadonlyArray<Dirent> => {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

/** The folder that a workspace is in which git looks after; the workspace itself where there is none. */
const repositoryOf = (root: string): string => {
  for (let folder = root; folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(join(folder, ".git"))) return folder
  }
  return root
}

/** A `.git` that is a link counts as none: a command could make it one, to any repository. */
const isRepository = (git: string): boolean => isOwnFolder(git) && existsSync(join(git, "HEAD"))

/**
 * The folders outside of a worktree in which git keeps what belongs to it. What its `.git` file says counts only if the
 * repository says the same, at its real place: a command could write the one, and lead to the other by a link.
 */
const gitFolders = (own: string): ReadonlyArray<string> => {
  if (lstatSync(own, { throwIfNoEntry: false })?.isFile() !== true) return []
  const [, named] = /^gitdir: (.+)$/m.exec(textOf(own)) ?? []
  const [folder] = named === undefined ? [] : real([resolve(dirname(own), named.trim())])
  if (folder === undefined || resolve(folder, textOf(join(folder, "gitdir")).trim()) !== own) return []
  const common = resolve(folder, textOf(join(folder, "commondir")).trim() || ".")
  return dirname(dirname(folder)) === common && existsSync(join(common, "HEAD")) ? [common] : []
}

/** Nothing of a folder, or of what is not there. */
const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}
