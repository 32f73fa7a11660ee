/**
 * The whole stack for a run in a folder.
 */
import type { PlatformError } from "@effect/platform/Error"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as BadSetting from "../auth/ConfigError.ts"
import type { CredentialStore } from "../auth/CredentialStore.ts"
import * as NodeAgent from "../node/NodeAgent.ts"
import { BadInput } from "./ExitCode.ts"
import { whileWaiting } from "./progressLine.ts"
import type { Screen } from "./Screen.ts"

export type Services = NodeAgent.Services

/** Gives a program the whole stack for a folder. */
export const provide = (options: NodeAgent.Options) =>
<A, E, R>(
  program: Effect.Effect<A, E, R>
): Effect.Effect<A, E | BadInput | ConfigError.ConfigError | BadSetting.ConfigError, Exclude<R, Services> | Screen> =>
  program.pipe(
    Effect.mapError((error) => ({ error })),
    (program) =>
      Effect.scopedWith((scope) =>
        Effect.flatMap(
          whileWaiting("getting ready")(Layer.buildWithScope(NodeAgent.layer(options), scope)),
          (services) => Effect.provide(program, services)
        )
      ),
    Effect.mapError((failure) =>
      "error" in failure ? failure.error : isPlatformError(failure) ? unusable(options.workspace, failure) : failure
    )
  )

/**
 * Builds the whole stack for a folder, which lasts as long as the Scope. What it has in common with others of the same
 * map is built once.
 */
export const build = (
  options: NodeAgent.Options & NodeAgent.WithParts<CredentialStore, never, never>,
  map: Layer.MemoMap,
  scope: Scope.Scope
) =>
  Effect.mapError(
    Layer.buildWithMemoMap(NodeAgent.layer(options), map, scope),
    (error) => isPlatformError(error) ? unusable(options.workspace, error) : error
  )

const isPlatformError = (
  error: ConfigError.ConfigError | BadSetting.ConfigError | PlatformError
): error is PlatformError => error._tag === "SystemError" || error._tag === "BadArgument"

const unusable = (folder: string, error: PlatformError): BadInput => {
  const why = error._tag === "SystemError" ? reasons[error.reason] ?? error.message : error.message
  return new BadInput({ message: `The folder ${folder} cannot be used: ${why}` })
}

const reasons: { readonly [reason: string]: string } = {
  NotFound: "there is no such folder",
  PermissionDenied: "it may not be read",
  BadResource: "it is not a folder",
  Unknown: "it is not a folder that can be read"
}
