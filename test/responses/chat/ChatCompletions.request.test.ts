import { assert, describe, it } from "@effect/vitest"
import { ofOthers } from "../../../src/auth/Host.ts"
import * as ModelProfile from "../../../src/responses/account/ModelProfile.ts"
import * as ChatCompletions from "../../../src/responses/chat/ChatCompletions.ts"
import * as Item from "../../../src/responses/Item.ts"
import * as Request from "../../../src/responses/Request.ts"

const echo: Request.ToolDeclaration = {
  type: "function",
  name: "echo",
  description: "Says it back",
  strict: false,
  parameters: { type: "object", properties: {} }
}

const make = (input: ReadonlyArray<Item.Item>, more: Partial<Request.Request> = {}): Request.Request => ({
  ...Request.make({ model: "qwen3", instructions: "Be brief.", input, cacheKey: "s" }),
  ...more
})

const encode = (request: Request.Request) =>
  ChatCompletions.dialect.encode(request, ModelProfile.profileOf(request.model), ofOthers)

/** The messages behind the instructions. */
const messages = (...input: ReadonlyArray<Item.Item>) => Object(encode(make(input, { instructions: "" })))["messages"]

const user = Item.userMessage("Hi")
const said = { type: "message", role: "assistant", content: [{ type: "output_text", text: "Let me look." }] }
const call = (id: string, args = "{}") => ({ type: "function_call", call_id: id, name: "echo", arguments: args })
const toolCall = (id: string, args = "{}") => ({
  id,
  type: "function",
  function: { name: "echo", arguments: args }
})
const output = Item.functionCallOutput
const tool = (id: string, content: string) => ({ role: "tool", tool_call_id: id, content })
const assistant = (content: string | null, ...calls: ReadonlyArray<object>) =>
  calls.length === 0 ? { role: "assistant", content } : { role: "assistant", content, tool_calls: calls }

