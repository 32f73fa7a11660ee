/** How a program of yours tests its agent: with a script, and with a clock that stands still. The suite runs it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import { Agent, Approver, Tool, ToolExecutor, Toolkit } from "../src/index.ts"
import { Script, TestAgent } from "../src/testing/index.ts"

const Brewer = Agent.layer({ model: "gpt-6.2-sol", instructions: "Make tea." }).pipe(
  Layer.provide(ToolExecutor.layer(Toolkit.make(Tool.make({
    name: "brew",
    description: "Brews tea, which takes some minutes",
    parameters: Schema.Struct({ minutes: Schema.Number }),
    handler: ({ minutes }) => Effect.as(Effect.sleep(`${minutes} minutes`), "The tea is ready")
  }))))
)

const script = [
  Script.answer(Script.call("brew", { minutes: 4 }, "call_1")),
  Script.answer(Script.say("Here it is."))
]

describe("The brewer", () => {
  it.effect("tells the model when the tea is ready", () =>
    Effect.gen(function*() {
      const { requests } = yield* TestAgent.TestAgent
      const asking = yield* Effect.fork(TestAgent.ask("Green tea, please."))
      yield* TestClock.adjust("4 minutes")
      assert.strictEqual(yield* Fiber.join(asking), "Here it is.")
      assert.strictEqual((yield* requests).last.functionCallOutput("call_1"), "The tea is ready")
    }).pipe(Effect.provide(Layer.provideMerge(Brewer, TestAgent.layer({ script })))))

  it.effect("brews nothing that nobody wants", () =>
    Effect.gen(function*() {
      const { questions, requests } = yield* TestAgent.TestAgent
      yield* TestAgent.ask("Green tea, please.")
      assert.deepStrictEqual((yield* questions).map(({ tool }) => tool), ["brew"])
      assert.include((yield* requests).last.functionCallOutput("call_1"), "Coffee!")
    }).pipe(Effect.provide(Layer.provideMerge(Brewer, TestAgent.layer({ script, answers: [Approver.no("Coffee!")] })))))
})
