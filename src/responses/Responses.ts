/**
 * The Provider seam: one model call as a stream of events. The layer here speaks the Responses API over server-sent
 * events; another transport or dialect is another layer for the same tag.
 *
 * @since 0.1.0
 */
import type * as HttpClientError from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { AuthClient } from "../auth/AuthClient.ts"
import type { CredentialsError } from "../auth/Credentials.ts"
import { story } from "../internal/story.ts"
import { ModelError } from "./ModelError.ts"
import type { Request } from "./Request.ts"
import * as ServerFailure from "./ServerFailure.ts"
import * as Sse from "./Sse.ts"
import type { StreamEvent } from "./StreamEvent.ts"

/** @since 0.1.0 @category services */
export class Responses extends Context.Tag("effixir/responses/Responses")<Responses, {
  /**
   * Sends one request and tells what comes back. The stream ends after `response.completed` or `response.incomplete`;
   * everything else that ends it is a {@link ModelError}. Closing the stream closes the connection.
   */
  readonly stream: (request: Request) => Stream.Stream<StreamEvent, ModelError>
  /** Whom the next call speaks for: encrypted reasoning is replayed only to the account that it came from. */
  readonly account: Effect.Effect<string, CredentialsError>
}>() {}

/** @since 0.1.0 @category constructors */
export const make = Effect.gen(function*() {
  const auth = yield* AuthClient

  const open = Effect.fn("Responses.open")(function*(request: Request) {
    yield* Effect.annotateCurrentSpan({ model: request.model, items: request.input.length })
    const response = yield* Effect.mapError(auth.client.execute(post(request)), unreachable)
    if (response.status < 200 || response.status > 299) return yield* refused(response)
    return response
  })

  return Responses.of({
    stream: (request) =>
      Stream.unwrap(Effect.map(open(request), (response) => Sse.decode(Stream.mapError(response.stream, broken)))),
    account: auth.account
  })
})

/** @since 0.1.0 @category layers */
export const layer: Layer.Layer<Responses, never, AuthClient> = Layer.effect(Responses, make)

/** The ids find the machine that has the conversation's prefix in its cache. */
const post = (request: Request) =>
  HttpClientRequest.post("/responses").pipe(
    HttpClientRequest.setHeaders({
      accept: "text/event-stream",
      "session-id": request.prompt_cache_key,
      "thread-id": request.prompt_cache_key,
      "x-client-request-id": request.prompt_cache_key
    }),
    HttpClientRequest.bodyUnsafeJson(request)
  )

/** A body that breaks off, is too long for a refusal, or never ends must not hold up what the status says. */
const refused = (response: HttpClientResponse.HttpClientResponse) =>
  response.stream.pipe(
    Stream.catchAll(() => Stream.empty),
    Stream.decodeText(),
    Stream.interruptAfter("10 seconds"),
    Stream.runFoldWhile("", (body) => body.length < maxRefusalSize, (body, text) => body + text),
    Effect.flatMap((body) =>
      ServerFailure.toModelError(ServerFailure.fromHttp(response.status, response.headers, body))
    )
  )

/** In characters. */
const maxRefusalSize = 64 * 1024

const unreachable = (cause: HttpClientError.HttpClientError | CredentialsError): ModelError => {
  switch (cause._tag) {
    case "SignedOut":
    case "CredentialStoreError":
    case "OAuthError":
      return new ModelError({ reason: { _tag: "Unauthorized" }, detail: cause.message, cause })
    default:
      return broken(cause)
  }
}

const broken = (cause: HttpClientError.HttpClientError): ModelError =>
  new ModelError({ reason: { _tag: "Transport" }, detail: story(cause), cause: cause.cause })