describe("a request in Chat Completions", () => {
  it("holds what every server takes, and nothing else", () => {
    assert.deepStrictEqual(encode(make([user])), {
      model: "qwen3",
      messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }],
      stream: true,
      stream_options: { include_usage: true }
    })
  })

  it("says all that is asked for", () => {
    const schema = { type: "object" }
    const request = make([user], {
      tools: [echo, { ...echo, name: "strict", strict: true }],
      tool_choice: { type: "function", name: "echo" },
      parallel_tool_calls: false,
      reasoning: { effort: "low", summary: "auto" },
      text: { format: { type: "json_schema", name: "answer", schema, strict: true }, verbosity: "low" },
      service_tier: "flex",
      max_output_tokens: 100,
      temperature: 0,
      top_p: 0.5,
      metadata: { a: "b" }
    })
    const { messages: _, ...rest } = Object(encode(request))
    const { description, name, parameters } = echo
    assert.deepStrictEqual(rest, {
      model: "qwen3",
      tools: [
        { type: "function", function: { name, description, parameters } },
        { type: "function", function: { name: "strict", description, parameters, strict: true } }
      ],
      tool_choice: { type: "function", function: { name: "echo" } },
      parallel_tool_calls: false,
      response_format: { type: "json_schema", json_schema: { name: "answer", schema, strict: true } },
      reasoning_effort: "low",
      max_tokens: 100,
      temperature: 0,
      top_p: 0.5,
      stream: true,
      stream_options: { include_usage: true }
    })
  })

  it.each([
    ["gpt-5.2", "max_completion_tokens"],
    ["openai/gpt-6", "max_completion_tokens"],
    ["o3-mini", "max_completion_tokens"],
    ["codex-mini-latest", "max_completion_tokens"],
    ["gpt-4o", "max_tokens"],
    ["gpt-oss-120b", "max_tokens"],
    ["qwen3", "max_tokens"],
    ["mistral-large", "max_tokens"]
  ])("limits the answer of %s by %s", (model, name) => {
    const encoded = encode(make([user], { model, max_output_tokens: 100 }))
    assert.deepInclude(encoded, { [name]: 100 })
    assert.strictEqual(JSON.stringify(encoded).split(":100").length, 2)
  })

  it("gives back what only this dialect has of a call and of thoughts, as it came", () => {
    const extra_content = { google: { thought_signature: "sig==" } }
    const first = { type: "reasoning.text", text: "I look.", signature: "s", format: "anthropic-claude-v1", index: 0 }
    const second = { type: "reasoning.encrypted", data: "ENC", id: "call_a", index: 1 }
    const thought = {
      type: "reasoning",
      summary: [{ type: "summary_text", text: "I look." }],
      chat_completions: { reasoning_details: [first] }
    }
    const signed = {
      ...call("a"),
      chat_completions: { extra_content, function: { note: 1 }, reasoning_details: [second] }
    }
    const [asked, spoken, ...rest] = messages(
      user,
      thought,
      signed,
      call("b"),
      output("a", "1"),
      output("b", "2"),
      said
    )
    assert.deepStrictEqual(asked, { role: "user", content: "Hi" })
    assert.deepStrictEqual(spoken, {
      role: "assistant",
      content: null,
      reasoning_details: [first, second],
      tool_calls: [
        {
          id: "a",
          type: "function",
          extra_content,
          function: { name: "echo", arguments: "{}", note: 1 }
        },
        toolCall("b")
      ]
    })
    assert.deepStrictEqual(rest, [tool("a", "1"), tool("b", "2"), assistant("Let me look.")])
  })

  it("sends no name that servers refuse, and the JSON that a tool has found in a string", () => {
    const named = { ...call("a", JSON.stringify("{\"x\":1}")), name: "functions.echo" }
    const [{ tool_calls: [sent] }] = messages(named, output("a", "1"))
    assert.deepStrictEqual(sent.function, { name: "functions_echo", arguments: "{\"x\":1}" })
    const known = Object(encode(make([named, output("a", "1")], { instructions: "", tools: [echo] })))
    assert.strictEqual(known.messages[0].tool_calls[0].function.name, "echo")
  })

  it("asks for no format where the text is free", () => {
    assert.notProperty(encode(make([user], { text: { format: { type: "text" } } })), "response_format")
  })

  it("makes one argument of free text, and leaves the server's own tools out", () => {
    const tools: ReadonlyArray<object> = [
      { type: "custom", name: "patch", description: "Patches", format: { type: "text" } },
      { type: "web_search" }
    ]
    const encoded = encode(make([user], { tools: tools as Request.Request["tools"] }))
    assert.deepStrictEqual(Object(encoded)["tools"], [{
      type: "function",
      function: {
        name: "patch",
        description: "Patches",
        parameters: {
          type: "object",
          properties: { input: { type: "string" } },
          required: ["input"],
          additionalProperties: false
        }
      }
    }])
    assert.notProperty(encode(make([user], { tools: [{ type: "web_search" } as never] })), "tools")
  })

  it("is one message for what is said and called together, and the outputs stand behind it", () => {
    assert.deepStrictEqual(messages(user, said, call("a"), call("b"), output("a", "1"), output("b", "2"), said), [
      { role: "user", content: "Hi" },
      assistant("Let me look.", toolCall("a"), toolCall("b")),
      tool("a", "1"),
      tool("b", "2"),
      assistant("Let me look.")
    ])
  })

  it("brings outputs to their calls, wherever they are", () => {
    assert.deepStrictEqual(messages(call("a"), call("b"), output("b", "2"), user, output("a", "1")), [
      assistant(null, toolCall("a"), toolCall("b")),
      tool("a", "1"),
      tool("b", "2"),
      { role: "user", content: "Hi" }
    ])
    assert.deepStrictEqual(messages(call("a"), output("a", "1"), call("b"), output("b", "2")), [
      assistant(null, toolCall("a")),
      tool("a", "1"),
      assistant(null, toolCall("b")),
      tool("b", "2")
    ])
  })

  it("gives each of two calls with one id its own output", () => {
    assert.deepStrictEqual(messages(call("a"), call("a"), output("a", "1"), output("a", "2")), [
      assistant(null, toolCall("a"), toolCall("a")),
      tool("a", "1"),
      tool("a", "2")
    ])
  })

  it("leaves out reasoning, what it does not know, and an output without a call", () => {
    const reasoning = { type: "reasoning", summary: [], encrypted_content: "gAAAAA" }
    const search = { type: "web_search_call", id: "ws_1", status: "completed" }
    assert.deepStrictEqual(messages(user, reasoning, call("a"), search, output("a", "1"), output("gone", "?")), [
      { role: "user", content: "Hi" },
      assistant(null, toolCall("a")),
      tool("a", "1")
    ])
  })

  it("keeps arguments byte for byte, unless no server could read them", () => {
    const sent = (args: string) => messages(call("a", args))[0].tool_calls[0].function.arguments
    assert.strictEqual(sent("{ \"a\" :\t1 }"), "{ \"a\" :\t1 }")
    assert.strictEqual(sent(""), "{}")
    assert.strictEqual(sent("{\"a\": "), "{\"not_json\":\"{\\\"a\\\": \"}")
    assert.strictEqual(sent("[1]"), "{\"not_json\":\"[1]\"}")
  })

  it("tells of a call with free text as one with an argument", () => {
    const custom = { type: "custom_tool_call", call_id: "a", name: "patch", input: "*** \"x\"" }
    assert.deepStrictEqual(messages(custom, { type: "custom_tool_call_output", call_id: "a", output: "done" }), [
      assistant(null, {
        id: "a",
        type: "function",
        function: { name: "patch", arguments: "{\"input\":\"*** \\\"x\\\"\"}" }
      }),
      tool("a", "done")
    ])
  })

  it("shows images of the user as they stand, and names what cannot be shown", () => {
    const url = "data:image/png;base64,AAAA"
    const content = [
      { type: "input_text", text: "What is this?" },
      { type: "input_image", image_url: url, detail: "low" },
      { type: "input_image", file_id: "file_1" },
      { type: "input_file", file_id: "file_2" }
    ]
    assert.deepStrictEqual(messages({ type: "message", role: "user", content }), [{
      role: "user",
      content: [
        { type: "text", text: "What is this?" },
        { type: "image_url", image_url: { url, detail: "low" } },
        { type: "text", text: "[input_image cannot be shown here.]" },
        { type: "text", text: "[input_file cannot be shown here.]" }
      ]
    }])
  })

  it("shows images of outputs behind all of them", () => {
    const image = { type: "input_image", image_url: "https://x.test/a.png" }
    const shown = { type: "image_url", image_url: { url: "https://x.test/a.png" } }
    const outputs = [
      { type: "function_call_output", call_id: "a", output: [{ type: "input_text", text: "a.png" }, image] },
      { type: "function_call_output", call_id: "b", output: [image] }
    ]
    assert.deepStrictEqual(messages(call("a"), call("b"), ...outputs, user), [
      assistant(null, toolCall("a"), toolCall("b")),
      tool("a", "a.png"),
      tool("b", "An image; it follows."),
      { role: "user", content: [{ type: "text", text: "The images of these outputs:" }, shown, shown] },
      { role: "user", content: "Hi" }
    ])
  })

  it("joins what the developer says to the instructions before it", () => {
    const developer = { type: "message", role: "developer", content: [{ type: "input_text", text: "Be kind." }] }
    assert.deepStrictEqual(Object(encode(make([developer, user, developer])))["messages"], [
      { role: "system", content: "Be brief.\n\nBe kind." },
      { role: "user", content: "Hi" },
      { role: "system", content: "Be kind." }
    ])
  })

  it("reads messages whose content is a plain text, and says nothing where there is none", () => {
    assert.deepStrictEqual(
      messages(
        { type: "message", role: "user", content: "Hi" },
        { type: "message", role: "assistant", content: "Ho" },
        { type: "message", role: "user", content: [] },
        { type: "message", role: "assistant", content: [] }
      ),
      [{ role: "user", content: "Hi" }, assistant("Ho"), { role: "user", content: "" }]
    )
  })

  describe("to a server that wants thoughts back", () => {
    const thought = (text: string) => ({ type: "reasoning", summary: [{ type: "summary_text", text }] })
    const sent = (model: string, ...input: ReadonlyArray<Item.Item>) =>
      Object(encode(make(input, { model, instructions: "" })))["messages"]
    const history = [
      user,
      thought("I look."),
      said,
      call("a"),
      output("a", "1"),
      thought("One."),
      call("b"),
      output("b", "2")
    ]

    it.each([
      "deepseek-v3.2",
      "deepseek/deepseek-v4-pro",
      "deepseek-reasoner",
      "moonshotai/kimi-k2.5",
      "kimi-k2-thinking"
    ])(
      "holds them in the message of what they led to: %s",
      (model) => {
        assert.deepStrictEqual(sent(model, ...history), [
          { role: "user", content: "Hi" },
          { ...assistant("Let me look.", toolCall("a")), reasoning_content: "I look." },
          tool("a", "1"),
          { ...assistant(null, toolCall("b")), reasoning_content: "One." },
          tool("b", "2")
        ])
      }
    )

    it("holds the thoughts themselves where there is no summary of them", () => {
      const plain = { type: "reasoning", summary: [], content: [{ type: "reasoning_text", text: "I look." }] }
      assert.deepStrictEqual(sent("deepseek-v4-flash", plain, call("a"), output("a", "1")), [
        { ...assistant(null, toolCall("a")), reasoning_content: "I look." },
        tool("a", "1")
      ])
    })

    it("holds none for any other", () => {
      for (const model of ["qwen3", "deepseek-r1:70b", "my-deepseek-v3.2", "kimi-k2", "gpt-5.5"]) {
        assert.notInclude(JSON.stringify(sent(model, ...history)), "reasoning_content", model)
      }
    })

    it("joins thoughts that follow each other, and forgets those that led to nothing", () => {
      assert.deepStrictEqual(
        sent("deepseek-v3.2", thought("a"), thought("b"), call("x"), thought("c"), call("y"), thought("d"), user),
        [
          { ...assistant(null, toolCall("x"), toolCall("y")), reasoning_content: "a\n\nb\n\nc" },
          { role: "user", content: "Hi" }
        ]
      )
    })

    it("says nothing where there were none: a call without is refused, and so is an empty text", () => {
      assert.deepStrictEqual(sent("kimi-k2.5", said, call("x"), output("x", "1"), said), [
        { ...assistant("Let me look.", toolCall("x")), reasoning_content: " " },
        tool("x", "1"),
        assistant("Let me look.")
      ])
    })
  })
})
