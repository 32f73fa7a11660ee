import { assert, describe, it } from "@effect/vitest"
import * as Item from "../../src/responses/Item.ts"
import * as Response from "../../src/responses/Response.ts"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"

const fold = (...events: ReadonlyArray<object>) => events.map(StreamEvent.fromJson).reduce(Response.add, Response.empty)

const event = (type: string, fields: object) => ({ type: `response.${type}`, ...fields })
const added = (output_index: unknown, item: object) => event("output_item.added", { output_index, item })
const done = (output_index: unknown, item: object) => event("output_item.done", { output_index, item })
const say = (delta: string, at: object = {}) => event("output_text.delta", { delta, ...at })
const write = (delta: string, at: object = {}) => event("function_call_arguments.delta", { delta, ...at })
const completed = (response: object = {}) => event("completed", { response: { output: [], ...response } })

const message = (text: string, id?: string) => ({
  ...id === undefined ? {} : { id },
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text }]
})
const bare = { id: "msg_1", type: "message", role: "assistant", content: [] }
const call = (call_id: string, args: unknown = "{\"a\":1}", more: object = {}) => ({
  type: "function_call",
  call_id,
  name: "ls",
  arguments: args,
  ...more
})

const essence = (response: Response.Response) =>
  Response.items(response).map((item) =>
    item.type === "function_call"
      ? [item["call_id"], item["name"], item["arguments"]]
      : item.type === "custom_tool_call"
      ? [item["call_id"], item["input"]]
      : Item.text(item)
  )
const reads = (events: ReadonlyArray<object>, expected: ReadonlyArray<unknown>) =>
  assert.deepStrictEqual<unknown>(essence(fold(...events)), expected)

describe("a text that only its pieces tell", () => {
  it("is the answer if nothing else is told of it", () => {
    reads([say("Hel"), say("lo"), completed()], ["Hello"])
    reads([say("Hel", { output_index: 0 }), say("lo", { output_index: 0 }), completed()], ["Hello"])
    const told = { item_id: "msg_1", output_index: 0, content_index: 0 }
    reads([added(0, bare), say("Hel", told), say("lo", told), completed()], ["Hello"])
    reads([added(0, bare), say("Hello", told), completed({ output: null })], ["Hello"])
    reads([event("content_part.done", { part: { type: "output_text", text: "Hello" } }), completed()], ["Hello"])
  })

  it("is the answer if the item that is done, or the final one, lacks it", () => {
    for (const content of [[], null, undefined, "", [{ type: "output_text", text: "" }]]) {
      const empty = { ...bare, content }
      reads([added(0, bare), say("Hello"), done(0, empty), completed()], ["Hello"])
      reads([say("Hello"), done(0, empty), completed()], ["Hello"])
      reads([done(0, empty), say("Hello", { output_index: 0 }), completed()], ["Hello"])
      reads([say("Hello"), completed({ output: [empty] })], ["Hello"])
      reads([done(0, empty), completed({ output: [message("Hello", "msg_1")] })], ["Hello"])
    }
    reads([say("Hel"), say("lo"), done(0, message("Hel")), completed()], ["Hello"])
  })

  it("is as it was told in full, and an empty end tells nothing", () => {
    reads([say("Hel"), event("output_text.done", { text: "Hello" }), completed()], ["Hello"])
    reads([say("Hello"), event("output_text.done", { text: "" }), completed()], ["Hello"])
  })

  it("does not change what the server says itself", () => {
    const whole = message(" Hello.", "msg_1")
    const response = fold(added(0, bare), say("Hello"), say("."), done(0, whole), completed({ output: [whole] }))
    assert.strictEqual<unknown>(Response.items(response)[0], whole)
    reads([say("Hello, "), done(0, message("Good bye")), completed()], ["Good bye"])
  })

  it("keeps each part, and a refusal", () => {
    const [item] = Response.items(fold(
      say("a", { content_index: 0 }),
      say("b", { content_index: 1 }),
      event("refusal.delta", { delta: "No", content_index: 2 }),
      done(0, message("a")),
      completed()
    ))
    assert.deepStrictEqual(item?.["content"], [
      { type: "output_text", text: "a" },
      { type: "output_text", text: "b", annotations: [] },
      { type: "refusal", refusal: "No" }
    ])
  })

  it("keeps thoughts, in a summary or in full", () => {
    const thoughts = (...events: ReadonlyArray<object>) => Response.items(fold(...events, completed()))
    assert.deepStrictEqual(
      thoughts(event("reasoning_summary_text.delta", { delta: "Hm", output_index: 0, summary_index: 0 })),
      [{ type: "reasoning", summary: [{ type: "summary_text", text: "Hm" }], status: "completed" }]
    )
    const item = { id: "rs_1", type: "reasoning", summary: null }
    assert.deepStrictEqual(
      thoughts(event("reasoning_text.delta", { delta: "Hm", output_index: 0 }), done(0, item)),
      [{ ...item, summary: [], content: [{ type: "reasoning_text", text: "Hm" }] }]
    )
  })

  it("is incomplete where the response is", () => {
    const response = fold(say("Hel"), event("incomplete", { response: { output: [] } }))
    assert.deepStrictEqual(Response.items(response).map(({ status }) => status), ["incomplete"])
    assert.strictEqual(Response.text(response), "Hel")
  })
})

