/**
 * Changes `config.json`: one setting at a time, whatever else the file says, and with its comments.
 *
 * @since 0.1.0
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { ConfigError } from "../../auth/ConfigError.ts"
import { diskProblem } from "../../internal/diskProblem.ts"
import { makeFolder } from "../../internal/makeFolder.ts"
import * as StateFile from "../files/StateFile.ts"
import * as Jsonc from "./Jsonc.ts"
import * as Overrides from "./Overrides.ts"
import * as Settings from "./Settings.ts"

/**
 * Sets what the words say, if it can be used. Gives what is wrong with the rest of the file, if something is.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Settings, SettingsFile } from "effixir/node"
 *
 * const file = "/home/ada/.effixir/config.json"
 *
 * const change = Effect.gen(function*() {
 *   yield* SettingsFile.set(file, "model", "gpt-6-astra") // comments stay
 *   yield* SettingsFile.unset(file, "reasoning_effort")
 *   return SettingsFile.valueAt(yield* Settings.read(file), ["model"])
 * })
 * ```
 *
 * @since 0.1.0
 * @category writing
 */
export const set: (
  file: string,
  key: string,
  words: string
) => Effect.Effect<ConfigError | undefined, ConfigError, FileSystem.FileSystem | Path.Path> = (file, key, words) =>
  change(file, (before) =>
    Effect.gen(function*() {
      const path = yield* Overrides.pathOf(key, commandLine)
      const { value } = yield* Overrides.assign(before, path, words, commandLine)
      // Something that is no object cannot hold a value, and is replaced as a whole.
      const whole = path.findIndex((_, index) => index > 0 && !isHolder(before, path.slice(0, index)))
      if (whole < 0) return { path, value }
      const above = path.slice(0, whole)
      return { path: above, value: valueAt(Overrides.apply(before, { path, value }), above) }
    }))

/**
 * Sets it no longer. A key that is not known can be removed as well.
 *
 * @since 0.1.0
 * @category writing
 */
export const unset: (
  file: string,
  key: string
) => Effect.Effect<
  { readonly wasSet: boolean; readonly problem: ConfigError | undefined },
  ConfigError,
  FileSystem.FileSystem | Path.Path
> = Effect.fnUntraced(function*(file, key) {
  let wasSet = false
  const problem = yield* change(file, (before) =>
    Effect.gen(function*() {
      const path = key in before ? [key] : yield* Overrides.pathOf(key, commandLine)
      wasSet = valueAt(before, path) !== undefined
      return wasSet ? { path, value: undefined } : undefined
    }))
  return { wasSet, problem }
})

const commandLine = "`effixir config`"

/** Under the lock of the file, so that nobody else's change is lost. */
const change = (
  file: string,
  decide: (before: Settings.Written) => Effect.Effect<Overrides.Assignment | undefined, ConfigError>
) =>
  Effect.scoped(Effect.gen(function*() {
    const { dirname } = yield* Path.Path
    yield* Effect.mapError(
      Effect.zipRight(makeFolder(dirname(file), 0o700), StateFile.lock(file)),
      unusable(file)
    )
    const found = yield* Settings.readText(file)
    const text = found.trim() === "" ? "{}\n" : found
    const before = yield* Settings.parse(text, file)
    const decided = yield* decide(before)
    if (decided === undefined) return yield* problemOf(text, file)
    const changed = yield* Jsonc.edit(text, decided.path, decided.value)
    yield* Effect.mapError(StateFile.write(file, changed), unusable(file))
    return yield* problemOf(changed, file)
  }))

const problemOf = (text: string, file: string) =>
  Settings.parse(text, file).pipe(
    Effect.flatMap((written) => Settings.decode(written, file)),
    Effect.match({ onFailure: (error) => error, onSuccess: () => undefined })
  )

const unusable = (file: string) => (error: PlatformError): ConfigError =>
  new ConfigError({ key: "The file", source: file, expected: diskProblem(error) })

/**
 * The value in a place of settings.
 *
 * @since 0.1.0
 * @category accessors
 */
export const valueAt = (value: unknown, path: Jsonc.Path): unknown =>
  path.reduce<unknown>(
    (value, name) => isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined,
    value
  )

const isHolder = (before: unknown, path: Jsonc.Path): boolean => {
  const value = valueAt(before, path)
  return value === undefined || isObject(value)
}

const isObject = (value: unknown): value is { readonly [name: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)
