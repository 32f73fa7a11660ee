/**
 * A tool of your own, whose handler needs a service of yours, and a scripted model in the place of a real one.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Agent, AgentEvent, Permission, SessionStore, Tool, ToolExecutor, Toolkit } from "../src/index.ts"
import { Script, ScriptedResponses } from "../src/testing/index.ts"

class Weather extends Context.Tag("effixir/scratchpad/02-own-tool/Weather")<Weather, {
  readonly degrees: (city: string) => Effect.Effect<number>
}>() {}

const temperature = Tool.make({
  name: "temperature",
  description: "The temperature in a city, in degrees Celsius",
  parameters: Schema.Struct({ city: Schema.String }),
  success: Schema.Number,
  handler: ({ city }) => Effect.flatMap(Weather, (weather) => weather.degrees(city))
})

const model = Script.fromTurns([
  Script.answer(Script.call("temperature", { city: "Lisbon" })),
  Script.answer(Script.say("It is 21 degrees in Lisbon."))
])

const AgentLive = Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer questions about the weather." }).pipe(
  Layer.provide([ToolExecutor.layer(Toolkit.make(temperature)), Permission.layerAllowAll]),
  Layer.provide(Layer.succeed(Weather, { degrees: () => Effect.succeed(21) })),
  Layer.provide([ScriptedResponses.layer(model), SessionStore.layerMemory])
)

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  yield* Console.log(yield* AgentEvent.answer(agent.run(session, "How warm is it in Lisbon?")))
})

await Effect.runPromise(Effect.provide(program, AgentLive))
