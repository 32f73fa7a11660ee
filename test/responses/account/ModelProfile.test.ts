import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as ModelProfile from "../../../src/responses/account/ModelProfile.ts"
import * as Request from "../../../src/responses/Request.ts"

const overrides = Schema.decodeUnknownSync(ModelProfile.Overrides)

/** Of models that nothing is known of. */
const plain = { additionalTools: false, effortUpdates: false, cacheRetention: true, sampling: true }

describe("A model's profile", () => {
  it.each(["gpt-5.5", "gpt-5", "gpt-5-mini", "gpt-6-astra", "o1", "o3-mini", "o4-mini", "codex-mini-latest"])(
    "%s reasons",
    (model) => {
      assert.isTrue(ModelProfile.profileOf(model).reasoning)
      assert.isTrue(ModelProfile.profileOf(`openai/${model}`).reasoning)
    }
  )

  it.each(["gpt-4o", "gpt-4.1", "gpt-50", "llama3:8b", "qwen3-coder", "orca", "o1x", "my-gpt-5", "gpt-oss:20b", ""])(
    "%s is sent nothing of reasoning",
    (model) => assert.isFalse(ModelProfile.profileOf(model).reasoning)
  )

  it.each(["gpt-5", "gpt-5.5", "gpt-5.3-codex-spark", "gpt-6-astra", "codex-mini-latest"])(
    "%s is given apply_patch",
    (model) => assert.isTrue(ModelProfile.profileOf(model).applyPatch)
  )

  it.each(["openai/gpt-5.5", "gpt-5-chat-latest", "gpt-50", "o3", "gpt-4o", "gpt-oss:20b", "qwen3-coder", ""])(
    "%s is not given apply_patch",
    (model) => assert.isFalse(ModelProfile.profileOf(model).applyPatch)
  )

  it("may be said to take apply_patch, or not", () => {
    const said = overrides({ "gpt-5*": { apply_patch: false }, "my-gpt": { apply_patch: true } })
    assert.isFalse(ModelProfile.profileOf("gpt-5.5", { models: said }).applyPatch)
    assert.isTrue(ModelProfile.profileOf("my-gpt", { models: said }).applyPatch)
  })

  it("tells what else is known", () => {
    assert.deepStrictEqual(ModelProfile.profileOf("gpt-5.5"), {
      reasoning: true,
      parallelToolCalls: true,
      images: true,
      reasoningContent: false,
      applyPatch: true,
      ...plain,
      efforts: ["low", "medium", "high", "xhigh"],
      defaultEffort: "medium",
      contextWindow: 272_000
    })
    assert.deepStrictEqual(ModelProfile.profileOf("gpt-5.3-codex-spark"), {
      reasoning: true,
      parallelToolCalls: true,
      images: false,
      reasoningContent: false,
      applyPatch: true,
      ...plain
    })
    assert.deepStrictEqual(ModelProfile.profileOf("llama3:8b"), {
      reasoning: false,
      parallelToolCalls: true,
      images: false,
      reasoningContent: false,
      applyPatch: false,
      ...plain
    })
  })

  it("is what a person says it is, the more exact word first", () => {
    const said = overrides({
      "qwen3-vl": { images: true },
      "*": { parallel_tool_calls: false },
      "qwen3*": { context_window: 64_000 },
      "qwen*": { reasoning: true, context_window: 32_000 }
    })
    assert.deepStrictEqual(ModelProfile.profileOf("qwen3-vl", { models: said }), {
      reasoning: true,
      parallelToolCalls: false,
      images: true,
      reasoningContent: false,
      applyPatch: false,
      ...plain,
      contextWindow: 64_000
    })
    assert.deepStrictEqual(ModelProfile.profileOf("qwen2", { models: said }), {
      reasoning: true,
      parallelToolCalls: false,
      images: false,
      reasoningContent: false,
      applyPatch: false,
      ...plain,
      contextWindow: 32_000
    })
    assert.isFalse(
      ModelProfile.profileOf("gpt-5.5", { models: overrides({ "gpt-5.5": { reasoning: false } }) }).reasoning
    )
    assert.isTrue(
      ModelProfile.profileOf("glm-5", { models: overrides({ "glm*": { reasoning_content: true } }) }).reasoningContent
    )
    // A star is one only at the end, and a name is the whole name.
    assert.isTrue(ModelProfile.profileOf("gpt-5.5", { models: overrides({ "gpt-5": { reasoning: false } }) }).reasoning)
    assert.isFalse(
      ModelProfile.profileOf("a", { models: overrides({ "a*": { reasoning: true }, a: { reasoning: false } }) })
        .reasoning
    )
  })

  it.each(["gpt-6.2-sol", "gpt-6-luna", "gpt-5.6-terra", "gpt-6.3-nova", "gpt-7"])(
    "%s takes its tools in the input",
    (model) => {
      assert.isTrue(ModelProfile.profileOf(model).additionalTools)
      assert.isFalse(ModelProfile.profileOf(model).cacheRetention)
    }
  )

  it.each(["gpt-5.5", "gpt-5", "gpt-5.10x", "openai/gpt-6.2-sol", "codex-mini-latest", "qwen3", ""])(
    "%s takes its tools beside the input",
    (model) => {
      assert.isFalse(ModelProfile.profileOf(model).additionalTools)
      assert.isTrue(ModelProfile.profileOf(model).cacheRetention)
    }
  )

  it.each(["gpt-6.2-sol", "gpt-6.2-astra", "gpt-6.3-nova", "gpt-7"])("%s chooses its words itself", (model) => {
    assert.isFalse(ModelProfile.profileOf(model).sampling)
  })

  it.each(["gpt-6.1-sol", "gpt-6-luna", "gpt-5.5", "gpt-4.1", "qwen3", ""])("%s can be told how to", (model) => {
    assert.isTrue(ModelProfile.profileOf(model).sampling)
  })

  it("is what the server's list says, before what was known, and a person's word before both", () => {
    const catalogue = [{
      slug: "gpt-6.2-sol",
      name: "GPT-6.2 Sol",
      contextWindow: 1000,
      efforts: ["low"],
      parallelToolCalls: false,
      inputModalities: ["text"],
      additionalTools: false
    }]
    const { additionalTools, contextWindow, defaultEffort, effortUpdates, efforts, images, parallelToolCalls } =
      ModelProfile.profileOf("gpt-6.2-sol", { catalogue })
    assert.deepStrictEqual(
      { additionalTools, contextWindow, defaultEffort, effortUpdates, efforts, images, parallelToolCalls },
      {
        additionalTools: false,
        contextWindow: 1000,
        // What the list does not say is as it was known.
        defaultEffort: "low",
        effortUpdates: true,
        efforts: ["low"],
        images: false,
        parallelToolCalls: false
      }
    )
    const models = overrides({ "gpt-6*": { additional_tools: true, context_window: 2000 } })
    const told = ModelProfile.profileOf("gpt-6.2-sol", { catalogue, models })
    assert.deepStrictEqual([told.additionalTools, told.contextWindow, told.images], [true, 2000, false])
  })

  it("is asked for an effort that it has", () => {
    const sent = (effort: string, model: string) =>
      ModelProfile.fit(
        Request.make({ model, instructions: "", input: [], reasoning: { effort, summary: "auto" }, cacheKey: "s" }),
        ModelProfile.profileOf(model)
      ).reasoning
    assert.deepStrictEqual(sent("high", "gpt-6.2-sol"), { effort: "high", summary: "auto" })
    assert.propertyVal(sent("none", "gpt-6.2-sol"), "effort", "low")
    assert.propertyVal(sent("minimal", "gpt-6-sol"), "effort", "none")
    assert.propertyVal(sent("max", "gpt-5.5"), "effort", "xhigh")
    assert.propertyVal(sent("ultra", "gpt-6.2-sol"), "effort", "max")
    assert.propertyVal(sent("ultra", "gpt-6-luna"), "effort", "max")
    // The server says best what it does not know.
    assert.propertyVal(sent("hgih", "gpt-6.2-sol"), "effort", "hgih")
    assert.propertyVal(sent("minimal", "gpt-5"), "effort", "minimal")
  })

  it("leaves out of a request what a model does not take", () => {
    const image = { type: "input_image", image_url: "data:image/png;base64,aGk=" }
    const seen = [
      { type: "message", role: "user", content: [{ type: "input_text", text: "Look" }, image] },
      { type: "function_call_output", call_id: "call_1", output: [image] },
      { type: "function_call_output", call_id: "call_2", output: "Done" }
    ]
    const request = Request.make({
      model: "llama3",
      instructions: "Be brief.",
      input: seen,
      reasoning: { effort: "low" },
      cacheKey: "s"
    })
    const capable = {
      reasoning: true,
      parallelToolCalls: true,
      images: true,
      reasoningContent: false,
      applyPatch: true,
      ...plain
    }
    assert.deepStrictEqual(ModelProfile.fit(request, capable), request)

    const fitted = ModelProfile.fit(request, { ...capable, reasoning: false, parallelToolCalls: false, images: false })
    assert.notProperty(fitted, "reasoning")
    assert.notProperty(fitted, "include")
    assert.isFalse(fitted.parallel_tool_calls)
    const unseen = { type: "input_text", text: "[An image was here; this model cannot see images.]" }
    assert.deepStrictEqual<unknown>(fitted.input, [
      { ...seen[0], content: [{ type: "input_text", text: "Look" }, unseen] },
      { ...seen[1], output: [unseen] },
      seen[2]
    ])
  })
})
