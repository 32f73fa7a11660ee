import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import { ofOthers, type Wire } from "../../src/auth/Host.ts"
import * as ModelProfile from "../../src/responses/account/ModelProfile.ts"
import * as Input from "../../src/responses/Input.ts"
import { functionCallOutput, type Item, userMessage, without } from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import { isToolCall, isToolCallOutput } from "../../src/responses/ToolCall.ts"
import { deepSeek } from "./standIns.ts"

/** OpenAI's own. */
const openAi: Wire = {
  hasInstructions: false,
  hasAdditionalTools: false,
  hasEffortUpdates: true,
  hasThinkTags: false,
  hasCompaction: true,
  refusedFields: new Set(),
  isTranslated: false
}

const bash: Request.ToolDeclaration = { type: "function", name: "bash", description: "", strict: false, parameters: {} }

const fit = (
  wire: Wire,
  input: ReadonlyArray<Item>,
  { model = "gpt-5.5", tools = [bash] }: { model?: string; tools?: ReadonlyArray<Request.ToolDeclaration> } = {}
) =>
  Input.fit(
    Request.make({ model, instructions: "", input, tools, cacheKey: "s" }),
    ModelProfile.profileOf(model),
    wire
  )

const call = (id: string, args = "{}", name = "bash") => ({ type: "function_call", call_id: id, name, arguments: args })
const output = (id: string) => functionCallOutput(id, `out ${id}`)
const say = (text: string) => ({ type: "message", role: "assistant", content: [{ type: "output_text", text }] })
const developer = { type: "message", role: "developer", content: [{ type: "input_text", text: "A hook says." }] }
const thought = (text: string) => ({ type: "reasoning", summary: [], content: [{ type: "reasoning_text", text }] })
const sealed = (n: number) => ({ type: "reasoning", summary: [], encrypted_content: `gAAAAA${n}` })

