import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import * as fc from "fast-check"
import * as Conversation from "../../src/prompts/Conversation.ts"
import { type Item, userMessage } from "../../src/responses/Item.ts"
import * as Usage from "../../src/responses/Usage.ts"
import * as History from "../../src/session/History.ts"
import * as SessionEvent from "../../src/session/SessionEvent.ts"

const recipient = { model: "gpt-5.5", account: "chatgpt:acct-1" }

const thought = (n: number) => ({ id: `rs_${n}`, type: "reasoning", summary: [], encrypted_content: `gAAAAA${n}` })
const call = (n: number) => ({
  id: `fc_${n}`,
  type: "function_call",
  call_id: `call_${n}`,
  name: "ls",
  arguments: "{}"
})
const say = (text: string) => ({ type: "message", role: "assistant", content: [{ type: "output_text", text }] })
const output = (n: number, text: string) => ({ type: "function_call_output", call_id: `call_${n}`, output: text })
const bare = (item: Item) => Struct.omit(item, "id")

const asked = (text: string, turnId = "t") =>
  ({
    _tag: "TurnStarted",
    turnId,
    model: "gpt-5.5",
    input: [userMessage(text)]
  }) satisfies SessionEvent.SessionEvent

const responded = (items: ReadonlyArray<Item>, change: Partial<SessionEvent.ModelResponded> = {}) =>
  ({
    _tag: "ModelResponded",
    turnId: "t",
    step: 0,
    ...recipient,
    items,
    usage: Usage.zero,
    finishReason: "stop",
    ...change
  }) satisfies SessionEvent.ModelResponded

const ran = (itemId: string, text: string): SessionEvent.ToolEnded => ({
  _tag: "ToolEnded",
  turnId: "t",
  itemId,
  call: { type: "function_call", call_id: "call", name: "ls", arguments: "{}" },
  status: "completed",
  output: text
})

const began = (itemId: string): SessionEvent.SessionEvent => ({
  _tag: "ToolStarted",
  turnId: "t",
  itemId,
  call: { type: "function_call", call_id: "call", name: "ls", arguments: "{}" }
})

const inputOf = (...events: ReadonlyArray<SessionEvent.SessionEvent>): ReadonlyArray<unknown> =>
  History.toInput(History.fromEvents(events), recipient)

