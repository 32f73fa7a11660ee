import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { connect } from "node:net"
import * as NodeServer from "../../../src/node/network/NodeServer.ts"

/** Sends bytes as they are, and gives all that comes back. */
const raw = (port: number, text: string) =>
  Effect.async<string>((resume) => {
    let got = ""
    const socket = connect(port, "127.0.0.1")
      .setEncoding("utf8")
      .on("data", (piece) => {
        got += piece
      })
      .on("error", ({ message }) => {
        got += message
      })
      .once("close", () => resume(Effect.succeed(got)))
    socket.write(text)
  })

/** Answers once all of the body is there. */
const app = Effect.flatMap(
  HttpServerRequest.HttpServerRequest,
  (request) => Effect.map(request.text, HttpServerResponse.text)
)

describe("What never comes to a handler", () => {
  it.scopedLive("is refused like all else, also while it is still being sent", () =>
    Effect.gen(function*() {
      const services = yield* Layer.build(NodeServer.layer({ host: "127.0.0.1", port: 0 }))
      const { address } = Context.get(services, HttpServer.HttpServer)
      const port = address._tag === "TcpAddress" ? address.port : 0
      const head = "GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n"
      const refusals: ReadonlyArray<readonly [sent: string, status: number, kind: string]> = [
        ["NONSENSE\r\n\r\n", 400, "BadInput"],
        [`${head}x: ${"a".repeat(20_000)}\r\n\r\n`, 431, "TooLarge"],
        [`${head}x: ${"a".repeat(5_000_000)}\r\n\r\n`, 431, "TooLarge"]
      ]
      for (const [sent, status, kind] of refusals) {
        const [headers = "", body = ""] = (yield* raw(port, sent)).split("\r\n\r\n")
        assert.match(headers, new RegExp(`^HTTP/1.1 ${status} `))
        assert.strictEqual(JSON.parse(body).error.kind, kind)
      }
    }))

  it.scopedLive("is refused when it does not come in time, its headers or its body", () =>
    Effect.gen(function*() {
      const services = yield* Layer.build(
        Layer.provideMerge(
          HttpServer.serve(app),
          NodeServer.layer({ host: "127.0.0.1", port: 0, headersTimeout: "200 millis", requestTimeout: "300 millis" })
        )
      )
      const { address } = Context.get(services, HttpServer.HttpServer)
      const port = address._tag === "TcpAddress" ? address.port : 0
      const head = "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n"
      for (const sent of [`${head}x: `, `${head}content-length: 10\r\n\r\nhalf`]) {
        const [headers = "", body = ""] = (yield* raw(port, sent)).split("\r\n\r\n")
        assert.match(headers, /^HTTP\/1\.1 408 Request Timeout\r\n/)
        assert.strictEqual(JSON.parse(body).error.kind, "Timeout")
      }
    }))
})
