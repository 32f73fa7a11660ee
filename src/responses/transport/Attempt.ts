/**
 * One attempt of a model call, by any transport, and what its failure says about the next attempt.
 *
 * @since 0.1.0
 */
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Stream from "effect/Stream"
import type { AuthClient, AuthError } from "../../auth/AuthClient.ts"
import { ofRequest } from "../../auth/SignedOut.ts"
import { ModelError } from "../ModelError.ts"
import type { Request } from "../Request.ts"
import type { StreamEvent } from "../StreamEvent.ts"

/**
 * Sends a request once, and streams its events.
 *
 * @since 0.1.0
 * @category models
 */
export type Attempt = (request: Request) => Stream.Stream<StreamEvent, ModelError | Recoverable>

/**
 * An attempt has failed because of something that the transport can fix: a connection that is too old, a credential, or
 * a response that the server no longer remembers. It counts like any other attempt.
 *
 * @since 0.1.0
 * @category errors
 */
export class Recoverable extends Data.TaggedError("Recoverable")<{
  /** What the attempt has failed with. */
  readonly error: ModelError
  /** Fixes it, and gives the attempt to make at once. If it cannot, fails with the error of the call. */
  readonly again: Effect.Effect<Attempt, ModelError>
}> {}

/**
 * Replaces a credential that is refused inside of a stream like one that is refused by a status: by what is stored
 * meanwhile, else by a refreshed one, once. `undefined` for any other failure.
 *
 * @param sent the request with its credential
 * @param attempt makes the next attempt, given whether the credential was refreshed just now
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
    Effect.mapError((cause) => unusable(ofRequest(error.requestId)(cause))),
    Effect.flatMap(Option.match({
      onNone: () => error,
      onSome: (replacement) => Effect.succeed(attempt(replacement.isRefreshed))
    }))
  )

/**
 * The error for a missing or unusable credential.
 *
 * @since 0.1.0
 * @category conversions
 */
export const unusable = (cause: AuthError): ModelError => {
  // The token could not be refreshed just now, which says nothing against it.
  const isPassing = cause._tag === "OAuthError" && cause.isTransient
  return new ModelError({ reason: { _tag: isPassing ? "Transport" : "Unauthorized" }, detail: cause.message, cause })
}
