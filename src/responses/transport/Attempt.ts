/**
 * One attempt of a model call, by whatever transport, and what it may say of the next one when it fails.
 *
 * @since 0.1.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { AuthClient } from "../../auth/AuthClient.ts"
import type { CredentialsError } from "../../auth/Credentials.ts"
import { ModelError } from "../ModelError.ts"
import type { Request } from "../Request.ts"
import type { StreamEvent } from "../StreamEvent.ts"

/**
 * Sends a request once, and tells what comes back.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = (request: Request) => Stream.Stream<StreamEvent, ModelError | Recoverable>

/**
 * An attempt has failed by something that the transport can mend: a connection that had grown old, a credential, what the
 * server was thought to remember. It counts like any other attempt.
 *
 * @since 0.1.0
 * @category errors
 */
export class Recoverable extends Data.TaggedError("Recoverable")<{
  /** What the attempt has failed with. */
  readonly error: ModelError
  /** Mends it, and gives the attempt that may be made at once. Fails with what the call fails with if it cannot. */
  readonly again: Effect.Effect<Attempt, ModelError>
}> {}

/**
 * A credential that is refused inside of an answer is replaced like one that is refused by its status: by what is stored
 * meanwhile, else by a refreshed one, once. `undefined` for a failure that is about something else.
 *
 * @param sent the request as it left
 * @param attempt what to send it by from there on, told whether the credential is one of the moment
 *
 * @since 0.1.0
 * @category combining
 */
export const renewing = <A>(
  auth: typeof AuthClient.Service,
  error: ModelError,
  sent: HttpClientRequest.HttpClientRequest,
  isRefreshed: boolean,
  attempt: (isRefreshed: boolean) => A
): Effect.Effect<A, ModelError> | undefined =>
  error.reason._tag !== "Unauthorized" ? undefined : auth.replace(sent, isRefreshed).pipe(
    Effect.mapError(unusable),
    Effect.flatMap(Option.match({
      onNone: () => error,
      onSome: (replacement) => Effect.succeed(attempt(replacement.isRefreshed))
    }))
  )

/**
 * Why there is no credential that could be sent.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unusable = (cause: CredentialsError): ModelError => {
  // The token could not be refreshed just now, which says nothing against it.
  const isPassing = cause._tag === "OAuthError" && cause.isTransient
  return new ModelError({ reason: { _tag: isPassing ? "Transport" : "Unauthorized" }, detail: cause.message, cause })
}
