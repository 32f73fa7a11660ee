/**
 * What a person or a project has taught agents: folders with a `SKILL.md`. The model is told what each is for, and reads
 * the rest when a task calls for it.
 *
 * @since 0.1.0
 */
import type { PlatformError, SystemErrorReason } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { diskProblem } from "../internal/diskProblem.ts"
import { isNotFound } from "../internal/isNotFound.ts"
import { isWithin } from "../internal/paths.ts"
import { quote } from "../internal/quote.ts"
import { readStart } from "../internal/readStart.ts"
import * as Preamble from "../prompts/Preamble.ts"
import { developerMessage, type Item, userMessage } from "../responses/Item.ts"
import * as FrontMatter from "./FrontMatter.ts"
import * as ProjectInstructions from "./ProjectInstructions.ts"

const fileName = "SKILL.md"

/** Limits of the skills standard, in characters. */
const maxName = 64
const maxDescription = 1024

/** How much of a file is looked at for its front matter, in bytes. */
const maxFrontMatter = 16 * 1024

/** How much of a skill the model gets when the user names it, in bytes. */
const maxBytes = 64 * 1024

/** How long the list may be that the model is told, in characters. */
const maxList = 16 * 1024

/**
 * A skill, by the real paths of its file and its folder. One that is not listed is used only when the user names it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Skill {
  readonly name: string
  readonly description: string
  readonly path: string
  readonly folder: string
  /** The link by which the folder was found, where it was one. */
  readonly link?: string
  readonly isListed: boolean
}

/**
 * Why something that looks like a skill is not used, as the end of a sentence.
 *
 * @since 0.1.0
 * @category models
 */
export interface Problem {
  readonly path: string
  readonly reason: string
}

/** @since 0.1.0 @category models */
export interface Loaded {
  /** In the order of their names. */
  readonly skills: ReadonlyArray<Skill>
  readonly problems: ReadonlyArray<Problem>
  /** What is otherwise than the file says, of skills that are used. */
  readonly remarks: ReadonlyArray<Problem>
}

/** @since 0.1.0 @category models */
export interface Options {
  /** Effixir's own folder: what is in `skills/` there is the person's own. */
  readonly home: string
  /** The folder that agents work in, if its project is trusted. */
  readonly folder?: string | undefined
}

/**
 * The skills of a person, and those of a project: what is in `.agents/skills/` and `.claude/skills/` of its folder and of
 * each one down to that in which agents work. Of skills with the same name the nearest counts, and in one folder that of
 * `.agents/`.
 *
 * A skill of a person may be a link to a folder anywhere; one of a project may not lead out of it.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Skills } from "effixir"
 *
 * const instructionsFor = (prompt: string) =>
 *   Effect.gen(function*() {
 *     const { skills } = yield* Skills.load({ home: "/home/ada/.effixir", folder: "/home/ada/app" })
 *     const named = yield* Effect.forEach(Skills.named(skills, prompt), Skills.instructions)
 *     return [...Skills.toItems(skills), ...named]
 *   })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const load: (
  options: Options
) => Effect.Effect<Loaded, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*({ folder, home }) {
    const path = yield* Path.Path
    const realHome = yield* realPath(home)
    const own = path.join(realHome, "skills")
    // Otherwise every file there would become readable through the skill.
    const isPrivate = (real: string) =>
      isWithin(real, realHome) || isWithin(realHome, real) && (real === own || !isWithin(own, real))
    const ofPerson = yield* readAll(
      own,
      (real) => isPrivate(real) ? "its folder holds what is effixir's own" : undefined
    )

    const folders = folder === undefined ? [] : yield* ProjectInstructions.foldersTo(folder)
    const [project = ""] = folders
    const ofProject = yield* Effect.forEach(
      folders.flatMap((folder) => placesIn(path, folder)),
      (place) =>
        readAll(place, (real) => {
          if (isPrivate(real)) return "its folder holds what is effixir's own"
          return real !== project && isWithin(project, real)
            ? undefined
            : "its folder is a link that leads out of the project"
        })
    )
    return nearest([ofPerson, ...ofProject].flat())
  }
)

/** Where a folder of a project may have skills, the place that counts most last. */
const placesIn = ({ join }: Path.Path, folder: string): ReadonlyArray<string> => [
  join(folder, ".claude", "skills"),
  join(folder, ".agents", "skills")
]

