/**
 * The callback of the browser sign-in, on a loopback port.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
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

/** `localhost` may lead a browser to either. */
const loopback = { v4: "127.0.0.1", v6: "::1" }
const path = "/auth/callback"

/** How many requests may wait. A browser makes one or two. */
const capacity = 16

/** @since 0.1.0 @category constructors */
export const make = ({ hostname = "localhost", ports }: Options): typeof CallbackServer.Service => ({
  listen: Effect.gen(function*() {
    const callbacks = yield* Mailbox.make<Callback>(capacity)
    const servers = yield* Effect.acquireRelease(
      Effect.firstSuccessOf(ports.map((port) => bind(port, hostname))),
      Effect.forEach(close)
    )
    const host = `${hostname}:${portOf(servers[0])}`
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      const [, asked, query] = /^([^?]*)(.*)$/.exec(request.url ?? "") ?? []
      // The host name of a foreign page may resolve to this machine (DNS rebinding).
      const isMeant = hostname === "localhost" || request.headers.host === host
      const isTaken = asked === path && request.method === "GET" && isMeant &&
        callbacks.unsafeOffer({ query: new URLSearchParams(query), reply: (page) => send(response, page) })
      if (!isTaken) response.writeHead(404, { connection: "close" }).end("Not Found")
    }
    for (const server of servers) server.on("request", answer)
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
 * @example
 * ```ts
 * import { NodeCallbackServer } from "effixir/node"
 *
 * const Usual = NodeCallbackServer.layer() // the ports that the server of OpenAI sends people back to
 * const Own = NodeCallbackServer.layer({ hostname: "localhost", ports: [1455] })
 * const Any = NodeCallbackServer.layerAnyPort
 * const service = NodeCallbackServer.make({ hostname: "localhost", ports: [1455] })
 * ```
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

/**
 * Takes a port for IPv4, and the same one for IPv6 where the machine has that. A name that leads to both needs both:
 * where another program has one of them, it could be the one to get the answer.
 */
const bind = (port: number, hostname: string): Effect.Effect<ReadonlyArray<Server>, OAuthError> =>
  Effect.gen(function*() {
    const server = yield* open(port, loopback.v4)
    const second = yield* Effect.either(open(portOf(server), loopback.v6))
    if (Either.isRight(second)) return [server, second.right]
    if (second.left.code !== "EADDRINUSE" || hostname !== "localhost") return [server]
    yield* close(server)
    return yield* Effect.fail(second.left)
  }).pipe(
    // A free port of IPv4 may be in use for IPv6.
    Effect.retry({ times: 10, while: () => port === 0 }),
    Effect.mapError(({ message }) => new OAuthError({ reason: "PortBusy", detail: message }))
  )

const open = (port: number, host: string): Effect.Effect<Server, NodeJS.ErrnoException> =>
  Effect.async((resume) => {
    const server = createServer()
    server.once("error", (error) => resume(Effect.fail(error)))
    server.listen({ port, host }, () => resume(Effect.succeed(server)))
  })

const close = (server: Server): Effect.Effect<void> =>
  Effect.async((resume) => {
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

const portOf = (server: Server | undefined): number => {
  const address = server?.address()
  return typeof address === "object" ? address?.port ?? 0 : 0
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