/** A session as its file holds it: two turns, the first with two calls, the second cut off. */
const log = String.raw`
{"seq":1,"at":"2026-09-01T10:00:00.000Z","key":"session","event":{"_tag":"SessionStarted","sessionId":"s","schemaVersion":1}}
{"seq":2,"at":"2026-09-01T10:00:00.100Z","key":"t1/start","event":{"_tag":"TurnStarted","turnId":"t1","model":"gpt-5.5","input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"What is here? 👀"}]}]}}
{"seq":3,"at":"2026-09-01T10:00:01.000Z","key":"t1/model/0","event":{"_tag":"ModelResponded","turnId":"t1","step":0,"model":"gpt-5.5","account":"chatgpt:acct-1","items":[{"id":"rs_1","type":"reasoning","encrypted_content":"gAAAAA1","summary":[],"content":[{"type":"reasoning_text","text":"Hm."}]},{"id":"fc_1","type":"function_call","status":"completed","arguments":"{ \"path\": \".\" }","call_id":"call_1","name":"ls"},{"id":"fc_2","type":"function_call","status":"completed","arguments":"{\"path\":\"a.txt\"","call_id":"call_2","name":"read"}],"usage":{"inputTokens":10,"cachedInputTokens":0,"outputTokens":5,"reasoningOutputTokens":2},"finishReason":"stop"}}
{"seq":5,"at":"2026-09-01T10:00:01.100Z","key":"t1/tool/0/call_1/started","event":{"_tag":"ToolStarted","turnId":"t1","itemId":"t1.0.1","call":{"type":"function_call","arguments":"{ \"path\": \".\" }","call_id":"call_1","name":"ls"}}}
{"seq":6,"at":"2026-09-01T10:00:01.200Z","key":"t1/tool/0/call_2","event":{"_tag":"ToolEnded","turnId":"t1","itemId":"t1.0.2","call":{"type":"function_call","arguments":"{\"path\":\"a.txt\"","call_id":"call_2","name":"read"},"status":"failed","output":"not JSON"}}
{"seq":7,"at":"2026-09-01T10:00:01.300Z","key":"t1/tool/0/call_1","event":{"_tag":"ToolEnded","turnId":"t1","itemId":"t1.0.1","call":{"type":"function_call","arguments":"{ \"path\": \".\" }","call_id":"call_1","name":"ls"},"status":"completed","output":"a.txt"}}
{"seq":8,"at":"2026-09-01T10:00:02.000Z","key":"t1/model/1","event":{"_tag":"ModelResponded","turnId":"t1","step":1,"model":"gpt-5.5","account":"chatgpt:acct-1","items":[{"id":"ws_1","future":{"a":[null]},"type":"web_search_call","action":{"type":"search"}},{"id":"msg_1","type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"One file."}],"phase":"final_answer","role":"assistant"}],"usage":{"inputTokens":20,"cachedInputTokens":10,"outputTokens":5,"reasoningOutputTokens":0},"finishReason":"stop"}}
{"seq":11,"at":"2026-09-01T10:00:02.100Z","key":"t1/end","event":{"_tag":"TurnCompleted","turnId":"t1","answer":"One file.","usage":{"inputTokens":30,"cachedInputTokens":10,"outputTokens":10,"reasoningOutputTokens":2},"finishReason":"stop"}}
{"seq":12,"at":"2026-09-01T10:05:00.000Z","key":"t2/start","event":{"_tag":"TurnStarted","turnId":"t2","model":"gpt-5.5","input":[{"id":"msg_u","type":"message","role":"user","content":[{"type":"input_text","text":"Delete it."}]}]}}
{"seq":13,"at":"2026-09-01T10:05:01.000Z","key":"t2/model/0","event":{"_tag":"ModelResponded","turnId":"t2","step":0,"model":"gpt-5.5","account":"chatgpt:acct-1","items":[{"id":"fc_3","type":"function_call","status":"completed","arguments":"{\"command\":\"rm a.txt\"}","call_id":"call_1","name":"bash"}],"usage":{"inputTokens":40,"cachedInputTokens":20,"outputTokens":5,"reasoningOutputTokens":0},"finishReason":"stop"}}
{"seq":14,"at":"2026-09-01T10:05:01.100Z","key":"t2/tool/0/call_1/started","event":{"_tag":"ToolStarted","turnId":"t2","itemId":"t2.0.0","call":{"type":"function_call","arguments":"{\"command\":\"rm a.txt\"}","call_id":"call_1","name":"bash"}}}
{"seq":15,"at":"2026-09-01T10:06:00.000Z","key":"t2/end","event":{"_tag":"TurnInterrupted","turnId":"t2","reason":"crashed"}}
`

/** What the model is sent of it, line by line as JSON. */
const sent = String.raw`
{"type":"message","role":"user","content":[{"type":"input_text","text":"What is here? 👀"}]}
{"type":"reasoning","encrypted_content":"gAAAAA1","summary":[]}
{"type":"function_call","status":"completed","arguments":"{ \"path\": \".\" }","call_id":"call_1","name":"ls"}
{"type":"function_call","status":"completed","arguments":"{\"path\":\"a.txt\"","call_id":"call_2","name":"read"}
{"type":"function_call_output","call_id":"call_1","output":"a.txt"}
{"type":"function_call_output","call_id":"call_2","output":"not JSON"}
{"future":{"a":[null]},"type":"web_search_call","action":{"type":"search"}}
{"type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"One file."}],"phase":"final_answer","role":"assistant"}
{"type":"message","role":"user","content":[{"type":"input_text","text":"Delete it."}]}
{"type":"function_call","status":"completed","arguments":"{\"command\":\"rm a.txt\"}","call_id":"call_1","name":"bash"}
{"type":"function_call_output","call_id":"call_1","output":"[The call was interrupted before it ended. What it did until then is not known.]"}
`

