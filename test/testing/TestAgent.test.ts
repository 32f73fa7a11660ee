import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as Agent from "../../src/agent/Agent.ts"
import * as Script from "../../src/testing/Script.ts"
import * as TestAgent from "../../src/testing/TestAgent.ts"
import * as Approver from "../../src/tools/permission/Approver.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"

const wait = Tool.make({
  name: "wait",
  description: "Waits for some hours",
  parameters: Schema.Struct({ hours: Schema.Number }),
  handler: ({ hours }) => Effect.as(Effect.sleep(`${hours} hours`), `${hours} hours later`)
})

const Waiting = Agent.layer({ model: "gpt-6.2-sol", instructions: "Wait." }).pipe(
  Layer.provide(ToolExecutor.layer(Toolkit.make(wait)))
)

const on = (options: TestAgent.Options) => Layer.provideMerge(Waiting, TestAgent.layer(options))

const script = [Script.answer(Script.call("wait", { hours: 2 }, "call_1")), Script.answer(Script.say("Done."))]

const isDead = (exit: Exit.Exit<unknown, unknown>, message: string) =>
  assert.include(Exit.isFailure(exit) && Cause.isDie(exit.cause) ? Cause.pretty(exit.cause) : "", message)

describe("TestAgent", () => {
  it.effect("plays the script against the clock of the test, and shows what was asked", () =>
    Effect.gen(function*() {
      const { left, questions, requests } = yield* TestAgent.TestAgent
      const running = yield* Effect.fork(TestAgent.ask("Wait for two hours."))
      yield* TestClock.adjust("2 hours")
      assert.strictEqual(yield* Fiber.join(running), "Done.")
      const { all, at, first, last } = yield* requests
      assert.strictEqual(all.length, 2)
      assert.strictEqual(at(0), first)
      assert.deepStrictEqual(first.userTexts, ["Wait for two hours."])
      assert.deepStrictEqual(first.tools, ["wait"])
      assert.strictEqual(last.functionCallOutput("call_1"), "2 hours later")
      assert.throws(() => last.functionCallOutput("call_2"), "no output of call_2; it has those of call_1")
      assert.throws(() => first.functionCallOutput("call_1"), "it has none at all")
      assert.throws(() => at(2), "There is no request 2: the model was asked 2 times")
      assert.deepStrictEqual([yield* left, yield* questions], [0, []])
    }).pipe(Effect.provide(on({ script }))))

  it.live("needs no other test framework: its clock comes with it", () =>
    Effect.gen(function*() {
      const running = yield* Effect.fork(TestAgent.ask("Wait for two hours."))
      yield* TestClock.adjust("3 hours")
      assert.strictEqual(yield* Fiber.join(running), "Done.")
    }).pipe(Effect.provide(on({ script }))))

  it.effect("gives the answers of the list, and shows what was asked", () =>
    Effect.gen(function*() {
      const { questions, requests } = yield* TestAgent.TestAgent
      assert.strictEqual(yield* TestAgent.ask("Wait for two hours."), "Done.")
      assert.deepStrictEqual((yield* questions).map(({ tool }) => tool), ["wait"])
      assert.include((yield* requests).last.functionCallOutput("call_1"), "Tomorrow.")
    }).pipe(Effect.provide(on({ script, answers: [Approver.no("Tomorrow.")] }))))

  it.effect("dies of a call that the script has no turn for", () =>
    Effect.gen(function*() {
      const { left } = yield* TestAgent.TestAgent
      assert.strictEqual(yield* left, 1)
      const exit = yield* Effect.exit(Effect.zipRight(Effect.fork(TestClock.adjust("2 hours")), TestAgent.ask("Wait.")))
      isDead(exit, "The script has 1 turns, and the model was called once more")
      assert.strictEqual(yield* left, 0)
    }).pipe(Effect.provide(on({ script: [Script.answer(Script.call("wait", { hours: 0 }))] }))))

  it.effect("dies of a request that was not expected, and of a question that has no answer", () =>
    Effect.gen(function*() {
      const unexpected = on({
        script: [(request) => {
          assert.strictEqual(request.model, "another")
          return Script.answer(Script.say("Done."))
        }]
      })
      isDead(yield* Effect.exit(Effect.provide(TestAgent.ask("Wait."), unexpected)), "to equal 'another'")
      const unasked = on({ script, answers: [] })
      isDead(yield* Effect.exit(Effect.provide(TestAgent.ask("Wait."), unasked)), "There are 0 answers")
    }))
})
