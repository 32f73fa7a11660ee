import { assert, describe, it } from "@effect/vitest"
import * as Item from "../../../src/responses/Item.ts"
import * as Response from "../../../src/responses/Response.ts"
import { fromJson } from "../../../src/responses/StreamEvent.ts"
import * as Continuation from "../../../src/responses/transport/Continuation.ts"
import * as Script from "../../../src/testing/Script.ts"
import * as ScriptEvents from "../../../src/testing/ScriptEvents.ts"

const hi = Item.userMessage("Hi")
const more = Item.userMessage("More")
const said = Script.say("Hello")
const fields = { model: "gpt-5.5", tools: [{ name: "ls", parameters: { type: "object" } }], reasoning: undefined }

const respond = (turn: Script.Turn): Response.Response =>
  ScriptEvents.events(turn, { model: "gpt-5.5", responseId: "resp_1" }).map(fromJson).reduce(
    Response.add,
    Response.empty
  )

const before = Continuation.make({ input: [hi], fields }, respond(Script.answer(said)))
const news = (input: ReadonlyArray<Item.Item>, more: object = {}) =>
  before === undefined ? undefined : Continuation.newItems(before, { input, fields: { ...fields, ...more } })

describe("Continuation", () => {
  it("is what comes after a response", () => {
    assert.deepStrictEqual(news([hi, Item.withoutId(said), more, more]), [more, more])
  })

  it("looks at what things say and not at how they are written", () => {
    const { content, role, type } = said
    const again = JSON.parse(JSON.stringify({ role, type, content, status: "completed" }))
    assert.deepStrictEqual(news([{ ...hi }, again, more]), [more])
    assert.deepStrictEqual(news([hi, said, more]), [more], "an id is no difference")
    assert.deepStrictEqual(news([hi, { ...said, phase: undefined }, more]), [more])
    const tools = [{ parameters: { type: "object" }, name: "ls" }]
    assert.deepStrictEqual(news([hi, said, more], { tools }), [more])
  })

  it("is nothing when anything is different", () => {
    assert.isUndefined(news([hi, said]))
    assert.isUndefined(news([hi]))
    assert.isUndefined(news([hi, more, said]))
    assert.isUndefined(news([hi, { ...said, phase: "commentary" }, more]))
    assert.isUndefined(news([hi, { ...said, content: [] }, more]))
    assert.isUndefined(news([hi, said, more], { tools: [] }))
    assert.isUndefined(news([hi, said, more], { tools: [...fields.tools, { name: "rm" }] }))
    assert.isUndefined(news([hi, said, more], { reasoning: { effort: "low" } }))
    assert.isUndefined(news([hi, said, more], { reasoning: null }))
    assert.isUndefined(news([hi, said, more], { tools: { 0: fields.tools[0] } }))
  })

  it("needs a response that has run to its end, and its name", () => {
    const body = { input: [hi], fields }
    assert.isUndefined(Continuation.make(body, respond(Script.incomplete("max_output_tokens", said))))
    assert.isUndefined(Continuation.make(body, respond(Script.cut(20, said))))
    assert.isUndefined(Continuation.make(body, { ...respond(Script.answer(said)), id: undefined }))
  })
})
