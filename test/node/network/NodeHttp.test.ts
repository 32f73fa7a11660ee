import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http"
import * as NodeHttp from "../../../src/node/network/NodeHttp.ts"
import * as Item from "../../../src/responses/Item.ts"
import * as Request from "../../../src/responses/Request.ts"
import { Responses } from "../../../src/responses/Responses.ts"
import { real, serve } from "../../responses/loopback.ts"
import { block } from "../../responses/sse.ts"

const client = NodeHttp.make({ keepAlive: true })

/** Sends a request to a server that tells back what it got. */
const echo = (change: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest) =>
  Effect.gen(function*() {
    const url = yield* serve(async (request, response) => {
      const chunks: Array<Buffer> = []
      for await (const chunk of request) chunks.push(chunk)
      const { headers, method, url } = request
      response.end(JSON.stringify({ method, url, type: headers["content-type"], body: String(Buffer.concat(chunks)) }))
    })
    const response = yield* (yield* client).execute(change(HttpClientRequest.post(`${url}/a`)))
    return yield* response.json as Effect.Effect<{ method: string; url: string; type?: string; body: string }>
  })

const answered = (listener: RequestListener) =>
  Effect.gen(function*() {
    const url = yield* serve(listener)
    return yield* (yield* client).get(url)
  })

describe("NodeHttp", () => {
  it.scopedLive("sends bodies of every kind", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* echo(HttpClientRequest.setUrlParam("q", "ä b")), {
        method: "POST",
        url: "/a?q=%C3%A4+b",
        body: ""
      })
      const json = yield* echo(HttpClientRequest.bodyUnsafeJson({ a: "ü" }))
      assert.deepInclude(json, { type: "application/json", body: "{\"a\":\"ü\"}" })
      const raw = yield* echo(HttpClientRequest.setBody(HttpBody.raw("raw", { contentType: "text/plain" })))
      assert.deepInclude(raw, { type: "text/plain", body: "raw" })
      const stream = yield* echo(HttpClientRequest.bodyStream(Stream.encodeText(Stream.make("one ", "two"))))
      assert.strictEqual(stream.body, "one two")
      const form = yield* echo(HttpClientRequest.bodyFormDataRecord({ name: "value" }))
      assert.match(form.type ?? "", /^multipart\/form-data; boundary=/)
      assert.match(form.body, /name="name"\r\n\r\nvalue/)
    }))

  it.scopedLive("reads an answer in every way, and as often as one likes", () =>
    Effect.gen(function*() {
      const response = yield* answered((_, response) =>
        response.writeHead(201, {
          "content-type": "application/x-www-form-urlencoded",
          "set-cookie": ["a=1", "b=2"]
        }).end("x=1&y=%C3%BC")
      )
      assert.strictEqual(response.status, 201)
      assert.strictEqual(response.headers["content-type"], "application/x-www-form-urlencoded")
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a", "b"])
      assert.isTrue(Option.isSome(response.remoteAddress))
      assert.strictEqual(yield* response.text, "x=1&y=%C3%BC")
      assert.strictEqual(yield* response.text, "x=1&y=%C3%BC")
      assert.deepStrictEqual(yield* response.urlParamsBody, [["x", "1"], ["y", "ü"]])
      assert.strictEqual((yield* response.arrayBuffer).byteLength, 12)
      assert.strictEqual((yield* response.formData).get("y"), "ü")
    }))

  it.scopedLive("fails when what should be JSON is none, and takes nothing for null", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip((yield* answered((_, response) => response.end("<html>"))).json)
      assert.strictEqual(error.reason, "Decode")
      assert.strictEqual(yield* (yield* answered((_, response) => response.writeHead(204).end())).json, null)
    }))

  it.scopedLive("streams an answer", () =>
    Effect.gen(function*() {
      const response = yield* answered((_, response) => response.end("streamed"))
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText(response.stream)), "streamed")
    }))
})

const request = Request.make({
  model: "gpt-5.5",
  instructions: "",
  input: [Item.userMessage("Hi")],
  cacheKey: "key"
})
const completed = block({ type: "response.completed", response: { id: "r", status: "completed", output: [] } })

