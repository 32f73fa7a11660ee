import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { createServer, type Server } from "node:http"
import { WebSocketServer } from "ws"
import type { AuthClient } from "../../src/auth/AuthClient.ts"
import * as NodeSocketClient from "../../src/node/network/NodeSocketClient.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as SocketTransport from "../../src/responses/transport/SocketTransport.ts"

/** A way to make model calls, and how the simulator notes a call that comes by it. */
export interface Transport {
  readonly name: "SSE" | "WebSocket"
  readonly method: "POST" | "MESSAGE"
  readonly layer: (options: Responses.Options) => Layer.Layer<Responses.Responses, never, AuthClient>
}

/** WebSockets on a machine without proxies. */
export const socketClient = NodeSocketClient.layer({
  httpProxy: Option.none(),
  httpsProxy: Option.none(),
  noProxy: Option.none(),
  certificates: Option.none()
})

export const transports: readonly [Transport, Transport] = [
  { name: "SSE", method: "POST", layer: Responses.layerWith },
  {
    name: "WebSocket",
    method: "MESSAGE",
    layer: (options) => Layer.provide(SocketTransport.layerWebSocket(options), socketClient)
  }
]

/** A server of one's own making, as it sees one model call. */
export interface Peer {
  readonly say: (event: Event) => void
  readonly cut: () => void
  readonly onClose: (then: () => void) => void
}

export interface Event {
  readonly type: string
  readonly [field: string]: unknown
}

/** What a server does with a model call: this status, or an answer. */
export type Talk = number | ((peer: Peer) => void)

/** A server on this machine that takes model calls by both ways, and its URL. */
export const serve = (talk: Talk) =>
  Effect.map(
    Effect.acquireRelease(listen(talk), ({ server, sockets }) =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
        for (const socket of sockets.clients) socket.terminate()
      })),
    ({ server }) => {
      const address = server.address()
      return `http://127.0.0.1:${typeof address === "object" ? address?.port : address}`
    }
  )

const listen = (talk: Talk) =>
  Effect.async<{ readonly server: Server; readonly sockets: WebSocketServer }>((resume) => {
    const sockets = new WebSocketServer({ noServer: true })
    const server = createServer((_, response) => {
      if (typeof talk === "number") return response.writeHead(talk).end("no")
      return talk({
        say: (event) => response.write(`data: ${JSON.stringify(event)}\n\n`),
        cut: () => response.destroy(),
        onClose: (then) => response.on("close", then)
      })
    })
    server.on("upgrade", (request, connection, head) => {
      if (typeof talk === "number") return connection.end(`HTTP/1.1 ${talk} No\r\nconnection: close\r\n\r\nno`)
      return sockets.handleUpgrade(request, connection, head, (socket) =>
        socket.on("message", () =>
          talk({
            say: (event) => socket.send(JSON.stringify(event)),
            cut: () => socket.terminate(),
            onClose: (then) => socket.on("close", then)
          })))
    })
    server.listen(0, "127.0.0.1", () => resume(Effect.succeed({ server, sockets })))
  })
