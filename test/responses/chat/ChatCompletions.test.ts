import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { ofOthers } from "../../../src/auth/Host.ts"
import * as ModelProfile from "../../../src/responses/account/ModelProfile.ts"
import * as ChatCompletions from "../../../src/responses/chat/ChatCompletions.ts"
import * as Item from "../../../src/responses/Item.ts"
import * as Request from "../../../src/responses/Request.ts"
import * as Response from "../../../src/responses/Response.ts"
import * as ToolCall from "../../../src/responses/ToolCall.ts"
import { forAll } from "../../forAll.ts"
import { bytes, cutAt, type Read, read } from "../sse.ts"

const decode = ChatCompletions.dialect.decoder

const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "qwen3" }
const chunk = (delta: object, finish_reason: string | null = null) => ({
  ...head,
  choices: [{ index: 0, delta, finish_reason }]
})
const usage = { ...head, choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } }
const stop = chunk({}, "stop")
const done = "[DONE]"

const sse = (...data: ReadonlyArray<unknown>) =>
  data.map((data) => `data: ${data === done ? done : JSON.stringify(data)}\n\n`).join("")

const readText = (text: string) => read(Stream.make(bytes(text)), decode)
const tell = (...data: ReadonlyArray<unknown>) => readText(sse(...data))

const responseOf = ({ events }: Read) => events.reduce(Response.add, Response.empty)

/** The items as one would say them: what it is, and what it says. */
const essence = (read: Read) =>
  Response.items(responseOf(read)).map((item) =>
    item.type === "function_call" ? [item["name"], item["arguments"]] : [item.type, Item.text(item)]
  )
const callsOf = (read: Read) =>
  Response.calls(responseOf(read)).map((call) => [call.call_id, call.name, ToolCall.argument(call)])

const piece = (call: object) => chunk({ tool_calls: [call] })
const called = (read: Read) => callsOf(read).map(([, name, json]) => [name, json])