/** The connections that two calls, one after the other, use; and the one that is open afterwards. */
const twoCalls = (answer: (response: ServerResponse, request: IncomingMessage) => void) =>
  Effect.gen(function*() {
    const used: Array<IncomingMessage["socket"]> = []
    const url = yield* serve((request, response) => {
      used.push(request.socket)
      request.resume()
      answer(response.writeHead(200, { "content-type": "text/event-stream" }), request)
    })
    yield* Effect.gen(function*() {
      const responses = yield* Responses
      yield* Stream.runDrain(responses.stream(request))
      yield* Effect.sleep("50 millis")
      yield* Stream.runDrain(responses.stream(request))
      yield* Effect.sleep("400 millis")
    }).pipe(Effect.provide(real(url)))
    return used
  })

describe("A model call over NodeHttp", () => {
  it.scopedLive("leaves its connection to the next one", () =>
    Effect.gen(function*() {
      const used = yield* twoCalls((response) => response.end(completed))
      assert.lengthOf(used, 2)
      assert.strictEqual(used[0], used[1])
    }))

  it.scopedLive("also when the end comes a moment after the last event", () =>
    Effect.gen(function*() {
      const used = yield* twoCalls((response) => {
        response.write(completed)
        setTimeout(() => response.end(), 10)
      })
      assert.strictEqual(used[0], used[1])
    }))

  it.scopedLive("waits for no end that does not come", () =>
    Effect.gen(function*() {
      const used = yield* twoCalls((response) => response.write(completed))
      assert.notStrictEqual(used[0], used[1])
      assert.deepStrictEqual(used.map(({ destroyed }) => destroyed), [true, true])
    }))

  const head = "HTTP/1.1 200 OK\r\n"
  const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
  const broken = {
    "nothing but a head": [`${head}content-length: 50\r\n\r\n`, "StreamIncomplete"],
    "less than its length": [`${head}content-length: 50\r\n\r\ndata:`, "StreamIncomplete"],
    "a chunk and no end": [`${head}transfer-encoding: chunked\r\n\r\n${chunk("data:")}`, "StreamIncomplete"],
    "no chunk": [`${head}transfer-encoding: chunked\r\n\r\n${chunk("data:")}ZZ\r\n`, "StreamIncomplete"],
    "not all of a refusal": ["HTTP/1.1 400 Bad Request\r\ncontent-length: 50\r\n\r\nNo", "InvalidRequest"],
    "all of an answer and no end": [`${head}transfer-encoding: chunked\r\n\r\n${chunk(completed)}`, undefined]
  } as const
  for (const [name, [bytes, reason]] of Object.entries(broken)) {
    it.scopedLive(`ends when the server sends ${name}, and hangs up before anybody reads`, () =>
      Effect.gen(function*() {
        const url = yield* serve(({ socket }) => void socket.end(bytes))
        const end = yield* Responses.pipe(
          Effect.flatMap((responses) => Stream.runDrain(responses.stream(request))),
          Effect.either,
          Effect.provide(real(url, { retry: { attempts: 1, elapsed: 0 }, lateness: "50 millis" }))
        )
        assert.strictEqual(end._tag === "Left" ? end.left.reason._tag : undefined, reason)
      }))
  }

  it.scopedLive("takes no more from the server than its reader does", () =>
    Effect.gen(function*() {
      let sent = 0
      const url = yield* serve((request, response) => {
        request.resume()
        const more = () => {
          const event = block({ type: "response.output_text.delta", delta: "x".repeat(64_000) })
          do sent += event.length
          while (sent < 200_000_000 && response.write(event))
          response.once("drain", more)
        }
        more()
      })
      yield* Effect.gen(function*() {
        const responses = yield* Responses
        const slowly = Stream.runForEachChunk(responses.stream(request), () => Effect.sleep("1 second"))
        yield* Effect.timeoutOption(slowly, "700 millis")
      }).pipe(Effect.provide(real(url)))
      assert.isAtLeast(sent, 64_000)
      assert.isAtMost(sent, 50_000_000)
    }))
})
