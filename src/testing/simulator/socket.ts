import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Stream from "effect/Stream"
import { type IncomingMessage, type Server, ServerResponse } from "node:http"
import type { Duplex } from "node:stream"
import type { WebSocket } from "ws"
import { field } from "../../internal/json.ts"
import * as StreamEvent from "../../responses/StreamEvent.ts"
import type { JsonEvent } from "../ScriptEvents.ts"
import * as Http from "./http.ts"

export interface Options {
  /** Whether every upgrade is refused, with status 426. */
  readonly isRefusing?: boolean
  /** How old a connection may be and still take a request. */
  readonly maxAge?: Duration.DurationInput
  /** In bytes; a connection is closed over a larger message. */
  readonly maxMessageSize?: number
  /** The connection breaks without a close frame after this many events. */
  readonly breaksAfter?: number
}

/** Accepts or refuses a connection, and returns the function that answers its messages. */
export type Upgrade = (received: Http.Received) => Effect.Effect<Speaker, Http.Reply>

/** Answers a message; its failure is sent as an error event. */
export type Speaker = (message: unknown) => Effect.Effect<Answer, Http.Reply>

export interface Answer {
  readonly events: Stream.Stream<JsonEvent>
  /** Whether the connection is closed after them. */
  readonly isCut: boolean
}

/** Takes WebSockets beside the requests of a server. The connections close with the scope. */
export const respond = Effect.fnUntraced(function*(server: Server, options: Options, handler: {
  readonly note: (received: Http.Received) => Effect.Effect<void>
  readonly upgrade: Upgrade
}) {
  // Loaded only when a simulator starts, not with the module.
  const { WebSocketServer } = yield* Effect.promise(() => import("../../vendor/ws.ts"))
  const sockets = yield* Effect.acquireRelease(
    Effect.sync(() =>
      new WebSocketServer({
        noServer: true,
        perMessageDeflate: true,
        maxPayload: options.maxMessageSize ?? 128 * 1024 * 1024
      })
    ),
    (sockets) =>
      Effect.sync(() => {
        for (const socket of sockets.clients) socket.terminate()
      })
  )
  const run = yield* FiberSet.makeRuntime<never, void, never>()

  const serve = Effect.fnUntraced(function*(socket: WebSocket, request: Http.Received, speak: Speaker) {
    const openRealPath = yield* Clock.currentTimeMillis
    let isBusy = false
    let told = 0

    const send = (event: JsonEvent) =>
      Effect.async<void>((resume) => {
        socket.send(JSON.stringify(event), () => {
          if (++told === options.breaksAfter) socket.terminate()
          resume(Effect.void)
        })
      })

    // A client that has received the last event may send its next request at once.
    const tell = (event: JsonEvent) =>
      Effect.suspend(() => {
        isBusy = isBusy && !StreamEvent.isTerminal(StreamEvent.fromJson(event))
        return send(event)
      })

    const answer = Effect.fnUntraced(function*(text: string) {
      const body = Http.parse(text)
      yield* handler.note({ ...request, method: "MESSAGE", body })
      const age = (yield* Clock.currentTimeMillis) - openRealPath
      if (options.maxAge !== undefined && age > Duration.toMillis(options.maxAge)) {
        yield* tell(failure(tooOld))
        return socket.close(1000)
      }
      const { events, isCut } = yield* speak(body)
      yield* Stream.runForEach(events, tell)
      if (isCut) socket.close(1000)
    })

    // The close code tells the client what it did wrong.
    socket.on("error", () => undefined)
    socket.on("message", (data) => {
      // One response at a time, as with the real servers.
      if (isBusy) return void run(send(failure(busy)))
      isBusy = true
      const fiber = answer(String(data)).pipe(
        Effect.catchAll((reply) => tell(failure(reply))),
        Effect.catchAllDefect((defect) =>
          tell(failure(Http.error(500, { message: String(defect), code: "simulator_defect" })))
        ),
        run
      )
      socket.on("close", () => fiber.unsafeInterruptAsFork(FiberId.none))
    })
  })

  server.on("upgrade", (incoming: IncomingMessage, connection: Duplex, head: Buffer) => {
    const request = Http.received(incoming, "")
    connection.on("error", () => undefined)
    handler.note(request).pipe(
      Effect.zipRight(options.isRefusing === true ? Effect.fail(notHere) : handler.upgrade(request)),
      Effect.flatMap((speak) =>
        Effect.async<WebSocket>((resume) => {
          sockets.handleUpgrade(incoming, connection, head, (socket) => resume(Effect.succeed(socket)))
        }).pipe(Effect.flatMap((socket) => serve(socket, request, speak)))
      ),
      Effect.catchAll((reply) => refuse(incoming, connection, reply)),
      run
    )
  })
})

const notHere = Http.json(426, { detail: "Upgrade Required" })

const busy = Http.error(400, {
  message: "Another response is in progress on this connection",
  code: "websocket_response_in_progress"
})

const tooOld = Http.error(400, {
  message: "Responses websocket connection limit reached (60 minutes). Create a new websocket connection to continue.",
  code: "websocket_connection_limit_reached"
})

/** The same refusal as over HTTP, as an event. */
const failure = ({ body, headers, status }: Http.Reply): JsonEvent => {
  const said = Http.parse(String(body))
  const message = field(said, "detail") ?? String(body)
  return { type: "error", status, error: field(said, "error") ?? { type: "invalid_request_error", message }, headers }
}

const refuse = (incoming: IncomingMessage, connection: Duplex, reply: Http.Reply): Effect.Effect<void> =>
  Effect.suspend(() => {
    const outgoing = new ServerResponse(incoming)
    outgoing.assignSocket(connection as Parameters<ServerResponse["assignSocket"]>[0])
    outgoing.shouldKeepAlive = false
    outgoing.on("finish", () => connection.end())
    return Http.send(outgoing, reply)
  })
