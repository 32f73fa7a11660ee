/**
 * What a command line would touch, as far as its words and its programs show: where its paths lead, and why it is not
 * known to be read-only.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isNotFound } from "../../internal/isNotFound.ts"
import { below, isWithin, resolve } from "../../internal/paths.ts"
import * as Refusals from "../../prompts/Refusals.ts"
import { CommandRunner } from "../command/CommandRunner.ts"
import * as GitRepository from "../workspace/GitRepository.ts"
import { Workspace } from "../workspace/Workspace.ts"
import * as CommandPreview from "./CommandPreview.ts"
import * as ProgramFile from "./ProgramFile.ts"
import type { PathWord, Program } from "./ProgramWords.ts"
import * as SafeCommands from "./SafeCommands.ts"
import { builtIn, programs } from "./SafePrograms.ts"
import { SecretFiles } from "./SecretFiles.ts"

/** @since 0.1.0 @category models */
export interface Line {
  /** The paths that it names, each in its spellings, relative to the workspace where they are in it. */
  readonly paths: ReadonlyArray<ReadonlyArray<string>>
  /** Whether one of them holds secrets. */
  readonly namesSecret: boolean
  /**
   * Why it is not known to be read-only; nothing if it is. If programs are given, only they are checked: the others are
   * already allowed.
   */
  readonly objection: (undecided?: ReadonlyArray<SafeCommands.Words>) => Effect.Effect<Option.Option<string>>
}

/** @since 0.1.0 @category models */
export interface Given {
  readonly command: string
  readonly workdir: string | undefined
  readonly sessionId: string
}

