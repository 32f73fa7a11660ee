/**
 * WebSockets as a model call needs them: text both ways, headers on the upgrade, and the answer of a server that
 * refuses it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

/**
 * There is no connection. With a `status`, the server answered without an upgrade; without one, no server was reached,
 * and `cause` says why.
 *
 * @since 0.1.0
 * @category errors
 */
export class SocketRefused
  extends Schema.TaggedError<SocketRefused>("effixir/responses/transport/SocketClient/SocketRefused")(
    "SocketRefused",
    {
      status: Schema.optional(Schema.Number),
      /** Names in lower case. */
      headers: Schema.Record({ key: Schema.String, value: Schema.String }),
      body: Schema.String,
      cause: Schema.optional(Schema.Defect)
    }
  )
{}

/**
 * The connection is over, by one of the codes of RFC 6455; 1006 if it broke without one.
 *
 * @since 0.1.0
 * @category errors
 */
export class SocketClosed
  extends Schema.TaggedError<SocketClosed>("effixir/responses/transport/SocketClient/SocketClosed")(
    "SocketClosed",
    {
      code: Schema.Number,
      reason: Schema.String,
      /**
       * Which side ended it. We do when the server sends unreadable data: bytes that are no text (1003), too big (1009),
       * no WebSocket (1002).
       */
      by: Schema.Literal("server", "client")
    }
  )
{}

/**
 * One open connection.
 *
 * @since 0.1.0
 * @category models
 */
export interface Connection {
  /** The headers of the upgrade answer; names in lower case. */
  readonly headers: { readonly [name: string]: string }
  /** Returns when the text has left this process. */
  readonly send: (text: string) => Effect.Effect<void, SocketClosed>
  /**
   * What the server sends, from where the last reader has stopped; an empty text stands for a ping. A reader that is slow
   * slows the server down.
   */
  readonly messages: Stream.Stream<string, SocketClosed>
  readonly isOpen: Effect.Effect<boolean>
}

/** @since 0.1.0 @category services */
export class SocketClient extends Context.Tag("effixir/responses/transport/SocketClient")<SocketClient, {
  /** Connects to a `ws:` or `wss:` URL; the connection is closed with the Scope. */
  readonly connect: (
    url: string,
    headers: { readonly [name: string]: string }
  ) => Effect.Effect<Connection, SocketRefused, Scope.Scope>
}>() {}
