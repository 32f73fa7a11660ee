import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Host from "../../../src/auth/Host.ts"
import * as ChatCompletions from "../../../src/responses/chat/ChatCompletions.ts"
import type { Dialect } from "../../../src/responses/Dialect.ts"
import * as Item from "../../../src/responses/Item.ts"
import * as Response from "../../../src/responses/Response.ts"
import * as ToolCall from "../../../src/responses/ToolCall.ts"
import { bytes, pieces, type Read, read } from "../sse.ts"

const head = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "qwen3" }
const chunk = (delta: object, finish_reason: string | null = null, index = 0) => ({
  ...head,
  choices: [{ index, delta, finish_reason }]
})
const stop = chunk({}, "stop")
const done = "[DONE]"
const sse = (...data: ReadonlyArray<unknown>) =>
  data.map((data) => `data: ${data === done ? done : JSON.stringify(data)}\n\n`).join("")

const decoder = (wire: Host.Wire): Dialect["decoder"] => (request) => ChatCompletions.dialect.decoder(request, wire)
const readText = (text: string, size = Number.MAX_SAFE_INTEGER, wire = Host.ofOthers) =>
  read(pieces(bytes(text), size), decoder(wire))
const tell = (...data: ReadonlyArray<unknown>) => readText(sse(...data))

const responseOf = ({ events }: Read) => events.reduce(Response.add, Response.empty)
const essence = (read: Read) =>
  Response.items(responseOf(read)).map((item) =>
    item.type === "function_call" ? [item["name"], item["arguments"]] : [item.type, Item.text(item)]
  )
const called = (read: Read) =>
  Response.calls(responseOf(read)).map((call) => [call.call_id, call.name, ToolCall.argument(call)])
const shown = ({ events }: Read) =>
  events.flatMap((event) => event.type === "response.output_text.delta" ? [event.delta] : []).join("")

const call = (fields: object, fn?: object) =>
  chunk({ tool_calls: [{ ...fields, ...fn === undefined ? {} : { function: fn } }] })

describe("choices of Chat Completions", () => {
  const calls = [{ index: 0, id: "1", type: "function", function: { name: "a", arguments: "{}" } }]

  it.effect("count whatever their index is", () =>
    Effect.gen(function*() {
      const expected = [["message", "Let me look."], ["a", "{}"]]
      const whole = {
        ...head,
        choices: [
          { index: 0, message: { content: "Let me look." }, finish_reason: "tool_calls" },
          { index: 1, message: { content: null, tool_calls: calls }, finish_reason: "tool_calls" }
        ]
      }
      assert.deepStrictEqual(essence(yield* readText(JSON.stringify(whole))), expected)
      assert.deepStrictEqual(
        essence(
          yield* tell(
            chunk({ content: "Let me " }),
            chunk({ tool_calls: calls }, null, 1),
            chunk({ content: "look." }),
            stop,
            chunk({}, "tool_calls", 1),
            done
          )
        ),
        expected
      )
      assert.deepStrictEqual(essence(yield* tell(chunk({ content: "Hi" }, null, 3), chunk({}, "stop", 3), done)), [
        ["message", "Hi"]
      ])
    }))

  it.effect("are told apart if they take turns", () =>
    Effect.gen(function*() {
      const read = yield* tell(
        chunk({ content: "A" }),
        chunk({ content: "B" }, null, 1),
        chunk({ content: "a" }),
        chunk({ content: "b" }, null, 1),
        stop,
        done
      )
      assert.deepStrictEqual(essence(read), [["message", "Aa"], ["message", "Bb"]])
    }))

  it.effect("tell one call once", () =>
    Effect.gen(function*() {
      const read = yield* tell(chunk({ tool_calls: calls }), chunk({ tool_calls: calls }, null, 1), stop, done)
      assert.deepStrictEqual(called(read), [["1", "a", "{}"]])
    }))

  it.effect("have not ended before each of them has", () =>
    Effect.gen(function*() {
      const read = yield* tell(chunk({ content: "A" }, "stop"), chunk({ content: "B" }, null, 1))
      assert.strictEqual(read.failure?.reason._tag, "StreamIncomplete")
    }))
})