/** @since 0.1.0 @category models */
export interface Options {
  /** Whether a policy forbids reading a file, by its path relative to the workspace. */
  readonly isDenied: (path: string) => boolean
}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*({ isDenied }: Options) {
  const workspace = yield* Workspace
  const secrets = yield* SecretFiles
  const services = yield* Effect.context<FileSystem.FileSystem | CommandRunner>()
  const fs = yield* FileSystem.FileSystem
  const { root } = workspace

  const topOf = GitRepository.topOf(root)

  const follow = Effect.fnUntraced(function*(path: string, { isFile }: PathWord, open: ReadonlyArray<string>) {
    const resolved = yield* Effect.either(workspace.resolveToRead(path))
    const real = resolved._tag === "Right" ? resolved.right : undefined
    // A path to nothing is harmless. One too long for a system call may still be reachable from a folder on the way.
    const isInside = real !== undefined ||
      resolved._tag === "Left" && resolved.left._tag === "SystemError" && isNotFound(resolved.left) ||
      path === "/dev/null" || open.some((folder) => isWithin(folder, path))
    const isFolder = isFile && (yield* Effect.orElseSucceed(
      Effect.map(fs.stat(real ?? path), ({ type }) => type === "Directory"),
      () => false
    ))
    return {
      isOpen: isInside && !isFolder,
      real,
      paths: [relative(root, path), ...real === undefined ? [] : [relative(root, real)]]
    }
  })

  /** The names that the shell may put in place of a glob: rather too many than too few. */
  const expanded = Effect.fnUntraced(function*(path: string) {
    const at = path.lastIndexOf("/")
    const isMatch = matcher(path.slice(at + 1))
    const names = yield* Effect.orElseSucceed(fs.readDirectory(path.slice(0, at) || "/"), () => [])
    // In most shells, and in all old ones, `.*` matches the folder above (`..`) as well.
    const all = path[at + 1] === "." ? [".", "..", ...names] : names
    return all.filter((name) => isMatch(name)).map((name) => `${path.slice(0, at)}/${name}`)
  })

  const followAll = Effect.fnUntraced(function*(command: SafeCommands.Command, start: string, sessionId: string) {
    const open = secrets.open(sessionId)
    const top = command.paths.some(({ isInCommit }) => isInCommit) ? yield* topOf : Option.none()
    const places = command.folders.flatMap((folder) =>
      command.paths.filter(({ text }) => text.length <= maxPath).map((word) => {
        const base = word.isInCommit && !word.text.startsWith("./") && Option.isSome(top)
          ? top.value
          : from(start, folder)
        return { word, path: from(base, word.text) }
      })
    )
    return yield* Effect.forEach(places, ({ path, word }) =>
      Effect.gen(function*() {
        const names = word.isGlob ? yield* expanded(path) : []
        return yield* Effect.forEach([path, ...names], (path) => follow(path, word, open))
      })).pipe(Effect.map((all) => all.flat()))
  })

  /**
   * Why git may not run unasked, if so: it would read another folder, or a repository whose configuration affects what
   * it does.
   */
  const objectionToGit = Effect.fnUntraced(function*(folders: ReadonlyArray<string>, movers: ReadonlyArray<string>) {
    const environment = yield* environmentOf
    if (folders.some((folder) => folder !== root) || movers.some((name) => (environment[name] ?? "") !== "")) {
      return Refusals.notKnownToOnlyLook
    }
    return (yield* GitRepository.isPlain(root))
      ? undefined
      : Refusals.repositoryNamesPrograms
  })

  const isOutside = (path: string, sessionId: string) =>
    ![root, ...secrets.open(sessionId)].some((folder) => isWithin(folder, path))

  /** Why the files that a program would show without being named must not be shown. */
  const objectionToShown = Effect.fnUntraced(function*(
    command: SafeCommands.Command & { readonly explained: SafeCommands.Explained },
    folder: string,
    sessionId: string
  ) {
    if (command.explained.program.preview === undefined) return undefined
    const isGit = command.words[0] === "git"
    // Without a repository, git compares any files it is given.
    const base = isGit ? Option.getOrUndefined(yield* topOf) : folder
    const found = base === undefined ? Option.none() : yield* CommandPreview.names(command, folder)
    if (base === undefined || Option.isNone(found)) {
      return Refusals.cannotForesee
    }
    const names = found.value.map((name) => resolve(base, name))
    const real = isGit
      ? names
      : (yield* isConfigured(command.explained.program))
      ? yield* Effect.forEach(names, realPath)
      : yield* realPaths(names, command.paths, folder)
    const hidden = [...new Set(real)].filter((path) =>
      isOutside(path, sessionId) || secrets.isHidden(path, sessionId) || isDenied(relative(root, path))
    ).toSorted()
    const [first] = hidden
    if (first === undefined) return undefined
    const why = isOutside(first, sessionId) ? "outside" : secrets.isSecret(first, sessionId) ? "secret" : "denied"
    const plain = hidden.map((path) => below(base, path) ?? "").filter(isPlainName)
    const leaveOut = why === "outside"
      ? isGit ? Refusals.leaveOutOther : undefined
      : plain.length < hidden.length || plain.length > maxAdvised
      ? undefined
      : isGit
      ? Refusals.leaveOutOfGit(plain)
      : Refusals.leaveOutOfSearch(plain)
    return Refusals.wouldShow({ path: relative(root, first), why, more: hidden.length - 1, leaveOut })
  })

  /** Whether a configuration file of the user's affects the program: it could make the program follow links. */
  const isConfigured = ({ steeredBy = [] }: Program) =>
    Effect.map(environmentOf, (environment) => steeredBy.some((name) => (environment[name] ?? "") !== ""))

  /** Their real paths, if a path that the program was given is a link: below it no link is followed. */
  const realPaths = Effect.fnUntraced(function*(
    found: ReadonlyArray<string>,
    given: ReadonlyArray<PathWord>,
    folder: string
  ) {
    const isReal = yield* Effect.every(given, ({ text }) => {
      const path = from(folder, text)
      return Effect.map(realPath(path), (real) => real === resolve("/", path))
    })
    if (isReal) return found
    const folders = new Map<string, string>()
    return yield* Effect.forEach(found, (path) =>
      Effect.gen(function*() {
        const at = path.lastIndexOf("/")
        const folder = path.slice(0, at)
        const real = folders.get(folder) ?? (yield* realPath(folder))
        folders.set(folder, real)
        return [path, `${real}${path.slice(at)}`]
      })).pipe(Effect.map((all) => all.flat()))
  })

  const realPath = (path: string) => Effect.orElseSucceed(fs.realPath(path), () => path)

  const environmentOf = Effect.flatMap(CommandRunner, ({ environment }) => environment)

  /** Why one program is not known to be read-only. */
  const objectionTo = Effect.fnUntraced(function*(command: SafeCommands.Command, start: string, sessionId: string) {
    const { explained, words: [name] } = command
    if (explained === undefined) return unexplained(command.words)
    const { movedBy = [], steeredBy = [] } = explained.program
    const environment = yield* environmentOf
    const isOwn = !builtIn.has(name) && !(yield* ProgramFile.isForeign(name, environment, root))
    if (isOwn) return Refusals.programOfWorkspace(name)
    if (yield* ProgramFile.isSteered([...steeredBy, "BASH_ENV"], environment, root)) return Refusals.notKnownToOnlyLook
    const folders = yield* Effect.forEach(command.folders, (folder) => realPath(from(start, folder)))
    if (name === "git") {
      const objection = yield* objectionToGit(folders, movedBy)
      if (objection !== undefined) return objection
    }
    for (const folder of folders) {
      const objection = yield* objectionToShown({ ...command, explained }, folder, sessionId)
      if (objection !== undefined) return objection
    }
    return undefined
  })

  return {
    read: Effect.fnUntraced(function*({ command, sessionId, workdir }: Given) {
      // Commands whose folder is outside of the workspace fail before they do anything.
      const start = yield* Effect.orElseSucceed(workspace.resolve(workdir ?? "."), () => root)
      const commands = SafeCommands.explain(command, [root, ...secrets.open(sessionId)])
      const named = yield* Effect.forEach(commands ?? [], (command) => followAll(command, start, sessionId))
      const isNamed = named.flat().some(({ paths, real }) =>
        [real, ...paths].some((path) => path !== undefined && secrets.isSecret(resolve(root, path), sessionId, "read"))
      )
      // Where every word is explained, only its paths can name files.
      const isExplained = commands?.every(({ explained }) => explained !== undefined) === true
      const line: Line = {
        paths: named.flat().map(({ paths }) => paths),
        namesSecret: isNamed || !isExplained && secrets.isNamedIn(command, start, sessionId),
        objection: (undecided) =>
          Effect.gen(function*() {
            if (commands === undefined) {
              return SafeCommands.mayTurnIntoOption(command) ? Refusals.globMayTurnIntoOption : Refusals.notPlain
            }
            if (named.flat().some(({ isOpen }) => !isOpen)) return Refusals.notKnownToOnlyLook
            const isUndecided = new Set(undecided?.map((words) => JSON.stringify(words)))
            for (const command of commands) {
              if (undecided !== undefined && !isUndecided.has(JSON.stringify(command.words))) continue
              const objection = yield* objectionTo(command, start, sessionId)
              if (objection !== undefined) return objection
            }
            return undefined
          }).pipe(Effect.map(Option.fromNullable), Effect.provide(services))
      }
      return line
    }, Effect.provide(services))
  }
})