describe("a call that only its pieces tell", () => {
  it("is made with what they say", () => {
    const begun = call("call_1", "", { id: "fc_1" })
    const expected = [["call_1", "ls", "{\"a\":1}"]]
    for (
      const end of [[], [done(0, begun)], [done(0, { ...begun, arguments: "{}" })], [
        done(0, { ...begun, arguments: null })
      ]]
    ) {
      reads([added(0, begun), write("{\"a\""), write(":1}"), ...end, completed()], expected)
    }
    const known = { id: "fc_1", type: "function_call", call_id: "call_1", arguments: "{\"a\":1}" }
    reads([added(0, begun), done(0, known), completed()], expected)
    reads(
      [
        event("function_call_arguments.done", { name: "ls", arguments: "{\"a\":1}", output_index: 0 }),
        completed({ id: "r" })
      ],
      [["call_r_0", "ls", "{\"a\":1}"]]
    )
  })

  it("is none if it was cut off", () => {
    const incomplete = event("incomplete", { response: { output: [] } })
    reads([added(0, call("call_1", "")), write("{\"a\""), incomplete], [])
    reads([added(0, call("call_1", "")), write("{\"a\":1}"), incomplete], [["call_1", "ls", "{\"a\":1}"]])
  })

  it("takes free text, too", () => {
    const custom = { type: "custom_tool_call", call_id: "call_1", name: "patch", input: "" }
    const told = event("custom_tool_call_input.delta", { delta: "x", output_index: 0 })
    reads([added(0, custom), told, done(0, custom), completed()], [["call_1", "x"]])
  })
})

describe("the argument of a call", () => {
  it.each([
    [{ a: 1 }, "{\"a\":1}"],
    ["{}{\"a\":1}", "{\"a\":1}"],
    ["{\"a\":1}{\"a\": 1}", "{\"a\":1}"],
    ["{}{}", "{}"],
    [null, ""],
    ["{\"a\": \"}{\"}", "{\"a\": \"}{\"}"],
    ["{\"a\":1}{\"a\":2}", "{\"a\":1}{\"a\":2}"],
    ["{\"a\"", "{\"a\""]
  ])("%j is %s", (told, expected) => reads([done(0, call("1", told)), completed()], [["1", "ls", expected]]))

  it("is the whole that is told again at the end", () => {
    const pieces = ["{\"a\"", "{\"a\":1", "{\"a\":1}"].map((piece) => write(piece))
    reads([added(0, call("1", "")), ...pieces, completed()], [["1", "ls", "{\"a\":1}"]])
  })
})

