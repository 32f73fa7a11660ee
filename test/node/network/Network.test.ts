import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { isFinal, networkProblem } from "../../../src/internal/networkProblem.ts"
import * as Network from "../../../src/node/network/Network.ts"

const serve = (listener: RequestListener) =>
  Effect.acquireRelease(
    Effect.async<{ readonly url: string; readonly seen: Array<string>; readonly close: () => void }>((resume) => {
      const seen: Array<string> = []
      const server = createServer((request, response) => {
        seen.push(`${request.method} ${request.url}`)
        listener(request, response)
      })
      server.on("connect", (request, socket) => {
        seen.push(`CONNECT ${request.url}`)
        socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n")
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({ url: `http://127.0.0.1:${port}`, seen, close: () => server.closeAllConnections() }))
        server.unref()
      })
    }),
    ({ close }) => Effect.sync(close)
  )

const get = (url: string, environment: Record<string, string>) =>
  Effect.flatMap(HttpClient.get(url), (response) => response.text).pipe(
    Effect.provide(Network.layerConfig()),
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))
  )

const direct: RequestListener = (_, response) => response.end("direct")
const proxied: RequestListener = (_, response) => response.end("through the proxy")

describe("Network", () => {
  it.scopedLive("goes directly when the environment names no proxy", () =>
    Effect.gen(function*() {
      const server = yield* serve(direct)
      assert.strictEqual(yield* get(`${server.url}/a`, {}), "direct")
    }))

  it.scopedLive("says in one line why nobody is reached", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(get("http://127.0.0.1:1/", {}))
      assert.strictEqual(error._tag, "RequestError")
      assert.strictEqual(networkProblem(error), "connect ECONNREFUSED 127.0.0.1:1")
    }))

  it.scopedLive("fails when a connection is reset in the middle", () =>
    Effect.gen(function*() {
      const server = yield* serve((request, response) => {
        response.write("half")
        setTimeout(() => request.socket.resetAndDestroy(), 20)
      })
      const error = yield* Effect.flip(get(server.url, {}))
      assert.strictEqual(error._tag, "ResponseError")
      assert.strictEqual(networkProblem(error), "the connection broke off")
    }))

  it.scopedLive("closes the connection of whoever is interrupted", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const closed = yield* Deferred.make<void>()
      const server = yield* serve((request, response) => {
        request.socket.on("close", () => Deferred.unsafeDone(closed, Effect.void))
        response.write("half")
        Deferred.unsafeDone(asked, Effect.void)
      })
      const reading = yield* Effect.fork(get(server.url, {}))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(reading)
      yield* Deferred.await(closed)
    }))

  it.scopedLive("refuses a header that cannot be sent", () =>
    Effect.gen(function*() {
      const server = yield* serve(direct)
      const request = HttpClientRequest.setHeader(HttpClientRequest.get(server.url), "openai-project", "a\nb")
      const error = yield* HttpClient.execute(request).pipe(
        Effect.provide(Network.layerConfig()),
        Effect.withConfigProvider(ConfigProvider.fromMap(new Map())),
        Effect.flip
      )
      assert.strictEqual(error._tag, "RequestError")
      assert.notInclude(networkProblem(error), "a\nb")
      assert.deepStrictEqual(server.seen, [])
    }))

  for (const way of ["directly", "through a proxy"]) {
    it.scopedLive(`follows no redirect, ${way}`, () =>
      Effect.gen(function*() {
        const server = yield* serve((_, response) => response.writeHead(307, { location: "/b" }).end("moved"))
        const environment = way === "directly" ? {} : { HTTP_PROXY: server.url }
        assert.strictEqual(yield* get(`${server.url}/a`, environment), "moved")
        assert.lengthOf(server.seen, 1)
      }))
  }

  it.scopedLive("keeps a connection, and makes a new one when the server has closed it", () =>
    Effect.gen(function*() {
      const ports: Array<number | undefined> = []
      const server = yield* serve((request, response) => {
        ports.push(request.socket.remotePort)
        response.end("direct")
      })
      yield* Effect.gen(function*() {
        const ask = Effect.flatMap(HttpClient.get(server.url), (response) => response.text)
        yield* ask
        yield* ask
        server.close()
        yield* Effect.sleep("50 millis")
        assert.strictEqual(yield* ask, "direct")
      }).pipe(Effect.provide(Network.layerConfig()), Effect.withConfigProvider(ConfigProvider.fromMap(new Map())))
      assert.strictEqual(ports[0], ports[1])
      assert.notStrictEqual(ports[1], ports[2])
    }))

  for (const name of ["http_proxy", "HTTP_PROXY"]) {
    it.scopedLive(`goes through ${name}`, () =>
      Effect.gen(function*() {
        const proxy = yield* serve(proxied)
        assert.strictEqual(yield* get("http://example.test/a", { [name]: proxy.url }), "through the proxy")
        assert.deepStrictEqual(proxy.seen, ["GET http://example.test/a"])
      }))
  }

  it.scopedLive("closes its connections with its layer, those to a proxy too", () =>
    Effect.gen(function*() {
      const closed = yield* Deferred.make<void>()
      const proxy = yield* serve((request, response) => {
        request.socket.once("close", () => Deferred.unsafeDone(closed, Effect.void))
        response.end("through the proxy")
      })
      yield* get("http://elsewhere.test/", { http_proxy: proxy.url })
      // By itself it would be kept for four seconds.
      assert.isTrue(Option.isSome(yield* Effect.timeoutOption(Deferred.await(closed), "3 seconds")))
    }))

  it.scopedLive("asks HTTPS_PROXY for a tunnel to an https host", () =>
    Effect.gen(function*() {
      const proxy = yield* serve(proxied)
      const error = yield* Effect.flip(get("https://example.test/a", { HTTPS_PROXY: proxy.url }))
      assert.strictEqual(error._tag, "RequestError")
      assert.deepStrictEqual(proxy.seen, ["CONNECT example.test:443"])
    }))

  it.scopedLive("goes directly to the hosts of NO_PROXY", () =>
    Effect.gen(function*() {
      const server = yield* serve(direct)
      const proxy = yield* serve(proxied)
      assert.strictEqual(yield* get(server.url, { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" }), "direct")
      assert.deepStrictEqual(proxy.seen, [])
    }))

  for (const [path, said] of [["/nowhere.pem", "cannot be read"], [import.meta.filename, "no certificate"]] as const) {
    it.scopedLive(`goes on without certificates, and says so, from a file that ${said}`, () =>
      Effect.gen(function*() {
        const warnings: Array<string> = []
        const logger = Logger.make<unknown, void>(({ message }) => void warnings.push(String(message)))
        const server = yield* serve(direct)
        const answer = get(server.url, { SSL_CERT_FILE: path }).pipe(
          Effect.provide(Logger.replace(Logger.defaultLogger, logger))
        )
        assert.strictEqual(yield* answer, "direct")
        assert.lengthOf(warnings, 1)
        for (const part of ["SSL_CERT_FILE", path, said]) assert.include(warnings[0], part)
      }))
  }

  /** By what `fetch` does, and by what others are told. */
  const routes: ReadonlyArray<readonly [noProxy: string, url: string, isDirect: boolean]> = [
    ["", "http://host.test/", false],
    ["host.test", "http://host.test/", true],
    ["HOST.test", "http://host.test/", true],
    ["test", "http://host.test/", true],
    [".host.test", "http://host.test/", true],
    ["*.host.test", "http://a.host.test/", true],
    ["ost.test", "http://host.test/", false],
    ["a.host.test", "http://host.test/", false],
    ["other.test, host.test", "http://host.test/", true],
    ["host.test:80", "http://host.test/", true],
    ["host.test:81", "http://host.test/", false],
    ["*", "http://host.test/", true],
    ["10.0.0.0/8", "http://10.1.2.3/", true],
    ["10.0.0.0/8", "http://11.1.2.3/", false],
    ["10.0.0.0/8,192.168.0.0/16", "http://192.168.7.1:99/", true],
    ["10.0.0.0/33", "http://10.1.2.3/", false],
    ["10.0.0.0/8", "http://a10.test/", false],
    ["0.0.0.0/0", "http://host.test/", false],
    ["fd00::/8", "http://[fd12::1]/", true],
    ["fd00::/8", "http://[fe80::1]/", false],
    ["::1", "http://[::1]:9/", true],
    ["0:0:0:0:0:0:0:1", "http://[::1]:9/", true],
    ["[::1]:8008", "http://[::1]:8009/", false],
    ["127.0.0.1", "http://127.0.0.1:9/", true],
    ["7.0.0.1", "http://127.0.0.1:8009/", false],
    ["[::1]", "http://[::1]:9/", true]
  ]
  it.scopedLive.each(routes)(
    "tells others the way that it goes itself: NO_PROXY=%s, %s",
    ([noProxy, url, isDirect]) =>
      Effect.gen(function*() {
        const proxy = yield* serve(proxied)
        const told = Network.proxyFor({
          httpProxy: Option.some({ variable: "HTTP_PROXY", url: proxy.url }),
          httpsProxy: Option.none(),
          noProxy: Option.some(noProxy),
          certificates: Option.none()
        }, new URL(url.replace("http", "ws")))
        assert.strictEqual(Option.isNone(told), isDirect)
        yield* Effect.ignore(get(url, { HTTP_PROXY: proxy.url, NO_PROXY: noProxy }))
        assert.strictEqual(proxy.seen.length === 0, isDirect)
      })
  )

  const options = (environment: Record<string, string>) =>
    Config.unwrap(Network.config).pipe(
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))
    )

  it.effect("reads addresses of proxies as people write them", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [Record<string, string>, http?: string | undefined, https?: string]> = [
        [{}],
        [{ HTTPS_PROXY: "proxy.test:3128" }, undefined, "HTTPS_PROXY http://proxy.test:3128/"],
        [{ http_proxy: " localhost:1 " }, "http_proxy http://localhost:1/", "http_proxy http://localhost:1/"],
        [{ HTTPS_PROXY: "https://proxy.test" }, undefined, "HTTPS_PROXY https://proxy.test/"],
        [{ HTTPS_PROXY: "me:secret@proxy.test:1" }, undefined, "HTTPS_PROXY http://me:secret@proxy.test:1/"],
        [{ ALL_PROXY: "a:1" }, "ALL_PROXY http://a:1/", "ALL_PROXY http://a:1/"],
        [{ all_proxy: "a:1", ALL_PROXY: "b:1", HTTP_PROXY: "c:1" }, "HTTP_PROXY http://c:1/", "all_proxy http://a:1/"],
        [
          { HTTP_PROXY: "a:1", HTTPS_PROXY: "b:1", ALL_PROXY: "socks5://c:1" },
          "HTTP_PROXY http://a:1/",
          "HTTPS_PROXY http://b:1/"
        ]
      ]
      for (const [environment, http, https] of cases) {
        const read = yield* options(environment)
        const way = (url: string) =>
          Option.getOrUndefined(
            Option.map(Network.proxyFor(read, new URL(url)), ({ url, variable }) => `${variable} ${url}`)
          )
        assert.deepStrictEqual([way("http://host.test"), way("https://host.test")], [http, https])
      }
    }))

  it.effect("refuses what is no address of a proxy, by the name of its variable, and tells no password", () =>
    Effect.gen(function*() {
      const cases = [
        [{ HTTPS_PROXY: "socks5://me:s3cr3t@a:1" }, "SOCKS proxies are not supported"],
        [{ all_proxy: "socks5h://me:s3cr3t@a:1" }, "SOCKS proxies are not supported"],
        [{ http_proxy: "ftp://me:s3cr3t@a:1" }, "expected the address of a proxy"],
        [{ HTTPS_PROXY: "http://me:s3cr3t@" }, "expected the address of a proxy"],
        [{ HTTPS_PROXY: "me:s3cr3t@a:port" }, "expected the address of a proxy"]
      ] as const
      for (const [environment, message] of cases) {
        const error = String(yield* Effect.flip(options(environment)))
        assert.include(error, Object.keys(environment)[0] ?? "")
        assert.include(error, message)
        assert.notInclude(error, "s3cr3t")
      }
    }))

  it.scopedLive("tells what is wrong with a proxy by its variable, and whether trying again could help", () =>
    Effect.gen(function*() {
      const refusing = yield* serve((_, response) => response.writeHead(407).end())
      const gateway = new URL(refusing.url).host
      const cases: ReadonlyArray<readonly [url: string, env: Record<string, string>, told: string, isFinal: boolean]> =
        [
          [
            "http://host.test/",
            { HTTP_PROXY: `me:s3cr3t@${gateway}` },
            `the proxy ${gateway}, which HTTP_PROXY names, does not accept the name and the password that it gets (407); ` +
            "put the right ones into HTTP_PROXY, as http://USER:PASSWORD@HOST:PORT",
            true
          ],
          [
            "http://host.test/",
            { HTTP_PROXY: gateway },
            `the proxy ${gateway}, which HTTP_PROXY names, wants a name and a password (407); put them into HTTP_PROXY, as`,
            true
          ],
          [
            "https://host.test/",
            { HTTPS_PROXY: gateway },
            "gives no way to the server: it answered 502; try again later, or unset HTTPS_PROXY where no proxy is needed",
            false
          ],
          [
            "https://host.test/",
            { HTTPS_PROXY: "me:s3cr3t@127.0.0.1:1" },
            "HTTPS_PROXY names the proxy 127.0.0.1:1, which cannot",
            true
          ],
          [
            "http://host.test/",
            { ALL_PROXY: "proxy.invalid:1" },
            "ALL_PROXY names the proxy proxy.invalid:1, which cannot",
            true
          ]
        ]
      for (const [url, environment, told, final] of cases) {
        const error = yield* Effect.flip(get(url, environment))
        assert.include(networkProblem(error), told)
        assert.notInclude(networkProblem(error), "s3cr3t")
        if (!networkProblem(error).includes("EAI_AGAIN")) assert.strictEqual(isFinal(error), final, told)
      }
    }))

  it("takes the proxy that is meant, and any rather than none for what is encrypted", () => {
    const named = (variable: string, url: string) => Option.some({ variable, url })
    const way = (url: string, proxies: Partial<Network.Options>) =>
      Option.getOrUndefined(Network.proxyFor({
        httpProxy: Option.none(),
        httpsProxy: Option.none(),
        noProxy: Option.none(),
        certificates: Option.none(),
        ...proxies
      }, new URL(url)))?.url
    const http = { httpProxy: named("HTTP_PROXY", "http://a") }
    const both = { ...http, httpsProxy: named("HTTPS_PROXY", "http://b") }
    assert.strictEqual(way("wss://host.test", {}), undefined)
    assert.strictEqual(way("wss://host.test", http), "http://a")
    assert.strictEqual(way("wss://host.test", both), "http://b")
    assert.strictEqual(way("ws://host.test", both), "http://a")
    assert.strictEqual(way("ws://host.test", { httpsProxy: named("HTTPS_PROXY", "http://b") }), undefined)
  })
})