describe("the arguments of a call in Chat Completions", () => {
  const a = "{\"x\":1}"
  const ways: ReadonlyArray<readonly [name: string, data: ReadonlyArray<object>]> = [
    ["begin with an empty object", [
      call({ index: 0, id: "1" }, { name: "a", arguments: "{}" }),
      call({ index: 0 }, { arguments: a })
    ]],
    ["begin with an empty object, in pieces", [
      call({ index: 0, id: "1" }, { name: "a", arguments: "{}" }),
      call({ index: 0 }, { arguments: "{\"x\"" }),
      call({ index: 0 }, { arguments: ":1}" })
    ]],
    ["begin with an empty object, under the name again", [
      call({ index: 0, id: "1" }, { name: "a", arguments: {} }),
      call({ index: 0, id: "1" }, { name: "a", arguments: { x: 1 } })
    ]],
    ["are told again as a whole", [
      call({ index: 0, id: "1" }, { name: "a", arguments: "{\"x\"" }),
      call({ index: 0 }, { arguments: ":1}" }),
      call({ index: 0, id: "1" }, { name: "a", arguments: a })
    ]],
    ["grow from piece to piece", [
      call({ index: 0, id: "1" }, { name: "a", arguments: "{\"x\"" }),
      call({ index: 0 }, { arguments: "{\"x\":1" }),
      call({ index: 0 }, { arguments: a })
    ]]
  ]
  it.effect.each(ways)(
    "are right where they %s",
    ([, data]) => Effect.map(tell(...data, stop, done), (read) => assert.deepStrictEqual(called(read), [["1", "a", a]]))
  )

  it.effect("are told apart by ids under one index", () =>
    Effect.gen(function*() {
      const read = yield* tell(
        call({ index: 0, id: "1" }, { name: "a", arguments: "{\"x\"" }),
        call({ index: 0, id: "2" }, { name: "b", arguments: "{" }),
        call({ index: 0, id: "1" }, { arguments: ":1}" }),
        call({ index: 0, id: "2" }, { arguments: "}" }),
        stop,
        done
      )
      assert.deepStrictEqual(called(read), [["1", "a", a], ["2", "b", "{}"]])
    }))

  it.effect("go on where every piece has an id of its own", () =>
    Effect.gen(function*() {
      const read = yield* tell(
        call({ index: 0, id: "x1" }, { name: "a", arguments: "{\"x\"" }),
        call({ index: 0, id: "x2" }, { arguments: ":1}" }),
        stop,
        done
      )
      assert.deepStrictEqual(called(read), [["x1", "a", a]])
    }))

  it.effect("come by the older way to call", () =>
    Effect.gen(function*() {
      const own = [["call_chatcmpl-1_0", "a", a]]
      const streamed = yield* tell(
        chunk({ function_call: { name: "a", arguments: "{\"x\"" } }),
        chunk({ function_call: { arguments: ":1}" } }),
        chunk({}, "function_call"),
        done
      )
      assert.deepStrictEqual(called(streamed), own)
      const message = { content: null, function_call: { name: "a", arguments: a } }
      const whole = { ...head, choices: [{ index: 0, message, finish_reason: "function_call" }] }
      assert.deepStrictEqual(called(yield* readText(JSON.stringify(whole))), own)
    }))
})

describe("a message of Chat Completions", () => {
  const whole = (message: object, more: object = {}) => ({
    ...head,
    choices: [{ index: 0, message, finish_reason: "stop", ...more }]
  })

  it.effect("counts beside an empty delta, and where it has what was not told", () =>
    Effect.gen(function*() {
      const message = { content: "Hello", reasoning_content: "Hm" }
      const both = [["reasoning", "Hm"], ["message", "Hello"]]
      for (const delta of [{}, null, { content: "" }, { content: null, role: "assistant" }]) {
        assert.deepStrictEqual(essence(yield* tell(whole(message, { delta }), done)), both)
      }
      assert.deepStrictEqual(
        essence(yield* tell(chunk({ reasoning_content: "Hm" }), whole(message, { delta: {} }), done)),
        both
      )
      assert.deepStrictEqual(essence(yield* tell(chunk({ content: "Hello" }), whole({ content: "Hello" }), done)), [
        ["message", "Hello"]
      ])
    }))

  it.effect("may be an object, which is its JSON, or one part", () =>
    Effect.gen(function*() {
      const text = (content: unknown) =>
        Effect.map(tell(whole({ content }), done), (read) => Response.text(responseOf(read)))
      assert.strictEqual(yield* text({ answer: 42 }), "{\"answer\":42}")
      assert.strictEqual(yield* text({ type: "text", text: "Hi" }), "Hi")
      assert.strictEqual(yield* text(["Hi", { type: "text", text: "!" }]), "Hi!")
    }))

  it.effect("is whole where nothing is said of its end", () =>
    Effect.gen(function*() {
      const read = yield* readText(JSON.stringify(whole({ content: "Hi" }, { finish_reason: undefined })))
      assert.strictEqual(read.failure, undefined)
      assert.deepStrictEqual(essence(read), [["message", "Hi"]])
    }))
})

