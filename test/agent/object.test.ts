import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Agent from "../../src/agent/Agent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"

const says = (...texts: ReadonlyArray<string>) =>
  Agent.layer({ model: "gpt-5.5", instructions: "" }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll]),
    Layer.provideMerge(SessionStore.layerMemory),
    Layer.provide(
      ScriptedResponses.layer(Script.fromTurns(texts.map((text) => Script.answer(Script.say(text)))))
    )
  )

describe("Agent.object", () => {
  it.effect("gives the answer of a turn as a value, after a repair where it needs one", () =>
    Effect.gen(function*() {
      const schema = Schema.Struct({ at: Schema.Date, names: Schema.Array(Schema.String) })
      const found = yield* Agent.object(schema, yield* SessionStore.makeId, "Who was there?")
      assert.deepStrictEqual(found, { at: new Date("2026-01-02"), names: ["Ann"] })
    }).pipe(Effect.provide(says("Ann was there.", "{\"at\":\"2026-01-02T00:00:00.000Z\",\"names\":[\"Ann\"]}"))))

  it.effect("takes schemas of anything", () =>
    Effect.gen(function*() {
      const session = yield* SessionStore.makeId
      assert.strictEqual(yield* Agent.object(Schema.Number, session, "How many?"), 7)
    }).pipe(Effect.provide(says("{\"value\":7}"))))

  it.effect("says how a turn has ended that has no answer", () =>
    Effect.gen(function*() {
      const session = yield* SessionStore.makeId
      const error = yield* Effect.flip(
        Agent.object(Schema.Struct({ n: Schema.Number }), session, "How many?", { limits: { tokens: 1 } })
      )
      assert.propertyVal(error, "_tag", "Unanswered")
      assert.include(error.message, "TurnLimited")
    }).pipe(Effect.provide(says("Seven.", "Seven."))))
})
