import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as NodeSocketClient from "../../src/node/network/NodeSocketClient.ts"
import * as ChatCompletions from "../../src/responses/chat/ChatCompletions.ts"
import type { Request } from "../../src/responses/Request.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as SocketTransport from "../../src/responses/transport/SocketTransport.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"

/** Says back what it is told. */
export const echo = Tool.make({
  name: "echo",
  description: "Says it back",
  parameters: Schema.Struct({ text: Schema.String }),
  handler: ({ text }) =>
    text === "fail" ? new Tool.ToolFailure({ message: "I will not say that" }) : Effect.succeed(`echo: ${text}`)
})

/** A way to a scripted model, which remembers what it was asked as it has understood it. */
export interface Wire {
  readonly name: string
  readonly model: (script: Script.Script) => Layer.Layer<Responses.Responses | ScriptedResponses.ScriptedResponses>
  /** What there are no words for on this way. */
  readonly lacks: ReadonlyArray<Lack>
}

export type Lack = "reasoning that is sent back" | "items of a type not known"

/** The model behind a server on this machine, and the client down to the socket. */
const overSockets =
  (client: Layer.Layer<Responses.Responses, never, AuthClient.AuthClient>): Wire["model"] => (script) =>
    Layer.unwrapScoped(Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<Request>>([])
      const server = yield* OpenAiSimulator.make({
        script: (request, n) => {
          Effect.runSync(Ref.update(seen, (requests) => [...requests, request]))
          return script(request, n)
        }
      })
      const auth = AuthClient.layer({
        chatgptBaseUrl: server.chatgptBaseUrl,
        apiBaseUrl: server.apiBaseUrl,
        originator: "effixir",
        organization: Option.none(),
        project: Option.none()
      })
      const credentials = Layer.mock(Credentials.Credentials, {
        current: Effect.succeed({ credential: apiKey(server.apiKey), source: "environment" as const, reason: "" })
      })
      return client.pipe(
        Layer.provide(auth),
        Layer.provide(credentials),
        Layer.provide(FetchHttpClient.layer),
        Layer.merge(Layer.succeed(ScriptedResponses.ScriptedResponses, {
          requests: Ref.get(seen),
          calls: Effect.map(Ref.get(seen), ({ length }) => length)
        }))
      )
    }))

const scripted: Wire = { name: "a script", model: ScriptedResponses.layer, lacks: [] }

/** Every way that must make no difference to an agent. */
export const wires: ReadonlyArray<Wire> = [
  scripted,
  { name: "the Responses API", model: overSockets(Responses.layer), lacks: [] },
  {
    name: "WebSockets",
    model: overSockets(Layer.provide(SocketTransport.layerWebSocket(), Layer.orDie(NodeSocketClient.layerConfig()))),
    lacks: []
  },
  {
    name: "Chat Completions",
    model: overSockets(ChatCompletions.layer),
    lacks: ["reasoning that is sent back", "items of a type not known"]
  }
]

/** An agent with a scripted model and a memory. */
export const layerOver = (wire: Wire) => (script: Script.Script, toolkit: Toolkit.Toolkit = Toolkit.make(echo)) =>
  Agent.layer({ model: "gpt-5.5", instructions: "Be brief." }).pipe(
    Layer.provide([ToolExecutor.layer(toolkit), Permission.layerAllowAll]),
    Layer.provideMerge(wire.model(script)),
    Layer.provideMerge(SessionStore.layerMemory)
  )

/** The same without a network. */
export const layer = layerOver(scripted)

export const turns = (...turns: ReadonlyArray<Script.Turn>) => Script.fromTurns(turns)

/** Runs a turn of the session `s` and gives all its events. */
export const run = (input: string, options?: Agent.RunOptions) =>
  Effect.flatMap(Agent.Agent, (agent) => Stream.runCollect(agent.run("s", input, options))).pipe(
    Effect.map(Chunk.toReadonlyArray)
  )

/** Goes on with the last turn of the session `s` and gives what is told of it. */
export const resume = (options?: Agent.RunOptions) =>
  Effect.flatMap(Agent.Agent, (agent) => Stream.runCollect(agent.resume("s", options))).pipe(
    Effect.map(Chunk.toReadonlyArray)
  )

export const tags = (events: ReadonlyArray<AgentEvent>) =>
  events.map((event) => event._tag).filter((tag) => tag !== "TextDelta" && tag !== "ReasoningDelta")
