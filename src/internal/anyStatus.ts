import * as HttpClient from "@effect/platform/HttpClient"
import { isHttpClientError } from "@effect/platform/HttpClientError"
import * as Effect from "effect/Effect"

/**
 * A client that succeeds with every response, whatever its status. That of a program may fail with all but good ones
 * (`filterStatusOk`), and what the server says of a refusal would be lost.
 */
export const anyStatus = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.catchAll(
    client,
    (error) =>
      isHttpClientError(error) && error._tag === "ResponseError" && error.reason === "StatusCode"
        ? Effect.succeed(error.response)
        : Effect.fail(error)
  )
