import { assert, describe, it } from "@effect/vitest"
import * as Item from "../../src/responses/Item.ts"
import * as Response from "../../src/responses/Response.ts"
import * as StreamEvent from "../../src/responses/StreamEvent.ts"
import { splitting } from "../../src/responses/ThinkTagEvents.ts"

const told = (events: ReadonlyArray<object>): ReadonlyArray<StreamEvent.StreamEvent> => {
  const all: Array<StreamEvent.StreamEvent> = []
  const tell = splitting((event) => all.push(event))
  for (const event of events) tell(StreamEvent.fromJson(event))
  return all
}
const essence = (events: ReadonlyArray<object>) =>
  Response.items(told(events).reduce(Response.add, Response.empty)).map((item) => [item.type, Item.text(item)])

const text = "<think>\nI look.\n</think>\n\nHello!"
const at = { item_id: "msg_1", output_index: 0, content_index: 0 }
const message = (text: string) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  content: [{ type: "output_text", text }]
})
const added = { type: "response.output_item.added", output_index: 0, item: { ...message(""), content: [] } }
const part = { type: "response.content_part.added", ...at, part: { type: "output_text", text: "" } }
const deltas = (text: string) => Array.from(text, (delta) => ({ type: "response.output_text.delta", ...at, delta }))
const ends = (text: string) => [
  { type: "response.output_text.done", ...at, text },
  { type: "response.content_part.done", ...at, part: { type: "output_text", text } },
  { type: "response.output_item.done", output_index: 0, item: message(text) },
  { type: "response.completed", response: { output: [message(text)] } }
]
const both = [["reasoning", "I look."], ["message", "Hello!"]]

describe("thoughts between tags in a Responses stream", () => {
  it("are thoughts before the message", () => {
    const events = [added, part, ...deltas(text), ...ends(text)]
    assert.deepStrictEqual(essence(events), both)
    const shown = told(events).flatMap((event) => event.type === "response.output_text.delta" ? [event.delta] : [])
    assert.strictEqual(shown.join(""), "Hello!")
  })

  it("are thoughts however little is told", () => {
    assert.deepStrictEqual(essence(ends(text).slice(2)), both)
    assert.deepStrictEqual(essence([...deltas(text), { type: "response.completed", response: { output: [] } }]), both)
  })

  it("change nothing where there are none", () => {
    const plain = "Hello <think>x</think>!"
    const events = [added, part, ...deltas(plain), ...ends(plain)]
    assert.deepStrictEqual(essence(events), [["message", plain]])
  })
})
