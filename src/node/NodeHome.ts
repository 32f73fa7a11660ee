/**
 * The home folder, and what the server says about the account. Programs find it in `NodeAgent`; here it brings no agent
 * along, for commands that run none.
 *
 * @internal
 */
import { HttpClient } from "@effect/platform/HttpClient"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as AuthClient from "../auth/AuthClient.ts"
import * as ChatGptOAuth from "../auth/chatgpt/ChatGptOAuth.ts"
import type { Registrations } from "../auth/chatgpt/Registrations.ts"
import type * as BadSetting from "../auth/ConfigError.ts"
import * as Credentials from "../auth/Credentials.ts"
import { CredentialStore } from "../auth/CredentialStore.ts"
import * as Host from "../auth/Host.ts"
import * as OAuth from "../auth/OAuth.ts"
import * as Secrets from "../auth/Secrets.ts"
import * as Layers from "../internal/layers.ts"
import * as Models from "../responses/account/Models.ts"
import * as PlanUsage from "../responses/account/PlanUsage.ts"
import * as RateLimits from "../responses/account/RateLimits.ts"
import { SessionStore } from "../session/SessionStore.ts"
import { Artifacts } from "../tools/command/Artifacts.ts"
import * as CredentialFile from "./auth/CredentialFile.ts"
import * as RegistrationFiles from "./auth/RegistrationFiles.ts"
import * as Network from "./network/Network.ts"
import { layerPlatform } from "./NodePlatform.ts"
import * as Parts from "./Parts.ts"
import * as ArtifactFiles from "./session/ArtifactFiles.ts"
import * as SessionFiles from "./session/SessionFiles.ts"
import * as CacheFiles from "./settings/CacheFiles.ts"
import * as Extras from "./settings/Extras.ts"
import * as Home from "./settings/Home.ts"
import * as HomeCheck from "./settings/HomeCheck.ts"
import * as ResolvedSettings from "./settings/ResolvedSettings.ts"

/**
 * Credentials, sessions and their artifacts in the home folder (`EFFIXIR_HOME`), or the keyring if `config.json` says
 * so, and the API key of the environment; and what the server reports about the account, cached in the home folder as
 * well.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHome: Layer.Layer<HomeServices, ConfigError | BadSetting.ConfigError> = Layers.unwrapEffect(
  Effect.sync(() => layerHomeWith(Parts.none))
)

/** @since 0.1.0 @category models */
export type HomeServices =
  | Credentials.Credentials
  | CredentialStore
  | OAuth.OAuth
  | ChatGptOAuth.ChatGptOAuth
  | Registrations
  | SessionStore
  | Artifacts
  | AuthClient.AuthClient
  | Models.Models
  | PlanUsage.PlanUsage
  | RateLimits.RateLimits

/**
 * The same with parts that a host has brought.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerHomeWith = (
  parts: Parts.Parts
): Layer.Layer<HomeServices, ConfigError | BadSetting.ConfigError> =>
  Layers.unwrapEffect(Effect.gen(function*() {
    const home = yield* Home.config
    yield* HomeCheck.check(home)
    const { settings } = yield* Effect.provide(ResolvedSettings.resolve({ home }), layerPlatform)
    const { credential_store, durability, servers = {} } = settings
    const extras = yield* Extras.resolve(servers, yield* Config.unwrap(Host.addresses), home.config)
    const store = credential_store === "keyring"
      ? (yield* Effect.promise(() => import("./auth/CredentialKeyring.ts"))).layer
      : CredentialFile.layer
    return Models.layerConfig().pipe(
      Layers.merge(PlanUsage.layerConfig()),
      Layers.provideMerge(RateLimits.layer),
      Layers.provide(CacheFiles.layer({ folder: home.cache })),
      Layers.provideMerge(AuthClient.layerConfig({ ...AuthClient.config, extras: Config.succeed(extras) })),
      Layers.provideMerge(Credentials.layerConfig()),
      Layers.provideMerge(Layers.merge(OAuth.layerConfig())(ChatGptOAuth.layerConfig())),
      Layers.provideMerge(Parts.orOwn(parts, CredentialStore, store({ path: home.auth }))),
      Layers.merge(RegistrationFiles.layer({ host: home.host, registrations: home.registrations })),
      Layers.merge(Parts.orOwn(
        parts,
        SessionStore,
        SessionFiles.layer({ folder: home.sessions, index: home.sessionIndex, durability })
      )),
      Layers.merge(Parts.orOwn(parts, Artifacts, ArtifactFiles.layer({ folder: home.sessions })))
    )
  })).pipe(
    Layers.provideMerge(Secrets.layer),
    Layers.provide(Layers.merge(layerPlatform)(Parts.orOwn(parts, HttpClient, Network.layerConfig())))
  )
