/**
 * Calls to the sign-in server: limited in time, with no trace of their content, and with the request's secrets cut out
 * of answers.
 *
 * @internal
 */
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import { anyStatus } from "../internal/anyStatus.ts"
import { withDeadline } from "../internal/withDeadline.ts"
import * as Answer from "./OAuthAnswer.ts"
import { OAuthError } from "./OAuthError.ts"
import { finderOf, Secrets } from "./Secrets.ts"

/** What is sent to the server. */
export type Body = Readonly<Record<string, string | Redacted.Redacted>>

/** How long a call may take. Inside an uninterruptible region, only this ends one. */
const deadline = Duration.seconds(20)

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(issuer: string) {
  const client = (yield* HttpClient.HttpClient).pipe(
    HttpClient.withTracerDisabledWhen(() => true),
    HttpClient.withTracerPropagation(false),
    anyStatus
  )

  const send = (request: HttpClientRequest.HttpClientRequest, body: Body): Effect.Effect<Answer.Answer, OAuthError> =>
    client.execute(request).pipe(
      Effect.zip(Secrets),
      Effect.flatMap(([response, { hide }]) => Answer.read(response, (text) => hide(withoutSecrets(body)(text)))),
      Effect.mapError(Answer.unreachable),
      withDeadline(
        deadline,
        () => new OAuthError({ reason: "Transport", detail: `no answer within ${Duration.format(deadline)}` })
      )
    )

  return {
    get: (path: string) => send(HttpClientRequest.acceptJson(HttpClientRequest.get(`${issuer}${path}`)), {}),
    postJson: (path: string, body: Body) =>
      send(HttpClientRequest.post(`${issuer}${path}`).pipe(HttpClientRequest.bodyUnsafeJson(reveal(body))), body),
    postForm: (path: string, body: Body) =>
      send(
        HttpClientRequest.post(`${issuer}${path}`).pipe(
          HttpClientRequest.acceptJson,
          HttpClientRequest.bodyUrlParams(reveal(body))
        ),
        body
      )
  }
})

const reveal = (body: Body): Record<string, string> =>
  Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, Predicate.isString(value) ? value : Redacted.value(value)])
  )

/** A server may quote what it was sent. */
const withoutSecrets = (body: Body): (text: string) => string =>
  finderOf(Object.values(body).flatMap((value) => Predicate.isString(value) ? [] : [Redacted.value(value)])).hide
