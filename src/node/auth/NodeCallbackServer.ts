/**
 * The callback of the browser sign-in, on a loopback port.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import { createServer, type Server, type ServerResponse } from "node:http"
import { type Callback, CallbackServer, type Listening, type Page } from "../../auth/CallbackServer.ts"
import { OAuthError } from "../../auth/OAuthError.ts"

/** @since 0.1.0 @category models */
export interface Options {
  /** Tried in this order; 0 is any that is free. */
  readonly ports: ReadonlyArray<number>
  /**
   * How the redirect URL names this machine: `localhost` by default. Requests to the IP address are accepted only if
   * it is configured.
   */
  readonly hostname?: "localhost" | "127.0.0.1"
}

const loopback = "127.0.0.1"
const path = "/auth/callback"

/** How many requests may wait. A browser makes one or two. */
const capacity = 16

/** @since 0.1.0 @category constructors */
export const make = ({ hostname = "localhost", ports }: Options): typeof CallbackServer.Service => ({
  listen: Effect.gen(function*() {
    const callbacks = yield* Mailbox.make<Callback>(capacity)
    const server = yield* Effect.acquireRelease(
      Effect.firstSuccessOf(ports.map((port) => bind(port))),
      (server) =>
        Effect.async<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    )
    const host = `${hostname}:${portOf(server)}`
    server.on("request", (request, response) => {
      const [, asked, query] = /^([^?]*)(.*)$/.exec(request.url ?? "") ?? []
      // The host name of a foreign page may resolve to this machine (DNS rebinding).
      const isMeant = hostname === "localhost" || request.headers.host === host
      const isTaken = asked === path && request.method === "GET" && isMeant &&
        callbacks.unsafeOffer({ query: new URLSearchParams(query), reply: (page) => send(response, page) })
      if (!isTaken) response.writeHead(404, { connection: "close" }).end("Not Found")
    })
    const listening: Listening = {
      redirectUri: `http://${host}${path}`,
      next: Effect.orDie(callbacks.take)
    }
    return listening
  })
})

/**
 * Ports 1455 and 1457 by default: the client of Codex is registered with no others.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = { ports: [1455, 1457] }): Layer.Layer<CallbackServer> =>
  Layer.succeed(CallbackServer, make(options))

/**
 * Port 1455, which people know how to forward, or else any free one.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAnyPort: Layer.Layer<CallbackServer> = layer({ ports: [1455, 0], hostname: "127.0.0.1" })

/** In use, or reserved by the system: either way the port is unavailable. */
const bind = (port: number): Effect.Effect<Server, OAuthError> =>
  Effect.async((resume) => {
    const server = createServer()
    server.once("error", (error) => resume(new OAuthError({ reason: "PortBusy", detail: error.message })))
    server.listen(port, loopback, () => resume(Effect.succeed(server)))
  })

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** A connection that the browser keeps alive would delay the next sign-in; one that it has closed gets no response. */
const send = (response: ServerResponse, { html, status }: Page): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (response.destroyed) return resume(Effect.void)
    response.once("close", () => resume(Effect.void))
    response.writeHead(status, headers).end(html)
  })

/** The code is in the address of the page: browsers must not cache it, or send it on as a referrer. */
const headers = {
  "content-type": "text/html; charset=utf-8",
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  connection: "close"
}
