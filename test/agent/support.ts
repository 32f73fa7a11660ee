import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
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

/** An agent with a scripted model and a memory. */
export const layer = (script: Script.Script, toolkit: Toolkit.Toolkit = Toolkit.make(echo)) =>
  Agent.layer({ model: "gpt-5.5", instructions: "Be brief." }).pipe(
    Layer.provide(ToolExecutor.layer(toolkit)),
    Layer.provideMerge(ScriptedResponses.layer(script)),
    Layer.provideMerge(SessionStore.layerMemory)
  )

export const turns = (...turns: ReadonlyArray<Script.Turn>) => Script.fromTurns(turns)

/** Runs a turn of the session `s` and gives all its events. */
export const run = (input: string, options?: Partial<Agent.Options>) =>
  Effect.flatMap(Agent.Agent, (agent) => Stream.runCollect(agent.run("s", input, options))).pipe(
    Effect.map(Chunk.toReadonlyArray)
  )

export const tags = (events: ReadonlyArray<AgentEvent>) =>
  events.map((event) => event._tag).filter((tag) => tag !== "TextDelta" && tag !== "ReasoningDelta")
