import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server } from "node:http"
import { createServer as createSecure } from "node:https"
import { type AddressInfo, connect as connectTcp, type Socket } from "node:net"
import { fileURLToPath } from "node:url"
import { type WebSocket, WebSocketServer } from "ws"
import type * as Network from "../../../src/node/network/Network.ts"
import * as NodeSocketClient from "../../../src/node/network/NodeSocketClient.ts"
import { SocketClient } from "../../../src/responses/transport/SocketClient.ts"

const listening = (server: Server) =>
  Effect.acquireRelease(
    Effect.async<number>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed((server.address() as AddressInfo).port)))
    }),
    () =>
      Effect.async<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )

/** A server that does this with every connection, and its URL. */
const serve = (talk: (socket: WebSocket, request: IncomingMessage) => void) =>
  Effect.gen(function*() {
    const server = createServer((_, response) => response.writeHead(404).end())
    const port = yield* listening(server)
    const sockets = new WebSocketServer({ server, perMessageDeflate: true })
    sockets.on("connection", talk)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        for (const socket of sockets.clients) socket.terminate()
      })
    )
    return `ws://127.0.0.1:${port}/a`
  })

/** A server that answers every upgrade with this, byte for byte. */
const refuseWith = (answer: string) =>
  Effect.gen(function*() {
    const server = createServer()
    server.on("upgrade", (_, socket: Socket) => void socket.end(answer))
    return `ws://127.0.0.1:${yield* listening(server)}`
  })

/** A CA that nobody knows, and a server that it has signed for localhost. */
const fixture = (name: string) => fileURLToPath(new URL(`../../cli/tls/${name}`, import.meta.url))

const direct: Network.Options = {
  httpProxy: Option.none(),
  httpsProxy: Option.none(),
  noProxy: Option.none(),
  certificates: Option.none()
}

const connect = (url: string, headers: Readonly<Record<string, string>> = {}, options = direct) =>
  Effect.flatMap(SocketClient, (sockets) => sockets.connect(url, headers)).pipe(
    Effect.provide(NodeSocketClient.layer(options))
  )

/** Why a connection is over, and what came before. */
const ending = (url: string) =>
  Effect.gen(function*() {
    const { messages } = yield* connect(url)
    const seen: Array<string> = []
    const { by, code, reason } = yield* Effect.flip(
      Stream.runForEach(messages, (message) => Effect.sync(() => seen.push(message)))
    )
    return { seen, by, code, reason }
  })

