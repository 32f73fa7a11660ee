import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { AuthClient } from "../../src/auth/AuthClient.ts"
import type { Credential } from "../../src/auth/Credential.ts"
import { Credentials } from "../../src/auth/Credentials.ts"
import * as Host from "../../src/auth/Host.ts"
import { SignedOut } from "../../src/auth/SignedOut.ts"

export interface Asked {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** A host that answers as it is told, to somebody with this credential, and what it was asked. */
export const make = (
  answer: (asked: Asked) => Effect.Effect<Response>,
  credential: Credential | undefined,
  base = "https://host.test/codex"
) => {
  const asked: Array<Asked> = []
  const client = HttpClient.make((request, url) => {
    asked.push({ url: url.href, headers: request.headers })
    return Effect.map(
      answer({ url: url.href, headers: request.headers }),
      (response) => HttpClientResponse.fromWeb(request, response)
    )
  }).pipe(HttpClient.mapRequest(HttpClientRequest.prependUrl(base)))
  const selected = credential === undefined
    ? new SignedOut({ reason: "NeverSignedIn" })
    : Effect.succeed({ credential, source: "store" as const, reason: "" })
  const layer = Layer.merge(
    Layer.mock(AuthClient, { client, account: Effect.map(selected, ({ credential }) => Host.of(credential).account) }),
    Layer.mock(Credentials, { selected, current: selected })
  )
  return { asked, layer }
}

export const json = (body: unknown, headers: Readonly<Record<string, string>> = {}) =>
  Effect.sync(() => Response.json(body, { headers }))