describe("items under one number", () => {
  const [a, b] = [call("call_a", "{}"), call("call_b", "{}")]
  const both = [["call_a", "ls", "{}"], ["call_b", "ls", "{}"]]

  it("are two", () => {
    reads([done(0, message("Hi", "msg_1")), done(0, a), done(0, b), completed()], ["Hi", ...both])
    reads([done(0, message("A", "1")), done(0, message("B", "2")), completed()], ["A", "B"])
    reads([done(0, message("A")), done(0, message("B")), completed()], ["A", "B"])
    for (const output_index of ["0", true, null]) {
      reads([done(output_index, a), done(output_index, b), completed()], both)
    }
  })

  it("are two if they are told in turns", () => {
    reads([
      added(0, bare),
      say("Hel", { output_index: 0 }),
      added(0, call("call_a", "")),
      write("{\"a\"", { output_index: 0 }),
      say("lo", { output_index: 0 }),
      write(":1}", { output_index: 0 }),
      done(0, call("call_a")),
      done(0, message("Hello", "msg_1")),
      completed()
    ], ["Hello", ["call_a", "ls", "{\"a\":1}"]])
    const named = (id: string) => ({ item_id: id, output_index: 0 })
    reads([
      added(0, { ...a, id: "1", arguments: "" }),
      added(0, { ...b, id: "2", arguments: "" }),
      write("{\"x\"", named("1")),
      write("{", named("2")),
      write(":1}", named("1")),
      write("}", named("2")),
      completed()
    ], [["call_a", "ls", "{\"x\":1}"], ["call_b", "ls", "{}"]])
  })

  it("are two messages that only their pieces tell, if one is done before the other", () => {
    const at = { output_index: 0 }
    reads([say("A", at), done(0, message("A")), say("B", at), done(0, message("B")), completed()], ["A", "B"])
    reads([say("A", at), done(0, message("A")), say("B", at), completed()], ["A", "B"])
  })

  it("are one with one id, or with one call id", () => {
    reads([done(0, message("A", "1")), done(0, message("AB", "1")), completed()], ["AB"])
    reads([done(0, { ...a, id: "1" }), done(0, { ...a, id: "2" }), completed()], [["call_a", "ls", "{}"]])
    reads([done(0, message("A")), done(0, message("A")), completed()], ["A"])
  })

  it("are one whose id is another in every event", () => {
    reads([
      added(1, bare),
      say("Hel", { item_id: "x", output_index: 1 }),
      say("lo", { item_id: "y", output_index: 1 }),
      done(1, message("Hello", "z")),
      completed({ output: [message("Hello", "w")] })
    ], ["Hello"])
  })

  it("have call ids of their own where they have none", () => {
    const nameless = { type: "function_call", name: "ls", arguments: "{}" }
    const calls = Response.calls(fold(done(0, nameless), done(0, nameless), completed({ id: "r" })))
    assert.deepStrictEqual(calls.map(({ call_id }) => call_id), ["call_r_0", "call_r_0_2"])
  })
})

describe("a call that is told twice", () => {
  it("is one call", () => {
    const again = call("call_a", "{ \"a\": 1 }", { id: "fc_2" })
    const one = [["call_a", "ls", "{\"a\":1}"]]
    reads([done(0, call("call_a")), done(1, again), completed()], one)
    reads([done(0, call("call_a")), completed({ output: [message("Hi"), again] })], ["Hi", ...one])
    reads([
      added(0, call("call_a", "")),
      done(0, call("call_a")),
      added(1, call("call_a", "")),
      done(1, again),
      completed()
    ], one)
  })

  it("is two if it says something else", () => {
    reads([done(0, call("call_a")), done(1, call("call_a", "{\"a\":2}")), completed()], [
      ["call_a", "ls", "{\"a\":1}"],
      ["call_a", "ls", "{\"a\":2}"]
    ])
    reads([done(0, call("call_a")), done(1, call("call_b")), completed()], [
      ["call_a", "ls", "{\"a\":1}"],
      ["call_b", "ls", "{\"a\":1}"]
    ])
  })
})

describe("an item in another form", () => {
  it("is a message of the assistant with one text", () => {
    const { content, role: _, ...rest } = message("Hi", "1")
    for (
      const item of [
        { ...rest, content },
        { ...rest, content: "Hi" },
        { ...rest, role: null, content: ["Hi"] },
        { ...rest, content: { type: "output_text", text: "Hi" } },
        { ...rest, content: [{ text: "Hi" }] }
      ]
    ) {
      const response = fold(done(0, item), completed())
      assert.strictEqual(Response.text(response), "Hi")
      assert.isTrue(Response.items(response).every(Item.isMessage))
    }
  })

  it("is reasoning without a summary", () => {
    for (const summary of [null, undefined, [], ""]) {
      const [item] = Response.items(
        fold(done(0, { type: "reasoning", summary, encrypted_content: "gAAAAA" }), completed())
      )
      assert.deepStrictEqual<unknown>(item, { type: "reasoning", summary: [], encrypted_content: "gAAAAA" })
    }
  })

  it("is a call without a name", () => {
    reads([done(0, { ...call("1"), name: null }), completed()], [["1", "", "{\"a\":1}"]])
  })
})

describe("how a response ended", () => {
  it("is incomplete in whatever event it says so", () => {
    const reasons = (response: object) => fold(say("Hi"), completed(response)).finishReason
    assert.strictEqual(reasons({ status: "incomplete" }), "incomplete")
    assert.strictEqual(
      reasons({ status: "incomplete", incomplete_details: { reason: "max_output_tokens" } }),
      "max_output_tokens"
    )
    assert.strictEqual(reasons({ incomplete_details: { reason: "max_output_tokens" } }), "max_output_tokens")
    assert.strictEqual(reasons({ status: "completed", incomplete_details: null }), "stop")
    assert.strictEqual(reasons({ status: null }), "stop")
  })
})
