import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { recorder } from "../recorder.ts"
import { layer, run, turns } from "./support.ts"

describe("the spans of a turn", () => {
  it.effect("hold nothing of what is said, not even where the server quotes it", () =>
    Effect.gen(function*() {
      const { spans, tracer } = recorder()
      const prompt = "a prompt that nobody else reads"
      const script = turns(
        Script.answer(Script.call("echo", { text: "an argument" }, "c1")),
        Script.refuse(400, { error: { message: `What is "${prompt}"?`, code: "invalid_prompt" } })
      )
      yield* Effect.exit(run(prompt)).pipe(Effect.provide(layer(script)), Effect.withTracer(tracer))
      const turn = spans.find(({ name }) => name === "invoke_agent")
      assert.match(String(turn?.told), /ModelError: ContentFiltered/)
      assert.deepStrictEqual(Array.from(turn?.attributes.keys() ?? []).toSorted(), [
        "effixir.turn.id",
        "error.type",
        "gen_ai.conversation.id",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.model"
      ])
      const all = JSON.stringify(spans.map(({ attributes, name, told }) => [name, Array.from(attributes), told]))
      for (const word of [prompt, "an argument", "Be brief"]) assert.notInclude(all, word)
    }))
})
