/**
 * Settings of one run, as `--set KEY=VALUE` gives them. They go before all others.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { ConfigError } from "../../auth/ConfigError.ts"
import { parse as parseJson } from "../../internal/json.ts"
import type { Path } from "./Jsonc.ts"
import * as Settings from "./Settings.ts"

/**
 * A value and where it stands: the name of a setting and, where that is an object, names within it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Assignment {
  readonly path: Path
  readonly value: unknown
}

/**
 * What is set for this run.
 *
 * @since 0.1.0
 * @category references
 */
export class Overrides extends Context.Reference<Overrides>()("effixir/node/Overrides", {
  defaultValue: (): ReadonlyArray<Assignment> => []
}) {}

/**
 * Runs a program with such settings.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Home, Overrides, ResolvedSettings } from "effixir/node"
 *
 * const settings = Effect.flatMap(Home.config, (home) => ResolvedSettings.resolve({ home })).pipe(
 *   Overrides.withOverrides(["model=gpt-6-astra", "models.\"gpt-5.5\".images=false"])
 * )
 *
 * const inForce = Overrides.Overrides
 * ```
 *
 * @since 0.1.0
 * @category setting
 */
export const withOverrides =
  (words: ReadonlyArray<string>) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | ConfigError, R> =>
    Effect.flatMap(
      Effect.forEach(words, parse),
      (assignments) => Effect.provideService(effect, Overrides, assignments)
    )

/**
 * Reads `KEY=VALUE`.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Overrides } from "effixir/node"
 *
 * const written = Effect.gen(function*() {
 *   const model = yield* Overrides.parse("model=gpt-6-astra")
 *   const path = yield* Overrides.pathOf("models.\"gpt-5.5\".images", "--set")
 *   const images = yield* Overrides.assign({}, path, "false", "--set")
 *   return Overrides.apply(Overrides.apply({}, model), images)
 * })
 * ```
 *
 * @since 0.1.0
 * @category parsing
 */
export const parse: (word: string) => Effect.Effect<Assignment, ConfigError> = Effect.fnUntraced(function*(word) {
  const { index = -1 } = /(?<=^(?:[^"=]|"(?:[^"\\]|\\.)*")+)=/.exec(word) ?? {}
  if (index < 0) {
    return yield* new ConfigError({ key: word, source: flag, expected: "expected KEY=VALUE, such as model=gpt-5.5" })
  }
  return yield* assign({}, yield* pathOf(word.slice(0, index), flag), word.slice(index + 1), flag)
})

/**
 * The name of the flag.
 *
 * @since 0.1.0
 * @category constants
 */
export const flag = "--set"

/**
 * The names in a key: `models."gpt-5.5".images` has three. One with a dot in it stands in quotation marks.
 *
 * @since 0.1.0
 * @category parsing
 */
export const pathOf: (key: string, source: string) => Effect.Effect<Path, ConfigError> = Effect.fnUntraced(
  function*(key, source) {
    const isWhole = /^(?:[^."]+|"(?:[^"\\]|\\.)+")(?:\.(?:[^."]+|"(?:[^"\\]|\\.)+"))*$/.test(key)
    const names = Array.from(key.matchAll(/[^."]+|"(?:[^"\\]|\\.)+"/g), ([name]) => name)
      .map((name) => name.startsWith("\"") ? parseJson(name) : name)
      .filter((name) => typeof name === "string")
    const [top = key] = names
    if (!isWhole || names.length === 0) {
      return yield* new ConfigError({
        key,
        source,
        expected: "expected names with dots between them; one that has a dot in it stands in quotation marks"
      })
    }
    return Settings.keys.some((known) => known === top) ? names : yield* Settings.unknown(top, source)
  }
)

/**
 * The value that words mean in a place: JSON where that fits, else the words themselves. `before` is what is set already.
 *
 * @since 0.1.0
 * @category parsing
 */
export const assign: (
  before: Settings.Written,
  path: Path,
  words: string,
  source: string
) => Effect.Effect<Assignment, ConfigError> = Effect.fnUntraced(function*(before, path, words, source) {
  const [top = ""] = path
  const check = (value: unknown) =>
    Effect.as(
      Settings.decode({ [top]: apply({ [top]: (before as Values)[top] }, { path, value })[top] }, source),
      { path, value }
    )
  const json = parseJson(words)
  if (json === undefined) return yield* check(words)
  return yield* Effect.catchAll(check(json), (error) => Effect.mapError(check(words), () => error))
})

interface Values {
  readonly [key: string]: unknown
}

/**
 * Settings with another value in a place. What is written before cannot be inside of a text or a number, and is replaced.
 *
 * @since 0.1.0
 * @category setting
 */
export const apply = (written: Values, { path: [name = "", ...below], value }: Assignment): Values => ({
  ...written,
  [name]: below.length === 0 ? value : apply(isValues(written[name]) ? written[name] : {}, { path: below, value })
})

const isValues = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value)
