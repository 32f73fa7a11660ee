import type * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { parse } from "./json.ts"
import { networkProblem } from "./networkProblem.ts"

/** Why a server did not answer a request, and whether it was waited for in vain. Callers can go on without the answer. */
export class NotAnswered extends Data.TaggedError("NotAnswered")<{
  readonly message: string
  readonly isTooSlow?: boolean
}> {}

/** The status and headers of an answer, and its body if that is JSON. */
export interface Answer {
  readonly status: number
  readonly headers: { readonly [name: string]: string | undefined }
  readonly json: unknown
}

/**
 * Asks for optional information, and so waits five seconds at most. "Not modified" is an answer too, without a body.
 */
export const askJson = <E>(
  client: HttpClient.HttpClient.With<E>,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<Answer, NotAnswered> =>
  client.execute(HttpClientRequest.acceptJson(request)).pipe(
    Effect.flatMap((response): Effect.Effect<Answer, unknown> => {
      const { headers, status } = response
      if (status === 304) return Effect.as(drain(response), { status, headers, json: undefined })
      return status < 200 || status > 299
        ? Effect.zipRight(drain(response), new NotAnswered({ message: refusal(status) }))
        : Effect.map(
          Effect.filterOrFail(
            Effect.map(response.text, parse),
            (json) => json !== undefined,
            () => new NotAnswered({ message: "what came back is no JSON" })
          ),
          (json) => ({ status, headers, json })
        )
    }),
    Effect.mapError((error) =>
      error instanceof NotAnswered ? error : new NotAnswered({ message: networkProblem(error) })
    ),
    Effect.timeoutFail({
      duration: "5 seconds",
      onTimeout: () => new NotAnswered({ message: "the server did not answer within 5 seconds", isTooSlow: true })
    })
  )

/** Reads the body to its end: an unread body would keep its connection busy. */
const drain = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> => Effect.ignore(response.text)

const refusal = (status: number): string =>
  status === 401
    ? "the credential was not accepted (status 401); sign in with `effixir login` or check OPENAI_API_KEY"
    : `the server answered with status ${status}`
