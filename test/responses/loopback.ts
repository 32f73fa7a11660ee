import * as HttpClient from "@effect/platform/HttpClient"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createServer, type RequestListener } from "node:http"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as Network from "../../src/node/network/Network.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as Retry from "../../src/responses/transport/Retry.ts"

const direct: Network.Options = {
  httpsProxy: Option.none(),
  httpProxy: Option.none(),
  noProxy: Option.none(),
  certificates: Option.none()
}

interface Options {
  readonly key?: string
  readonly retry?: Retry.Budget
  /** How long nobody looks at what has come. */
  readonly lateness?: Duration.DurationInput
}

/** The client, real down to the socket, in front of a server. */
export const real = (baseUrl: string, { key = "sk-secret", lateness = 0, retry = Retry.defaults }: Options = {}) =>
  Responses.layerWith({ retry }).pipe(
    Layer.provide(AuthClient.layer({
      chatgptBaseUrl: baseUrl,
      apiBaseUrl: baseUrl,
      originator: "effixir",
      organization: Option.none(),
      project: Option.none()
    })),
    Layer.provide(Layer.mock(Credentials.Credentials, {
      current: Effect.succeed({
        credential: apiKey(Redacted.make(key)),
        source: "environment" as const,
        reason: ""
      })
    })),
    Layer.provide(Layer.scoped(
      HttpClient.HttpClient,
      Effect.map(Network.make(direct), HttpClient.tap(() => Effect.sleep(lateness)))
    ))
  )

/** A server on this machine, and its URL. */
export const serve = (listener: RequestListener) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer(listener)
        server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
      }),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    (server) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`
    }
  )
