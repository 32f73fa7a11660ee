import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Item from "../../src/responses/Item.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Response from "../../src/responses/Response.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"

const request = Request.make({
  model: "gpt-5.5",
  instructions: "Be brief.",
  input: [Item.userMessage("How is the weather?")],
  cacheKey: "session-1"
})

const answering = (...texts: ReadonlyArray<string>) =>
  ScriptedResponses.layer(Script.fromTurns(texts.map((text) => Script.answer(Script.say(text)))))

const requests = Effect.flatMap(ScriptedResponses.ScriptedResponses, (model) => model.requests)

describe("Responses.complete", () => {
  const said = [
    Script.think("Hm."),
    Script.say("Let me see.", { phase: "commentary" }),
    Script.call("look", {}, "call_1")
  ]

  it.effect("gives one call as one value", () =>
    Effect.gen(function*() {
      const response = yield* Responses.complete(request)
      assert.deepStrictEqual<unknown>(Response.items(response), said)
      assert.strictEqual(Response.text(response), "Let me see.")
      assert.deepStrictEqual(Response.calls(response).map(({ call_id }) => call_id), ["call_1"])
      assert.deepStrictEqual(response.usage, Script.defaultUsage)
      assert.strictEqual(response.finishReason, "stop")
      assert.strictEqual(response.model, "gpt-5.5")
    }).pipe(Effect.provide(ScriptedResponses.layer(() => Script.answer(...said)))))

  it.effect("gives the finished items alone", () =>
    Effect.gen(function*() {
      const items = yield* Stream.runCollect(Responses.items(request))
      assert.deepStrictEqual<unknown>(Chunk.toReadonlyArray(items), said)
    }).pipe(Effect.provide(ScriptedResponses.layer(() => Script.answer(...said)))))

  it.effect("says why it gives none", () =>
    Effect.gen(function*() {
      for (const call of [Effect.asVoid(Responses.complete(request)), Stream.runDrain(Responses.items(request))]) {
        const error = yield* Effect.flip(call)
        assert.strictEqual(error.reason._tag, "StreamIncomplete")
      }
    }).pipe(Effect.provide(ScriptedResponses.layer(() => Script.cut(3, Script.say("never ends"))))))
})

