import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import * as Network from "../../src/node/Network.ts"

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

  for (const name of ["http_proxy", "HTTP_PROXY"]) {
    it.scopedLive(`goes through ${name}`, () =>
      Effect.gen(function*() {
        const proxy = yield* serve(proxied)
        assert.strictEqual(yield* get("http://example.test/a", { [name]: proxy.url }), "through the proxy")
        assert.deepStrictEqual(proxy.seen, ["GET http://example.test/a"])
      }))
  }

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
})
