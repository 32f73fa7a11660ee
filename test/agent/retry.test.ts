import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as Agent from "../../src/agent/Agent.ts"
import { Responses } from "../../src/responses/Responses.ts"
import * as Retry from "../../src/responses/transport/Retry.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { echo, run, tags, turns } from "./support.ts"

/** An agent whose model is tried again like the real one. */
const layer = (script: Script.Script) =>
  Agent.layer({ model: "gpt-5.5", instructions: "Be brief." }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.make(echo)), Permission.layerAllowAll]),
    Layer.provide(Layer.effect(
      Responses,
      Effect.map(Responses, ({ account, stream }) => ({ account, stream: Retry.make(Retry.defaults)(stream) }))
    )),
    Layer.provideMerge(ScriptedResponses.layer(script)),
    Layer.provideMerge(SessionStore.layerMemory)
  )

const requests = Effect.flatMap(ScriptedResponses.ScriptedResponses, (model) => model.requests)

const patiently = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.fork(effect)
    yield* TestClock.adjust("2 minutes")
    return yield* Fiber.join(fiber)
  })

describe("a model call that is made again", () => {
  it.effect("is told of, and its calls run once", () =>
    Effect.gen(function*() {
      const events = yield* patiently(run("Do it"))
      assert.deepStrictEqual(tags(events), [
        "SessionStarted",
        "TurnStarted",
        "ModelResponded",
        "ToolStarted",
        "ToolEnded",
        "Retrying",
        "Retrying",
        "ModelResponded",
        "TurnCompleted"
      ])
      const retry = events.find((event) => event._tag === "Retrying")
      assert.deepInclude(retry, { turnId: "turn-1", attempt: 2, maxAttempts: 5, reason: "StreamIncomplete" })
      assert.strictEqual(events.filter((event) => event._tag === "ToolEnded").length, 1)
      const sent = yield* requests
      assert.deepStrictEqual(sent.slice(1).map(({ input }) => input), [sent[1]?.input, sent[1]?.input, sent[1]?.input])
      assert.propertyVal(events.at(-1), "answer", "Hello!")
    }).pipe(Effect.provide(layer(turns(
      Script.answer(Script.call("echo", { text: "one" }, "c1")),
      Script.cut(4, Script.say("Half")),
      Script.fail({ code: "server_is_overloaded", message: "Busy." }),
      Script.answer(Script.say("Hello!"))
    )))))

  it.effect("ends the turn when the budget is spent, and not before", () =>
    Effect.gen(function*() {
      const error = yield* patiently(Effect.flip(run("Do it")))
      assert.propertyVal(error, "_tag", "ModelError")
      assert.strictEqual((yield* requests).length, 5)
    }).pipe(Effect.provide(layer(() => Script.refuse(500, "")))))

  it.effect("does not send again what the server cannot read any more", () =>
    Effect.gen(function*() {
      yield* patiently(run("Think"))
      yield* patiently(run("Think again"))
      yield* patiently(run("Once more"))
      const types = (yield* requests).map(({ input }) => input.map(({ type }) => type))
      assert.deepStrictEqual(types, [
        ["message"],
        ["message", "reasoning", "message", "message"],
        ["message", "message", "message"],
        ["message", "message", "message", "reasoning", "message", "message"]
      ])
    }).pipe(Effect.provide(layer(turns(
      Script.answer(Script.think("Hm."), Script.say("One")),
      Script.refuse(400, { error: { code: "invalid_encrypted_content", message: "It could not be verified." } }),
      Script.answer(Script.think("Hm."), Script.say("Two")),
      Script.answer(Script.say("Three"))
    )))))
})
