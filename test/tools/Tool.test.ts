import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import * as Tool from "../../src/tools/Tool.ts"
import { context } from "./support.ts"

const describing = <A, I>(parameters: Schema.Schema<A, I>) =>
  Tool.make({ name: "t", description: "Does it", parameters, handler: () => Effect.succeed("done") })

const giving = <A, I>(success: Schema.Schema<A, I>, value: A) =>
  Tool.make({
    name: "t",
    description: "",
    parameters: Schema.Struct({}),
    success,
    handler: () => Effect.succeed(value)
  })

const weather = Tool.make({
  name: "weather",
  description: "Tells the weather",
  parameters: Schema.Struct({
    city: Schema.NonEmptyString.annotations({ description: "Where" }),
    days: Schema.optional(Schema.NumberFromString)
  }),
  success: Schema.Struct({ day: Schema.Date, days: Schema.Number }),
  handler: ({ days = 1 }) => Effect.succeed({ day: new Date(0), days })
})

const refusal = (args: unknown) => Effect.map(Effect.flip(weather.call(args, context)), ({ message }) => message)

describe("Tool", () => {
  it("is declared with a plain JSON Schema", () => {
    assert.deepInclude(weather.declaration, {
      type: "function",
      name: "weather",
      description: "Tells the weather",
      strict: false
    })
    const { parameters } = weather.declaration
    assert.nestedPropertyVal(parameters, "properties.city.description", "Where")
    assert.nestedPropertyVal(parameters, "properties.days.type", "string")
    assert.deepInclude(parameters, { type: "object", required: ["city"], additionalProperties: false })
    assert.notMatch(JSON.stringify(parameters), /\$schema|\$ref|\$defs/)
  })

  it("is declared as an object even without parameters", () => {
    assert.deepStrictEqual(describing(Schema.Struct({})).declaration.parameters, {
      type: "object",
      properties: {},
      additionalProperties: false
    })
  })

  it("is declared as an object also when its schema has a name", () => {
    class Place extends Schema.Class<Place>("Place")({ city: Schema.NonEmptyString }) {}
    const { parameters } = describing(Place).declaration
    assert.deepInclude(parameters, { type: "object", required: ["city"] })
    assert.notProperty(parameters, "$ref")
  })

  it("is declared with the definition of a schema that holds itself", () => {
    interface Tree {
      readonly children: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({ children: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree)) })
      .annotations({ identifier: "Tree" })
    const { parameters } = describing(Tree).declaration
    assert.propertyVal(parameters, "type", "object")
    assert.nestedPropertyVal(parameters, "properties.children.items.$ref", "#/$defs/Tree")
    assert.nestedPropertyVal(parameters, "$defs.Tree.type", "object")
  })

  it.effect("decodes its arguments and encodes its success", () =>
    Effect.gen(function*() {
      const output = yield* weather.call({ city: "Ulm", days: "3" }, context)
      assert.deepStrictEqual(JSON.parse(output), { day: "1970-01-01T00:00:00.000Z", days: 3 })
    }))

  it.effect("says text as it is, and nothing where there is nothing to say", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* giving(Schema.String, "a \"b\"").call({}, context), "a \"b\"")
      assert.strictEqual(yield* giving(Schema.NullOr(Schema.String), null).call({}, context), "null")
      assert.strictEqual(yield* giving(Schema.Void, undefined).call({}, context), "")
    }))

  it.effect("names every argument that is wrong, and ignores the ones it does not know", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal({ days: "three" }), /^Invalid arguments for weather: .*city: is missing/)
      assert.match(yield* refusal({ days: "three" }), /days: .*three/)
      assert.match(yield* refusal({ city: 7 }), /city: Expected .*7/)
      assert.match(yield* refusal([]), /Expected .*\[\]/)
      assert.match(yield* refusal(null), /Expected .*null/)
      assert.include(yield* weather.call({ city: "Ulm", country: "DE" }, context), "1970")
    }))

  it.effect("tells its handler which call it works for", () =>
    Effect.gen(function*() {
      const tool = Tool.make({
        name: "who",
        description: "",
        parameters: Schema.Struct({}),
        handler: (_, { callId, sessionId }) => Effect.succeed(`${callId} of ${sessionId}`)
      })
      assert.strictEqual(yield* tool.call({}, context), "call_1 of session-1")
    }))

  it.effect("dies when its handler breaks its own promise", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(giving(Schema.NonEmptyString, "").call({}, context))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))
})
