/**
 * The spans of an agent on their way to a collector. Run it with `npx tsx scratchpad/16-traces.ts` when you are signed in,
 * or with OPENAI_API_KEY set, while a collector listens on port 4318.
 */
import * as OtlpSerialization from "@effect/opentelemetry/OtlpSerialization"
import * as OtlpTracer from "@effect/opentelemetry/OtlpTracer"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Agent, AgentEvent, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const traces = OtlpTracer.layer({
  url: "http://localhost:4318/v1/traces",
  resource: { serviceName: "my-agent" }
}).pipe(
  Layer.provide(OtlpSerialization.layerProtobuf),
  Layer.provide(FetchHttpClient.layer)
)

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  yield* Console.log(yield* AgentEvent.answer(agent.run(session, "What is in this folder?")))
}).pipe(
  Effect.provide(NodeAgent.layer({ workspace: "." })),
  Effect.provide(traces)
)

await Effect.runPromise(program)
