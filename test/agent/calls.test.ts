import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/TestClock"
import * as ToolFailures from "../../src/prompts/ToolFailures.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import { ScriptedResponses } from "../../src/testing/ScriptedResponses.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layer, run, turns } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))

const requests = Effect.flatMap(ScriptedResponses, (model) => model.requests)
const log = Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))

describe("the calls of a turn", () => {
  it.effect("runs what may not run beside others alone, and all in their order", () =>
    Effect.gen(function*() {
      const log = yield* Ref.make<ReadonlyArray<string>>([])
      const taking = (name: string, concurrency: Tool.Concurrency) =>
        Tool.make({
          name,
          description: "",
          parameters: Schema.Struct({}),
          concurrency,
          handler: (_, { callId }) => {
            const note = (sign: string) => Ref.update(log, (entries) => [...entries, sign + callId])
            return Effect.as(Effect.all([note("+"), Effect.sleep("1 second"), note("-")]), callId)
          }
        })
      const toolkit = Toolkit.make(taking("look", "parallel"), taking("change", "exclusive"))
      const calls = ["look", "look", "change", "change", "look"].map((name, n) => Script.call(name, {}, `${n}`))
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* TestClock.adjust("4 seconds")
        yield* Fiber.join(fiber)
        const [, second] = yield* requests
        assert.deepStrictEqual(second?.input.slice(-5).map((item) => item["output"]), ["0", "1", "2", "3", "4"])
      }).pipe(Effect.provide(layer(turns(Script.answer(...calls), hello), toolkit)))
      assert.strictEqual((yield* Ref.get(log)).join(" ").replace("-1 -0", "-0 -1"), "+0 +1 -0 -1 +2 -2 +3 -3 +4 -4")
    }))

  it.effect("shows where a call stands, but not more often than can be seen, and keeps none of it", () =>
    Effect.gen(function*() {
      const chatty = Tool.make({
        name: "chatty",
        description: "",
        parameters: Schema.Struct({}),
        handler: (_, { progress }) =>
          Effect.as(
            Effect.forEach(
              Array.from({ length: 100 }, (_, n) => n),
              (n) => Effect.zipRight(progress(`${"x".repeat(5000)} ${n}`), Effect.sleep("10 millis"))
            ),
            "done"
          )
      })
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* TestClock.adjust("2 seconds")
        const told = (yield* Fiber.join(fiber)).flatMap((event) => event._tag === "ToolProgress" ? [event] : [])
        assert.strictEqual(told.length, 10)
        assert.deepInclude(told[1], { turnId: "turn-1", itemId: "turn-1.0.0" })
        assert.match(told[1]?.text ?? "", /^x{1,1000} 10$/)
        assert.notInclude((yield* log).map(({ event }): string => event._tag), "ToolProgress")
      }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("chatty", {})), hello), Toolkit.make(chatty))))
    }))

  it.effect("answers a call in plain text in kind", () => {
    const custom = { type: "custom_tool_call", id: "ctc_1", call_id: "c1", name: "shout", input: "hey\n" } as const
    const shout = Tool.freeform({
      name: "shout",
      description: "",
      syntax: "lark",
      grammar: "start: /.+/",
      handler: (text) => Effect.succeed(new Tool.Result({ output: text.toUpperCase(), details: { loud: true } }))
    })
    return Effect.gen(function*() {
      const events = yield* run("Shout")
      const ended = events.flatMap((event) => event._tag === "ToolEnded" ? [event] : [])
      assert.deepInclude(ended[0], { call: custom, output: "HEY\n", details: { loud: true } })
      const [first, second] = yield* requests
      assert.deepStrictEqual<unknown>(first?.tools, [shout.declaration])
      assert.deepStrictEqual<unknown>(second?.input.slice(-2), [
        { type: "custom_tool_call", call_id: "c1", name: "shout", input: "hey\n" },
        { type: "custom_tool_call_output", call_id: "c1", output: "HEY\n" }
      ])
    }).pipe(Effect.provide(layer(turns(Script.answer(custom), hello), Toolkit.make(shout))))
  })

  it.effect("goes on after a bug in a tool, of which the model is told", () =>
    Effect.gen(function*() {
      const events = yield* run("Crash")
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      const [ended] = events.flatMap((event) => event._tag === "ToolEnded" ? [event] : [])
      assert.deepInclude(ended, { status: "failed", output: ToolFailures.threw("crash", "a bug") })
      const [, second] = yield* requests
      assert.deepInclude(second?.input.at(-1), {
        type: "function_call_output",
        output: ToolFailures.threw("crash", "a bug")
      })
    }).pipe(Effect.provide(layer(
      turns(Script.answer(Script.call("crash", {})), hello),
      Toolkit.make(Tool.make({
        name: "crash",
        description: "",
        parameters: Schema.Struct({}),
        handler: () => Effect.die(new Error("a bug"))
      }))
    ))))
})
