/**
 * The sessions in the home folder without an account, for commands that only look after them.
 *
 * @internal
 */
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SessionStore } from "../session/SessionStore.ts"
import { layerPlatform } from "./NodePlatform.ts"
import * as SessionFiles from "./session/SessionFiles.ts"
import * as Home from "./settings/Home.ts"
import * as HomeCheck from "./settings/HomeCheck.ts"

/** @since 0.1.0 @category layers */
export const layerSessions: Layer.Layer<SessionStore, ConfigError> = Layer.unwrapEffect(Effect.gen(function*() {
  const home = yield* Home.config
  yield* HomeCheck.check(home)
  return SessionFiles.layer({ folder: home.sessions, index: home.sessionIndex })
})).pipe(Layer.provide(layerPlatform))