describe("the end of Chat Completions", () => {
  const ended = (word: string) => tell(chunk({ content: "Hi" }), chunk({}, word), done)

  it.effect.each(
    [
      ["network_error", "Overloaded", true],
      ["insufficient_system_resource", "Overloaded", true],
      ["error", "Overloaded", true],
      ["MALFORMED_FUNCTION_CALL", "MalformedOutput", false],
      ["model_context_window_exceeded", "ContextOverflow", false]
    ] as const
  )("by %s is a failure: %s", ([word, reason, isRetryable]) =>
    Effect.map(ended(word), ({ failure }) => {
      assert.strictEqual(failure?.reason._tag, reason)
      assert.strictEqual(failure?.isRetryable, isRetryable)
      assert.include(failure?.message, word)
    }))

  it.effect.each(
    [
      ["sensitive", "content_filter"],
      ["safety", "content_filter"],
      ["SAFETY", "content_filter"],
      ["MAX_TOKENS", "max_output_tokens"],
      ["STOP", "stop"],
      ["stop_sequence", "stop"],
      ["tired", "tired"]
    ] as const
  )("by %s is %s", ([word, reason]) =>
    Effect.map(ended(word), (read) => {
      assert.strictEqual(read.failure, undefined)
      assert.strictEqual(responseOf(read).finishReason, reason)
    }))

  it.effect("counts what was used, wherever a server says so", () =>
    Effect.gen(function*() {
      const used = (fields: object) =>
        Effect.map(tell(chunk({ content: "Hi" }), { ...stop, ...fields }, done), (read) => responseOf(read).usage)
      const usage = { prompt_tokens: 7, completion_tokens: 3 }
      const expected = { inputTokens: 7, cachedInputTokens: 0, outputTokens: 3, reasoningOutputTokens: 0 }
      assert.deepStrictEqual(yield* used({ x_groq: { id: "req", usage } }), expected)
      assert.deepStrictEqual(yield* used({ usage: { input_tokens: 7, output_tokens: 3 } }), expected)
      assert.deepStrictEqual(yield* used({ choices: null, usage }), expected)
      assert.deepStrictEqual(yield* used({ usage: { ...usage, cached_tokens: 5 } }), {
        ...expected,
        cachedInputTokens: 5
      })
    }))
})

describe("thoughts between tags", () => {
  const answer = (text: string) => sse(...Array.from(text, (content) => chunk({ content })), stop, done)
  const both = [["reasoning", "I look.\nYes."], ["message", "It is <b>so</b>."]]

  it.effect("are thoughts, wherever the tags are cut", () =>
    Effect.gen(function*() {
      for (const [open, close] of [["<think>", "</think>"], ["<thinking>", "</thinking>"], ["[THINK]", "[/THINK]"]]) {
        for (const space of ["", "\n", "\n\n"]) {
          const text = `${space}${open}${space}I look.\nYes.${space}${close}${space}It is <b>so</b>.`
          for (const data of [answer(text), sse(chunk({ content: text }), stop, done)]) {
            const read = yield* readText(data)
            assert.deepStrictEqual(essence(read), both, text)
            assert.strictEqual(shown(read), "It is <b>so</b>.")
          }
        }
      }
    }))

  it.effect("are no thoughts further on, nor of a server of OpenAI", () =>
    Effect.gen(function*() {
      for (const text of ["Write <think>x</think>", "<thin>", "< think>x</think>", "  Hi <think>", "<", "  "]) {
        assert.deepStrictEqual(essence(yield* readText(answer(text))), [["message", text]])
      }
      const text = "<think>x</think>y"
      const wire = { ...Host.ofOthers, hasThinkTags: false }
      assert.deepStrictEqual(essence(yield* readText(answer(text), 1000, wire)), [["message", text]])
    }))

  it.effect("may be empty, or all that there is", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(essence(yield* readText(answer("<think>\n\n</think>\n\nHi"))), [["message", "Hi"]])
      assert.deepStrictEqual(essence(yield* readText(answer("<think>I look. </th"))), [["reasoning", "I look. </th"]])
    }))

  it.effect("come before a call", () =>
    Effect.gen(function*() {
      const tool = call({ index: 0, id: "1" }, { name: "a", arguments: "{}" })
      const read = yield* tell(chunk({ content: "<think>I look.</think>\n" }), tool, stop, done)
      assert.deepStrictEqual(essence(read), [["reasoning", "I look."], ["a", "{}"]])
      const open = yield* tell(chunk({ content: "<think>I look." }), tool, stop, done)
      assert.deepStrictEqual(essence(open), [["reasoning", "I look."], ["a", "{}"]])
    }))
})
