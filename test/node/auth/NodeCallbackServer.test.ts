import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import { get } from "node:http"
import { type AddressInfo, connect, createServer, type Socket } from "node:net"
import { networkInterfaces } from "node:os"
import type { Listening } from "../../../src/auth/CallbackServer.ts"
import * as NodeCallbackServer from "../../../src/node/auth/NodeCallbackServer.ts"

const listen = NodeCallbackServer.make({ ports: [0] }).listen

const addressOf = ({ redirectUri }: Listening, path = "/auth/callback?state=s"): string =>
  new URL(path, redirectUri.replace("localhost", "127.0.0.1")).href

interface Seen {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/** What a browser gets to see. */
const visit = (url: string, init: RequestInit = {}): Effect.Effect<Seen> =>
  Effect.promise(async (signal) => {
    const response = await fetch(url, { ...init, signal })
    return { status: response.status, text: await response.text(), headers: response.headers }
  })

/** Says this on a connection of its own, and gives back all that is answered until the end of it. */
const say = (listening: Listening, text: string): Effect.Effect<string> =>
  Effect.async((resume) => {
    const socket = open(listening)
    let answer = ""
    socket.on("data", (chunk) => (answer += String(chunk)))
    socket.on("close", () => resume(Effect.sync(() => answer)))
    socket.write(text)
  })

const open = ({ redirectUri }: Listening): Socket => {
  const socket = connect(Number(new URL(redirectUri).port), "127.0.0.1")
  socket.on("error", () => {})
  return socket
}

const closed = (socket: Socket): Effect.Effect<void> =>
  Effect.async((resume) => {
    if (socket.destroyed) return resume(Effect.void)
    socket.once("close", () => resume(Effect.void))
  })

/** Takes a port for the time of the test; any free one unless told otherwise. */
const occupy = (port = 0, host = "127.0.0.1"): Effect.Effect<number, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const server = createServer()
        server.once("error", (error) => resume(Effect.die(error)))
        server.listen(port, host, () => resume(Effect.succeed(server)))
      }),
      (server) => Effect.async<void>((resume) => void server.close(() => resume(Effect.void)))
    ),
    (server) => (server.address() as AddressInfo).port
  )

/** A port that was free a moment ago. */
const freePort = Effect.scoped(occupy())

const hasIPv6 = Object.values(networkInterfaces()).flat().some((address) => address?.address === "::1")

/** What a browser gets to see that takes `localhost` for `::1`. */
const visitOverIPv6 = ({ redirectUri }: Listening, host = new URL(redirectUri).host): Effect.Effect<string> =>
  Effect.async((resume) => {
    const { port } = new URL(redirectUri)
    get(`http://[::1]:${port}/auth/callback?state=v6`, { headers: { host } }, (response) => {
      let text = String(response.statusCode)
      response.setEncoding("utf8").on("data", (chunk: string) => (text += ` ${chunk}`))
      response.on("end", () => resume(Effect.succeed(text)))
    }).on("error", (error) => resume(Effect.succeed(error.message)))
  })

describe.runIf(hasIPv6)("NodeCallbackServer over ::1 (left out where the machine has no IPv6)", () => {
  for (const hostname of ["localhost", "127.0.0.1"] as const) {
    it.scopedLive(`is reached as ${hostname}, under the same port`, () =>
      Effect.gen(function*() {
        const listening = yield* NodeCallbackServer.make({ ports: [0], hostname }).listen
        const browser = yield* Effect.fork(visitOverIPv6(listening))
        const { query, reply } = yield* listening.next
        assert.strictEqual(query.get("state"), "v6")
        yield* reply({ status: 200, html: "here" })
        assert.strictEqual(yield* Fiber.join(browser), "200 here")
      }))
  }

  it.scopedLive("is not reached under a name that is not the one it was given", () =>
    Effect.gen(function*() {
      const listening = yield* NodeCallbackServer.make({ ports: [0], hostname: "127.0.0.1" }).listen
      assert.strictEqual(yield* visitOverIPv6(listening, "rebound.example"), "404 Not Found")
    }))

  it.scopedLive("goes on to the next port where another program would get what is sent to localhost", () =>
    Effect.gen(function*() {
      const [taken, free] = [yield* occupy(0, "::1"), yield* freePort]
      const { redirectUri } = yield* NodeCallbackServer.make({ ports: [taken, free] }).listen
      assert.strictEqual(redirectUri, `http://localhost:${free}/auth/callback`)
      // It holds nothing of the port that it does not use.
      yield* occupy(taken)
    }))

  it.scopedLive("minds no other program where the address is that of IPv4", () =>
    Effect.gen(function*() {
      const taken = yield* occupy(0, "::1")
      const { redirectUri } = yield* NodeCallbackServer.make({ ports: [taken], hostname: "127.0.0.1" }).listen
      assert.strictEqual(redirectUri, `http://127.0.0.1:${taken}/auth/callback`)
    }))

  it.scopedLive("frees both when the scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const { redirectUri } = yield* Scope.extend(listen, scope)
      yield* Scope.close(scope, Exit.void)
      yield* occupy(Number(new URL(redirectUri).port), "::1")
    }))
})