/**
 * The files of a project that would be skills if it were trusted. None of them is opened.
 *
 * @example
 * ```ts
 * import { Skills } from "effixir"
 *
 * const folders = Skills.ofProject("/home/ada/app")
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const ofProject: (
  folder: string
) => Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(folder) {
    const path = yield* Path.Path
    const folders = yield* ProjectInstructions.foldersTo(folder)
    const found = yield* Effect.forEach(
      folders.flatMap((folder) => placesIn(path, folder)),
      (place) => Effect.orElseSucceed(filesIn(place), () => [])
    )
    return found.flat()
  }
)

/**
 * What the model is told of them: nothing, or one message of the developer. If the list would grow too long, the
 * descriptions are cut, and what still does not fit is counted.
 *
 * @since 0.1.0
 * @category conversions
 */
export const toItems = (skills: ReadonlyArray<Skill>): ReadonlyArray<Item> => {
  const listed = skills.filter(({ isListed }) => isListed)
  if (listed.length === 0) return []
  const lines = (length: number) =>
    listed.map(({ description, name, path }) =>
      Preamble.skillListed({ name, description: cut(description, length), path: quote(path) })
    )
  const fits = (lines: ReadonlyArray<string>) => lines.join("\n").length <= maxList
  const all = [Infinity, 500, 250, 120].map(lines).find(fits) ?? lines(60)
  let left = maxList
  const shown = all.filter((line) => (left -= line.length + 1) >= 0)
  return [developerMessage(Preamble.skills(shown, all.length - shown.length))]
}

/**
 * The skills that a text names, as `$deploy` does. Names that match no skill are ignored.
 *
 * @since 0.1.0
 * @category invoking
 */
export const named = (skills: ReadonlyArray<Skill>, text: string): ReadonlyArray<Skill> => {
  const names = new Set(Array.from(text.matchAll(/\$([\w-]+)/g), ([, name]) => name))
  return skills.filter(({ name }) => names.has(name))
}

/**
 * What the model is told when the user has named a skill: the whole file, as a user message beside the user's input.
 *
 * @since 0.1.0
 * @category invoking
 */
export const instructions: (
  skill: Skill
) => Effect.Effect<Item, PlatformError, FileSystem.FileSystem> = Effect.fnUntraced(
  function*({ folder, name, path }) {
    const { isCut, text } = yield* readStart(path, maxBytes)
    return userMessage(Preamble.skill({ name, path, folder, text, isCut }))
  }
)

const isOf = (reason: SystemErrorReason, error: PlatformError): boolean =>
  error._tag === "SystemError" && error.reason === reason

const whyNot = (error: PlatformError): string =>
  isOf("PermissionDenied", error) ? "this user may not read it" : diskProblem(error)

/** A skill, and what is otherwise than its file says. */
interface Found {
  readonly skill: Skill
  readonly remark: string | undefined
}

type Read = Either.Either<Found, Problem>

/** The skills in a folder, in the order of the names of their folders. */
const readAll = Effect.fnUntraced(function*(folder: string, refuse: (real: string) => string | undefined) {
  const files = yield* Effect.either(filesIn(folder))
  if (Either.isRight(files)) return yield* Effect.forEach(files.right, (file) => read(file, refuse))
  return isNotFound(files.left) ? [] : [Either.left({ path: folder, reason: whyNot(files.left) })]
})

const filesIn = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* fs.readDirectory(folder)
  const files = names.filter((name) => !name.startsWith(".")).toSorted().map((name) =>
    path.join(folder, name, fileName)
  )
  /** A link without a target, or in a loop. */
  const isLost = (link: string) =>
    Effect.zipWith(
      Effect.isSuccess(fs.readLink(link)),
      Effect.isFailure(fs.stat(link)),
      (isLink, isNowhere) => isLink && isNowhere
    )
  // A path below a file does not exist; any other error is reported when the file is read.
  return yield* Effect.filter(
    files,
    (file) =>
      Effect.zipWith(
        Effect.catchAll(fs.exists(file), (error) => Effect.succeed(!isOf("BadResource", error))),
        isLost(file),
        (isThere, isLost) => isThere || isLost
      )
  )
})

