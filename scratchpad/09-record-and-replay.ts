/** An agent against what a real model has said once: the cassette beside it. The suite runs it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Agent, Permission, Responses, SessionStore, Tool, ToolExecutor, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"
import { Cassette, TestAgent } from "../src/testing/index.ts"

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

const live = Responses.layer.pipe(Layer.provideMerge(NodeAgent.layerHome))

describe("The weather agent, by a real model", () => {
  it.effect("compares two cities", () =>
    Effect.gen(function*() {
      const answer = yield* TestAgent.ask("Is it warmer in Lisbon or in Oslo?")
      assert.include(answer, "Lisbon")
      const { left } = yield* Cassette.Cassette
      assert.strictEqual(yield* left, 0)
    }).pipe(
      Effect.provide(Weather),
      Effect.provide(Cassette.layer({ path: new URL("cassettes/two-cities.jsonl", import.meta.url) }, live))
    ))
})
