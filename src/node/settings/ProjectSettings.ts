/**
 * What a project sets for agents that work in it: `.effixir/config.json` in its folder, which counts once the project is
 * trusted.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as ProjectInstructions from "../../agent/ProjectInstructions.ts"
import { ConfigError } from "../../auth/ConfigError.ts"
import type { Home } from "./Home.ts"
import * as Settings from "./Settings.ts"
import * as Trust from "./Trust.ts"

/** What each run of a person is about, and nothing that a project could say. */
const ofPerson: ReadonlySet<string> = new Set(["credential_store", "durability", "mcp_servers", "policy", "servers"])

/**
 * The file of the project that a folder belongs to, where there is one.
 *
 * @since 0.1.0
 * @category loading
 */
export const find: (
  home: Home,
  folder: string
) => Effect.Effect<string | undefined, never, FileSystem.FileSystem | Path.Path> = Effect.fnUntraced(
  function*(home, folder) {
    const fs = yield* FileSystem.FileSystem
    const file = yield* fileOf(folder)
    if (!(yield* Effect.orElseSucceed(fs.exists(file), () => true))) return undefined
    const real = (path: string) => Effect.orElseSucceed(fs.realPath(path), () => path)
    // A person's home folder can be a project, and `~/.effixir` its settings.
    return (yield* real(file)) === (yield* real(home.config)) ? undefined : file
  }
)

/**
 * Where the settings of the project that a folder belongs to would be.
 *
 * @since 0.1.0
 * @category paths
 */
export const fileOf: (folder: string) => Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> = Effect
  .fnUntraced(function*(folder) {
    const path = yield* Path.Path
    return path.join(yield* ProjectInstructions.projectOf(folder), ".effixir", "config.json")
  })

/**
 * What a trusted project sets; nothing of one that is not trusted. Hooks that are not those that a person has trusted are
 * left out: `hasOtherHooks`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Home, ProjectSettings } from "effixir/node"
 *
 * const ofProject = (folder: string) =>
 *   Effect.gen(function*() {
 *     const home = yield* Home.config
 *     if ((yield* ProjectSettings.find(home, folder)) === undefined) return yield* ProjectSettings.fileOf(folder)
 *     const found = yield* ProjectSettings.read(home, folder) // undefined while nobody trusts the project
 *     yield* ProjectSettings.check(Object.keys(found?.written ?? {}), found?.file ?? "")
 *     return found
 *   })
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const read: (
  home: Home,
  folder: string
) => Effect.Effect<
  { readonly file: string; readonly written: Settings.Written; readonly hasOtherHooks: boolean } | undefined,
  ConfigError,
  FileSystem.FileSystem | Path.Path
> = Effect.fnUntraced(function*(home, folder) {
  const file = yield* find(home, folder)
  if (file === undefined || !(yield* Trust.isTrusted(home, folder))) return undefined
  const written = yield* Settings.read(file)
  yield* check(Object.keys(written), file)
  const { hooks, ...others } = written
  const hasOtherHooks = hooks !== undefined && !(yield* Trust.mayStart(home, folder, "hooks", hooks))
  return { file, written: hasOtherHooks ? others : written, hasOtherHooks }
})

/**
 * Fails for a setting that is a person's own.
 *
 * @since 0.1.0
 * @category checks
 */
export const check = (names: ReadonlyArray<string>, source: string): Effect.Effect<void, ConfigError> => {
  const own = names.find((name) => ofPerson.has(name))
  return own === undefined
    ? Effect.void
    : new ConfigError({ key: own, source, expected: "a project cannot set it; set it in config.json of your own" })
}