describe("a stream of Chat Completions", () => {
  it.effect("is told in the events of the Responses API", () =>
    Effect.gen(function*() {
      const { events, failure } = yield* tell(
        chunk({ role: "assistant", content: "" }),
        chunk({ reasoning_content: "Hm" }),
        chunk({ content: "Hel" }),
        chunk({ content: "lo" }),
        piece({ index: 0, id: "call_1", type: "function", function: { name: "ls", arguments: "" } }),
        piece({ index: 0, function: { arguments: "{}" } }),
        chunk({}, "tool_calls"),
        { ...usage, usage: { ...usage.usage, prompt_tokens_details: { cached_tokens: 5 } } },
        done
      )
      assert.strictEqual(failure, undefined)
      const begun = { object: "response", id: "chatcmpl-1", model: "qwen3", status: "in_progress", output: [] }
      const thought = { item_id: "rs_chatcmpl-1_0", output_index: 0 }
      const summary = { ...thought, summary_index: 0 }
      const message = { item_id: "msg_chatcmpl-1_1", output_index: 1 }
      const content = { ...message, content_index: 0 }
      const call = { item_id: "fc_chatcmpl-1_2", output_index: 2 }
      const items = [
        { id: thought.item_id, type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }] },
        {
          id: message.item_id,
          type: "message",
          status: "completed",
          role: "assistant",
          content: [{ type: "output_text", annotations: [], text: "Hello" }]
        },
        {
          id: call.item_id,
          type: "function_call",
          call_id: "call_1",
          name: "ls",
          status: "completed",
          arguments: "{}"
        }
      ]
      assert.deepStrictEqual<unknown>(events, [
        { type: "response.created", response: begun },
        { type: "response.in_progress", response: begun },
        { type: "response.output_item.added", output_index: 0, item: { ...items[0], summary: [] } },
        { type: "response.reasoning_summary_part.added", ...summary, part: { type: "summary_text", text: "" } },
        { type: "response.reasoning_summary_text.delta", ...summary, delta: "Hm" },
        { type: "response.reasoning_summary_text.done", ...summary, text: "Hm" },
        { type: "response.reasoning_summary_part.done", ...summary, part: { type: "summary_text", text: "Hm" } },
        { type: "response.output_item.done", output_index: 0, item: items[0] },
        {
          type: "response.output_item.added",
          output_index: 1,
          item: { ...items[1], status: "in_progress", content: [] }
        },
        {
          type: "response.content_part.added",
          ...content,
          part: { type: "output_text", annotations: [], text: "" }
        },
        { type: "response.output_text.delta", ...content, delta: "Hel" },
        { type: "response.output_text.delta", ...content, delta: "lo" },
        { type: "response.output_text.done", ...content, text: "Hello" },
        {
          type: "response.content_part.done",
          ...content,
          part: { type: "output_text", annotations: [], text: "Hello" }
        },
        { type: "response.output_item.done", output_index: 1, item: items[1] },
        {
          type: "response.output_item.added",
          output_index: 2,
          item: { ...items[2], status: "in_progress", arguments: "" }
        },
        { type: "response.function_call_arguments.delta", ...call, delta: "{}" },
        { type: "response.function_call_arguments.done", ...call, arguments: "{}" },
        { type: "response.output_item.done", output_index: 2, item: items[2] },
        {
          type: "response.completed",
          response: {
            ...begun,
            status: "completed",
            output: items,
            usage: {
              input_tokens: 7,
              input_tokens_details: { cached_tokens: 5 },
              output_tokens: 3,
              output_tokens_details: { reasoning_tokens: 0 },
              total_tokens: 0
            }
          }
        }
      ])
    }))

  it.effect("tells what was used, whoever counts", () =>
    Effect.gen(function*() {
      const counts = (told: object, choice: object = {}) =>
        Effect.map(
          tell(chunk({ content: "x" }), {
            ...head,
            choices: [{ delta: {}, finish_reason: "stop", ...choice }],
            ...told
          }, done),
          (read) => Object.values(responseOf(read).usage)
        )
      const usage = { prompt_tokens: 7, completion_tokens: 3 }
      const details = {
        prompt_tokens_details: { cached_tokens: 5 },
        completion_tokens_details: { reasoning_tokens: 2 }
      }
      assert.deepStrictEqual(yield* counts({ usage: { ...usage, ...details } }), [7, 5, 3, 2])
      assert.deepStrictEqual(yield* counts({ usage: { ...usage, prompt_cache_hit_tokens: 4 } }), [7, 4, 3, 0])
      assert.deepStrictEqual(yield* counts({ usage: null }, { usage }), [7, 0, 3, 0])
      assert.deepStrictEqual(yield* counts({ usage: { prompt_tokens: "many" } }), [0, 0, 0, 0])
      assert.deepStrictEqual(yield* counts({}), [0, 0, 0, 0])
    }))

  it.effect("holds thoughts under either name, and in Mistral's parts", () =>
    Effect.gen(function*() {
      const expected = [["reasoning", "Hm."], ["message", "Yes."]]
      for (
        const deltas of [
          [{ reasoning_content: "Hm." }, { content: "Yes." }],
          [{ reasoning: "Hm.", content: "" }, { content: "Yes.", reasoning: null }],
          [{ reasoning: "Hm.", reasoning_content: "Hm." }, { content: "Yes." }],
          [{ reasoning: "Hm.", reasoning_content: "" }, { content: "Yes." }],
          [
            { content: [{ type: "thinking", thinking: [{ type: "text", text: "Hm." }] }] },
            { content: [{ type: "text", text: "Yes." }] }
          ]
        ]
      ) assert.deepStrictEqual(essence(yield* tell(...deltas.map((delta) => chunk(delta)), stop, done)), expected)
    }))

  it.effect("keeps a refusal in the message in which it was made", () =>
    Effect.gen(function*() {
      const [item] = Response.items(
        responseOf(yield* tell(chunk({ content: "Well." }), chunk({ refusal: "No." }), stop, done))
      )
      assert.deepStrictEqual(item?.["content"], [
        { type: "output_text", annotations: [], text: "Well." },
        { type: "refusal", refusal: "No." }
      ])
    }))

  for (
    const [reason, incomplete] of [
      ["length", "max_output_tokens"],
      ["content_filter", "content_filter"],
      ["stop", undefined],
      ["tool_calls", undefined],
      ["eos", undefined]
    ] as const
  ) {
    it.effect(`ends with ${reason} as ${incomplete ?? "a whole response"}`, () =>
      Effect.gen(function*() {
        const read = yield* tell(chunk({ content: "Hel" }), chunk({}, reason), usage, done)
        const [item] = Response.items(responseOf(read))
        assert.strictEqual(read.failure, undefined)
        assert.strictEqual(responseOf(read).finishReason, incomplete ?? "stop")
        assert.strictEqual(responseOf(read).usage.inputTokens, 7)
        assert.strictEqual(item?.["status"], incomplete === undefined ? "completed" : "incomplete")
      }))
  }

  it.effect("has ended when the server has said why, or that it is done", () =>
    Effect.gen(function*() {
      const hello = chunk({ content: "Hello" })
      for (
        const data of [[hello, stop], [hello, stop, usage], [hello, done], [hello, stop, done, chunk({ content: "!" })]]
      ) {
        const read = yield* tell(...data)
        assert.strictEqual(read.failure, undefined)
        assert.deepStrictEqual(essence(read), [["message", "Hello"]])
      }
    }))

  it.effect("reads no byte after its end", () =>
    Effect.gen(function*() {
      const wire = Stream.concat(Stream.make(bytes(sse(stop, done))), Stream.dieMessage("read on"))
      assert.strictEqual((yield* read(wire, decode)).failure, undefined)
    }))

  it.effect("misses its end where there was no word of it", () =>
    Effect.gen(function*() {
      // Ollama once said with an empty text that it goes on.
      for (const data of [[], [chunk({ content: "Hel" })], [chunk({ content: "Hel" }, "")], [usage], [done]]) {
        assert.strictEqual((yield* tell(...data)).failure?.reason._tag, "StreamIncomplete")
      }
    }))
})