const linesOf = (text: string): ReadonlyArray<string> => text.trim().split("\n")

describe("History", () => {
  it("folds a log to what the model is sent, byte for byte", () => {
    const decode = Schema.decodeUnknownSync(Schema.parseJson(SessionEvent.Stored))
    const history = History.fromEvents(linesOf(log).map((line) => decode(line).event))
    assert.deepStrictEqual(History.toInput(history, recipient).map((item) => JSON.stringify(item)), linesOf(sent))
  })

  it("is empty at first", () => {
    assert.deepStrictEqual(inputOf(), [])
    assert.deepStrictEqual(inputOf({ _tag: "SessionStarted", sessionId: "s", schemaVersion: 1 }), [])
  })

  it("replays reasoning before what it led to", () => {
    const items = [thought(1), call(1), thought(2), say("Hm."), call(2)]
    assert.deepStrictEqual(inputOf(responded(items), ran("t.0.1", "one"), ran("t.0.4", "two")), [
      ...items.map(bare),
      output(1, "one"),
      output(2, "two")
    ])
  })

  it.each(
    [
      ["another model", { model: "gpt-6-astra" }],
      ["another account", { account: "chatgpt:acct-2" }]
    ] as const
  )("drops the reasoning of %s, and nothing else", (_, change) => {
    const items = [thought(1), call(1), thought(2), say("Hi")]
    assert.deepStrictEqual(inputOf(responded(items, change), ran("t.0.1", "one")), [
      bare(call(1)),
      say("Hi"),
      output(1, "one")
    ])
  })

  describe("of a server that encrypts nothing", () => {
    const content = [{ type: "reasoning_text", text: "I look." }]
    const plain = (more: object = {}) => ({ id: "rs_1", type: "reasoning", summary: [], content, ...more })

    it.each([{}, { encrypted_content: null }, { encrypted_content: "" }])(
      "sends thoughts back as they are: %j",
      (more) => {
        const items = [plain(more), call(1)]
        assert.deepStrictEqual(inputOf(responded(items), ran("t.0.1", "one")), [...items.map(bare), output(1, "one")])
      }
    )

    it("sends them back with the summary that servers require, though it may be empty", () => {
      for (const summary of [undefined, null]) {
        const sent = inputOf(responded([plain({ summary }), say("Hi")]))
        assert.deepStrictEqual(sent, [{ type: "reasoning", content, summary: [] }, say("Hi")])
      }
      assert.deepStrictEqual(inputOf(responded([{ type: "reasoning", content: [] }, say("Hi")])), [say("Hi")])
    })

    it("sends them to no other, and keeps them when it cannot read what was encrypted", () => {
      const items = [plain(), thought(2), call(1)]
      assert.deepStrictEqual(
        inputOf(responded(items, { model: "other" }), ran("t.0.2", "one")),
        [bare(call(1)), output(1, "one")]
      )
      assert.deepStrictEqual(
        inputOf(responded(items), ran("t.0.2", "one"), responded([say("x")], { step: 1, isWithoutEncrypted: true })),
        [bare(plain()), bare(call(1)), output(1, "one"), say("x")]
      )
    })
  })

  it("sends what one server alone understands to no other", () => {
    const search = { type: "web_search_call", action: { type: "search" } }
    const field = { extra_content: { google: { thought_signature: "s" } } }
    const further = { ...call(1), chat_completions: field }
    const items = [search, further, { ...say("x"), chat_completions: field }]
    const answered = [responded(items), ran("t.0.1", "one")]
    assert.deepStrictEqual(inputOf(...answered), [...items.map(bare), output(1, "one")])
    const to = (other: Partial<History.Recipient>) =>
      History.toInput(History.fromEvents(answered), { ...recipient, ...other })
    assert.deepStrictEqual<unknown>(to({ model: "other" }), [search, bare(call(1)), say("x"), output(1, "one")])
    assert.deepStrictEqual<unknown>(to({ account: "api-key" }), [bare(call(1)), say("x"), output(1, "one")])
  })

  it("puts words in the place of images that a server has refused, and of no later ones", () => {
    const image = { type: "input_image", image_url: "data:," }
    const shown = (itemId: string) => ({ ...ran(itemId, ""), output: [{ type: "input_text", text: "a.png" }, image] })
    const words = { type: "input_text", text: Conversation.imageNotTaken }
    const events = [
      asked("Hi"),
      responded([call(1)]),
      shown("t.0.0"),
      responded([call(2)], { step: 1, isWithoutImages: true }),
      shown("t.1.0")
    ]
    const outputsTo = (other: Partial<History.Recipient>) =>
      History.toInput(History.fromEvents(events), { ...recipient, ...other }).flatMap((item) => item["output"] ?? [])
    const text = { type: "input_text", text: "a.png" }
    assert.deepStrictEqual(outputsTo({}), [text, words, text, image])
    assert.deepStrictEqual(outputsTo({ model: "other" }), [text, image, text, image])
  })

  it("drops reasoning that led to nothing", () => {
    assert.deepStrictEqual(inputOf(asked("Hi"), responded([say("So"), thought(1), thought(2)])), [
      userMessage("Hi"),
      say("So")
    ])
    assert.deepStrictEqual(inputOf(responded([thought(1)])), [])
  })

  it("leaves out a call that cannot be read, and what was thought for it alone", () => {
    const broken = [
      Struct.omit(call(1), "name"),
      Struct.omit(call(1), "arguments"),
      { ...call(1), arguments: {} },
      { type: "custom_tool_call", call_id: "call_1", name: "apply_patch" }
    ]
    for (const item of broken) {
      const history = History.fromEvents([asked("Go"), responded([thought(1), item]), asked("Again", "t2")])
      assert.deepStrictEqual(History.toInput(history, recipient), [userMessage("Go"), userMessage("Again")])
    }
  })

  it("drops reasoning without the summary that the server wants back", () => {
    assert.deepStrictEqual(inputOf(responded([{ type: "reasoning", encrypted_content: "gAAAAA" }, say("Hi")])), [
      say("Hi")
    ])
  })

  it("gives each call its output in the order of the calls, however they ended", () => {
    const calls = [call(1), call(2), call(3)]
    assert.deepStrictEqual(inputOf(responded(calls), ran("t.0.2", "three"), ran("t.0.0", "one"), ran("t.0.1", "two")), [
      ...calls.map(bare),
      output(1, "one"),
      output(2, "two"),
      output(3, "three")
    ])
  })

  it("answers a call in the form in which it was made", () => {
    const custom = { type: "custom_tool_call", call_id: "call_2", name: "apply_patch", input: "*** Begin Patch" }
    assert.deepStrictEqual(inputOf(responded([call(1), custom]), ran("t.0.1", "two")).slice(2), [
      output(1, Conversation.notRun),
      { type: "custom_tool_call_output", call_id: "call_2", output: "two" }
    ])
    assert.deepStrictEqual(inputOf(responded([{ type: "custom_tool_call_output", call_id: "x", output: "lost" }])), [])
  })

  it("says of a call that never ended that nobody knows, and of one that never began that it was not run", () => {
    const calls = [call(1), call(2), call(3)]
    const events = [responded(calls), began("t.0.0"), began("t.0.1"), ran("t.0.1", "two")]
    assert.deepStrictEqual(inputOf(...events).slice(3), [
      output(1, Conversation.unknownOutcome),
      output(2, "two"),
      output(3, Conversation.notRun)
    ])
  })

  it("takes in what was said on the way, where it was heard", () => {
    const added = (text: string): SessionEvent.SessionEvent => ({
      _tag: "InputAdded",
      turnId: "t",
      step: 1,
      kind: "steer",
      input: [userMessage(text)]
    })
    assert.deepStrictEqual(
      inputOf(asked("Hi"), responded([call(1)]), ran("t.0.0", "one"), added("Wait"), responded([say("Yes?")])),
      [userMessage("Hi"), bare(call(1)), output(1, "one"), userMessage("Wait"), say("Yes?")]
    )
  })

  it("tells calls apart that the server gave the same id", () => {
    assert.deepStrictEqual(
      inputOf(
        responded([call(1)]),
        ran("t.0.0", "first"),
        responded([call(1), call(1)], { step: 1 }),
        ran("t.1.1", "third"),
        ran("t.1.0", "second")
      ).filter((item) => JSON.stringify(item).includes("output")),
      [output(1, "first"), output(1, "second"), output(1, "third")]
    )
  })

  it("keeps back what the server has said that it cannot read", () => {
    const [first, second, third] = [[thought(1), say("One")], [thought(2), say("Two")], [thought(3), say("Three")]]
    assert.deepStrictEqual(
      inputOf(responded(first), responded(second, { isWithoutEncrypted: true }), responded(third)),
      [say("One"), ...second.map(bare), ...third.map(bare)]
    )
  })

  it("drops an output that answers no call", () => {
    assert.deepStrictEqual(inputOf(asked("Hi"), ran("t.0.0", "lost")), [userMessage("Hi")])
    assert.deepStrictEqual(inputOf(responded([say("Hi"), output(9, "lost")]), ran("t.0.7", "lost")), [say("Hi")])
  })

  it("has the output of a call that ended after its turn was resumed with another effort", () => {
    const resumed = { _tag: "TurnResumed", turnId: "t", effort: "high" } satisfies SessionEvent.SessionEvent
    const [, sent, answer] = inputOf(asked("Hi"), responded([call(1)]), resumed, ran("t.0.0", "out"))
    assert.deepStrictEqual([sent, answer], [bare(call(1)), output(1, "out")])
  })

  it("passes what it does not know byte for byte, without the id", () => {
    const foreign = fc.dictionary(fc.string().filter((name) => name !== "id" && name !== "type"), fc.jsonValue())
      .map((fields): Item => ({ ...fields, type: "holographic_call" }))
    fc.assert(fc.property(foreign, (item) => {
      const [passed] = History.toInput(History.fromEvents([responded([{ id: "hc_1", ...item }])]), recipient)
      assert.strictEqual(JSON.stringify(passed), JSON.stringify(item))
    }))
  })

  it("answers every call once and has no id left, whatever happened", () => {
    const item = fc.oneof(fc.nat(3).map(call), fc.nat(3).map(thought), fc.string().map(say))
    const event = fc.oneof(
      fc.string().map((text) => asked(text)),
      fc.array(item, { maxLength: 5 }).map((items) => responded(items)),
      fc.nat(5).map((n) => ran(`t.0.${n}`, "out"))
    )
    fc.assert(fc.property(fc.array(event), (events) => {
      const open: Array<unknown> = []
      const items = History.toInput(History.fromEvents(events), recipient)
      for (const [index, item] of items.entries()) {
        assert.notProperty(item, "id")
        if (item.type === "function_call") open.push(item["call_id"])
        if (item.type === "function_call_output") assert.strictEqual(item["call_id"], open.shift())
        if (item.type === "reasoning") assert.isDefined(items[index + 1])
      }
      assert.deepStrictEqual(open, [])
    }))
  })

  it("does not change what it adds to", () => {
    const history = History.fromEvents([asked("Hi"), responded([call(1)])])
    const before = JSON.stringify(History.toInput(history, recipient))
    History.add(history, ran("t.0.0", "out"))
    History.add(history, asked("More"))
    assert.strictEqual(JSON.stringify(History.toInput(history, recipient)), before)
  })
})
