/**
 * Settings of a run: flags first, then the environment, then `config.json`, then defaults.
 */
import type { PlatformError } from "@effect/platform/Error"
import * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as BadSetting from "../auth/ConfigError.ts"
import { choice } from "../internal/choice.ts"
import * as NodeRuntime from "../node/NodeRuntime.ts"
import * as Home from "../node/settings/Home.ts"
import * as Settings from "../node/settings/Settings.ts"
import { Mode } from "../tools/permission/Policy.ts"
import { BadInput } from "./ExitCode.ts"

/** The settings of a person, from all of these places. */
export const settings = Effect.gen(function*() {
  const home = yield* Home.config
  const stored = yield* Settings.load(home.config)
  const model = yield* Config.option(Config.nonEmptyString("EFFIXIR_MODEL"))
  const transport = yield* choice("EFFIXIR_TRANSPORT", Settings.Transport)
  const dialect = yield* choice("EFFIXIR_DIALECT", Settings.Dialect)
  const permission = yield* choice("EFFIXIR_PERMISSION", Mode)
  return {
    ...stored,
    home,
    /** The model that the person has chosen; else the model list of the account decides. */
    model: Option.getOrElse(model, () => stored.model),
    transport: Option.getOrElse(transport, () => stored.transport ?? "sse"),
    permission: Option.getOrElse(permission, () => stored.permission),
    dialect: Option.getOrElse(dialect, () => stored.dialect ?? "responses")
  }
})

type Services = Layer.Layer.Success<ReturnType<typeof NodeRuntime.layer>>

/** Gives a program the whole stack for a folder. */
export const provide = (options: NodeRuntime.Options) =>
<A, E, R>(
  program: Effect.Effect<A, E, R>
): Effect.Effect<A, E | BadInput | ConfigError.ConfigError | BadSetting.ConfigError, Exclude<R, Services>> =>
  program.pipe(
    Effect.mapError((error) => ({ error })),
    Effect.provide(NodeRuntime.layer(options)),
    Effect.mapError((failure) =>
      "error" in failure ? failure.error : isPlatformError(failure) ? unusable(options.workspace, failure) : failure
    )
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