describe("NodeSocketClient", () => {
  it.scopedLive("carries texts both ways, compressed, with headers on the upgrade", () =>
    Effect.gen(function*() {
      const url = yield* serve((socket, request) => {
        socket.send(`${request.headers.authorization} ${request.headers["sec-websocket-extensions"]}`)
        socket.on("message", (data) => socket.send(`you said ${data}`))
      })
      const { headers, isOpen, messages, send } = yield* connect(url, { authorization: "Bearer t" })
      assert.isTrue(yield* isOpen)
      assert.propertyVal(headers, "upgrade", "websocket")
      yield* send("Grüße 👋")
      const [first, second] = yield* Stream.runCollect(Stream.take(messages, 2))
      assert.match(first ?? "", /^Bearer t permessage-deflate/)
      assert.strictEqual(second, "you said Grüße 👋")
    }))

  it.scopedLive("speaks TLS to a server whose CA it is told of, and to no other", () =>
    Effect.gen(function*() {
      const server = createSecure({
        cert: readFileSync(fixture("server.pem")),
        key: readFileSync(fixture("server.key"))
      })
      const port = yield* listening(server as unknown as Server)
      const sockets = new WebSocketServer({ server })
      sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`you said ${data}`)))
      sockets.on("headers", (headers) => headers.push("X-Codex-Primary-Used-Percent: 42"))
      const url = `wss://localhost:${port}/a`
      const { headers, messages, send } = yield* connect(url, {}, {
        ...direct,
        certificates: Option.some(fixture("ca.pem"))
      })
      yield* send("hi")
      assert.deepStrictEqual([...yield* Stream.runCollect(Stream.take(messages, 1))], ["you said hi"])
      assert.propertyVal(headers, "x-codex-primary-used-percent", "42")

      const { cause, status } = yield* Effect.flip(connect(url))
      assert.isUndefined(status)
      assert.match(String(cause), /certificate/)
    }))

  it.scopedLive("goes on where the last reader has stopped", () =>
    Effect.gen(function*() {
      const url = yield* serve((socket) => {
        socket.on("message", (data) => socket.send(String(data)))
      })
      const { messages, send } = yield* connect(url)
      for (const text of ["a", "b"]) {
        yield* send(text)
        assert.deepStrictEqual([...yield* Stream.runCollect(Stream.take(messages, 1))], [text])
      }
    }))

  it.scopedLive("tells of a ping", () =>
    Effect.gen(function*() {
      const { messages } = yield* connect(yield* serve((socket) => socket.ping()))
      assert.deepStrictEqual([...yield* Stream.runCollect(Stream.take(messages, 1))], [""])
    }))

  it.scopedLive("slows the server down when nobody reads", () =>
    Effect.gen(function*() {
      const count = 4000
      const text = "a".repeat(10_000)
      const served = yield* Deferred.make<WebSocket>()
      const url = yield* serve((socket) => Deferred.unsafeDone(served, Effect.succeed(socket)))
      const { messages } = yield* connect(url)
      const socket = yield* Deferred.await(served)
      for (let i = 0; i < count; i++) socket.send(text, { compress: false })
      // Until the server gets rid of nothing more: what it holds back then, the client has not taken.
      const left = yield* Effect.iterate({ now: socket.bufferedAmount, before: -1 }, {
        while: ({ before, now }) => now !== before,
        body: ({ now }) => Effect.delay(Effect.sync(() => ({ now: socket.bufferedAmount, before: now })), "100 millis")
      })
      assert.isAbove(left.now, count * text.length / 4)
      assert.strictEqual(yield* Stream.runCount(Stream.take(messages, count)), count)
    }))

  it.scopedLive("tells how the server has closed, after all that came before", () =>
    Effect.gen(function*() {
      const url = yield* serve((socket) => {
        socket.send("last words")
        socket.close(1011, "internal error")
      })
      assert.deepStrictEqual(yield* ending(url), {
        seen: ["last words"],
        by: "server",
        code: 1011,
        reason: "internal error"
      })
    }))

  it.scopedLive("tells that a connection broke", () =>
    Effect.gen(function*() {
      const { by, code } = yield* ending(yield* serve((socket) => socket.terminate()))
      assert.deepStrictEqual({ by, code }, { by: "server", code: 1006 })
    }))

  it.scopedLive("takes a text that is sent as bytes, and no other bytes", () =>
    Effect.gen(function*() {
      const told = yield* Deferred.make<number>()
      const url = yield* serve((socket) => {
        socket.on("close", (code) => Deferred.unsafeDone(told, Effect.succeed(code)))
        socket.send(Buffer.from("{\"a\":\"ü\"}"))
        socket.send(Buffer.from([0xFF, 0xFE]))
      })
      assert.deepStrictEqual(yield* ending(url), {
        seen: ["{\"a\":\"ü\"}"],
        by: "client",
        code: 1003,
        reason: "a binary message came that is no text"
      })
      assert.strictEqual(yield* Deferred.await(told), 1003)
    }))

  it.scopedLive("takes no message without end", () =>
    Effect.gen(function*() {
      const url = yield* serve((socket) => {
        socket.on("error", () => undefined)
        // Zeros: the network carries a thousandth of it.
        socket.send(Buffer.alloc(129 * 1024 * 1024), { binary: false })
      })
      const { by, code } = yield* ending(url)
      assert.deepStrictEqual({ by, code }, { by: "client", code: 1009 })
    }))

  it.scopedLive("sends nothing over a connection that is closed", () =>
    Effect.gen(function*() {
      const { isOpen, messages, send } = yield* connect(yield* serve((socket) => socket.close(1001, "going")))
      yield* Effect.flip(Stream.runDrain(messages))
      assert.isFalse(yield* isOpen)
      const { code, reason } = yield* Effect.flip(send("hi"))
      assert.deepStrictEqual({ code, reason }, { code: 1001, reason: "going" })
    }))

  it.scopedLive("says goodbye when its scope is closed", () =>
    Effect.gen(function*() {
      const told = yield* Deferred.make<number>()
      const url = yield* serve((socket) => {
        socket.on("close", (code) => Deferred.unsafeDone(told, Effect.succeed(code)))
      })
      yield* Effect.scoped(connect(url))
      assert.strictEqual(yield* Deferred.await(told), 1000)
    }))

  it.scopedLive("tells what the server said instead of an upgrade", () =>
    Effect.gen(function*() {
      const url = yield* refuseWith(
        "HTTP/1.1 426 Upgrade Required\r\nX-Request-Id: r1\r\nContent-Length: 4\r\n\r\nnope"
      )
      const { body, headers, status } = yield* Effect.flip(connect(url))
      assert.strictEqual(status, 426)
      assert.strictEqual(body, "nope")
      assert.strictEqual(headers["x-request-id"], "r1")
    }))

  it.scopedLive("does not need the whole of what a server says instead", () =>
    Effect.gen(function*() {
      const url = yield* refuseWith("HTTP/1.1 503 No\r\nContent-Length: 1000\r\n\r\nbusy")
      const { body, status } = yield* Effect.flip(connect(url))
      assert.strictEqual(status, 503)
      assert.strictEqual(body, "busy")
    }))

  it.scopedLive("tells who was not reached", () =>
    Effect.gen(function*() {
      const url = yield* Effect.scoped(refuseWith(""))
      const { cause, status } = yield* Effect.flip(connect(url))
      assert.isUndefined(status)
      assert.match(String(cause), /connect ECONNREFUSED/)
      assert.isUndefined((yield* Effect.flip(connect("no url"))).status)
    }))

  it.scopedLive("gives up when it is interrupted", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const gone = yield* Deferred.make<void>()
      const server = createServer()
      server.on("upgrade", (_, socket: Socket) => {
        socket.on("end", () => {
          Deferred.unsafeDone(gone, Effect.void)
          socket.destroy()
        }).resume()
        Deferred.unsafeDone(asked, Effect.void)
      })
      const url = `ws://127.0.0.1:${yield* listening(server)}`
      const connecting = yield* Effect.fork(Effect.scoped(connect(url)))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(connecting)
      yield* Deferred.await(gone)
    }))

  describe("behind a proxy", () => {
    /** A proxy that notes what it is asked for, and where it is. */
    const proxy = (allows: boolean) =>
      Effect.gen(function*() {
        const seen: Array<string> = []
        const server = createServer()
        server.on("connect", (request, socket: Socket) => {
          seen.push(`${request.url} ${request.headers["proxy-authorization"]}`)
          if (!allows) return void socket.end("HTTP/1.1 403 Forbidden\r\n\r\n")
          const [host = "", port] = (request.url ?? "").split(":")
          const target = connectTcp(Number(port), host, () => {
            socket.write("HTTP/1.1 200 OK\r\n\r\n")
            target.pipe(socket).pipe(target)
          })
          return target.on("error", () => socket.destroy())
        })
        return { seen, address: `127.0.0.1:${yield* listening(server)}` }
      })

    const echo = serve((socket) => {
      socket.on("message", (data) => socket.send(String(data)))
    })

    it.scopedLive("goes through it", () =>
      Effect.gen(function*() {
        const url = yield* echo
        const { address, seen } = yield* proxy(true)
        const { messages, send } = yield* connect(url, {}, {
          ...direct,
          httpProxy: Option.some({ variable: "HTTP_PROXY", url: `http://ada:%40b@${address}` })
        })
        yield* send("hi")
        assert.deepStrictEqual([...yield* Stream.runCollect(Stream.take(messages, 1))], ["hi"])
        assert.deepStrictEqual(seen, [`${new URL(url).host} Basic ${Buffer.from("ada:@b").toString("base64")}`])
      }))

    it.scopedLive("goes around it where it should", () =>
      Effect.gen(function*() {
        const { address, seen } = yield* proxy(true)
        yield* connect(yield* echo, {}, {
          ...direct,
          httpProxy: Option.some({ variable: "HTTP_PROXY", url: `http://${address}` }),
          noProxy: Option.some("127.0.0.1")
        })
        assert.deepStrictEqual(seen, [])
      }))

    it.scopedLive("tells that the proxy does not let it through", () =>
      Effect.gen(function*() {
        const { address, seen } = yield* proxy(false)
        const { cause, status } = yield* Effect.flip(
          connect("wss://example.test/a", {}, {
            ...direct,
            httpsProxy: Option.some({ variable: "HTTPS_PROXY", url: `http://${address}` })
          })
        )
        assert.isUndefined(status)
        assert.include(
          String(cause),
          `the proxy ${address}, which HTTPS_PROXY names, gives no way to the server: it answered 403`
        )
        assert.deepStrictEqual(seen, ["example.test:443 undefined"])
      }))
  })
})
