/**
 * The sign-in that the machines of a cluster share.
 */
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { CredentialStore } from "../../auth/CredentialStore.ts"
import * as SqlCredentialStore from "../../cluster/SqlCredentialStore.ts"
import { layerHomeWith } from "../../node/NodeHome.ts"
import type { BadInput } from "../ExitCode.ts"
import { layerClient, unreachable } from "./database.ts"

/** Whether this machine has the key that opens it. */
export const hasKey = Effect.map(Config.option(Config.string("EFFIXIR_CREDENTIAL_KEY")), Option.isSome)

/** Needs the key, in `EFFIXIR_CREDENTIAL_KEY`. */
export const layer = (url: Redacted.Redacted): Layer.Layer<CredentialStore, BadInput | ConfigError> =>
  Layer.unwrapEffect(
    Effect.map(
      Config.option(Config.string("EFFIXIR_PROFILE")),
      (profile) => SqlCredentialStore.layerConfig({ profile: Option.getOrUndefined(profile) })
    )
  ).pipe(
    Layer.mapError((error) =>
      error._tag === "SqlError" || error._tag === "MigrationError" ? unreachable(error) : error
    ),
    Layer.provide(layerClient(url))
  )

/** A home whose sign-in is that of the database. */
export const layerHome = (url: Redacted.Redacted) => Layer.flatMap(layer(url), layerHomeWith)
