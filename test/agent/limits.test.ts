import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import type * as Turn from "../../src/agent/Turn.ts"
import * as Conversation from "../../src/prompts/Conversation.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import { ScriptedResponses } from "../../src/testing/ScriptedResponses.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layer, resume, run, tags, turns } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))
const calls = (...texts: ReadonlyArray<string>) =>
  Script.answer(...texts.map((text) => Script.call("echo", { text }, text)))
const requests = Effect.flatMap(ScriptedResponses, (model) => model.requests)
const log = Effect.map(
  Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s")),
  (stored) => stored.map(({ event }) => event)
)

const limitOf = (events: ReadonlyArray<AgentEvent>) => {
  const end = events.at(-1)
  return end?._tag === "TurnLimited" ? end.limit : end?._tag
}

const outputs = (events: ReadonlyArray<AgentEvent>) =>
  events.flatMap((event) => event._tag === "ToolEnded" ? [event.output] : [])

describe("limits", () => {
  it.effect("on steps end the turn before one more call of the model, and the stream without an error", () =>
    Effect.gen(function*() {
      const events = yield* run("Go", { limits: { steps: 2 } })
      assert.deepStrictEqual(tags(events), [
        "SessionStarted",
        "TurnStarted",
        "ModelResponded",
        "ToolStarted",
        "ToolEnded",
        "ModelResponded",
        "ToolStarted",
        "ToolEnded",
        "TurnLimited"
      ])
      assert.deepInclude(events.at(-1), { limit: "steps", turnId: "turn-1" })
      const end = events.at(-1)
      assert.strictEqual(end?._tag === "TurnLimited" ? end.usage.inputTokens : 0, 200)
      assert.deepStrictEqual((yield* log).filter(({ _tag }) => _tag === "TurnLimited").length, 1)
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(layer(turns(calls("a"), calls("b"), hello)))))

  it.effect("do not count what an answer has needed", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        limitOf(yield* run("Go", { limits: { steps: 2, toolCalls: 1, tokens: 220 } })),
        "TurnCompleted"
      )
    }).pipe(Effect.provide(layer(turns(calls("a"), hello)))))

  it.effect("on tokens end the turn when they are used up", () =>
    Effect.gen(function*() {
      assert.strictEqual(limitOf(yield* run("Go", { limits: { tokens: 111 } })), "tokens")
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(layer(turns(calls("a"), calls("b"), hello)))))

  it.effect("on calls of tools keep back what is over them, for the next run", () =>
    Effect.gen(function*() {
      const first = yield* run("Go", { limits: { toolCalls: 2 } })
      assert.strictEqual(limitOf(first), "toolCalls")
      assert.deepStrictEqual(outputs(first), ["echo: a", "echo: b"])

      const second = yield* resume({ limits: { toolCalls: 2 } })
      assert.deepStrictEqual(tags(second), [
        "SessionStarted",
        "ToolStarted",
        "ToolEnded",
        "ModelResponded",
        "TurnCompleted"
      ])
      assert.deepStrictEqual(outputs(second), ["echo: c"])
      const sent = (yield* requests)[1]?.input.filter((item) => item.type === "function_call_output")
      assert.deepStrictEqual(sent?.map((item) => item["output"]), ["echo: a", "echo: b", "echo: c"])
    }).pipe(Effect.provide(layer(turns(calls("a", "b", "c"), hello)))))

  it.effect("tell the model of a call that was kept back, when a new turn begins", () =>
    Effect.gen(function*() {
      yield* run("Go", { limits: { toolCalls: 0 } })
      yield* run("Something else")
      const sent = (yield* requests)[1]?.input.find((item) => item.type === "function_call_output")
      assert.strictEqual(sent?.["output"], Conversation.notRun)
    }).pipe(Effect.provide(layer(turns(calls("a"), hello)))))

  it.effect("are fresh for each run, and free of what is done", () =>
    Effect.gen(function*() {
      const limits = { steps: 1, toolCalls: 1, tokens: 1 }
      assert.strictEqual(limitOf(yield* run("Go", { limits })), "steps")
      assert.strictEqual(limitOf(yield* resume({ limits })), "steps")
      const last = yield* resume({ limits })
      assert.strictEqual(limitOf(last), "TurnCompleted")
      // The turn has used what all its runs have.
      const end = last.at(-1)
      assert.strictEqual(end?._tag === "TurnCompleted" ? end.usage.inputTokens : 0, 300)
      assert.deepStrictEqual((yield* log).flatMap((event) => event._tag === "TurnLimited" ? [event.limit] : []), [
        "steps",
        "steps"
      ])
      assert.deepStrictEqual(yield* resume(), [])
    }).pipe(Effect.provide(layer(turns(calls("a"), calls("b"), hello)))))

  it.effect("on time stop what is running, and tell of it", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      const endless = Tool.make({
        name: "endless",
        description: "",
        parameters: Schema.Struct({}),
        handler: () =>
          Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
          )
      })
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go", { limits: { time: "5 minutes" } }))
        yield* Deferred.await(started)
        yield* TestClock.adjust("5 minutes")
        const events = yield* Fiber.join(fiber)
        assert.isTrue(yield* Deferred.isDone(stopped))
        assert.deepStrictEqual(tags(events).slice(-3), ["ToolStarted", "ToolEnded", "TurnLimited"])
        assert.deepInclude(events.at(-2), { status: "interrupted" })
        assert.strictEqual(limitOf(events), "time")
        assert.deepStrictEqual((yield* log).map(({ _tag }) => _tag), tags(events))

        assert.strictEqual(limitOf(yield* resume({ limits: { time: "5 minutes" } })), "TurnCompleted")
        assert.strictEqual((yield* requests)[1]?.input.at(-1)?.["output"], Conversation.unknownOutcome)
      }).pipe(
        Effect.provide(layer(turns(Script.answer(Script.call("endless", {})), hello), Toolkit.make(endless)))
      )
    }))
})

