/**
 * Which projects a person trusts: only there does what a project says to agents count. The files of a folder from
 * somebody else could say anything.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as ProjectInstructions from "../../agent/ProjectInstructions.ts"
import { ConfigError } from "../../auth/ConfigError.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { isNotFound } from "../../internal/isNotFound.ts"
import * as StateFile from "../files/StateFile.ts"
import type { Home } from "./Home.ts"

const Trusted = Schema.parseJson(Schema.Struct({ folders: Schema.Array(Schema.String) }))

const decode = (text: string) => Schema.decode(Trusted)(text)
const encode = (trusted: typeof Trusted.Type) => Schema.encodeSync(Trusted)(trusted)

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
    const folders = yield* load(home)
    return folders.length > 0 && folders.includes(yield* ProjectInstructions.projectOf(folder))
  }
)

/**
 * Remembers that the project that a folder belongs to is trusted.
 *
 * @since 0.1.0
 * @category writing
 */
export const trust: (
  home: Home,
  folder: string
) => Effect.Effect<void, ConfigError, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(function*(home, folder) {
  const folders = yield* load(home)
  const project = yield* ProjectInstructions.projectOf(folder)
  if (folders.includes(project)) return
  yield* Effect.mapError(
    StateFile.write(home.trusted, encode({ folders: [...folders, project] })),
    unusable(home)
  )
})

const load = Effect.fnUntraced(function*(home: Home) {
  const text = yield* StateFile.read(home.trusted).pipe(
    Effect.catchIf(isNotFound, () => Effect.succeed(`{"folders":[]}`)),
    Effect.mapError(unusable(home))
  )
  const { folders } = yield* Effect.mapError(decode(text), () =>
    new ConfigError({
      key: "The file",
      source: home.trusted,
      expected: "expected {\"folders\": […]}; correct it, or remove it and trust folders anew with --trust"
    }))
  return folders
})

const unusable = (home: Home) => (error: PlatformError): ConfigError =>
  new ConfigError({ key: "The file", source: home.trusted, expected: diskProblem(error) })
