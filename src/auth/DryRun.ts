/**
 * A run that sends nothing: its first request is handed over in the place of the server.
 *
 * @internal
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"

/**
 * Gets what would be sent to a model; absent where requests are sent. Nothing else is asked of a server then, and no
 * credential refreshed.
 *
 * @since 0.1.0
 * @category references
 */
export class DryRun extends Context.Reference<DryRun>()("effixir/auth/DryRun", {
  defaultValue: (): { readonly take?: (request: HttpClientRequest.HttpClientRequest) => Effect.Effect<void> } => ({})
}) {}
