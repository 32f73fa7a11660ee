import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { inspect } from "node:util"
import * as OAuth from "../../src/auth/OAuth.ts"
import type { SignedOut } from "../../src/auth/SignedOut.ts"

const deviceAuthId = Redacted.make("d3vice-auth-id")
const code = Redacted.make("c0de-of-the-grant")
const verifier = Redacted.make("v3rifier-of-the-grant")
const token = Redacted.make("r3fresh-token")

/** A server that answers with whatever it was sent, in these words. */
const quoting = (status: number, answer: (sent: string) => string, headers: Record<string, string> = {}) => {
  const network = HttpClient.make((request) => {
    const sent = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : ""
    return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(answer(sent), { status, headers })))
  })
  return OAuth.layer({ issuer: "https://auth.test", originator: "effixir" }).pipe(
    Layer.provide(Layer.succeed(HttpClient.HttpClient, network))
  )
}

type Call = (oauth: typeof OAuth.OAuth.Service) => Effect.Effect<unknown, OAuth.OAuthError | SignedOut>

const calls: { readonly [name: string]: Call } = {
  exchange: ({ exchange }) => exchange({ code, verifier, redirectUri: "http://localhost:1455" }),
  pollDevice: ({ pollDevice }) =>
    pollDevice({ deviceAuthId, userCode: "ABCD-12345", verificationUri: "", interval: Duration.seconds(5) }),
  refresh: ({ refresh }) => refresh(token),
  revoke: ({ revoke }) => revoke(token)
}

const answers: ReadonlyArray<readonly [string, number, (sent: string) => string]> = [
  ["a description", 400, (sent) => JSON.stringify({ error: "invalid_request", error_description: `no: ${sent}` })],
  ["a message", 400, (sent) => JSON.stringify({ error: { code: "invalid_request", message: `no: ${sent}` } })],
  ["a code", 400, (sent) => JSON.stringify({ error: sent })],
  ["an expired code", 400, (sent) => JSON.stringify({ error: "invalid_grant", error_description: sent })],
  [
    "a region",
    403,
    (sent) => JSON.stringify({ error: { code: "unsupported_country_region_territory", message: sent } })
  ],
  ["a limit", 429, (sent) => JSON.stringify({ error: { message: sent } })],
  ["a web page", 503, (sent) => `<html>${sent}</html>`],
  ["plain text", 500, (sent) => sent],
  ["an answer that lacks something", 200, (sent) => JSON.stringify({ access_token: 1, sent })],
  ["an answer that is no JSON", 200, (sent) => sent]
]

describe("a server that quotes what it was sent", () => {
  for (const [name, call] of Object.entries(calls)) {
    for (const [form, status, answer] of answers) {
      it.effect(`is not quoted further: ${name}, ${form}`, () =>
        Effect.gen(function*() {
          const exit = yield* Effect.exit(Effect.flatMap(OAuth.OAuth, call))
          const shown = [
            JSON.stringify(exit),
            inspect(exit, { depth: 10 }),
            Exit.isFailure(exit) ? Cause.pretty(exit.cause, { renderErrorCause: true }) : "",
            Exit.isFailure(exit) ? Cause.prettyErrors(exit.cause).map(({ message }) => message).join() : ""
          ].join("\n")
          for (const secret of [deviceAuthId, code, verifier, token]) {
            assert.notInclude(shown, Redacted.value(secret))
          }
        }).pipe(Effect.provide(quoting(status, answer))))
    }
  }
})
