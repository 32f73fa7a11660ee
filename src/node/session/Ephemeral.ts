/**
 * Sessions of which nothing is kept: earlier ones are read from the home folder, what happens now stays in memory, and
 * outputs that are too long to be shown go into a temporary folder.
 *
 * @internal
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { SessionStore } from "../../session/SessionStore.ts"
import { Artifacts } from "../../tools/command/Artifacts.ts"
import * as Home from "../settings/Home.ts"
import * as ArtifactFiles from "./ArtifactFiles.ts"
import * as SessionFiles from "./SessionFiles.ts"

/**
 * `temporary` is a folder that lasts as long as the run.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  temporary: string
): Layer.Layer<Artifacts | SessionStore, ConfigError, FileSystem.FileSystem | Path.Path> =>
  Layer.unwrapEffect(Effect.map(Home.config, ({ sessionIndex, sessions }) =>
    Layer.merge(
      SessionFiles.layerEphemeral({ folder: sessions, index: sessionIndex }),
      Layer.effect(Artifacts, makeArtifacts(temporary))
    )))

const makeArtifacts = Effect.fnUntraced(function*(folder: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { begin } = yield* ArtifactFiles.make({ folder })
  return Artifacts.of({
    begin: (session, callId) =>
      Effect.zipRight(
        fs.makeDirectory(path.join(folder, session), { recursive: true, mode: 0o700 }),
        begin(session, callId)
      )
  })
})
