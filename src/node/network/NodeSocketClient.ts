/**
 * WebSockets on Node, with the library `ws`: the one built into Node does not report why an upgrade was refused, and
 * has no backpressure.
 *
 * @since 0.1.0
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Config from "effect/Config"
import type { ConfigError } from "effect/ConfigError"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { IncomingMessage } from "node:http"
import type { createConnection as connectPlain, Socket } from "node:net"
import { connect as connectTls } from "node:tls"
import type { WebSocket } from "ws"
import { loadedOnce } from "../../internal/loadedOnce.ts"
import { type Connection, SocketClient, SocketClosed, SocketRefused } from "../../responses/transport/SocketClient.ts"
import * as Network from "./Network.ts"

/** How many messages may wait for their reader before the server has to. */
const highWater = 64

/** One message may hold a whole generated image; nothing real is larger. In bytes. */
const maxMessageSize = 128 * 1024 * 1024

const utf8 = new TextDecoder("utf-8", { fatal: true })

/** In characters. */
const maxRefusalSize = 64 * 1024

/** @since 0.1.0 @category constructors */
export const make = Effect.fnUntraced(function*(options: Network.Options) {
  const tls = yield* Network.makeTls(options)
  const library = yield* loadedOnce(Effect.promise(() => import("../../vendor/ws.ts")))

  const connect: typeof SocketClient.Service.connect = Effect.fnUntraced(function*(url, headers) {
    const { WebSocket } = yield* library
    const ends: Ends = {
      opened: yield* Deferred.make<Connection["headers"], SocketRefused>(),
      // `pause` stops reading from the network, and little has arrived by then: a bounded queue could only lose some of
      // it.
      messages: yield* Mailbox.make<string, SocketClosed>(),
      closed: yield* Deferred.make<never, SocketClosed>()
    }
    const open = () => {
      const to = new URL(url)
      const proxy = Option.getOrUndefined(Network.proxyFor(options, to))
      const socket = new WebSocket(url, {
        ...tls,
        headers: { ...headers },
        maxPayload: maxMessageSize,
        ...proxy === undefined ? {} : { createConnection: through(proxy, to, tls) as unknown as typeof connectPlain }
      })
      // Attached at once: without a listener an event is lost, and an error ends the process.
      return { socket, connection: listen(socket, ends) }
    }
    const { connection } = yield* Effect.acquireRelease(
      Effect.try({ try: open, catch: notReached }),
      ({ socket }) => Effect.sync(() => hangUp(socket, 1000))
    )
    const answered = yield* Deferred.await(ends.opened)
    return { ...connection, headers: answered }
  })

  return SocketClient.of({ connect })
})

/**
 * @example
 * ```ts
 * import * as Option from "effect/Option"
 * import { NodeSocketClient } from "effixir/node"
 * import type { Network } from "effixir/node"
 *
 * const options: Network.Options = {
 *   httpsProxy: Option.none(),
 *   httpProxy: Option.none(),
 *   noProxy: Option.none(),
 *   certificates: Option.some("/etc/ssl/company.pem")
 * }
 *
 * const Sockets = NodeSocketClient.layer(options)
 * const sameAsAnEffect = NodeSocketClient.make(options)
 * const fromTheEnvironment = NodeSocketClient.layerConfig()
 * ```
 *
 * @since 0.1.0 @category layers
 */
export const layer = (options: Network.Options): Layer.Layer<SocketClient> => Layer.effect(SocketClient, make(options))

/**
 * Uses the proxies and certificates of the environment, like HTTP.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  options: Config.Config.Wrap<Network.Options> = Network.config
): Layer.Layer<SocketClient, ConfigError> => Layer.effect(SocketClient, Effect.flatMap(Config.unwrap(options), make))

/** The signals of a connection: once, and over time. */
interface Ends {
  readonly opened: Deferred.Deferred<Connection["headers"], SocketRefused>
  readonly messages: Mailbox.Mailbox<string, SocketClosed>
  readonly closed: Deferred.Deferred<never, SocketClosed>
}