describe("Input.fit", () => {
  const interleaved: ReadonlyArray<readonly [string, ReadonlyArray<Item>, ReadonlyArray<Item>]> = [
    [
      "a message",
      [call("a"), say("And now"), call("b"), output("a"), output("b")],
      [say("And now"), call("a"), call("b"), output("a"), output("b")]
    ],
    [
      "thoughts",
      [thought("1"), say("x"), call("a"), thought("2"), call("b"), output("a"), output("b")],
      [thought("1"), say("x"), thought("2"), call("a"), call("b"), output("a"), output("b")]
    ],
    [
      "encrypted thoughts, which stay with their call",
      [sealed(1), call("a"), say("x"), sealed(2), call("b"), output("a"), output("b")],
      [say("x"), sealed(1), call("a"), sealed(2), call("b"), output("a"), output("b")]
    ],
    [
      "what others say",
      [call("a"), developer, output("a"), userMessage("Hi")],
      [call("a"), output("a"), developer, userMessage("Hi")]
    ],
    [
      "outputs of several calls",
      [call("a"), call("b"), output("b"), userMessage("Hi"), output("a"), say("Ho")],
      [call("a"), call("b"), output("b"), output("a"), userMessage("Hi"), say("Ho")]
    ],
    [
      "an output without a call",
      [call("a"), call("b"), output("a"), output("gone"), say("x"), output("b")],
      [say("x"), call("a"), call("b"), output("a"), output("gone"), output("b")]
    ],
    [
      "two calls with one id",
      [call("a"), say("x"), call("a"), output("a"), output("a")],
      [say("x"), call("a"), call("a"), output("a"), output("a")]
    ]
  ]

  it.each(interleaved)("puts calls together before their outputs, without %s between", (_, told, sent) => {
    assert.deepStrictEqual(fit(ofOthers, told), sent)
    assert.deepStrictEqual(fit(ofOthers, sent), sent)
    assert.deepStrictEqual(
      fit(openAi, told),
      told.map((item) => item.type === "reasoning" ? without(item, "content") : item)
    )
  })

  it("leaves calls where they are that follow each other, or have no output", () => {
    for (
      const items of [
        [call("a"), output("a"), say("x"), call("b"), output("b"), userMessage("Hi")],
        [call("a"), say("x"), userMessage("Hi"), call("b"), output("b"), say("y")],
        [userMessage("Hi"), output("gone"), say("x")]
      ]
    ) assert.deepStrictEqual(fit(ofOthers, items), items)
  })

  it("loses and invents nothing, whatever the order", () => {
    const item = fc.oneof(
      fc.nat(3).map((n) => call(String(n))),
      fc.nat(3).map((n) => output(String(n))),
      fc.nat(3).map(sealed),
      fc.constantFrom<Item>(thought("t"), say("x"), developer, { type: "web_search_call" })
    )
    fc.assert(fc.property(fc.array(item, { maxLength: 12 }), (items) => {
      const sent = fit(ofOthers, items)
      const sorted = (all: ReadonlyArray<Item>) => all.map((one) => JSON.stringify(one)).toSorted()
      assert.deepStrictEqual(sorted(sent), sorted(items))
      assert.deepStrictEqual(sent.filter(isToolCall), items.filter(isToolCall))
      assert.deepStrictEqual(sent.filter(isToolCallOutput), items.filter(isToolCallOutput))
      assert.deepStrictEqual(fit(ofOthers, sent), sent)
    }))
  })

  it("sends thoughts as text to servers that translate, and to OpenAI only what it has encrypted", () => {
    assert.deepStrictEqual(fit(ofOthers, [thought("a"), say("x")]), [thought("a"), say("x")])
    assert.deepStrictEqual<unknown>(fit(openAi, [{ ...sealed(1), content: [] }, say("x")]), [sealed(1), say("x")])
  })

  it("puts some thoughts before the calls of another model, where the server asks for them", () => {
    const none = thought(" ")
    const items = [userMessage("Hi"), say("x"), call("a"), call("b"), output("a"), output("b"), call("c"), output("c")]
    const sent = [
      userMessage("Hi"),
      say("x"),
      none,
      call("a"),
      call("b"),
      output("a"),
      output("b"),
      none,
      call("c"),
      output("c")
    ]
    assert.deepStrictEqual(fit(ofOthers, items, { model: "deepseek-v4-flash" }), sent)
    assert.deepStrictEqual(fit(ofOthers, sent, { model: "deepseek-v4-flash" }), sent)
    assert.deepStrictEqual(fit(ofOthers, items, { model: "qwen3" }), items)
    assert.strictEqual(deepSeek({ input: sent }), undefined)
    assert.isDefined(deepSeek({ input: items }))
  })

  it("sends arguments that are an object, as the model wrote them or mended, to servers that read them", () => {
    const sent = (args: string) => fit(ofOthers, [call("a", args)])[0]?.["arguments"]
    assert.strictEqual(sent("{ \"a\" :\t1 }"), "{ \"a\" :\t1 }")
    assert.strictEqual(sent(""), "{}")
    assert.strictEqual(sent("{\"a\": "), "{\"not_json\":\"{\\\"a\\\": \"}")
    assert.strictEqual(sent("[1]"), "{\"not_json\":\"[1]\"}")
    assert.strictEqual(sent(JSON.stringify("{\"a\":1}")), "{\"a\":1}")
    assert.deepStrictEqual(fit(openAi, [call("a", "{\"a\": ")]), [call("a", "{\"a\": ")])
  })

  it("sends an output of texts as one text to servers that know no other", () => {
    const texts = {
      type: "function_call_output",
      call_id: "a",
      output: [{ type: "input_text", text: "1" }, { type: "input_text", text: "2" }]
    }
    const image = { type: "input_image", image_url: "data:," }
    const shown = { ...texts, output: [...texts.output, image] }
    const both = [call("a"), texts, call("a"), shown]
    assert.deepStrictEqual(fit(ofOthers, both), [call("a"), { ...texts, output: "1\n\n2" }, call("a"), shown])
    assert.deepStrictEqual(fit(openAi, both), both)
  })

  const patch = { type: "custom_tool_call", call_id: "p", name: "apply_patch", input: "*** \"x\"" }
  const patched = { type: "custom_tool_call_output", call_id: "p", output: "done" }

  it("makes functions of calls with free text, for a model that has none", () => {
    const functions = [
      { type: "function_call", call_id: "p", name: "apply_patch", arguments: "{\"input\":\"*** \\\"x\\\"\"}" },
      { type: "function_call_output", call_id: "p", output: "done" }
    ]
    for (const [wire, model] of [[openAi, "gpt-4.1"], [ofOthers, "qwen3"], [ofOthers, "openai/gpt-5.5"]] as const) {
      assert.deepStrictEqual(fit(wire, [patch, patched], { model }), functions)
    }
    const freeform: Request.ToolDeclaration = {
      type: "custom",
      name: "shout",
      description: "",
      format: { type: "grammar", syntax: "lark", definition: "" }
    }
    assert.deepStrictEqual(fit(openAi, [patch, patched]), [patch, patched])
    assert.deepStrictEqual(fit(ofOthers, [patch, patched], { model: "qwen3", tools: [freeform] }), [patch, patched])
  })

  it("sends no name that servers refuse, and the tool's if it is known", () => {
    const named = (name: string) => fit(openAi, [call("a", "{}", name)])[0]?.["name"]
    assert.strictEqual(named("bash"), "bash")
    assert.strictEqual(named("functions.bash"), "bash")
    assert.strictEqual(named("gone.tool<|x|>"), "gone_tool_x_")
    assert.strictEqual(named(""), "_")
  })

  it("says nothing that only Chat Completions knows", () => {
    const item = { ...call("a"), chat_completions: { extra_content: { google: {} } } }
    for (const wire of [openAi, ofOthers]) assert.deepStrictEqual(fit(wire, [item, output("a")])[0], call("a"))
  })

  it("leaves everything of OpenAI's as it is", () => {
    const items = [sealed(1), call("a", "{\"x\""), say("x"), sealed(2), patch, output("a"), patched, developer]
    const sent = fit(openAi, items)
    assert.isTrue(sent.every((item, index) => item === items[index]))
  })
})
