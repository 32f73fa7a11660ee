/**
 * Sessions of which nothing is kept: earlier ones are read from the home folder, what happens now stays in memory, and
 * outputs that are too long to be shown go into a temporary folder.
 *
 * @internal
 */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import type { ConfigError } from "effect/ConfigError"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { SessionStore } from "../../session/SessionStore.ts"
import { Artifacts } from "../../tools/command/Artifacts.ts"
import * as Home from "../settings/Home.ts"
import * as ArtifactFiles from "./ArtifactFiles.ts"
import * as SessionFiles from "./SessionFiles.ts"

/**
 * They last as long as the scope that they were made in, whichever agents work in them. `folder` is where outputs are.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sessions {
  readonly folder: string
  readonly services: Context.Context<Artifacts | SessionStore>
}

/** @since 0.1.0 @category constructors */
export const make: Effect.Effect<
  Sessions,
  ConfigError | PlatformError,
  FileSystem.FileSystem | Path.Path | Scope.Scope
> = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "effixir-" }), fs.realPath)
  return { folder, services: yield* Layer.build(layer(folder)) }
})

const layer = (
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
