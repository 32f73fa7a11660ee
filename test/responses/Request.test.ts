import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { userMessage } from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"

const input = [userMessage("Hi")]
const least = { model: "gpt-5.5", instructions: "Be brief.", input, cacheKey: "session-1" }

describe("Request", () => {
  it("is the body that both hosts accept, and nothing more", () => {
    assert.deepStrictEqual(Request.make(least), {
      model: "gpt-5.5",
      instructions: "Be brief.",
      input,
      tools: [],
      tool_choice: "auto",
      parallel_tool_calls: true,
      store: false,
      stream: true,
      include: ["reasoning.encrypted_content"],
      prompt_cache_key: "session-1"
    })
  })

  it("names tools and how hard to think when it is told to", () => {
    const tools = [{
      type: "function",
      name: "ls",
      description: "Lists.",
      strict: false,
      parameters: { type: "object" }
    }] as const
    const request = Request.make({ ...least, tools, reasoning: { effort: "high" } })
    assert.deepStrictEqual(request.tools, tools)
    assert.deepStrictEqual(request.reasoning, { effort: "high" })
  })

  it("takes tools of every kind, and none that is half of one", () => {
    const is = Schema.is(Request.ToolDeclaration)
    const format = { type: "grammar", syntax: "lark", definition: "start: /.+/" }
    const custom = { type: "custom", name: "apply_patch", description: "", format }
    assert.isTrue(is(custom))
    assert.isTrue(is({ type: "web_search", search_context_size: "low" }))
    assert.isTrue(is({ type: "made_up_next_year" }))
    assert.isFalse(is({ ...custom, format: { ...format, syntax: "bnf" } }))
    assert.isFalse(is({ type: "function", name: "ls" }))
    assert.isFalse(is({ name: "ls" }))
  })

  it("survives the wire", () => {
    const request = Request.make({ ...least, reasoning: { summary: "auto" } })
    const json = JSON.parse(JSON.stringify(request))
    assert.deepStrictEqual(Schema.decodeUnknownSync(Request.Request)(json), request)
  })
})
