/**
 * The folder in which effixir keeps what is a person's own: `auth.json`, `config.json`, `sessions/`.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import { homedir } from "node:os"
import { join, resolve } from "node:path"

/** @since 0.1.0 @category models */
export interface Home {
  readonly path: string
  readonly auth: string
  readonly config: string
  readonly sessions: string
}

/** @since 0.1.0 @category constructors */
export const make = (path: string): Home => ({
  path: resolve(path),
  auth: join(resolve(path), "auth.json"),
  config: join(resolve(path), "config.json"),
  sessions: join(resolve(path), "sessions")
})

/**
 * `EFFIXIR_HOME`, or `.effixir` in the home folder of the user.
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<Home> = Config.nonEmptyString("EFFIXIR_HOME").pipe(
  Config.orElse(() => Config.sync(() => join(homedir(), ".effixir"))),
  Config.map(make)
)
