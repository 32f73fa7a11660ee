/**
 * An HTTP server of this process, with limits for whoever talks to it.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type * as HttpRouter from "@effect/platform/HttpRouter"
import type * as HttpServer from "@effect/platform/HttpServer"
import type { ServeError } from "@effect/platform/HttpServerError"
import * as Duration from "effect/Duration"
import * as Layer from "effect/Layer"
import { createServer, type Server, STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import * as NodeLongAnswer from "./NodeLongAnswer.ts"

/** @since 0.1.0 @category models */
export interface Options {
  readonly host: string
  /** 0 is any that is free. */
  readonly port: number
  /** How long a client may take to send the headers of a request: 10 seconds unless told otherwise. */
  readonly headersTimeout?: Duration.DurationInput | undefined
  /** How long it may take to send all of a request: a minute unless told otherwise. */
  readonly requestTimeout?: Duration.DurationInput | undefined
}

/**
 * @example
 * ```ts
 * import * as HttpServer from "@effect/platform/HttpServer"
 * import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { NodeServer } from "effixir/node"
 *
 * const Hello = HttpServer.serve(Effect.succeed(HttpServerResponse.text("Hello!"))).pipe(
 *   Layer.provide(NodeServer.layer({ host: "127.0.0.1", port: 4096, requestTimeout: "10 seconds" }))
 * )
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = ({ host, port, ...patience }: Options): Layer.Layer<
  HttpServer.HttpServer | HttpRouter.HttpRouter.DefaultServices,
  ServeError
> => Layer.merge(NodeHttpServer.layer(() => make(patience), { host, port }), NodeLongAnswer.layer)

/** Headers are 16 KiB at most, and nothing moves for 2 minutes on no connection. */
const make = (
  { headersTimeout = "10 seconds", requestTimeout = "60 seconds" }: Pick<Options, "headersTimeout" | "requestTimeout">
): Server => {
  const [headers, request] = [Duration.toMillis(headersTimeout), Duration.toMillis(requestTimeout)]
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: headers,
    requestTimeout: request,
    connectionsCheckingInterval: Math.min(headers, request) / 2
  })
  server.timeout = 120_000
  server.on("clientError", refuse)
  const close = server.close.bind(server)
  // Streams that are read for ever, and connections kept for a next request, would keep it from closing.
  server.close = (callback) => {
    close(callback)
    server.closeAllConnections()
    return server
  }
  return server
}

const refused = new WeakSet<Duplex>()

/** What is no HTTP, or too much of it, never comes to a handler. */
const refuse = (error: NodeJS.ErrnoException, socket: Duplex): void => {
  // A client that still writes would not read the answer: the rest is read and dropped, for a moment.
  if (refused.has(socket)) return
  refused.add(socket)
  setTimeout(() => socket.destroy(), lingering).unref()
  if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy()
  const [status, kind, message] = refusals[error.code ?? ""] ?? [400, "BadInput", "This is no HTTP request"]
  const body = JSON.stringify({ error: { kind, message, details: {} } })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: application/json\r\nconnection: close\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** In milliseconds. */
const lingering = 2000

const refusals: { readonly [code: string]: readonly [status: number, kind: string, message: string] } = {
  HPE_HEADER_OVERFLOW: [431, "TooLarge", "The headers are larger than 16 KiB"],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Timeout", "The request did not come in time"]
}
