import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { OpenAiSimulator } from "../../src/testing/OpenAiSimulator.ts"

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly text: string
  readonly json: unknown
}

type Headers = Readonly<Record<string, string>>

/** Sends a request to the simulator and reads the whole answer; redirects are not followed. */
const send = (request: (url: string) => HttpClientRequest.HttpClientRequest, headers: Headers) =>
  Effect.gen(function*() {
    const { url } = yield* OpenAiSimulator
    const response = yield* HttpClient.execute(HttpClientRequest.setHeaders(request(url), headers))
    const text = yield* response.text
    return { status: response.status, headers: response.headers, text, json: parse(text) } satisfies Answer
  }).pipe(Effect.provide(client), Effect.orDie)

export const get = (path: string, headers: Headers = {}) =>
  send((url) => HttpClientRequest.get(`${url}${path}`), headers)

export const post = (path: string, body: unknown, headers: Headers = {}) =>
  send((url) => HttpClientRequest.bodyUnsafeJson(HttpClientRequest.post(`${url}${path}`), body), headers)

export const postForm = (path: string, form: UrlParams.CoercibleRecord, headers: Headers = {}) =>
  send(
    (url) => HttpClientRequest.bodyUrlParams(HttpClientRequest.post(`${url}${path}`), UrlParams.fromInput(form)),
    headers
  )

/** The headers of somebody who has just signed in. */
export const signedIn = Effect.gen(function*() {
  const simulator = yield* OpenAiSimulator
  return bearer((yield* simulator.signIn()).access_token)
})

export const bearer = (token: Redacted.Redacted): Headers => ({ authorization: `Bearer ${Redacted.value(token)}` })

const client = FetchHttpClient.layer.pipe(
  Layer.provideMerge(Layer.succeed(FetchHttpClient.RequestInit, { redirect: "manual" }))
)

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