/** Even a known program may be used in unknown ways. */
const unexplained = ([name, first = ""]: SafeCommands.Words): string => {
  const program = name === "git" && /^[a-z-]+$/.test(first) ? `git ${first}` : name
  return Refusals.unexplainedProgram(program, programs.has(program))
}

/** The largest number of names in a message. */
const maxAdvised = 5

/** A name that reads the same in quotes, and is no pattern. */
const isPlainName = (name: string): boolean => /^[\w./@+ -]+$/.test(name)

/** No system supports a longer one. */
const maxPath = 5000

const from = (folder: string, path: string): string =>
  path === "" ? folder : path.startsWith("/") ? path : `${folder}/${path}`

/** As a rule would spell it. */
const relative = (root: string, given: string): string => {
  const path = resolve(root, given.slice(0, maxPath))
  return path === root ? "." : below(root, path) ?? path
}

/**
 * Whether a name is one that the shell would put in the place of a glob of `*` and `?`, in whatever case. After a
 * mismatch only the last star takes a letter more, so that no glob from the model takes exponential time.
 */
const matcher = (glob: string): (name: string) => boolean => {
  const wanted = Array.from(glob.toLowerCase())
  return (name) => {
    const letters = Array.from(name.toLowerCase())
    let at = 0
    let star = -1
    let behindStar = 0
    for (let index = 0; index < letters.length; index++) {
      if (wanted[at] === "*") {
        star = at++
        behindStar = index--
      } else if (wanted[at] === "?" || wanted[at] === letters[index]) at++
      else if (star === -1) return false
      else {
        at = star + 1
        index = behindStar++
      }
    }
    return wanted.slice(at).every((letter) => letter === "*")
  }
}
