import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { isMessage, text } from "../../src/responses/Item.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import { Processes } from "../../src/tools/command/Processes.ts"
import { layer, run } from "./support.ts"

const processes = Layer.succeed(Processes, {
  ...Processes.defaultValue(),
  list: () =>
    Effect.succeed([
      { id: "p1", command: "npm run dev", total: 10, ending: undefined },
      { id: "p2", command: "npm test", total: 10, ending: { _tag: "Exited" as const, code: 0, background: [] } }
    ])
})

describe("the model", () => {
  it.effect("is told with each prompt what still runs, behind what was sent before", () =>
    Effect.gen(function*() {
      yield* run("Go")
      yield* run("Again")
      const { requests } = yield* ScriptedResponses.ScriptedResponses
      const [first, second] = yield* requests
      const said = "Still running in the background: p1 (npm run dev)."
      assert.deepStrictEqual(first?.input.filter(isMessage).map(text), ["Go", said])
      assert.deepStrictEqual(second?.input.filter(isMessage).map(text), ["Go", said, "Done.", "Again", said])
      assert.deepStrictEqual(second?.input.slice(0, 2), first?.input)
    }).pipe(Effect.provide(layer(() => Script.answer(Script.say("Done."))).pipe(Layer.provide(processes)))))
})
