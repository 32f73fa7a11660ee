/**
 * Asks how much of a plan is used. Each response says so as well: this is for a look without a model call.
 *
 * @since 0.1.0
 */
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { AuthClient } from "../../auth/AuthClient.ts"
import { Credentials } from "../../auth/Credentials.ts"
import * as Host from "../../auth/Host.ts"
import { Secrets } from "../../auth/Secrets.ts"
import { askJson } from "../../internal/askJson.ts"
import { redactedSpan } from "../../internal/redactedSpan.ts"
import { ModelError, withoutSecrets } from "../ModelError.ts"
import { fromUsage } from "./RateLimitReading.ts"
import * as RateLimits from "./RateLimits.ts"

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { PlanUsage, RateLimits } from "effixir"
 *
 * // Asks the server how much of the plan is used, and reads what it has said.
 * const usage = Effect.gen(function*() {
 *   const { refresh } = yield* PlanUsage.PlanUsage
 *   yield* refresh
 *   return yield* (yield* RateLimits.RateLimits).latest
 * })
 * ```
 *
 * @since 0.1.0 @category services
 */
export class PlanUsage extends Context.Tag("effixir/responses/account/PlanUsage")<PlanUsage, {
  /** Asks the server and records the answer in `RateLimits`. Does nothing if the credential has no plan. */
  readonly refresh: Effect.Effect<void, ModelError>
}>() {}

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Host.Addresses) {
  const { client } = yield* AuthClient
  const credentials = yield* Credentials
  const rateLimits = yield* RateLimits.RateLimits

  const refresh = Effect.gen(function*() {
    const { credential } = yield* credentials.selected
    const host = Host.of(credential)
    const path = host.usagePath(Host.splitUrl(host.baseUrl(options)).url)
    if (Option.isNone(path)) return
    const { json } = yield* askJson(client, HttpClientRequest.get(path.value))
    const reading = fromUsage(json, yield* DateTime.now)
    if (reading === undefined) {
      return yield* new ModelError({ reason: { _tag: "MalformedOutput" }, detail: "it tells of no usage" })
    }
    yield* rateLimits.record(host.account, reading)
  }).pipe(
    Effect.mapError((error) => {
      switch (error._tag) {
        case "ModelError":
          return error
        case "NotAnswered":
          return new ModelError({ reason: { _tag: "Transport" }, detail: error.message })
        default:
          return new ModelError({ reason: { _tag: "Unauthorized" }, detail: error.message, cause: error })
      }
    }),
    Effect.catchAll((error) => Effect.flatMap(Secrets, ({ hide }) => withoutSecrets(error, hide))),
    redactedSpan("PlanUsage.refresh")
  )

  return PlanUsage.of({ refresh })
})

/**
 * @example
 * ```ts
 * import { PlanUsage } from "effixir"
 *
 * const addresses = { chatgptBaseUrl: "https://chatgpt.com/backend-api/codex", apiBaseUrl: "https://api.openai.com/v1" }
 *
 * const PlanUsageLive = PlanUsage.layer(addresses)
 * const sameAsAnEffect = PlanUsage.make(addresses)
 * const fromTheEnvironment = PlanUsage.layerConfig()
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (
  options: Host.Addresses
): Layer.Layer<PlanUsage, never, AuthClient | Credentials | RateLimits.RateLimits> =>
  Layer.effect(PlanUsage, make(options))

/** @since 0.1.0 @category layers */
export const layerConfig = (
  options: Config.Config.Wrap<Host.Addresses> = Host.addresses
): Layer.Layer<PlanUsage, ConfigError, AuthClient | Credentials | RateLimits.RateLimits> =>
  Layer.effect(PlanUsage, Effect.flatMap(Config.unwrap(options), make))
