/**
 * The MCP servers that count in a folder: those of a person's `config.json`, and of the project's `.mcp.json` once the
 * project is trusted with it as it is.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ProjectInstructions from "../../agent/ProjectInstructions.ts"
import { ConfigError } from "../../auth/ConfigError.ts"
import * as Host from "../../auth/Host.ts"
import { Secrets } from "../../auth/Secrets.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import * as McpServers from "../../tools/mcp/McpServers.ts"
import type { Home } from "./Home.ts"
import * as Jsonc from "./Jsonc.ts"
import * as ProjectSettings from "./ProjectSettings.ts"
import type * as Settings from "./Settings.ts"
import * as Trust from "./Trust.ts"

/** The name of a project's file. */
const fileName = ".mcp.json"

/** More is no list of servers. In bytes. */
const maxSize = 1024 * 1024

/** @since 0.1.0 @category models */
export interface Options {
  readonly home: Home
  readonly settings: Pick<Settings.Settings, "mcp_servers">
  readonly folder: string
  readonly isTrusted: boolean
}

/**
 * The servers, a person's own first.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Home, McpSettings, Settings, Trust } from "effixir/node"
 *
 * const servers = (folder: string) =>
 *   Effect.gen(function*() {
 *     const home = yield* Home.config
 *     const settings = yield* Settings.load(home.config)
 *     for (const { file, what } of yield* McpSettings.leftOut(home, folder)) yield* Effect.logWarning(file, what)
 *     yield* Effect.log(yield* McpSettings.fileOf(folder))
 *     return yield* McpSettings.load({ home, settings, folder, isTrusted: yield* Trust.isTrusted(home, folder) })
 *   })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const load = Effect.fnUntraced(function*({ folder, home, isTrusted, settings }: Options) {
  const own = McpServers.ofSettings(settings.mcp_servers ?? {}, home.config)
  return isTrusted ? McpServers.merge(own, yield* ofProject(home, folder)) : own
})

/**
 * The files of a project that is trusted of which nothing is started, since a person has not trusted them as they are.
 *
 * @since 0.1.0
 * @category loading
 */
export const leftOut = Effect.fnUntraced(function*(home: Home, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fileOf(folder)
  const text = yield* Effect.option(fs.readFileString(file))
  const areServers = Option.isSome(text) && !(yield* Trust.mayStart(home, folder, "servers", text.value))
  const project = yield* ProjectSettings.read(home, folder)
  return [
    ...areServers ? [{ file, what: "MCP servers" }] : [],
    ...project?.hasOtherHooks === true ? [{ file: project.file, what: "hooks" }] : []
  ]
})

/**
 * Where the project of a folder would name its servers.
 *
 * @since 0.1.0
 * @category paths
 */
export const fileOf: (folder: string) => Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> = Effect
  .fnUntraced(function*(folder) {
    const path = yield* Path.Path
    return path.join(yield* ProjectInstructions.projectOf(folder), fileName)
  })

const ofProject = Effect.fnUntraced(function*(home: Home, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const file = yield* fileOf(folder)
  const unusable = (expected: string) => new ConfigError({ key: "The file", source: file, expected })
  const text = yield* Effect.filterOrFail(
    fs.stat(file),
    ({ size }) => size <= maxSize,
    () => unusable("it is larger than a list of servers can be")
  ).pipe(
    Effect.zipRight(Effect.asSome(fs.readFileString(file))),
    Effect.catchTags({
      BadArgument: (error) => unusable(diskProblem(error)),
      SystemError: (error) => isNotFound(error) ? Effect.succeedNone : unusable(diskProblem(error))
    })
  )
  if (Option.isNone(text)) return []
  if (!(yield* Trust.mayStart(home, folder, "servers", text.value))) return []
  const json = yield* Effect.mapError(Jsonc.parse(text.value), ({ problem }) => unusable(problem))
  const { addForeign, isOwnIn } = yield* Secrets
  const look = (name: string) =>
    Effect.map(
      Effect.option(Config.string(name)),
      (value) =>
        Option.isSome(value) && (isOurs.test(name) || isOwnIn(value.value))
          ? Either.left(`${name} is a sign-in of effixir's own, which a project does not get`)
          : Either.right(Option.getOrUndefined(value))
    )
  const names = Array.from(text.value.matchAll(/\$\{([A-Za-z_]\w*)/g), ([, name = ""]) => name)
  const values = new Map(
    yield* Effect.forEach(new Set(names), (name) => Effect.map(look(name), (value) => [name, value] as const))
  )
  yield* addForeign(
    ...Array.from(values).flatMap(([name, value]) =>
      Host.isSecretName(name) && Either.isRight(value) && value.right !== undefined ? [Redacted.make(value.right)] : []
    )
  )
  const servers = McpServers.ofProject(json, file, (name) => values.get(name) ?? Either.right(undefined))
  if (servers === undefined) return yield* unusable("expected {\"mcpServers\": {…}}")
  return yield* Effect.forEach(
    servers,
    (configured) =>
      Effect.map(Effect.forEach(McpServers.variablesOf(configured), look), (found) => ({
        ...configured,
        server: Either.andThen(Either.all(found), configured.server)
      }))
  )
})

/** What signs in to models; a person can pass it on in `config.json`. */
const isOurs = /^(?:OPENAI_API_KEY|(?:CODEX|CHATGPT|EFFIXIR)_\w*(?:KEY|TOKEN|SECRET))$/