describe("NodeCallbackServer", () => {
  it.scopedLive("names itself by name, and listens on the loopback address", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      assert.match(listening.redirectUri, /^http:\/\/localhost:\d+\/auth\/callback$/)
    }))

  it.scopedLive("hands over the query of a callback, and shows the page it is given", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      const browser = yield* Effect.fork(visit(addressOf(listening, "/auth/callback?code=a%20b&state=s%2Bt?u")))
      const callback = yield* listening.next
      assert.deepStrictEqual([...callback.query], [["code", "a b"], ["state", "s+t?u"]])
      yield* callback.reply({ status: 418, html: "<p>short and stout</p>" })
      const seen = yield* Fiber.join(browser)
      assert.strictEqual(seen.status, 418)
      assert.strictEqual(seen.text, "<p>short and stout</p>")
    }))

  it.scopedLive("keeps no connection, and lets nobody keep the page or learn where it was", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      const browser = yield* Effect.fork(visit(addressOf(listening)))
      yield* Effect.flatMap(listening.next, ({ reply }) => reply({ status: 200, html: "" }))
      const { headers } = yield* Fiber.join(browser)
      assert.strictEqual(headers.get("connection"), "close")
      assert.strictEqual(headers.get("cache-control"), "no-store")
      assert.strictEqual(headers.get("referrer-policy"), "no-referrer")
      assert.strictEqual(headers.get("content-type"), "text/html; charset=utf-8")
    }))

  it.scopedLive("lets the browser wait until there is a page", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      const browser = yield* Effect.fork(visit(addressOf(listening)))
      const callback = yield* listening.next
      yield* visit(addressOf(listening, "/favicon.ico"))
      assert.isNull(browser.unsafePoll())
      yield* callback.reply({ status: 200, html: "at last" })
      assert.strictEqual((yield* Fiber.join(browser)).text, "at last")
    }))

  for (
    const path of ["/", "/favicon.ico", "/auth/callback/", "/auth/callback2?code=c&state=s", "/cancel", "//", "/%"]
  ) {
    it.scopedLive(`has nothing at ${path}`, () =>
      Effect.gen(function*() {
        const listening = yield* listen
        const answer = yield* say(listening, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
        assert.match(answer, /^HTTP\/1\.1 404 /)
        assert.match(answer, /connection: close/i)
        assert.include(answer, "Not Found")
      }))
  }

  it.scopedLive("takes nothing but what a browser asks for in its address bar", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      for (const method of ["HEAD", "POST", "OPTIONS"]) {
        assert.strictEqual((yield* visit(addressOf(listening), { method })).status, 404)
      }
    }))

  it.scopedLive("is not used up by connections that say nothing, or nonsense", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      open(listening)
      open(listening).end()
      assert.match(yield* say(listening, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 /)
      assert.match(yield* say(listening, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), /^HTTP\/1\.1 404 /)
      const browser = yield* Effect.fork(visit(addressOf(listening)))
      yield* Effect.flatMap(listening.next, ({ reply }) => reply({ status: 200, html: "here" }))
      assert.strictEqual((yield* Fiber.join(browser)).text, "here")
    }))

  it.scopedLive("hands over one visit after the other", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      for (const state of ["first", "second", "third"]) {
        const browser = yield* Effect.fork(visit(addressOf(listening, `/auth/callback?state=${state}`)))
        const callback = yield* listening.next
        assert.strictEqual(callback.query.get("state"), state)
        yield* callback.reply({ status: 200, html: state })
        assert.strictEqual((yield* Fiber.join(browser)).text, state)
      }
    }))

  it.scopedLive("does not wait for a browser that has gone", () =>
    Effect.gen(function*() {
      const listening = yield* listen
      const socket = open(listening)
      socket.write("GET /auth/callback?state=s HTTP/1.1\r\nHost: localhost\r\n\r\n")
      const callback = yield* listening.next
      socket.destroy()
      yield* closed(socket)
      // By the time that it has answered another one, the server knows.
      yield* visit(addressOf(listening, "/"))
      yield* callback.reply({ status: 200, html: "" })
    }))

  it.scopedLive("goes on to the next port when one is taken", () =>
    Effect.gen(function*() {
      const [taken, free] = [yield* occupy(), yield* freePort]
      const { redirectUri } = yield* NodeCallbackServer.make({ ports: [taken, free] }).listen
      assert.strictEqual(redirectUri, `http://localhost:${free}/auth/callback`)
    }))

  it.scopedLive("says so when every port is taken, and what to do instead", () =>
    Effect.gen(function*() {
      const ports = [yield* occupy(), yield* occupy()]
      const error = yield* Effect.flip(NodeCallbackServer.make({ ports }).listen)
      assert.strictEqual(error.reason, "PortBusy")
      assert.include(error.message, "--device")
    }))

  it.scopedLive("frees the port, and hangs up on everybody, when the scope closes", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const listening = yield* Scope.extend(listen, scope)
      const silent = open(listening)
      const waiting = open(listening)
      waiting.write("GET /auth/callback?state=s HTTP/1.1\r\nHost: localhost\r\n\r\n")
      yield* listening.next
      yield* Scope.close(scope, Exit.void)
      yield* closed(silent)
      yield* closed(waiting)
      yield* occupy(Number(new URL(listening.redirectUri).port))
    }))

  it.scopedLive("frees the port when it is interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<Listening>()
      const fiber = yield* Effect.fork(
        Effect.scoped(Effect.zipRight(Effect.flatMap(listen, (it) => Deferred.succeed(started, it)), Effect.never))
      )
      const { redirectUri } = yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      yield* occupy(Number(new URL(redirectUri).port))
    }))
})