describe("Responses.object", () => {
  const Weather = Schema.Struct({ city: Schema.String, degrees: Schema.NumberFromString })

  it.effect("tells the model the schema and gives a value of it", () =>
    Effect.gen(function*() {
      const weather = yield* Responses.object(Weather, request)
      assert.deepStrictEqual(weather, { city: "Bern", degrees: 12 })
      const [sent, ...more] = yield* requests
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual<unknown>(sent?.text, {
        format: {
          type: "json_schema",
          name: "answer",
          strict: true,
          schema: {
            type: "object",
            required: ["city", "degrees"],
            properties: {
              city: { type: "string" },
              degrees: { type: "string", description: "a string to be decoded into a number" }
            },
            additionalProperties: false
          }
        }
      })
    }).pipe(Effect.provide(answering(`{"city":"Bern","degrees":"12"}`))))

  it.effect("wraps what is no object", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Responses.object(Schema.Array(Schema.Number), request), [1, 2])
      const [sent] = yield* requests
      assert.nestedPropertyVal(sent, "text.format.schema.properties.value.type", "array")
    }).pipe(Effect.provide(answering(`{"value":[1,2]}`))))

  it.effect("tells a class by its fields, and by reference what holds itself", () =>
    Effect.gen(function*() {
      interface Encoded {
        readonly name: string
        readonly parts: ReadonlyArray<Encoded>
      }
      class Place extends Schema.Class<Place>("Place")({
        name: Schema.String,
        parts: Schema.Array(Schema.suspend((): Schema.Schema<Place, Encoded> => Place))
      }) {}
      const place = yield* Responses.object(Place, request)
      assert.instanceOf(place, Place)
      assert.strictEqual(place.parts[0]?.name, "Bern")
      const places = yield* Responses.object(Schema.Array(Place), request)
      assert.deepStrictEqual(places.map(({ name }) => name), ["Ticino"])
      const [one, many] = yield* requests
      assert.nestedPropertyVal(one, "text.format.schema.properties.parts.items.$ref", "#/$defs/Place")
      assert.nestedProperty(one, "text.format.schema.$defs.Place.properties.name")
      assert.nestedProperty(many, "text.format.schema.$defs.Place.properties.name")
    }).pipe(Effect.provide(answering(
      `{"name":"Switzerland","parts":[{"name":"Bern","parts":[]}]}`,
      `{"value":[{"name":"Ticino","parts":[]}]}`
    ))))

  it.effect("does not hold the model to a schema that leaves something open", () =>
    Effect.gen(function*() {
      const Open = Schema.Struct({ inner: Schema.Array(Schema.Struct({ a: Schema.optional(Schema.String) })) })
      assert.deepStrictEqual(yield* Responses.object(Open, request), { inner: [{}] })
      const [sent] = yield* requests
      assert.nestedPropertyVal(sent, "text.format.strict", false)
    }).pipe(Effect.provide(answering(`{"inner":[{}]}`))))

  it.effect("sends an answer that does not fit back, with what is wrong", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Responses.object(Weather, request), { city: "Bern", degrees: 12 })
      const [first, second, ...more] = yield* requests
      assert.deepStrictEqual(more, [])
      assert.deepStrictEqual(second?.text, first?.text)
      const [question, answer, complaint] = second?.input ?? []
      assert.deepStrictEqual(question, request.input[0])
      assert.strictEqual(Item.text(answer ?? assert.fail()), `{"city":7}`)
      assert.notProperty(answer, "id")
      const asked = Item.text(complaint ?? assert.fail())
      assert.match(asked, /city: Expected string, actual 7.*degrees: is missing/)
      // A server that does not know `text.format` has not shown it to the model.
      const format = first?.text?.format
      assert.include(asked, JSON.stringify(format?.type === "json_schema" ? format.schema : undefined))
    }).pipe(Effect.provide(answering(`{"city":7}`, `{"city":"Bern","degrees":"12"}`))))

  it.effect("gives up after that", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Responses.object(Weather, request))
      assert.strictEqual(error.reason._tag, "MalformedOutput")
      assert.match(error.message, /could not be understood: .*degrees: is missing/)
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(answering("It is warm.", `{"city":"Bern"}`))))

  it.effect("reads JSON in a fence", () =>
    Effect.gen(function*() {
      for (const _ of [1, 2]) {
        assert.deepStrictEqual(yield* Responses.object(Weather, request), { city: "Bern", degrees: 12 })
      }
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(answering(
      "```json\n{\"city\":\"Bern\",\"degrees\":\"12\"}\n```\n",
      "```\n{\"city\":\"Bern\",\n\"degrees\":\"12\"}```"
    ))))

  const long = "x".repeat(10_000_000)
  it.effect("reads an object as long as a model can write within prose", () =>
    Effect.gen(function*() {
      const { city, degrees } = yield* Responses.object(Weather, request)
      assert.deepStrictEqual([city.length, degrees], [long.length, 12])
    }).pipe(Effect.provide(answering(`Here it is: {"city":"${long}","degrees":"12"} I hope that helps!`))))

  const bern = `{"city":"Bern","degrees":"12"}`
  const around: ReadonlyArray<readonly [string, string]> = [
    ["prose", `Here it is: ${bern} I hope that helps!`],
    ["a fence in prose", `Sure.\n\n\`\`\`json\n${bern}\n\`\`\`\nAnything else?`],
    ["thoughts", `<think>Maybe {"city":"Basel","degrees":"1"}? No.</think>\n${bern}`],
    ["thoughts that the template began", `Maybe {"city":"Basel","degrees":"1"}.\n</think>\n\n${bern}`],
    ["a stray brace before", `{${bern}`],
    ["a stray brace behind", `${bern}}`],
    ["a stray letter", `n${bern}.`],
    ["braces of other kinds", `{curly} and { "open  and {"a":1} then ${bern} {}`],
    ["an object around", `Answer: {"answer": ${bern}, "sure": true}`],
    ["itself, twice", `${bern}\n\n${bern}`],
    ["a string", JSON.stringify(bern)],
    ["quotes in its text", `It is {"city":"Bern \\"}\\" {","degrees":"12"}`]
  ]
  it.effect.each(around)(
    "reads the one object that fits within %s, for one request",
    ([, text]) =>
      Effect.gen(function*() {
        const { degrees } = yield* Responses.object(Weather, request)
        assert.strictEqual(degrees, 12)
        assert.strictEqual((yield* requests).length, 1)
      }).pipe(Effect.provide(answering(text)))
  )

  const unclear: ReadonlyArray<readonly [string, string]> = [
    ["differ", `${bern} or {"city":"Basel","degrees":"12"}`],
    ["do not fit", `The weather is {"city":"Bern"}`],
    ["are none", "It is warm in {Bern}."],
    ["are within JSON that does not fit", `[${bern}]`]
  ]
  it.effect.each(unclear)("asks again where the objects in a text %s", ([, text]) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Responses.object(Weather, request), { city: "Ulm", degrees: 3 })
      assert.strictEqual((yield* requests).length, 2)
    }).pipe(Effect.provide(answering(text, `{"city":"Ulm","degrees":"3"}`))))

  it.effect("reads no whole answer out of one that was cut short", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Responses.object(Weather, request))
      assert.strictEqual(error.reason._tag, "MalformedOutput")
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.provide(ScriptedResponses.layer(() =>
      Script.incomplete("max_output_tokens", Script.say(`{"all":[${bern},`))
    ))))

  const declined: Item.Message = {
    type: "message",
    role: "assistant",
    content: [{ type: "refusal", refusal: "I cannot help with that." }]
  }
  const hopeless: ReadonlyArray<readonly [Script.Turn, string, string]> = [
    [Script.answer(declined), "ContentFiltered", "I cannot help with that."],
    [
      Script.incomplete("max_output_tokens", Script.say("{\"city\":\"Be")),
      "MalformedOutput",
      "the answer was cut short (max_output_tokens)"
    ],
    [Script.incomplete("content_filter"), "ContentFiltered", "the answer was cut short (content_filter)"]
  ]
  it.effect.each(hopeless)(
    "asks once where asking again would not help: %o",
    ([turn, reason, detail]) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(Responses.object(Weather, request))
        assert.deepStrictEqual([error.reason._tag, error.detail], [reason, detail])
        assert.strictEqual((yield* requests).length, 1)
      }).pipe(Effect.provide(ScriptedResponses.layer(() => turn)))
  )

  it.effect("leaves failures as they are", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Responses.object(Weather, request))
      assert.strictEqual(error.reason._tag, "ContextOverflow")
    }).pipe(Effect.provide(
      ScriptedResponses.layer(() => Script.fail({ code: "context_length_exceeded", message: "Too long." }))
    )))
})
