import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import { Responses } from "../../src/responses/Responses.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { run } from "./support.ts"

/** A server that leaves reasoning out, for these reasons in turn. */
const layer = (...reasons: ReadonlyArray<string>) => {
  let n = 0
  return Agent.layer({ model: "gpt-6.2-sol", instructions: "Be brief." }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll]),
    Layer.provide(Layer.effect(
      Responses,
      Effect.map(Responses, ({ account, stream }) => ({
        account,
        stream: (request) =>
          Stream.map(stream(request), (event) =>
            event.type === "response.completed"
              ? {
                ...event,
                response: {
                  ...Object(event.response),
                  input_transformations: [{ type: "reasoning", action: "removed", reason: reasons[n++] }]
                }
              }
              : event)
      }))
    )),
    Layer.provide(ScriptedResponses.layer(() => Script.answer(Script.say("Hello")))),
    Layer.provideMerge(SessionStore.layerMemory)
  )
}

const told = Effect.map(
  run("Hi"),
  (events) => events.flatMap((event) => event._tag === "ModelResponded" ? [event.removed] : [])
)

describe("Reasoning that the server leaves out", () => {
  it.effect("is told of once in a session, and not where a turn just ended", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* told, [undefined])
      assert.deepStrictEqual(yield* told, [["prefix_mismatch"]])
      assert.deepStrictEqual(yield* told, [undefined])
    }).pipe(Effect.provide(layer("turn_boundary", "prefix_mismatch", "model_mismatch"))))
})
