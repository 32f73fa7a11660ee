/**
 * The settings that count, from all places, and where each comes from: flags before the environment, before the project
 * once it is trusted, before a person's own file, before what holds without any.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as BadSetting from "../../auth/ConfigError.ts"
import { choice } from "../../internal/choice.ts"
import * as Sandbox from "../../tools/command/Sandbox.ts"
import { Mode } from "../../tools/permission/Mode.ts"
import * as HookSettings from "../hooks/HookSettings.ts"
import type { Home } from "./Home.ts"
import * as Overrides from "./Overrides.ts"
import * as ProjectSettings from "./ProjectSettings.ts"
import * as Settings from "./Settings.ts"

/** @since 0.1.0 @category models */
export type Source = "flag" | "env" | "project" | "user" | "default"

/**
 * A setting as it would be written. `from` names the flag, the variable or the file that has set it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Origin {
  readonly key: keyof Settings.Settings
  readonly value: unknown
  readonly source: Source
  readonly from: string | null
}

/** @since 0.1.0 @category models */
export interface Resolved {
  /** Without what holds by default. */
  readonly settings: Settings.Settings
  /** All settings there are, in the order of the manual. */
  readonly origins: ReadonlyArray<Origin>
  /** What the project sets and what is not followed, because it would allow more than the person does. */
  readonly leftOut: ReadonlyArray<Origin>
}

/** @since 0.1.0 @category models */
export interface Options {
  readonly home: Home
  /** The folder that agents work in; without one no project counts. */
  readonly folder?: string | undefined
}

/**
 * Resolves all settings.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { Home, ResolvedSettings } from "effixir/node"
 *
 * // All settings of a program in this folder, and where each comes from.
 * const settings = Effect.flatMap(Home.config, (home) => ResolvedSettings.resolve({ home, folder: "/home/ada/app" }))
 * ```
 *
 * @since 0.1.0
 * @category loading
 */
export const resolve: (
  options: Options
) => Effect.Effect<Resolved, ConfigError | BadSetting.ConfigError, FileSystem.FileSystem | Path.Path> = Effect
  .fnUntraced(function*({ folder, home }) {
    const user = yield* Settings.read(home.config)
    const project = folder === undefined ? undefined : yield* ProjectSettings.read(home, folder)
    const env = yield* environment
    const assignments = yield* Overrides.Overrides
    const leftOut: Array<Origin> = []
    const below = Settings.keys.map((key): Origin => {
      const variable = env.get(key)
      if (variable !== undefined) return { key, value: variable.value, source: "env", from: variable.name }
      if (project?.written[key] !== undefined) {
        const value = key === "hooks"
          ? HookSettings.merge(user[key], HookSettings.ofProject(project.written[key]))
          : project.written[key]
        const origin: Origin = { key, value, source: "project", from: project.file }
        if (!isWider(key, origin.value, user)) return origin
        leftOut.push(origin)
      }
      if (user[key] !== undefined) return { key, value: user[key], source: "user", from: home.config }
      return { key, value: defaults[key], source: "default", from: null }
    })
    const origins = below.map((origin) => {
      const own = assignments.filter(({ path: [top] }) => top === origin.key)
      if (own.length === 0) return origin
      const { [origin.key]: value } = own.reduce(Overrides.apply, { [origin.key]: origin.value })
      return { key: origin.key, value, source: "flag" as const, from: Overrides.flag }
    })
    const written = Object.fromEntries(
      origins.flatMap(({ key, source, value }) => source === "default" ? [] : [[key, value]])
    )
    return { origins, leftOut, settings: yield* Settings.decode(written, Overrides.flag) }
  })

/** What the environment sets. */
const environment = Effect.gen(function*() {
  const found = new Map<string, { readonly name: string; readonly value: string }>()
  for (const [key, { config, name }] of Object.entries(variables)) {
    const value = yield* config
    if (Option.isSome(value)) found.set(key, { name, value: value.value })
  }
  return found
})

interface Variable {
  readonly name: string
  readonly config: Config.Config<Option.Option<string>>
}

const words = (name: string, config: Config.Config<Option.Option<string>>): Variable => ({ name, config })

const variables: { readonly [key in keyof Settings.Settings]?: Variable } = {
  model: words("EFFIXIR_MODEL", Config.option(Config.nonEmptyString("EFFIXIR_MODEL"))),
  transport: words("EFFIXIR_TRANSPORT", choice("EFFIXIR_TRANSPORT", Settings.Transport)),
  dialect: words("EFFIXIR_DIALECT", choice("EFFIXIR_DIALECT", Settings.Dialect)),
  permission: words("EFFIXIR_PERMISSION", choice("EFFIXIR_PERMISSION", Mode)),
  sandbox: words("EFFIXIR_SANDBOX", choice("EFFIXIR_SANDBOX", Sandbox.Mode))
}

/**
 * What holds where nothing is set; nothing for what depends on the account or on the model.
 *
 * @since 0.1.0
 * @category constants
 */
export const defaults = {
  credential_store: "file",
  transport: "sse",
  dialect: "responses",
  permission: "auto",
  sandbox: "workspace-write",
  sandbox_network: true,
  sandbox_writable: [],
  web_search: false,
  durability: "step",
  compact_at: 85,
  stdin_wait: 2
} satisfies Settings.Written as Settings.Written

/** From the widest on. */
const modes: { readonly [key in keyof Settings.Settings]?: ReadonlyArray<unknown> } = {
  permission: ["auto", "ask", "read-only"],
  sandbox: ["off", "workspace-write", "read-only"],
  sandbox_network: [true, false]
}

/** A project can hold a person to less than that person allows, and not to more. */
const isWider = (key: keyof Settings.Settings, value: unknown, user: Settings.Written): boolean => {
  const own = user[key] ?? defaults[key]
  return key === "sandbox_writable"
    ? Array.isArray(value) && Array.isArray(own) && !value.every((path) => own.includes(path))
    : (modes[key]?.indexOf(value) ?? 0) < (modes[key]?.indexOf(own) ?? 0)
}
