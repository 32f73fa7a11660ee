import * as LanguageModel from "@effect/ai/LanguageModel"
import * as AiTool from "@effect/ai/Tool"
import * as AiToolkit from "@effect/ai/Toolkit"
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Agent, layer as layerAgent } from "../../src/agent/Agent.ts"
import * as AgentEvent from "../../src/agent/AgentEvent.ts"
import * as Ai from "../../src/ai/index.ts"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"

const outputs = Effect.flatMap(ScriptedResponses.ScriptedResponses, ({ requests }) => requests).pipe(
  Effect.map((all) => (all.at(-1)?.input ?? []).filter(isFunctionCallOutput).map(({ output }) => String(output)))
)

class Prices extends Context.Tag("test/Prices")<Prices, { readonly of: (name: string) => number }>() {}

const Shop = AiToolkit.make(
  AiTool.make("price", {
    description: "What something costs",
    parameters: { name: Schema.String },
    success: Schema.Struct({ euros: Schema.Number }),
    failure: Schema.Struct({ why: Schema.String }),
    failureMode: "return",
    dependencies: [Prices]
  })
)

describe("Tools of @effect/ai", () => {
  it.effect("work for an agent", () =>
    Effect.gen(function*() {
      const toolkit = Ai.Tools.fromToolkit(yield* Shop)
      const model = ScriptedResponses.layer(Script.fromTurns([
        Script.answer(
          Script.call("price", { name: "bread" }, "1"),
          Script.call("price", { title: "bread" }, "2"),
          Script.call("price", { name: "gold" }, "3")
        ),
        Script.answer(Script.say("Three."))
      ]))
      const agent = layerAgent({ model: "gpt-5.5", instructions: "" }).pipe(
        Layer.provide([ToolExecutor.layer(toolkit), Permission.layerAllowAll]),
        Layer.provide([Layer.succeed(Prices, { of: ({ length }) => length }), SessionStore.layerMemory]),
        Layer.provideMerge(model)
      )
      yield* Effect.gen(function*() {
        const { run } = yield* Agent
        assert.strictEqual(yield* AgentEvent.answer(run(yield* SessionStore.makeId, "How much?")), "Three.")
        const [first, second, third] = yield* outputs
        assert.strictEqual(first, "{\"euros\":5}")
        assert.include(second, "name is missing")
        assert.strictEqual(third, "{\"why\":\"not for sale\"}")
      }).pipe(Effect.provide(agent))
    }).pipe(Effect.provide(Shop.toLayer({
      price: ({ name }) =>
        name === "gold"
          ? Effect.fail({ why: "not for sale" })
          : Effect.map(Prices, (prices) => ({ euros: prices.of(name) }))
    }))))
})

const look = Tool.make({
  name: "look",
  description: "Look at a page",
  parameters: Schema.Struct({ page: Schema.Number }),
  access: () => Tool.nothing,
  handler: ({ page }) =>
    page > 9 ? new Tool.ToolFailure({ message: "There are nine." }) : Effect.succeed(`Page ${page}`)
})

const tear = Tool.make({
  name: "tear",
  description: "Tear a page out",
  parameters: Schema.Struct({ page: Schema.Number }),
  handler: () => Effect.dieMessage("torn")
})

describe("Tools from here", () => {
  it.effect("work for a language model of @effect/ai, and are asked for as they are for an agent", () =>
    Effect.gen(function*() {
      const toolkit = yield* Ai.Tools.toToolkit(Toolkit.make(look, tear))
      const { toolResults } = yield* LanguageModel.generateText({ prompt: "Read", toolkit })
      assert.deepStrictEqual(toolResults.map(({ isFailure, result }) => [isFailure, result]), [
        [false, "Page 3"],
        [true, "There are nine."],
        [
          true,
          "The call was not permitted: it needs approval, and nobody can be asked here (test). " +
          "Do not try to reach the same in another way."
        ]
      ])
      const { requests } = yield* ScriptedResponses.ScriptedResponses
      const [declared] = (yield* requests)[0]?.tools ?? []
      assert.deepStrictEqual(declared, look.declaration)
    }).pipe(
      Effect.provide(Layer.provideMerge(
        Ai.layer({ model: "gpt-5.5" }),
        ScriptedResponses.layer(Script.fromTurns([Script.answer(
          Script.call("look", { page: 3 }),
          Script.call("look", { page: 10 }),
          Script.call("tear", { page: 3 })
        )]))
      )),
      Effect.provideService(Permission.Permission, {
        decide: ({ access, describe: question }) =>
          Effect.succeed(
            access.kind === "read"
              ? { _tag: "Allow", rule: "test", isRoutine: true }
              : { _tag: "Ask", rule: "test", isByMode: true, question, reason: undefined, scopes: [] }
          ),
        remember: () => Effect.void
      })
    ))
})
