import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpRouter from "@effect/platform/HttpRouter"
import * as HttpServer from "@effect/platform/HttpServer"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { createServer, get, type IncomingMessage, request } from "node:http"
import { fromOpen, LongAnswer, type Source } from "../../../src/internal/LongAnswer.ts"
import * as NodeLongAnswer from "../../../src/node/network/NodeLongAnswer.ts"

/** A source that says what it is told to, and what becomes of it. */
const make = Effect.map(
  Effect.all([Deferred.make<void>(), Deferred.make<void>()]),
  ([opened, closed]) => {
    let waiting = ""
    let isOver = false
    let wake: (() => void) | undefined
    const state = { cut: () => {}, closes: 0, taken: 0 }
    const take: Source["take"] = (ready) => {
      const text = waiting
      waiting = ""
      state.taken += text.length
      if (text !== "") return text
      wake = ready
      return isOver ? null : undefined
    }
    const tell = () => {
      const ready = wake
      wake = undefined
      ready?.()
    }
    const close = () => {
      state.closes++
      Deferred.unsafeDone(closed, Effect.void)
    }
    const say = (text: string) => {
      waiting += text
      tell()
    }
    return {
      state,
      say,
      end: () => {
        isOver = true
        tell()
      },
      opened: Deferred.await(opened),
      closed: Deferred.await(closed),
      stream: fromOpen((cut) =>
        Effect.sync(() => {
          state.cut = cut
          Deferred.unsafeDone(opened, Effect.void)
          return { take, close }
        })
      )
    }
  }
)

/** Answers with it at `/`, and gives the address. */
const serving = Effect.fnUntraced(function*(
  stream: Effect.Effect.Success<typeof make>["stream"],
  layer: Layer.Layer<never> | Layer.Layer<LongAnswer>
) {
  const answer = Effect.flatMap(
    LongAnswer,
    ({ respond }) => respond(stream, { contentType: "text/plain", headers: { "x-kept": "yes" } })
  )
  const app = HttpServer.serve(HttpRouter.get(HttpRouter.empty, "/", answer)).pipe(
    Layer.provide(layer),
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" }))
  )
  const { address } = Context.get(yield* Layer.build(app), HttpServer.HttpServer)
  return `http://127.0.0.1:${address._tag === "TcpAddress" ? address.port : 0}/`
})

const asked = (url: string) =>
  Effect.acquireRelease(
    Effect.async<IncomingMessage>((resume) => {
      get(url, { agent: false }, (response) => {
        response.on("error", () => {})
        resume(Effect.succeed(response))
      })
    }),
    (response) => Effect.sync(() => response.destroy())
  )

const until = (response: IncomingMessage, part: string) =>
  Effect.async<string>((resume) => {
    let text = ""
    response.setEncoding("utf8").on("data", (piece: string) => {
      text += piece
      if (text.includes(part)) resume(Effect.succeed(text))
    }).once("close", () => resume(Effect.succeed(`${text}|`)))
  })

const ways: ReadonlyArray<readonly [string, Layer.Layer<never> | Layer.Layer<LongAnswer>]> = [
  ["any server", Layer.empty],
  ["Node", NodeLongAnswer.layer]
]

describe.each(ways)("An answer that stays open, by %s", (_, layer) => {
  it.scopedLive("says what there is, then what comes, and ends", () =>
    Effect.gen(function*() {
      const { closed, end, say, state, stream } = yield* make
      say("one ")
      const response = yield* asked(yield* serving(stream, layer))
      assert.deepStrictEqual([response.statusCode, response.headers["content-type"], response.headers["x-kept"]], [
        200,
        "text/plain",
        "yes"
      ])
      const reading = yield* Effect.fork(until(response, "|"))
      yield* Effect.yieldNow()
      say("two ")
      say("three ")
      end()
      assert.strictEqual(yield* reading.await.pipe(Effect.flatten), "one two three |")
      yield* closed
      assert.strictEqual(state.closes, 1)
    }))

  it.scopedLive("is closed when its client leaves", () =>
    Effect.gen(function*() {
      const { closed, say, state, stream } = yield* make
      say("one")
      const response = yield* asked(yield* serving(stream, layer))
      yield* until(response, "one")
      response.destroy()
      yield* closed
      assert.strictEqual(state.closes, 1)
    }))

  it.scopedLive("takes no more than its client reads, and can be cut off then", () =>
    Effect.gen(function*() {
      const { closed, say, state, stream } = yield* make
      const text = "x".repeat(1_000_000)
      say(text)
      const response = yield* asked(yield* serving(stream, layer))
      response.pause()
      for (let n = 1; n < 50; n++) {
        say(text)
        yield* Effect.sleep("1 millis")
      }
      // The connection itself holds some of it, and a turn of the source as much as waited.
      const { taken } = state
      say(text)
      yield* Effect.sleep("20 millis")
      assert.strictEqual(state.taken, taken)
      state.cut()
      yield* closed
      assert.strictEqual(state.closes, 1)
    }))

  it.scopedLive("has no body where only its headers are asked for", () =>
    Effect.gen(function*() {
      const { say, stream } = yield* make
      say("one")
      const url = yield* serving(stream, layer)
      const [status, text] = yield* Effect.async<readonly [number | undefined, string]>((resume) => {
        request(url, { method: "HEAD", agent: false }, (response) => {
          let text = ""
          response.on("data", (piece) => text += String(piece)).once("end", () =>
            resume(Effect.succeed([response.statusCode, text])))
        }).end()
      })
      assert.deepStrictEqual([status, text], [200, ""])
    }))
})
