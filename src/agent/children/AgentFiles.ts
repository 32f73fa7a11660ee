/**
 * Agents that are described in files: those of a person in `agents/NAME.md` of effixir's own folder, and those of a
 * trusted project in `.agents/agents/NAME.md`, for its folder and for each one down to that in which agents work.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as Console from "effect/Console"
 * import * as Effect from "effect/Effect"
 * import { AgentFiles } from "effixir/agent"
 *
 * const main = Effect.gen(function*() {
 *   const { agents, problems } = yield* AgentFiles.load({ home: "/home/ada/.effixir", folder: "/home/ada/app" })
 *   for (const { name } of agents) yield* Console.log(name)
 *   for (const { path, reason } of problems) yield* Console.warn(`${path} is left out: ${reason}`)
 *   // Of a project that is not trusted only the names of the files.
 *   return yield* AgentFiles.ofProject("/home/ada/other")
 * }).pipe(Effect.provide(NodeContext.layer))
 * ```
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Predicate from "effect/Predicate"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { defined } from "../../internal/json.ts"
import { isWithin } from "../../internal/paths.ts"
import { readStart } from "../../internal/readStart.ts"
import * as FrontMatter from "../FrontMatter.ts"
import * as ProjectInstructions from "../ProjectInstructions.ts"
import type { AgentDefinition } from "./AgentDefinition.ts"

/** A longer file is left out, in bytes. */
const maxBytes = 64 * 1024

/** In characters: each description is a part of every request. */
const maxDescription = 500

/**
 * Why a file that should describe an agent is not used, as the end of a sentence.
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
  /** Of the same name the nearest comes last. */
  readonly agents: ReadonlyArray<AgentDefinition>
  readonly problems: ReadonlyArray<Problem>
}

/** @since 0.1.0 @category models */
export interface Options {
  /** Effixir's own folder. */
  readonly home: string
  /** The folder that agents work in, if its project is trusted. */
  readonly folder?: string | undefined
}

/** @since 0.1.0 @category loading */
export const load: (
  options: Options
) => Effect.Effect<Loaded, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*({ folder, home }) {
  const path = yield* Path.Path
  const own = yield* readAll(path.join(home, "agents"), () => true)
  const folders = folder === undefined ? [] : yield* ProjectInstructions.foldersTo(folder)
  const [project = ""] = folders
  const theirs = yield* Effect.forEach(
    folders,
    (folder) => readAll(placeIn(path, folder), (real) => isWithin(project, real))
  )
  const [problems, agents] = Arr.separate([own, ...theirs].flat())
  return { agents, problems }
})

const placeIn = ({ join }: Path.Path, folder: string) => join(folder, ".agents", "agents")

/**
 * The files of a project that would describe agents if it were trusted. None of them is opened.
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
      folders,
      (folder) => Effect.orElseSucceed(filesIn(placeIn(path, folder)), () => [])
    )
    return found.flat()
  }
)

type Read = Either.Either<AgentDefinition, Problem>

const readAll = Effect.fnUntraced(function*(folder: string, mayRead: (real: string) => boolean) {
  const files = yield* Effect.either(filesIn(folder))
  if (Either.isRight(files)) return yield* Effect.forEach(files.right, (file) => read(file, mayRead))
  return isNotFound(files.left) ? [] : [Either.left({ path: folder, reason: diskProblem(files.left) })]
})

const filesIn = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const names = yield* fs.readDirectory(folder)
  return names.filter((name) => !name.startsWith(".") && name.endsWith(".md")).toSorted()
    .map((name) => path.join(folder, name))
})

const read: (
  file: string,
  mayRead: (real: string) => boolean
) => Effect.Effect<Read, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(file, mayRead) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const fail = (reason: string) => Either.left({ path: file, reason })
    const real = yield* fs.realPath(file)
    if (!mayRead(real)) return fail("it is a link that leads out of the project")
    if ((yield* fs.stat(real)).type !== "File") return fail("it is no regular file")
    const { isCut, text } = yield* readStart(real, maxBytes)
    if (isCut) return fail(`it is longer than ${maxBytes / 1024} KiB`)
    const parsed = Either.flatMap(
      yield* FrontMatter.parse(text, maxBytes),
      (written) => describe(path.basename(file, ".md"), written)
    )
    return Either.mapBoth(parsed, {
      onLeft: (reason) => ({ path: file, reason }),
      onRight: (agent): AgentDefinition => ({ ...agent, path: file })
    })
  },
  (effect, file) =>
    Effect.catchAll(effect, (error) => Effect.succeed(Either.left({ path: file, reason: diskProblem(error) })))
)

/** Fields of other programs that mean nothing here are passed over. */
const describe = (
  fileName: string,
  { body, fields }: FrontMatter.FrontMatter
): Either.Either<AgentDefinition, string> => {
  if (!Predicate.isReadonlyRecord(fields) || Array.isArray(fields)) return Either.left("its front matter has no fields")
  const field = (name: string) => {
    const value = fields[name]
    return Predicate.isString(value) && value.trim() !== "" ? value.replaceAll(/\s+/g, " ").trim() : undefined
  }
  const name = field("name") ?? fileName
  if (!/^[A-Za-z0-9][\w-]{0,63}$/.test(name)) {
    return Either.left("its name is not 1 to 64 letters, digits, \"_\" and \"-\"")
  }
  const description = field("description")
  if (description === undefined) return Either.left("it has no description, by which a model would choose it")
  const instructions = body.trim()
  if (instructions === "") return Either.left("it has no instructions: they are the text behind the front matter")
  const permission = field("permission")
  if (permission !== undefined && permission !== "read-only") {
    return Either.left("its permission is not \"read-only\", which is all that it can be held to")
  }
  const model = field("model")
  return Either.right({
    name,
    description: Array.from(description).slice(0, maxDescription).join(""),
    instructions,
    ...defined({
      model: model === "inherit" ? undefined : model,
      effort: field("effort") ?? field("reasoning_effort"),
      tools: toolsIn(fields["tools"])
    }),
    isReadOnly: permission === "read-only"
  })
}

/** A list, or names with commas between them. */
const toolsIn = (value: unknown): ReadonlyArray<string> | undefined => {
  const names = Array.isArray(value) ? value.map(String) : Predicate.isString(value) ? value.split(",") : undefined
  return names?.map((name) => name.trim()).filter((name) => name !== "")
}
