/**
 * One of the two servers that are compared, in a process of its own: `ours`, with a model that says something 20 times a
 * second, or `bare`, which writes the same lines with `node:http` alone. It tells its address, and what it has used
 * whenever its parent asks.
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as HttpServer from "@effect/platform/HttpServer"
import * as Chunk from "effect/Chunk"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import * as Agent from "../../src/agent/Agent.ts"
import { fromPull } from "../../src/internal/stream.ts"
import * as NodeLongAnswer from "../../src/node/network/NodeLongAnswer.ts"
import { Responses } from "../../src/responses/Responses.ts"
import type { StreamEvent } from "../../src/responses/StreamEvent.ts"
import * as Sse from "../../src/responses/transport/Sse.ts"
import * as EventFeeds from "../../src/server/EventFeeds.ts"
import * as Questions from "../../src/server/Questions.ts"
import * as ServedAgents from "../../src/server/ServedAgents.ts"
import * as Server from "../../src/server/Server.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptEvents from "../../src/testing/ScriptEvents.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"

const [kind = "ours", pause = "50", padding = "0"] = process.argv.slice(2)

/** What is said says when it was said. */
const said = () => `at ${Date.now()} ${"x".repeat(Number(padding))}`

process.on("message", () => {
  globalThis.gc?.()
  const { heapUsed, rss } = process.memoryUsage()
  process.send?.({ cpu: process.cpuUsage(), heapUsed, rss })
})

const tell = (port: number) => process.send?.({ port })

if (kind === "bare") {
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    let seq = 0
    const timer = setInterval(() => {
      const line = { type: "item.delta", seq: ++seq, ts: new Date().toISOString(), item_id: "item", delta: said() }
      response.write(`data: ${JSON.stringify(line)}\n\n`)
    }, Number(pause))
    response.once("close", () => clearInterval(timer))
  })
  server.listen(0, "127.0.0.1", () => tell((server.address() as AddressInfo).port))
} else {
  const events = ScriptEvents.events(Script.answer(Script.say("x")), { model: "gpt-5.5", responseId: "resp_1" })
  const decoded = await Effect.runPromise(
    Stream.runCollect(Sse.decode(Stream.encodeText(Stream.fromIterable(events.map(ScriptEvents.toSse)))))
  )
  const all = Chunk.toReadonlyArray(decoded)
  const at = all.findIndex(({ type }) => type === "response.output_text.delta")
  const delta = all[at]
  const model = Layer.succeed(Responses, {
    // As those of the transport, it is made of a pull: its channels would cost more than all that is measured.
    stream: () =>
      fromPull(Effect.gen(function*() {
        const mailbox = yield* Mailbox.make<StreamEvent>()
        mailbox.unsafeOfferAll(all.slice(0, at))
        const say = () => {
          if (delta?.type === "response.output_text.delta") mailbox.unsafeOffer({ ...delta, delta: said() })
        }
        yield* Effect.acquireRelease(
          Effect.sync(() => setInterval(say, Number(pause))),
          (timer) => Effect.sync(() => clearInterval(timer))
        )
        return Effect.map(mailbox.takeAll, ([events]) => events)
      })),
    account: Effect.succeed("chatgpt:bench"),
    hasCompaction: Effect.succeed(false)
  })
  const agents = ServedAgents.layer.pipe(
    Layer.provide(Agent.layer({ model: "gpt-5.5", instructions: "Be brief." })),
    Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll, Questions.layerApprover])
  )
  const serving = Server.layer({ token: Redacted.make("token"), hosts: [], maxTurns: 100_000 }).pipe(
    Layer.provide(agents),
    Layer.provide(EventFeeds.layerStore.pipe(Layer.provideMerge(EventFeeds.layer()))),
    Layer.provide(Questions.layer),
    Layer.provide(model),
    Layer.provide(SessionStore.layerMemory),
    Layer.provide(NodeLongAnswer.layer),
    Layer.provideMerge(NodeHttpServer.layer(() => createServer(), { port: 0, host: "127.0.0.1" }))
  )
  await Effect.runPromise(Effect.scoped(Effect.flatMap(Layer.build(serving), (services) => {
    const { address } = Context.get(services, HttpServer.HttpServer)
    tell(address._tag === "TcpAddress" ? address.port : 0)
    return Effect.never
  })))
}
