import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import * as Conversation from "../../src/prompts/Conversation.ts"
import { endsTurn } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import { ScriptedResponses } from "../../src/testing/ScriptedResponses.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { echo, layer, resume, run, tags, turns } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))
const requests = Effect.flatMap(ScriptedResponses, (model) => model.requests)
const log = Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
const ends = Effect.map(log, (stored) => stored.flatMap(({ event, key }) => endsTurn(event) ? [[key, event._tag]] : []))

describe("a preamble", () => {
  it.effect("is looked up when a session begins, and stands before all that follows", () =>
    Effect.gen(function*() {
      const looks = yield* Ref.make(0)
      const preamble = Effect.map(Ref.updateAndGet(looks, (n) => n + 1), (n) => [
        { type: "message", role: "developer", content: [{ type: "input_text", text: `look ${n}` }] }
      ])
      yield* Effect.exit(run("Go", { preamble }))
      yield* resume({ preamble })
      yield* run("Again", { preamble })
      for (const { input } of yield* requests) assert.include(JSON.stringify(input[0]), "look 1")
      assert.strictEqual(JSON.stringify((yield* requests).at(-1)?.input).split("look").length, 2)
      assert.strictEqual(yield* Ref.get(looks), 1)
    }).pipe(Effect.provide(layer(turns(Script.refuse(400, { detail: "no" }), hello, hello)))))
})

/** All events of a run, and how it went. */
const watch = (events: (agent: typeof Agent.Agent.Service) => ReturnType<typeof Agent.Agent.Service["resume"]>) =>
  Effect.gen(function*() {
    const agent = yield* Agent.Agent
    const seen = yield* Ref.make<ReadonlyArray<AgentEvent>>([])
    const exit = yield* Effect.exit(
      Stream.runForEach(events(agent), (event) => Ref.update(seen, (all) => [...all, event]))
    )
    return { exit, events: yield* Ref.get(seen) }
  })

describe("a turn that failed", () => {
  it.effect("goes on where it stood, and has an end of its own each time", () =>
    Effect.gen(function*() {
      const first = yield* watch((agent) => agent.run("s", "Go"))
      assert.isTrue(Exit.isFailure(first.exit))
      const second = yield* watch((agent) => agent.resume("s"))
      assert.isTrue(Exit.isFailure(second.exit))
      assert.deepStrictEqual(tags(second.events), ["SessionStarted", "TurnFailed"])
      const third = yield* watch((agent) => agent.resume("s"))
      assert.deepStrictEqual(tags(third.events), ["SessionStarted", "ModelResponded", "TurnCompleted"])

      assert.deepStrictEqual(yield* ends, [
        ["turn-1/end", "TurnFailed"],
        ["turn-1/end/1", "TurnFailed"],
        ["turn-1/end/2", "TurnCompleted"]
      ])
      const all = yield* requests
      assert.strictEqual(all.length, 4)
      assert.deepStrictEqual(all[3]?.input, all[1]?.input)
      assert.deepStrictEqual(yield* resume(), [])
    }).pipe(Effect.provide(layer(turns(
      Script.answer(Script.call("echo", { text: "once" })),
      Script.refuse(400, { detail: "no" }),
      Script.refuse(400, { detail: "no" }),
      hello
    )))))

  it.effect("without an answer is asked for one again", () =>
    Effect.gen(function*() {
      yield* watch((agent) => agent.run("s", "Go"))
      assert.strictEqual((yield* resume()).at(-1)?._tag, "TurnCompleted")
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(layer(turns(Script.answer(Script.think("…")), hello)))))

  it.effect("leaves a new prompt free to begin a new turn", () =>
    Effect.gen(function*() {
      yield* watch((agent) => agent.run("s", "Go"))
      const events = yield* run("Something else")
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", turnId: "turn-2" })
      assert.deepStrictEqual(yield* ends, [["turn-1/end", "TurnFailed"], ["turn-2/end", "TurnCompleted"]])
      assert.deepStrictEqual(yield* resume(), [])
    }).pipe(Effect.provide(layer(turns(Script.refuse(400, { detail: "no" }), hello)))))
})

describe("a turn that was interrupted", () => {
  it.effect("goes on: what ended is kept, what was running is told as such, what had not begun is run", () =>
    Effect.gen(function*() {
      const waiting = yield* Deferred.make<void>()
      const count = yield* Ref.make(0)
      const endless = Tool.make({
        name: "endless",
        description: "",
        parameters: Schema.Struct({}),
        handler: () =>
          Effect.flatMap(
            Ref.updateAndGet(count, (n) => n + 1),
            (n) => Effect.zipRight(n === 8 ? Deferred.succeed(waiting, undefined) : Effect.void, Effect.never)
          )
      })
      const names = Array.from({ length: 8 }, (_, n) => Script.call("endless", { n }, `lost${n}`))
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* Deferred.await(waiting)
        yield* Fiber.interrupt(fiber)

        const events = yield* resume()
        assert.deepStrictEqual(tags(events), [
          "SessionStarted",
          "ToolStarted",
          "ToolEnded",
          "ModelResponded",
          "TurnCompleted"
        ])
        assert.deepInclude(events[2], { output: "echo: late" })
        assert.deepStrictEqual(yield* ends, [["turn-1/end", "TurnInterrupted"], ["turn-1/end/1", "TurnCompleted"]])
        const outputs = (yield* requests).at(-1)?.input.filter((item) => item.type === "function_call_output")
        assert.deepStrictEqual(outputs?.map((item) => item["output"]), [
          "echo: done",
          ...Array.from({ length: 8 }, () => Conversation.unknownOutcome),
          "echo: late"
        ])
        assert.strictEqual(yield* Ref.get(count), 8)
      }).pipe(Effect.provide(layer(
        turns(
          Script.answer(
            Script.call("echo", { text: "done" }, "done"),
            ...names,
            Script.call("echo", { text: "late" }, "late")
          ),
          hello
        ),
        Toolkit.make(echo, endless)
      )))
    }))

  it.effect("and then cut off by a crash gets its ending before a new turn", () =>
    Effect.gen(function*() {
      yield* watch((agent) => agent.run("s", "Go"))
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.open("s"))
        const call = Script.call("echo", { text: "lost" }, "lost")
        // What a resumed run had written when it was killed.
        yield* session.append("turn-1/tool/9/lost/started", {
          _tag: "ToolStarted",
          turnId: "turn-1",
          itemId: "turn-1.9.0",
          call
        })
      }))
      yield* run("Something else")
      assert.deepStrictEqual(yield* ends, [
        ["turn-1/end", "TurnFailed"],
        ["turn-1/end/1", "TurnInterrupted"],
        ["turn-2/end", "TurnCompleted"]
      ])
    }).pipe(Effect.provide(layer(turns(Script.refuse(400, { detail: "no" }), hello)))))
})
