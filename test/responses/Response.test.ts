import { assert, describe, it } from "@effect/vitest"
import * as Response from "../../src/responses/Response.ts"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"
import * as Usage from "../../src/responses/Usage.ts"

const fold = (...events: ReadonlyArray<object>) => events.map(StreamEvent.fromJson).reduce(Response.add, Response.empty)

const done = (output_index: number, item: object) => ({ type: "response.output_item.done", output_index, item })
const completed = (response: object) => ({ type: "response.completed", response })

const thought = { id: "rs_1", type: "reasoning", summary: [] }
const call = { id: "fc_1", type: "function_call", call_id: "call_1", name: "ls", arguments: "{}" }
const message = { id: "msg_1", type: "message", role: "assistant", content: [{ type: "output_text", text: "Hi" }] }

describe("Response", () => {
  it("is empty at first, and has not ended", () => {
    assert.deepStrictEqual(Response.items(Response.empty), [])
    assert.strictEqual(Response.empty.finishReason, undefined)
    assert.deepStrictEqual(Response.empty.usage, Usage.zero)
  })

  it("knows who answers from the first event on", () => {
    const response = fold({ type: "response.created", response: { id: "resp_1", model: "gpt-5.5-2026-04-23" } })
    assert.strictEqual(response.id, "resp_1")
    assert.strictEqual(response.model, "gpt-5.5-2026-04-23")
    assert.strictEqual(response.finishReason, undefined)
  })

  it("tells why reasoning was left out of the input, unless a turn just ended", () => {
    const removed = (reason: unknown) => ({ type: "reasoning", action: "removed", id: "rs_1", reason })
    const reasons = ["prefix_mismatch", "turn_boundary", "prefix_mismatch", undefined]
    const response = fold(completed({
      input_transformations: [...reasons.map(removed), { type: "message", action: "kept", reason: "x" }, null]
    }))
    assert.deepStrictEqual(response.removed, ["prefix_mismatch", "unknown"])
    for (const none of [undefined, null, [], "x", [removed("turn_boundary")]]) {
      assert.deepStrictEqual(fold(completed({ input_transformations: none })).removed, [])
    }
  })

  it("keeps what it knows when the end does not repeat it", () => {
    const response = fold({ type: "response.created", response: { id: "resp_1", model: "gpt-5.5" } }, completed({}))
    assert.strictEqual(response.id, "resp_1")
    assert.strictEqual(response.model, "gpt-5.5")
    assert.strictEqual(response.finishReason, "stop")
  })

  it("orders items as the server numbers them, and not as they end", () => {
    const response = fold(done(2, message), done(0, thought), done(1, call), completed({ output: [] }))
    assert.deepStrictEqual(Response.items(response), [thought, call, message])
    assert.deepStrictEqual<unknown>(Response.calls(response), [call])
    const custom = { type: "custom_tool_call", call_id: "call_2", name: "patch", input: "x" }
    assert.deepStrictEqual<unknown>(Response.calls(fold(done(0, call), done(1, custom))), [call, custom])
  })

  it("leaves no hole where the server skips a number", () => {
    assert.deepStrictEqual(Response.items(fold(done(3, message), done(1, call))), [call, message])
  })

  it("takes the later of two items with one number", () => {
    const again = { ...message, phase: "final_answer" }
    assert.deepStrictEqual(Response.items(fold(done(0, message), done(0, again))), [again])
  })

  it("takes from the final output what was never told as done", () => {
    const response = fold(done(1, call), completed({ output: [thought, { ...call, id: "fc_2" }, message] }))
    assert.deepStrictEqual(Response.items(response), [thought, call, message])
  })

  const added = (output_index: number, item: object) => ({ type: "response.output_item.added", output_index, item })

  it("puts together what is never told as done, of what is told in full", () => {
    const custom = { type: "custom_tool_call", call_id: "call_2", name: "patch" }
    const response = fold(
      added(0, thought),
      added(1, { ...message, content: [], status: "in_progress" }),
      { type: "response.output_text.done", output_index: 1, text: "Hi" },
      added(2, { ...call, arguments: "", status: "in_progress" }),
      { type: "response.function_call_arguments.done", output_index: 2, arguments: "{}" },
      added(3, { ...custom, input: "" }),
      { type: "response.custom_tool_call_input.done", output_index: 3, input: "x" },
      completed({ output: [] })
    )
    const status = "completed"
    assert.deepStrictEqual<unknown>(Response.items(response), [
      { ...message, status, content: [{ type: "output_text", text: "Hi", annotations: [] }] },
      { ...call, status },
      { ...custom, status, input: "x" }
    ])
  })

  it("takes a text that is told in full for a message, if nothing else was told of it", () => {
    const told = { type: "response.output_text.done", output_index: 0, text: "Hi" }
    assert.strictEqual(Response.text(fold(told, completed({ output: [] }))), "Hi")
    assert.deepStrictEqual(Response.items(fold(told, done(0, message), completed({}))), [message])
  })

  it("puts nothing together of what was cut off, or is told in full elsewhere", () => {
    const begun = [added(0, { ...message, content: [] }), added(1, { ...call, arguments: "" })]
    const told = { type: "response.output_text.done", output_index: 0, text: "Hi" }
    assert.deepStrictEqual(Response.items(fold(...begun, completed({ output: [] }))), [])
    assert.deepStrictEqual(Response.items(fold(...begun, told, done(0, message), completed({}))), [message])
    assert.deepStrictEqual(Response.items(fold(...begun, told, completed({ output: [message] }))), [message])
  })

  it("numbers the items itself where the server does not", () => {
    const unnumbered = (type: string, fields: object) => ({ type, ...fields })
    const response = fold(
      unnumbered("response.output_item.added", { item: thought }),
      unnumbered("response.output_item.done", { item: thought }),
      unnumbered("response.output_item.added", { item: { ...call, arguments: "" } }),
      unnumbered("response.function_call_arguments.done", { arguments: "{}" }),
      unnumbered("response.output_item.done", { item: call }),
      unnumbered("response.output_item.done", { item: message }),
      completed({ output: [] })
    )
    assert.deepStrictEqual(Response.items(response), [thought, call, message])
  })

  it("tells an item once, however the final output is numbered", () => {
    const response = fold(done(0, message), completed({ output: [thought, message] }))
    assert.deepStrictEqual(Response.items(response), [thought, message])
    assert.deepStrictEqual(Response.items(fold(done(1, message), completed({ output: [message] }))), [message])
    const renamed = { ...message, id: "msg_9" }
    assert.deepStrictEqual(Response.items(fold(done(1, message), completed({ output: [renamed] }))), [message])
  })

  it("takes the final item for the encrypted content that it alone has", () => {
    const encrypted = { ...thought, encrypted_content: "gAAAAA" }
    assert.deepStrictEqual(
      Response.items(fold(done(0, { ...thought, encrypted_content: null }), completed({ output: [encrypted] }))),
      [encrypted]
    )
    assert.deepStrictEqual(
      Response.items(fold(done(0, encrypted), completed({ output: [{ ...encrypted, encrypted_content: "other" }] }))),
      [encrypted]
    )
  })

  it("does not care for a final output that is none", () => {
    for (const output of [undefined, null, [], "odd", [null, 7, {}]]) {
      assert.deepStrictEqual(Response.items(fold(done(0, message), completed({ output }))), [message])
    }
  })

  it("ends well with an end that holds nothing", () => {
    for (const response of [undefined, null, "odd", []]) {
      const folded = fold(done(0, message), { type: "response.completed", response })
      assert.deepStrictEqual(Response.items(folded), [message])
      assert.strictEqual(folded.finishReason, "stop")
      assert.deepStrictEqual(folded.usage, Usage.zero)
    }
  })

  it("tells why an answer was cut short, and keeps what was said", () => {
    const incomplete = (incomplete_details: unknown) =>
      fold(done(0, message), { type: "response.incomplete", response: { incomplete_details } })
    assert.strictEqual(incomplete({ reason: "max_output_tokens" }).finishReason, "max_output_tokens")
    assert.strictEqual(incomplete({ reason: "content_filter" }).finishReason, "content_filter")
    assert.strictEqual(incomplete(null).finishReason, "incomplete")
    assert.deepStrictEqual(Response.items(incomplete(null)), [message])
  })

  it("gives the same value back for an event that tells nothing of an item", () => {
    const response = fold(done(0, message))
    for (
      const event of [
        { type: "response.failed" },
        { type: "codex.rate_limits" }
      ]
    ) assert.strictEqual(Response.add(response, StreamEvent.fromJson(event)), response)
  })

  it("does not change the value that it adds to", () => {
    const first = fold(done(0, thought))
    Response.add(first, StreamEvent.fromJson(done(1, call)))
    assert.deepStrictEqual(Response.items(first), [thought])
  })

  it("gives a call without a call id one that it always has", () => {
    const calls = (responseId: string | undefined, ...items: ReadonlyArray<object>) =>
      Response.calls(fold(
        { type: "response.created", response: { id: responseId } },
        ...items.map((item, output_index) => ({ type: "response.output_item.done", output_index, item })),
        { type: "response.completed", response: { id: responseId, output: [] } }
      ))
    const call = { type: "function_call", name: "ls", arguments: "{}" }
    const ids = calls(`resp_${"a".repeat(60)}`, call, { ...call, call_id: null }, { ...call, call_id: "" }, {
      ...call,
      call_id: "call_x"
    }).map(({ call_id }) => call_id)
    const tail = "a".repeat(24)
    assert.deepStrictEqual(ids, [`call_${tail}_0`, `call_${tail}_1`, `call_${tail}_2`, "call_x"])
    assert.deepStrictEqual(calls(undefined, call).map(({ call_id }) => call_id), ["call_0"])
  })

  it("gives it one too when only the final output tells of the call", () => {
    const custom = { type: "custom_tool_call", name: "patch", input: "x" }
    const [item] = Response.items(fold(
      { type: "response.created", response: { id: "resp_1" } },
      { type: "response.completed", response: { id: "resp_1", output: [custom] } }
    ))
    assert.deepStrictEqual<unknown>(item, { ...custom, call_id: "call_resp_1_0" })
  })
})