describe("a call that is repeated", () => {
  const again = (n: number) => Script.answer(Script.call("echo", { text: "again" }, `c${n}`))

  it.effect("is refused the third time running, and run after another one", () =>
    Effect.gen(function*() {
      const events = yield* run("Go")
      const ended = events.flatMap((event) => event._tag === "ToolEnded" ? [event.status] : [])
      assert.deepStrictEqual(ended, ["completed", "completed", "failed", "completed", "completed"])
      assert.include(outputs(events)[2], "same call of echo")
      assert.strictEqual(limitOf(events), "TurnCompleted")
    }).pipe(Effect.provide(layer(turns(again(1), again(2), again(3), calls("other"), again(4), hello)))))

  it.effect("ends the turn the fifth time, costs no budget when it is not run, and has an output all the same", () =>
    Effect.gen(function*() {
      const events = yield* run("Go", { limits: { toolCalls: 2 } })
      assert.strictEqual(limitOf(events), "repeats")
      assert.strictEqual(events.filter((event) => event._tag === "ToolEnded").length, 5)
      assert.strictEqual(events.filter((event) => event._tag === "ToolStarted").length, 5)

      assert.strictEqual(limitOf(yield* resume()), "TurnCompleted")
      const sent = (yield* requests).at(-1)?.input.filter((item) => item.type === "function_call_output")
      assert.include(String(sent?.at(-1)?.["output"]), "number 5")
    }).pipe(Effect.provide(layer(turns(again(1), again(2), again(3), again(4), again(5), hello)))))
})

describe("prepareStep", () => {
  it.effect("changes the request of one step, and what another model thought is not sent along", () => {
    const seen: Array<readonly [step: number, items: number]> = []
    const prepareStep: Turn.Control["prepareStep"] = ({ request, step }) =>
      Effect.sync(() => {
        seen.push([step, request.input.length])
        return step === 1
          ? { ...request, model: "gpt-6-astra", tools: [], instructions: "Finish." }
          : request
      })
    return Effect.gen(function*() {
      yield* run("Go", { prepareStep })
      const [first, second] = yield* requests
      assert.deepStrictEqual([first?.model, first?.tools.length, first?.instructions], ["gpt-5.5", 1, "Be brief."])
      assert.deepStrictEqual([second?.model, second?.tools.length, second?.instructions], ["gpt-6-astra", 0, "Finish."])
      assert.deepStrictEqual(second?.input.map(({ type }) => type), [
        "message",
        "function_call",
        "function_call_output"
      ])
      assert.deepStrictEqual(seen, [[0, 1], [1, 4]])
      const models = (yield* log).flatMap((event) => event._tag === "ModelResponded" ? [event.model] : [])
      assert.deepStrictEqual(models, ["gpt-5.5", "gpt-6-astra"])
    }).pipe(Effect.provide(layer(turns(
      Script.answer(Script.think("Hm."), Script.call("echo", { text: "a" })),
      hello
    ))))
  })
})

describe("stopWhen", () => {
  it.effect("ends the turn as completed after a step whose calls have run", () =>
    Effect.gen(function*() {
      const steps: Array<number> = []
      const events = yield* run("Go", {
        stopWhen: ({ response, step }) =>
          Effect.sync(() => {
            steps.push(step)
            return response.items.some((item) => item["call_id"] === "b")
          })
      })
      assert.deepStrictEqual(steps, [0, 1])
      assert.deepStrictEqual(outputs(events), ["echo: a", "echo: b"])
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", finishReason: "stopped" })
      assert.deepStrictEqual(yield* resume(), [])
    }).pipe(Effect.provide(layer(turns(calls("a"), calls("b"))))))
})
