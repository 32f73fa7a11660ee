/**
 * Settings of a run: flags first, then the environment, then the project, then `config.json`, then defaults.
 */
import * as Effect from "effect/Effect"
import * as Home from "../node/settings/Home.ts"
import * as ResolvedSettings from "../node/settings/ResolvedSettings.ts"
import type { Settings } from "../node/settings/Settings.ts"

/** The settings of a person, from all of these places, for work in a folder. */
export const settings = Effect.fnUntraced(function*(folder: string) {
  const home = yield* Home.config
  const { leftOut, origins, settings } = yield* ResolvedSettings.resolve({ home, folder })
  return {
    ...settings,
    home,
    /** The model that the person has chosen; else the model list of the account decides. */
    model: settings.model,
    transport: settings.transport ?? "sse",
    dialect: settings.dialect ?? "responses",
    leftOut,
    /** What `--set` has set, which goes before what a session was last asked with. */
    flags: Object.fromEntries(
      origins.flatMap(({ key, source }) => source === "flag" ? [[key, settings[key]]] : [])
    ) as Settings
  }
})

/** How many seconds what is piped in beside a prompt may be silent. */
export const stdinWait = (folder: string) => Effect.map(settings(folder), ({ stdin_wait = 2 }) => stdin_wait)