const read: (
  file: string,
  refuse: (real: string) => string | undefined
) => Effect.Effect<Read, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(file, refuse) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const fail = (reason: string) => Either.left({ path: file, reason })
    const found = path.dirname(file)
    const folder = yield* fs.realPath(found)
    const real = yield* fs.realPath(file)
    const refusal = refuse(folder)
    if (refusal !== undefined) return fail(refusal)
    if (!isWithin(folder, real)) return fail("it is a link that leads out of its folder")
    if ((yield* fs.stat(real)).type !== "File") return fail("it is no regular file")
    const written = yield* FrontMatter.parse((yield* readStart(real, maxFrontMatter)).text, maxFrontMatter)
    return Either.mapBoth(Either.flatMap(written, describe), {
      onLeft: (reason) => ({ path: file, reason }),
      onRight: ({ remark, ...described }) => ({
        remark,
        skill: {
          name: path.basename(found),
          ...described,
          path: real,
          folder,
          ...(found === folder ? {} : { link: found })
        }
      })
    })
  },
  (effect, file) =>
    Effect.catchAll(effect, (error) => Effect.succeed(Either.left({ path: file, reason: whyNot(error) })))
)

/**
 * As in Codex and Pi, the name need not match the folder's name, which is the default. As in Claude Code, the first line
 * of the text describes a skill that nothing else describes.
 */
const describe = ({ body, fields }: FrontMatter.FrontMatter) => {
  if (!Predicate.isReadonlyRecord(fields) || Array.isArray(fields)) return Either.left("its front matter has no fields")
  const field = (name: string) => {
    const value = fields[name]
    return Predicate.isString(value) ? value.replaceAll(/\s+/g, " ").trim() : ""
  }
  const name = field("name")
  if (fields["description"] !== undefined && !Predicate.isString(fields["description"])) {
    return Either.left("its description is no text")
  }
  const said = field("description") === "" ? firstLineOf(body) : field("description")
  if (said === "") return Either.left("it has no description, and no text that could be one")
  const isLong = Array.from(said).length > maxDescription
  const description = isLong ? `${Array.from(said).slice(0, maxDescription - 1).join("")}…` : said
  if (Array.from(name).length > maxName) return Either.left(`its name is longer than ${maxName} characters`)
  return Either.right({
    ...(name === "" ? {} : { name }),
    description,
    isListed: field("disable-model-invocation") !== "true",
    remark: isLong ? `its description is cut to ${maxDescription} characters` : undefined
  })
}

const firstLineOf = (text: string): string =>
  text.split("\n").map((line) => line.replace(/^#+\s/, "").trim()).find((line) => line !== "")?.replaceAll(
    /\s+/g,
    " "
  ) ?? ""

/** Of the same name the last counts. A skill that is found twice, directly and through a link, counts once. */
const nearest = (all: ReadonlyArray<Read>): Loaded => {
  const byName = new Map<string, Skill>()
  const problems: Array<Problem> = []
  const remarks: Array<Problem> = []
  for (const one of all) {
    if (Either.isLeft(one)) {
      problems.push(one.left)
      continue
    }
    const { remark, skill } = one.right
    if (remark !== undefined) remarks.push({ path: skill.path, reason: remark })
    const before = byName.get(skill.name)
    if (before !== undefined && before.path !== skill.path) {
      problems.push({ path: before.path, reason: `${skill.path} has the same name, ${skill.name}, and goes before it` })
    }
    byName.set(skill.name, skill)
  }
  return { skills: [...byName.values()].toSorted((a, b) => a.name < b.name ? -1 : 1), problems, remarks }
}

const realPath = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.realPath(folder), () => folder))

const cut = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length - 1).toWellFormed()}…` : text
