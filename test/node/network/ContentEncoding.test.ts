import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { once } from "node:events"
import type { ServerResponse } from "node:http"
import type { Transform } from "node:stream"
import * as Zlib from "node:zlib"
import * as NodeHttp from "../../../src/node/network/NodeHttp.ts"
import type { ModelError } from "../../../src/responses/ModelError.ts"
import * as Request from "../../../src/responses/Request.ts"
import type * as Response from "../../../src/responses/Response.ts"
import * as Responses from "../../../src/responses/Responses.ts"
import { real, serve } from "../../responses/loopback.ts"
import { block } from "../../responses/sse.ts"

const request = Request.make({ model: "m", instructions: "", input: [], cacheKey: "key" })
const delta = block({ type: "response.output_text.delta", output_index: 0, delta: "Grüße" })
const completed = block({ type: "response.completed", response: { id: "r", status: "completed", output: [] } })

const encodings: { readonly [name: string]: () => Transform & Zlib.Zlib } = {
  gzip: () => Zlib.createGzip(),
  "x-gzip": () => Zlib.createGzip(),
  deflate: () => Zlib.createDeflate(),
  "deflate, without its head": () => Zlib.createDeflateRaw(),
  br: () => Zlib.createBrotliCompress()
}
const ways = Object.entries(encodings)

const head = (response: ServerResponse, name: string, status = 200) =>
  response.writeHead(status, { "content-type": "text/event-stream", "content-encoding": name.replace(/,.*/, "") })

/** All bytes of a text. */
const encoded = async (make: () => Transform & Zlib.Zlib, text: string): Promise<Buffer> => {
  const encoder = make()
  const chunks: Array<Buffer> = []
  encoder.on("data", (chunk: Buffer) => chunks.push(chunk)).end(text)
  await once(encoder, "end")
  return Buffer.concat(chunks)
}

const once1 = { retry: { attempts: 1, elapsed: 0 } }
const failureOf = (url: string): Effect.Effect<ModelError, Response.Response> =>
  Effect.flip(Effect.provide(Responses.complete(request), real(url, once1)))

describe("an answer with a content encoding", () => {
  it.scopedLive.each(ways)("is read while it comes: %s", ([name, make]) =>
    Effect.gen(function*() {
      const seen = yield* Deferred.make<void>()
      const url = yield* serve((_, response) => {
        const encoder = make()
        encoder.pipe(head(response, name))
        encoder.write(delta)
        encoder.flush()
        // The rest comes when the first part was seen.
        Effect.runFork(Effect.zipRight(Deferred.await(seen), Effect.sync(() => encoder.end(completed))))
      })
      const events = Stream.unwrap(Effect.map(Responses.Responses, ({ stream }) => stream(request)))
      const types = yield* events.pipe(
        Stream.tap(() => Deferred.succeed(seen, undefined)),
        Stream.map(({ type }) => type),
        Stream.runCollect,
        Effect.provide(real(url))
      )
      assert.deepStrictEqual([...types], ["response.output_text.delta", "response.completed"])
    }))

  it.scopedLive.each(ways)(
    "that is cut off is a failure of the transport: %s",
    ([name, make]) =>
      Effect.gen(function*() {
        const whole = yield* Effect.promise(() => encoded(make, delta + completed))
        const url = yield* serve((_, response) => head(response, name).end(whole.subarray(0, whole.length - 24)))
        const failure = yield* failureOf(url)
        assert.strictEqual(failure.reason._tag, "Transport")
        assert.isTrue(failure.isRetryable)
        assert.include(failure.message, "content encoding")
      })
  )

  it.scopedLive("that is none of it, or not known, is a failure that says so", () =>
    Effect.gen(function*() {
      for (const name of ["gzip", "deflate", "br", "zstd"]) {
        const url = yield* serve((_, response) => head(response, name).end(`x${delta}${completed}`))
        const failure = yield* failureOf(url)
        assert.strictEqual(failure.reason._tag, "Transport", name)
        assert.include(failure.message, `content encoding "${name}"`)
      }
    }))

  it.scopedLive("breaks off as any other when the connection does", () =>
    Effect.gen(function*() {
      const url = yield* serve((_, response) => {
        const encoder = Zlib.createGzip()
        encoder.pipe(head(response, "gzip"))
        encoder.write(delta)
        encoder.flush(() => setTimeout(() => response.destroy(), 50))
      })
      assert.strictEqual((yield* failureOf(url)).reason._tag, "StreamIncomplete")
    }))

  it.scopedLive("may be a refusal, which says why", () =>
    Effect.gen(function*() {
      const body = JSON.stringify({ error: { message: "No such model", code: "model_not_found" } })
      for (const [name, make] of ways) {
        const bytes = yield* Effect.promise(() => encoded(make, body))
        const url = yield* serve((_, response) => head(response, name, 404).end(bytes))
        const failure = yield* failureOf(url)
        assert.strictEqual(failure.reason._tag, "ModelUnavailable")
        assert.include(failure.message, "No such model")
      }
    }))

  it.scopedLive("is read in every other way, too, and by several encodings", () =>
    Effect.gen(function*() {
      const bytes = yield* Effect.promise(async () =>
        Zlib.gzipSync(await encoded(Zlib.createBrotliCompress, "{\"a\":\"ü\"}"))
      )
      const url = yield* serve((_, response) => response.writeHead(200, { "content-encoding": "br, gzip" }).end(bytes))
      const client = yield* NodeHttp.make({})
      const response = yield* client.get(url)
      assert.notProperty(response.headers, "content-encoding")
      assert.deepStrictEqual(yield* response.json, { a: "ü" })
      assert.strictEqual(yield* Stream.mkString(Stream.decodeText((yield* client.get(url)).stream)), "{\"a\":\"ü\"}")
    }))
})