const listen = (socket: WebSocket, { closed, messages, opened }: Ends): Omit<Connection, "headers"> => {
  let waiting = 0
  let answered: Connection["headers"] = {}
  let fault: Pick<SocketClosed, "code" | "reason"> | undefined

  const take = (message: string) => {
    messages.unsafeOffer(message)
    if (++waiting >= highWater) socket.pause()
  }
  socket.on("upgrade", (response) => {
    answered = headersOf(response)
  })
  socket.on("open", () => Deferred.unsafeDone(opened, Effect.succeed(answered)))
  socket.on("unexpected-response", (_, response) => Deferred.unsafeDone(opened, refused(response)))
  socket.on("message", (data, isBinary) => {
    if (!isBinary) return take(String(data))
    // Some servers send their JSON as bytes.
    const text = Either.try(() => utf8.decode(data as Buffer))
    if (Either.isRight(text)) return take(text.right)
    fault ??= { code: 1003, reason: "a binary message came that is no text" }
    hangUp(socket, 1003)
  })
  socket.on("ping", () => take(""))
  socket.on("error", (error) => {
    Deferred.unsafeDone(opened, notReached(error))
    fault ??= faultOf(error)
  })
  socket.on("close", (code, reason) => {
    const why = fault === undefined
      ? new SocketClosed({ code, reason: String(reason), by: "server" })
      : new SocketClosed({ ...fault, by: "client" })
    messages.unsafeDone(Exit.fail(why))
    Deferred.unsafeDone(closed, why)
  })

  return {
    send: (text) =>
      Effect.async((resume) => {
        socket.send(text, (error) => resume(error == null ? Effect.void : Deferred.await(closed)))
      }),
    messages: Stream.repeatEffectChunk(Effect.map(messages.takeAll, ([chunk]) => {
      waiting = 0
      socket.resume()
      return chunk
    })),
    isOpen: Effect.sync(() => socket.readyState === socket.OPEN)
  }
}

/** The violations for which we close a connection, by the library's names for them. */
const faultOf = (error: Error): Pick<SocketClosed, "code" | "reason"> | undefined => {
  const name = "code" in error ? String(error.code) : ""
  if (!name.startsWith("WS_ERR_")) return undefined
  return { code: name === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH" ? 1009 : 1002, reason: error.message }
}

const notReached = (cause: unknown): SocketRefused => new SocketRefused({ headers: {}, body: "", cause })

/** A body that breaks off, is too long, or never ends must not keep us from reporting the status. */
const refused = (response: IncomingMessage): Effect.Effect<never, SocketRefused> =>
  NodeStream.fromReadable<void, Uint8Array>(() => response, () => undefined).pipe(
    Stream.catchAll(() => Stream.empty),
    Stream.decodeText(),
    Stream.interruptAfter("10 seconds"),
    Stream.runFoldWhile("", (body) => body.length < maxRefusalSize, (body, text) => body + text),
    Effect.flatMap((body) =>
      new SocketRefused({
        status: response.statusCode ?? 0,
        headers: headersOf(response),
        body
      })
    )
  )

const headersOf = ({ headers }: IncomingMessage): Connection["headers"] =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))

/** Sends a close without waiting for the server's: until it gets one, the server continues with the response. */
const hangUp = (socket: WebSocket, code: number): void => {
  if (socket.readyState === socket.OPEN) socket.close(code)
  socket.terminate()
}

type Connect = (options: unknown, done: (error: Error | null, socket?: Socket) => void) => void

/** Connects through a proxy, in the way in which Node's HTTP asks for it. */
const through = (proxy: Network.Proxy, to: URL, tls: Network.Tls): Connect => (_, done) => {
  const isSecure = to.protocol === "wss:"
  const target = `${to.hostname}:${to.port || (isSecure ? 443 : 80)}`
  const encrypt = (socket: Socket) => connectTls({ ...tls, socket, servername: to.hostname })
  tunnel(proxy, target, tls).catch((error: unknown) => Promise.reject(Network.ofProxy(proxy, error) as Error)).then(
    (socket) => done(null, isSecure ? encrypt(socket) : socket),
    done
  )
}

/** A connection to a host and port, as the proxy gives it. */
const tunnel = async (named: Network.Proxy, target: string, tls: Network.Tls): Promise<Socket> => {
  const { Client } = await import("../../vendor/undici.ts")
  const proxy = new URL(named.url)
  const user = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  const { socket, statusCode } = await new Client(proxy.origin, { connect: { ...tls } }).connect({
    path: target,
    headers: {
      host: target,
      ...user === ":" ? {} : { "proxy-authorization": `Basic ${Buffer.from(user).toString("base64")}` }
    }
  })
  if (statusCode === 200) return socket as Socket
  socket.destroy()
  throw Network.refusedBy(named, statusCode)
}
