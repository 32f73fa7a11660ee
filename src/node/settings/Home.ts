/**
 * The folder in which effixir keeps what is a person's own: `auth.json`, `registrations.json`, `host.json`, `config.json`,
 * `trusted.json`, `history.jsonl`, `serve.token`, `prompts/`, `skills/`, `mcp/`, `sessions/`, `cache/`. A profile has a credential
 * and registrations of its own, in `profiles/NAME/`.
 *
 * @example
 * ```ts
 * import * as Config from "effect/Config"
 * import { Home } from "effixir/node"
 *
 * const home = Home.make("/home/ada/.effixir", "work") // home.auth, home.sessions, home.config, …
 * const names = Home.profiles(home)
 * Home.isProfile("../work") // false: a profile is a folder
 *
 * const ofTheEnvironment = Config.map(Home.config, ({ sessions }) => sessions)
 * ```
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { readdirSync } from "node:fs"
import { homedir } from "node:os"
import { join, resolve } from "node:path"

/** @since 0.1.0 @category models */
export interface Home {
  readonly path: string
  readonly profile: string | undefined
  readonly auth: string
  readonly registrations: string
  readonly host: string
  readonly config: string
  readonly trusted: string
  /** What a person has typed into conversations. */
  readonly history: string
  /** The prompts that a person has written down. */
  readonly prompts: string
  /** What clients of `effixir serve` have to send. */
  readonly serveToken: string
  readonly sessions: string
  readonly sessionIndex: string
  readonly cache: string
}

/**
 * The name by which a person can mean the sign-in that has none.
 *
 * @since 0.1.0
 * @category constants
 */
export const unnamed = "default"

/** @since 0.1.0 @category constructors */
export const make = (path: string, profile?: string): Home => {
  const root = resolve(path)
  const own = profile === undefined ? root : join(root, "profiles", profile)
  return {
    path: root,
    profile,
    auth: join(own, "auth.json"),
    registrations: join(own, "registrations.json"),
    host: join(root, "host.json"),
    config: join(root, "config.json"),
    trusted: join(root, "trusted.json"),
    history: join(root, "history.jsonl"),
    prompts: join(root, "prompts"),
    serveToken: join(root, "serve.token"),
    sessions: join(root, "sessions"),
    sessionIndex: join(root, "cache", "sessions.json"),
    cache: join(root, "cache")
  }
}

const folder = Config.nonEmptyString("EFFIXIR_HOME").pipe(
  Config.orElse(() => Config.sync(() => join(homedir(), ".effixir")))
)

/**
 * The names of the profiles that there are.
 *
 * @since 0.1.0
 * @category accessors
 */
export const profiles = ({ path }: Home): Effect.Effect<ReadonlyArray<string>> =>
  Effect.orElseSucceed(Effect.try(() => readdirSync(join(path, "profiles"))), () => [])

/**
 * Whether a profile may have this name, which becomes that of a folder.
 *
 * @since 0.1.0
 * @category predicates
 */
export const isProfile = (name: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)

/**
 * The rule, for a person who has chosen an invalid name.
 *
 * @since 0.1.0
 * @category predicates
 */
export const profileRule =
  "the name of a profile begins with a letter or a digit, and has only those, \".\", \"_\" and \"-\", 64 at most"

const profile = Config.option(Config.nonEmptyString("EFFIXIR_PROFILE")).pipe(
  Config.mapOrFail(Option.match({
    onNone: () => Either.right(undefined),
    onSome: (name) =>
      isProfile(name)
        ? Either.right(name === unnamed ? undefined : name)
        : Either.left(ConfigError.InvalidData(["EFFIXIR_PROFILE"], profileRule))
  }))
)

/**
 * `EFFIXIR_HOME`, or `.effixir` in the home folder of the user; and `EFFIXIR_PROFILE`, if it is set.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Home> = Config.map(
  Config.all([folder, profile]),
  ([folder, profile]) => make(folder, profile)
)
