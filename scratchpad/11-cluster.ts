/**
 * The same agent on one machine and on a cluster: the program knows the tag `Agent`, and what stands behind it is a Layer.
 * The cluster is one runner in memory here; `docs/cluster.md` has it with a database and machines.
 */
import * as TestRunner from "@effect/cluster/TestRunner"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ClusterAgent, ClusterSessions, SessionAgents, SessionFeeds, SessionRunner } from "../src/cluster/index.ts"
import { Agent, AgentEvent, Permission, Responses, SessionStore, ToolExecutor, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  // A cluster runs one turn by one key, wherever and however often it is asked for: One, One, Two. Without a cluster the key is
  // noted in the log, and each run is a turn: One, Two, Three.
  for (const key of ["first", "first", "second"]) {
    yield* Console.log(yield* AgentEvent.answer(agent.run(session, "Which turn is it?", { key })))
  }
})

// It gets its sessions from whoever provides them: `layerHome` brings a store as well, so the model alone gets that.
const Model = Layer.provide(Responses.layer, NodeAgent.layerHome)

const Writer = Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer in a word." }).pipe(
  Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll, Model])
)

const OneMachine = Layer.provide(Writer, SessionStore.layerMemory)

const Cluster = ClusterAgent.layer.pipe(
  Layer.provide(ClusterSessions.layer),
  Layer.provide(SessionRunner.layer),
  Layer.provide(Layer.provide(SessionAgents.layer, Writer)),
  // The store of the feeds is the one that readers hear from.
  Layer.provide([SessionFeeds.layer, TestRunner.layer]),
  Layer.provide(SessionStore.layerMemory)
)

await Effect.runPromise(Effect.provide(program, OneMachine))
await Effect.runPromise(Effect.provide(program, Cluster))