describe("calls in Chat Completions", () => {
  const a = { name: "a", arguments: "{\"x\":1}" }
  const b = { name: "b", arguments: "{}" }
  const both = [["a", "{\"x\":1}"], ["b", "{}"]]
  const first = { name: "a", arguments: "{\"x\"" }

  const ways: ReadonlyArray<readonly [name: string, pieces: ReadonlyArray<object>]> = [
    ["whole, with all there is", [{ index: 0, id: "1", function: a }, { index: 1, id: "2", function: b }]],
    ["in pieces that take turns", [
      { index: 0, id: "1", function: first },
      { index: 1, id: "2", function: { name: "b", arguments: "" } },
      { index: 0, function: { arguments: ":1}" } },
      { index: 1, function: { arguments: "{}" } }
    ]],
    ["all under index 0", [{ index: 0, id: "1", function: a }, { index: 0, id: "2", function: b }]],
    ["all under index 0 and one id", [{ index: 0, id: "1", function: a }, { index: 0, id: "1", function: b }]],
    ["without an index", [{ id: "1", function: a }, { id: "2", function: b }]],
    ["without an index, in pieces", [
      { id: "1", function: first },
      { function: { arguments: ":1}" } },
      { id: "2", function: b }
    ]],
    ["without an id", [{ index: 0, function: a }, { index: 1, function: b }]],
    ["with empty ids", [{ index: 0, id: "", function: a }, { index: 1, id: "", function: b }]],
    ["with nothing but what they say", [{ function: a }, { function: b }]],
    ["with the name in every piece", [
      { index: 0, id: "1", function: first },
      { index: 0, id: "1", function: { name: "a", arguments: ":1}" } },
      { index: 0, id: "1", function: { name: "a", arguments: "" } },
      { index: 1, id: "2", function: b }
    ]],
    ["with a name that comes late", [
      { index: 0, id: "1", function: { arguments: "{\"x\"" } },
      { index: 0, function: { name: "a", arguments: ":1}" } },
      { index: 1, id: "2", function: b }
    ]],
    ["with the object itself", [
      { index: 0, id: "1", function: { name: "a", arguments: { x: 1 } } },
      { index: 1, id: "2", function: { name: "b", arguments: {} } }
    ]],
    ["with nulls", [
      { index: 0, id: "1", function: first },
      { index: 0, id: null, type: null, function: { name: null, arguments: ":1}" } },
      { index: 1, id: "2", function: b }
    ]]
  ]

  for (const [name, pieces] of ways) {
    it.effect(`are two when they come ${name}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(called(yield* tell(...pieces.map(piece), stop, done)), both)
        assert.deepStrictEqual(called(yield* tell(chunk({ tool_calls: pieces }), stop, done)), both)
      }))
  }

  it.effect("are two when one tool is called twice without ids", () =>
    Effect.gen(function*() {
      const twice = yield* tell(piece({ function: a }), piece({ function: a }), stop, done)
      assert.deepStrictEqual(called(twice).map(([name]) => name), ["a", "a"])
    }))

  it.effect("keep their ids, and have one of ours where there is none", () =>
    Effect.gen(function*() {
      const read = yield* tell(piece({ index: 0, id: "1", function: a }), piece({ index: 1, function: b }), stop, done)
      assert.deepStrictEqual(callsOf(read).map(([id]) => id), ["1", "call_chatcmpl-1_1"])
      const long = (chunk: object) => ({ ...chunk, id: `chatcmpl-${"x".repeat(100)}` })
      const [call] = callsOf(yield* tell(long(piece({ function: a })), long(stop), done))
      assert.isAtMost(call?.[0]?.length ?? 99, 40)
    }))

  it.effect("are told even if their name never came", () =>
    Effect.gen(function*() {
      const read = yield* tell(piece({ index: 0, function: { arguments: "{}" } }), stop, done)
      assert.deepStrictEqual(called(read), [["", "{}"]])
    }))

  it.effect("are cut off as incomplete", () =>
    Effect.gen(function*() {
      const read = yield* tell(piece({ index: 0, id: "1", function: first }), chunk({}, "length"), done)
      assert.deepStrictEqual(called(read), [["a", "{\"x\""]])
      assert.strictEqual(Response.calls(responseOf(read))[0]?.status, "incomplete")
    }))
})

describe("what only Chat Completions has", () => {
  const fieldsOf = (read: Read) => Response.items(responseOf(read)).map((item) => item["chat_completions"])
  const details = (...reasoning_details: ReadonlyArray<unknown>) => chunk({ reasoning_details })

  it.effect("is kept on the call that it came with", () =>
    Effect.gen(function*() {
      const extra_content = { google: { thought_signature: "sig==" } }
      const read = yield* tell(
        piece({
          index: 0,
          id: "a",
          type: "function",
          extra_content,
          function: { name: "ls", arguments: "", index: 0, note: 1, other: null },
          other: null
        }),
        piece({ index: 1, id: "b", type: "function", function: { name: "ls", arguments: "{}" } }),
        piece({ index: 0, function: { arguments: "{}" }, later: true }),
        stop,
        done
      )
      assert.deepStrictEqual(fieldsOf(read), [{ extra_content, later: true, function: { note: 1 } }, undefined])
      assert.deepStrictEqual(callsOf(read), [["a", "ls", "{}"], ["b", "ls", "{}"]])
    }))

  it.effect("is kept of thoughts, whose pieces are joined, and of those told later", () =>
    Effect.gen(function*() {
      const text = (text: string, more: object = {}) => ({ type: "reasoning.text", text, index: 0, ...more })
      const sealed = (data: string) => ({ type: "reasoning.encrypted", data, index: 1 })
      const summary = { type: "reasoning.summary", summary: "Sum", index: 2 }
      const read = yield* tell(
        chunk({ reasoning: "I ", reasoning_details: [text("I ", { format: "f", signature: null })] }),
        chunk({ reasoning: "look.", reasoning_details: [text("look.", { format: null })] }),
        details(text("", { signature: "s" }), sealed("a")),
        chunk({ content: "Hi" }),
        details(sealed("b"), summary),
        details({ ...summary, summary: "mary" }),
        piece({ index: 0, id: "a", function: { name: "ls", arguments: "{}" } }),
        details(sealed("c")),
        stop,
        done
      )
      assert.deepStrictEqual(fieldsOf(read), [
        { reasoning_details: [text("I look.", { format: "f", signature: "s" }), sealed("a")] },
        { reasoning_details: [sealed("b"), { ...summary, summary: "Summary" }] },
        { reasoning_details: [sealed("c")] }
      ])
    }))

  it.effect("is kept whole where it comes whole", () =>
    Effect.gen(function*() {
      const reasoning_details = [{ type: "reasoning.text", text: "a" }, { type: "reasoning.text", text: "b" }]
      const tool_calls = [{ id: "a", extra_content: 1, function: { name: "ls", arguments: {} } }]
      const read = yield* readText(JSON.stringify({
        ...head,
        choices: [{ index: 0, message: { content: null, reasoning_details, tool_calls }, finish_reason: "tool_calls" }]
      }))
      assert.deepStrictEqual(fieldsOf(read), [{ extra_content: 1, reasoning_details }])
    }))
})

describe("a server that does not stream", () => {
  const message = {
    role: "assistant",
    content: "Hello",
    tool_calls: [{ id: "1", type: "function", function: { name: "a", arguments: "{}" } }]
  }
  const whole = { ...head, object: "chat.completion", choices: [{ index: 0, message, finish_reason: "stop" }] }
  const expected = [["message", "Hello"], ["a", "{}"]]

  it.effect("is understood, as one event or as plain JSON", () =>
    Effect.gen(function*() {
      for (
        const body of [sse(whole), sse(whole, done), JSON.stringify(whole), `\n${JSON.stringify(whole, null, 2)}\n`]
      ) {
        const read = yield* readText(body)
        assert.strictEqual(read.failure, undefined)
        assert.deepStrictEqual(essence(read), expected)
      }
    }))

  it.effect("says nothing twice if it says the whole behind the pieces", () =>
    Effect.gen(function*() {
      const read = yield* tell(
        chunk({ content: "Hello" }),
        piece({ index: 0, id: "1", function: { name: "a", arguments: "{}" } }),
        whole,
        done
      )
      assert.deepStrictEqual(essence(read), expected)
    }))

  it.effect("may tell of an error under a good status", () =>
    Effect.gen(function*() {
      const { failure } = yield* readText(JSON.stringify({ error: { message: "Slow down", code: 429 } }))
      assert.strictEqual(failure?.reason._tag, "RateLimited")
    }))
})

describe("a call with free text in Chat Completions", () => {
  const tool: Request.ToolDeclaration = {
    type: "custom",
    name: "patch",
    description: "Changes files",
    format: { type: "grammar", syntax: "lark", definition: "start: /.+/" }
  }
  const input = "*** Begin Patch\n+ä \"quoted\"\n*** End Patch"
  const asked = JSON.stringify({ input })
  const answered = (...pieces: ReadonlyArray<string>) => {
    const [first = "", ...rest] = pieces
    const data = sse(
      piece({ index: 0, id: "call_1", type: "function", function: { name: "patch", arguments: first } }),
      ...rest.map((more) => piece({ index: 0, function: { arguments: more } })),
      piece({ index: 1, id: "call_2", type: "function", function: { name: "ls", arguments: "{}" } }),
      chunk({}, "tool_calls"),
      done
    )
    return read(Stream.make(bytes(data)), decode, [tool])
  }

  it.effect("comes back as what was declared, and goes out again as it came", () =>
    Effect.gen(function*() {
      const told = yield* answered(asked.slice(0, 7), asked.slice(7))
      const [call, other] = Response.items(responseOf(told)).map(Item.withoutId)
      assert.deepStrictEqual(call, {
        type: "custom_tool_call",
        call_id: "call_1",
        name: "patch",
        status: "completed",
        input
      })
      assert.isTrue(Item.isCustomToolCall(call))
      assert.isTrue(Item.isFunctionCall(other))
      const said = told.events.flatMap((event) => event.type.includes("custom_tool_call_input") ? [event] : [])
      assert.deepStrictEqual<unknown>(said, [
        { type: "response.custom_tool_call_input.delta", item_id: "ctc_chatcmpl-1_0", output_index: 0, delta: input },
        { type: "response.custom_tool_call_input.done", item_id: "ctc_chatcmpl-1_0", output_index: 0, input }
      ])

      const request = Request.make({
        model: "qwen3",
        instructions: "",
        input: call === undefined ? [] : [call, ToolCall.toOutput(call as Item.CustomToolCall, "Done")],
        tools: [tool],
        cacheKey: "s"
      })
      const sent = Object(ChatCompletions.dialect.encode(request, ModelProfile.profileOf("qwen3"), ofOthers))
      assert.deepStrictEqual(sent["messages"], [
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "call_1", type: "function", function: { name: "patch", arguments: asked } }]
        },
        { role: "tool", tool_call_id: "call_1", content: "Done" }
      ])
    }))

  it.effect.each(["*** Begin Patch", "{\"input\": 1}", "{\"inp"])(
    "is the text itself where the model has forgotten the JSON: %s",
    (text) =>
      Effect.map(answered(text), (told) => {
        const [call] = Response.items(responseOf(told))
        assert.propertyVal(call, "type", "custom_tool_call")
        assert.propertyVal(call, "input", text)
      })
  )
})

describe("an error in a stream of Chat Completions", () => {
  it.effect("may be a bare line, as llama.cpp has it, before anything or in the middle", () =>
    Effect.gen(function*() {
      const error = {
        code: 400,
        message: "the request exceeds the available context size",
        type: "invalid_request_error"
      }
      for (const before of ["", sse(chunk({ content: "Hel" }))]) {
        for (const after of ["", "\n", "\n\ndata: [DONE]\n\n"]) {
          const { failure } = yield* readText(`${before}error: ${JSON.stringify(error)}${after}`)
          assert.deepInclude({ ...failure }, { status: 400, detail: error.message })
          assert.strictEqual(failure?.reason._tag, "ContextOverflow")
        }
      }
      const { failure } = yield* readText("error: out of memory\n\n")
      assert.deepStrictEqual([failure?.reason._tag, failure?.detail], ["Overloaded", "out of memory"])
    }))

  it.effect("is also what the name of an event calls one", () =>
    Effect.map(readText("event: error\ndata: {\"message\":\"Gone\"}\n\n"), ({ failure }) => {
      assert.deepStrictEqual([failure?.reason._tag, failure?.detail], ["Overloaded", "Gone"])
    }))

  const cases: ReadonlyArray<readonly [data: object, reason: string, detail: string]> = [
    [{ error: { message: "Busy", type: "server_error", code: null } }, "Overloaded", "Busy"],
    [{ error: { message: "Upstream", code: 502 } }, "Overloaded", "Upstream"],
    [{ error: { message: "Slow down", code: "429" } }, "RateLimited", "Slow down"],
    [{ error: { message: "No", code: 400, type: "BadRequestError" } }, "InvalidRequest", "No"],
    [{ error: { message: "Too long", code: "context_length_exceeded" } }, "ContextOverflow", "Too long"],
    [{ error: "model runner has stopped" }, "Overloaded", "model runner has stopped"],
    [{ object: "error", message: "Bad", type: "BadRequestError", code: 400 }, "InvalidRequest", "Bad"],
    [{ ...chunk({}, "error"), error: { message: "Gone", code: "server_error" } }, "Overloaded", "Gone"],
    [
      { ...head, choices: [{ index: 0, error: { message: "Gone" }, delta: {}, finish_reason: "error" }] },
      "Overloaded",
      "Gone"
    ]
  ]
  for (const [data, reason, detail] of cases) {
    it.effect(`is read by ServerFailure: ${JSON.stringify(data).slice(0, 80)}`, () =>
      Effect.gen(function*() {
        const { events, failure } = yield* tell(chunk({ content: "Hel" }), data, done)
        assert.strictEqual(failure?.reason._tag, reason)
        assert.strictEqual(failure?.detail, detail)
        assert.strictEqual(events.at(-1)?.type, "error")
        assert.isTrue(events.some((event) => event.type === "response.output_text.delta"))
      }))
  }

  it.effect("is one too when the server gives it as the reason of the end", () =>
    Effect.gen(function*() {
      const { failure } = yield* tell(chunk({ content: "Hel" }), chunk({}, "abort"), done)
      assert.strictEqual(failure?.reason._tag, "Overloaded")
      assert.include(failure?.detail, "abort")
    }))

  it.effect("is none where the field is empty", () =>
    Effect.gen(function*() {
      for (const error of [null, ""]) {
        assert.strictEqual((yield* tell({ ...chunk({ content: "x" }), error }, stop, done)).failure, undefined)
      }
    }))
})

/** What a server may say, in the order in which this dialect can say it. */
const saying = fc.record({
  thought: fc.option(fc.string({ unit: "grapheme", minLength: 1 }), { nil: "" }),
  answer: fc.option(fc.string({ unit: "grapheme", minLength: 1 }), { nil: "" }),
  calls: fc.array(fc.tuple(fc.stringMatching(/^[a-z_]{1,8}$/), fc.dictionary(fc.string(), fc.jsonValue())), {
    maxLength: 4
  })
})

const pieces = (text: string, size: number) =>
  Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size))

const foreign = fc.dictionary(fc.stringMatching(/^x_[a-z]{1,5}$/), fc.jsonValue(), { maxKeys: 3 })

/** A stream that says so, in pieces of this size, with these fields that nobody knows in every chunk. */
const stream = fc.record({ foreign, said: saying, size: fc.integer({ min: 1, max: 9 }) }).map(
  ({ foreign, said: { answer, calls, thought }, size }) => {
    const data = [
      ...pieces(thought, size).map((reasoning) => chunk({ reasoning, ...foreign })),
      ...pieces(answer, size).map((content) => chunk({ content, ...foreign })),
      ...calls.flatMap(([name, args], index) => [
        piece({ index, id: `id_${index}`, ...foreign, function: { name, arguments: "" } }),
        ...pieces(JSON.stringify(args), size).map((json) => piece({ index, function: { arguments: json } }))
      ])
    ]
    const items = [
      ...thought === "" ? [] : [["reasoning", thought]],
      ...answer === "" ? [] : [["message", answer]],
      ...calls.map(([name, args]) => [name, JSON.stringify(args)])
    ]
    return { items, body: sse(...data.map((data) => ({ ...data, ...foreign }))), end: sse(stop, usage, done) }
  }
)

describe("any stream of Chat Completions", () => {
  it.effect("gives the same items wherever its bytes are cut", () =>
    forAll(
      fc.tuple(stream, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 })),
      ([{ body, end, items }, places]) =>
        Effect.gen(function*() {
          const wire = bytes(body + end)
          const cut = yield* read(cutAt(wire, places.map((place) => Math.floor(place * wire.length))), decode)
          assert.strictEqual(cut.failure, undefined)
          assert.deepStrictEqual(essence(cut), items)
          assert.deepStrictEqual(cut.events, (yield* readText(body + end)).events)
        })
    ))

  it.effect("misses its end wherever it breaks off before the server says why it ends", () =>
    forAll(
      fc.tuple(stream, fc.double({ min: 0, max: 1, noNaN: true })),
      ([{ body }, part]) =>
        Effect.gen(function*() {
          // The last byte of all is the one that makes the word of the end whole.
          const wire = bytes(`${body}${sse(stop).trimEnd()}`)
          const { failure } = yield* read(Stream.make(wire.subarray(0, Math.floor(part * (wire.length - 1)))), decode)
          assert.strictEqual(failure?.reason._tag, "StreamIncomplete")
        })
    ))

  it.effect("is read to an end, whatever JSON it holds", () => {
    const json = fc.jsonValue()
    const oddly = <A>(usual: fc.Arbitrary<A>) => fc.oneof({ weight: 4, arbitrary: usual }, json)
    const call = fc.record({
      index: oddly(fc.integer({ min: 0, max: 2 })),
      id: oddly(fc.constantFrom("", "1", "2")),
      function: oddly(fc.record({ name: oddly(fc.constantFrom("", "a")), arguments: oddly(fc.string()) }))
    }, { requiredKeys: [] })
    const delta = fc.record({
      content: oddly(fc.string()),
      reasoning: oddly(fc.string()),
      refusal: oddly(fc.string()),
      tool_calls: oddly(fc.array(oddly(call)))
    }, { requiredKeys: [] })
    const choice = fc.record({
      index: oddly(fc.constant(0)),
      delta: oddly(delta),
      message: oddly(delta),
      finish_reason: oddly(fc.constantFrom("stop", "length", "error", null))
    }, { requiredKeys: [] })
    const any = fc.oneof(
      json,
      fc.record({ choices: oddly(fc.array(oddly(choice))), usage: json, error: json }, {
        requiredKeys: []
      })
    )
    return forAll(fc.array(any, { maxLength: 8 }), (data) =>
      Effect.gen(function*() {
        const { events, failure } = yield* tell(...data, done)
        const last = events.at(-1)?.type ?? ""
        assert.isTrue(
          failure === undefined ? /^response\.(?:completed|incomplete)$/.test(last) : failure._tag === "ModelError"
        )
      }))
  })
})
