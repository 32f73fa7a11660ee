/**
 * Which projects a person trusts: only there does what a project says to agents count. The files of a folder from
 * somebody else could say anything. What of it starts programs, its MCP servers and its hooks, counts only as it was when
 * the person trusted it: it can be changed by whoever works in the folder.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Home, Trust } from "effixir/node"
 *
 * const folder = "/home/ada/app"
 *
 * const trusted = Effect.gen(function*() {
 *   const home = yield* Home.config
 *   if (!(yield* Trust.isTrusted(home, folder))) yield* Trust.trust(home, folder)
 *   return yield* Trust.mayStart(home, folder, "servers", { mcpServers: {} })
 * })
 * ```
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import * as ProjectInstructions from "../../agent/ProjectInstructions.ts"
import { ConfigError } from "../../auth/ConfigError.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import { lazily } from "../../internal/lazily.ts"
import * as StateFile from "../files/StateFile.ts"
import type { Home } from "./Home.ts"
import * as Settings from "./Settings.ts"

const Digests = Schema.Struct({ servers: Schema.optional(Schema.String), hooks: Schema.optional(Schema.String) })

const Trusted = lazily(() =>
  Schema.parseJson(Schema.Struct({
    folders: Schema.Array(Schema.String),
    digests: Schema.optional(Schema.Record({ key: Schema.String, value: Digests }))
  }))
)

type Trusted = ReturnType<typeof Trusted>["Type"]

const nobody: Trusted = { folders: [] }

const encode = (trusted: Trusted) => Schema.encodeSync(Trusted())(trusted)

/**
 * Whether the project that a folder belongs to is trusted. A project within another one has to be trusted on its own.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isTrusted: (
  home: Home,
  folder: string
) => Effect.Effect<boolean, ConfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(home, folder) {
    const { folders } = yield* load(home)
    return folders.length > 0 && folders.includes(yield* ProjectInstructions.projectOf(folder))
  }
)

/**
 * What of a project starts programs: its `.mcp.json`, and the hooks of its `.effixir/config.json`.
 *
 * @since 0.1.0
 * @category models
 */
export type Starting = "servers" | "hooks"

/**
 * Whether a person has trusted the project that a folder belongs to with these very servers, or hooks.
 *
 * @param content what `.mcp.json` holds, or the hooks as they are written
 *
 * @since 0.1.0
 * @category predicates
 */
export const mayStart: (
  home: Home,
  folder: string,
  what: Starting,
  content: unknown
) => Effect.Effect<boolean, ConfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(home, folder, what, content) {
    const { digests = {}, folders } = yield* load(home)
    const project = yield* ProjectInstructions.projectOf(folder)
    return folders.includes(project) && digests[project]?.[what] === digest(content)
  }
)

/**
 * Remembers that the project that a folder belongs to is trusted, and with what it would start now.
 *
 * @since 0.1.0
 * @category writing
 */
export const trust: (
  home: Home,
  folder: string
) => Effect.Effect<void, ConfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*(home, folder) {
  const trusted = yield* load(home)
  const project = yield* ProjectInstructions.projectOf(folder)
  const { [project]: before, ...others } = trusted.digests ?? {}
  const now = yield* digestsOf(project)
  const isSame = before?.servers === now.servers && before?.hooks === now.hooks
  if (trusted.folders.includes(project) && isSame) return
  const isNothing = now.servers === undefined && now.hooks === undefined
  const digests = isNothing ? others : { ...others, [project]: now }
  yield* Effect.mapError(
    StateFile.write(
      home.trusted,
      encode({
        folders: [...new Set([...trusted.folders, project])],
        ...Object.keys(digests).length === 0 ? {} : { digests }
      })
    ),
    unusable(home)
  )
})

/** Of what cannot be read nothing is trusted; whoever reads it says why. */
const digestsOf = Effect.fnUntraced(function*(project: string) {
  const fs = yield* FileSystem.FileSystem
  const { join } = yield* Path.Path
  const textOf = (file: string) => fs.readFileString(file)
  const config = join(project, ".effixir", "config.json")
  const servers = yield* Effect.option(textOf(join(project, ".mcp.json")))
  const written = yield* Effect.option(Effect.flatMap(textOf(config), (text) => Settings.parse(text, config)))
  const hooks = Option.flatMapNullable(written, ({ hooks }) => hooks)
  return {
    ...Option.isSome(servers) ? { servers: digest(servers.value) } : {},
    ...Option.isSome(hooks) ? { hooks: digest(hooks.value) } : {}
  }
})

const digest = (content: unknown): string =>
  createHash("sha256").update(typeof content === "string" ? content : JSON.stringify(content)).digest("hex")

const load = Effect.fnUntraced(function*(home: Home) {
  const text = yield* StateFile.read(home.trusted).pipe(
    Effect.asSome,
    Effect.catchIf(isNotFound, () => Effect.succeedNone),
    Effect.mapError(unusable(home))
  )
  if (Option.isNone(text)) return nobody
  return yield* Effect.mapError(Schema.decode(Trusted())(text.value), () =>
    new ConfigError({
      key: "The file",
      source: home.trusted,
      expected: "expected {\"folders\": […]}; correct it, or remove it and trust folders anew with --trust"
    }))
})

const unusable = (home: Home) => (error: PlatformError): ConfigError =>
  new ConfigError({ key: "The file", source: home.trusted, expected: diskProblem(error) })
