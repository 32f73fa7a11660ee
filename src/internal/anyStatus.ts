import * as HttpClient from "@effect/platform/HttpClient"
import { isHttpClientError } from "@effect/platform/HttpClientError"
import * as Effect from "effect/Effect"

/**
 * Takes an answer for an answer, whatever its status. A program may hand over a client that fails with all but good ones
 * (`filterStatusOk`), and what a server says of a refusal would be lost with it.
 */
export const anyStatus = <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E, R> =>
  HttpClient.catchAll(
    client,
    (error) =>
      isHttpClientError(error) && error._tag === "ResponseError" && error.reason === "StatusCode"
        ? Effect.succeed(error.response)
        : Effect.fail(error)
  )
