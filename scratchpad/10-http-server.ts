/** An HttpApi that streams a turn as server-sent events, as a web handler: for Node, Bun, Deno or a worker. */
import * as HttpApi from "@effect/platform/HttpApi"
import * as HttpApiBuilder from "@effect/platform/HttpApiBuilder"
import * as HttpApiEndpoint from "@effect/platform/HttpApiEndpoint"
import * as HttpApiGroup from "@effect/platform/HttpApiGroup"
import * as HttpApiSchema from "@effect/platform/HttpApiSchema"
import * as HttpServer from "@effect/platform/HttpServer"
import * as HttpServerResponse from "@effect/platform/HttpServerResponse"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { EventLines } from "../src/agent/index.ts"
import { Agent, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const contentType = "text/event-stream"

const Api = HttpApi.make("agents").add(
  HttpApiGroup.make("turns").add(
    HttpApiEndpoint.post("ask", "/turns")
      .setPayload(Schema.Struct({ question: Schema.String }))
      .addSuccess(HttpApiSchema.Text({ contentType }))
  )
)

const Turns = HttpApiBuilder.group(
  Api,
  "turns",
  (handlers) =>
    Effect.map(
      Agent.Agent,
      (agent) =>
        handlers.handle("ask", ({ payload }) =>
          Effect.map(SessionStore.makeId, (session) =>
            HttpServerResponse.stream(
              agent.run(session, payload.question).pipe(
                EventLines.write({ deltas: true }),
                Stream.map((line) => `data: ${line}\n`),
                Stream.encodeText
              ),
              { contentType }
            )))
    )
)

const { dispose, handler } = HttpApiBuilder.toWebHandler(
  Layer.merge(Layer.provide(HttpApiBuilder.api(Api), Turns), HttpServer.layerContext).pipe(
    Layer.provide(Layer.orDie(NodeAgent.layer({ workspace: ".", model: "gpt-6.2-sol", isEphemeral: true })))
  )
)

const question = new Request("http://localhost/turns", {
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ question: "Say hello" })
})
process.stdout.write(await (await handler(question)).text())
await dispose()
