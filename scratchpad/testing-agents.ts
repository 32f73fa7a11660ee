/**
 * How a program of yours tests its agent: against a script, and against what a real model has said once. The suite runs
 * it, with the cassette beside it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Agent, AgentEvent, Permission, Responses, SessionStore, Tool, ToolExecutor, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"
import { Cassette, Script, ScriptedResponses } from "../src/testing/index.ts"

const temperature = Tool.make({
  name: "temperature",
  description: "The temperature in a city, in degrees Celsius",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Number,
  handler: ({ city }) => Effect.succeed(city === "Lisbon" ? 21 : 9)
})

const Weather = Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer questions about the weather." }).pipe(
  Layer.provide([ToolExecutor.layer(Toolkit.make(temperature)), Permission.layerAllowAll]),
  Layer.provide(SessionStore.layerMemory)
)

const ask = (question: string) =>
  Effect.gen(function*() {
    const agent = yield* Agent.Agent
    const session = yield* SessionStore.makeId
    return yield* AgentEvent.answer(agent.run(session, question))
  })

describe("The weather agent, by a script", () => {
  const model = Script.fromTurns([
    Script.answer(Script.call("temperature", { city: "Lisbon" })),
    Script.answer(Script.say("It is 21 degrees in Lisbon."))
  ])

  it.effect("tells the model what the tool says", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* ask("How warm is it in Lisbon?"), "It is 21 degrees in Lisbon.")
      const { requests } = yield* ScriptedResponses.ScriptedResponses
      assert.deepInclude((yield* requests)[1]?.input.at(-1), { type: "function_call_output", output: "21" })
    }).pipe(Effect.provide(Weather), Effect.provide(ScriptedResponses.layer(model))))
})

const live = Responses.layer.pipe(Layer.provideMerge(NodeAgent.layerHome))

describe("The weather agent, by a real model", () => {
  it.effect("compares two cities", () =>
    Effect.gen(function*() {
      const answer = yield* ask("Is it warmer in Lisbon or in Oslo?")
      assert.include(answer, "Lisbon")
      const { left } = yield* Cassette.Cassette
      assert.strictEqual(yield* left, 0)
    }).pipe(
      Effect.provide(Weather),
      Effect.provide(Cassette.layer({ path: new URL("cassettes/two-cities.jsonl", import.meta.url) }, live))
    ))
})
