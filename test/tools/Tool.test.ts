import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Schema from "effect/Schema"
import { FunctionTool } from "../../src/responses/Request.ts"
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

/** What the model is told. */
const said = <R>(tool: Tool.Tool<R>, args: unknown) => Effect.map(tool.call(args, context), ({ output }) => output)

const parametersOf = ({ declaration }: Tool.Tool) =>
  Schema.is(FunctionTool)(declaration) ? declaration.parameters : assert.fail("no function")

const refusal = (args: unknown) => Effect.map(Effect.flip(weather.call(args, context)), ({ message }) => message)

describe("Tool", () => {
  it("is declared with a plain JSON Schema", () => {
    assert.deepInclude(weather.declaration, {
      type: "function",
      name: "weather",
      description: "Tells the weather",
      strict: false
    })
    const parameters = parametersOf(weather)
    assert.nestedPropertyVal(parameters, "properties.city.description", "Where")
    assert.nestedPropertyVal(parameters, "properties.days.type", "string")
    assert.deepInclude(parameters, { type: "object", required: ["city"], additionalProperties: false })
    assert.notMatch(JSON.stringify(parameters), /\$schema|\$ref|\$defs/)
  })

  it("is declared as an object even without parameters", () => {
    assert.deepStrictEqual(parametersOf(describing(Schema.Struct({}))), {
      type: "object",
      properties: {},
      additionalProperties: false
    })
  })

  it("is declared as an object also when its schema has a name", () => {
    class Place extends Schema.Class<Place>("Place")({ city: Schema.NonEmptyString }) {}
    const parameters = parametersOf(describing(Place))
    assert.deepInclude(parameters, { type: "object", required: ["city"] })
    assert.notProperty(parameters, "$ref")
  })

  it("is declared with the definition of a schema that holds itself", () => {
    interface Tree {
      readonly children: ReadonlyArray<Tree>
    }
    const Tree = Schema.Struct({ children: Schema.Array(Schema.suspend((): Schema.Schema<Tree> => Tree)) })
      .annotations({ identifier: "Tree" })
    const parameters = parametersOf(describing(Tree))
    assert.propertyVal(parameters, "type", "object")
    assert.nestedPropertyVal(parameters, "properties.children.items.$ref", "#/$defs/Tree")
    assert.nestedPropertyVal(parameters, "$defs.Tree.type", "object")
  })

  it.effect("decodes its arguments and encodes its success", () =>
    Effect.gen(function*() {
      const output = yield* said(weather, { city: "Ulm", days: "3" })
      assert.deepStrictEqual(JSON.parse(String(output)), { day: "1970-01-01T00:00:00.000Z", days: 3 })
    }))

  it.effect("says text as it is, and nothing where there is nothing to say", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* said(giving(Schema.String, "a \"b\""), {}), "a \"b\"")
      assert.strictEqual(yield* said(giving(Schema.NullOr(Schema.String), null), {}), "null")
      assert.strictEqual(yield* said(giving(Schema.Void, undefined), {}), "")
    }))

  it.effect("names every argument that is wrong, and ignores the ones it does not know", () =>
    Effect.gen(function*() {
      assert.match(yield* refusal({ days: "three" }), /^Invalid arguments for weather: .*city is missing/)
      assert.match(yield* refusal({ days: "three" }), /days.*three/)
      assert.match(yield* refusal({ city: 7 }), /city must be a string.*, not the number 7/)
      assert.match(yield* refusal([]), /must be an object.*, not an empty list/)
      assert.match(yield* refusal(null), /must be an object.*, not null/)
      assert.match(yield* refusal({ town: "Ulm" }), /there is no argument town; the arguments can be city, days/)
      assert.include(String(yield* said(weather, { city: "Ulm", country: "DE" })), "1970")
    }))

  it.effect("tells its handler which call it works for", () =>
    Effect.gen(function*() {
      const tool = Tool.make({
        name: "who",
        description: "",
        parameters: Schema.Struct({}),
        handler: (_, { callId, sessionId }) => Effect.succeed(`${callId} of ${sessionId}`)
      })
      assert.strictEqual(yield* said(tool, {}), "call_1 of session-1")
    }))

  it.effect("fails where its success, or its failure, is no JSON", () =>
    Effect.gen(function*() {
      const circle: { readonly name: string; self?: unknown; again?: unknown } = { name: "a" }
      circle.self = circle
      circle.again = circle
      const throwing = {
        toJSON: () => {
          throw new Error("secret")
        }
      }
      const odd = [[1n, "BigInt"], [{ a: [1n] }, "BigInt"], [circle, "itself"], [throwing, "not JSON"], [
        () => 1,
        "function"
      ]]
      for (const [value, why] of odd) {
        const tools = [
          giving(Schema.Unknown, value),
          Tool.make({
            name: "t",
            description: "",
            parameters: Schema.Struct({}),
            handler: () => Effect.succeed(value as never)
          }),
          Tool.make({
            name: "t",
            description: "",
            parameters: Schema.Struct({}),
            failure: Schema.Unknown,
            handler: () => Effect.fail(value)
          })
        ]
        for (const tool of tools) {
          const { message } = yield* Effect.flip(tool.call({}, context))
          assert.match(message, new RegExp(`^The tool has run, but what it gave cannot be written as JSON: .*${why}`))
          assert.notInclude(message, "secret")
        }
      }
      const big = giving(Schema.Struct({ n: Schema.BigIntFromSelf }), { n: 1n })
      assert.match((yield* Effect.flip(big.call({}, context))).message, /BigInt/)
    }))

  describe("with a union of objects", () => {
    const Shape = Schema.Union(
      Schema.Struct({ kind: Schema.Literal("circle"), radius: Schema.Number, unit: Schema.optional(Schema.String) }),
      Schema.Struct({ kind: Schema.Literal("box"), sides: Schema.Array(Schema.Number), unit: Schema.Number })
    )
    const tool = Tool.make({
      name: "draw",
      description: "",
      parameters: Shape,
      handler: (shape) => Effect.succeed(JSON.stringify(shape))
    })

    it("is declared as one object", () => {
      assert.deepStrictEqual(parametersOf(tool), {
        type: "object",
        properties: {
          kind: { type: "string", enum: ["circle", "box"] },
          radius: { type: "number" },
          unit: { anyOf: [{ type: "string" }, { type: "number" }] },
          sides: { type: "array", items: { type: "number" } }
        },
        required: ["kind"],
        additionalProperties: false
      })
    })

    it.effect("takes each of them, and nothing between", () =>
      Effect.gen(function*() {
        for (const args of [{ kind: "circle", radius: 2 }, { kind: "box", sides: [1], unit: 3 }]) {
          assert.strictEqual(yield* said(tool, args), JSON.stringify(args))
        }
        assert.strictEqual(
          yield* said(tool, { kind: "box", sides: ["1"], unit: "3" }),
          "{\"kind\":\"box\",\"sides\":[1],\"unit\":3}"
        )
        assert.strictEqual(
          yield* said(tool, { kind: "circle", radius: 2, unit: null }),
          "{\"kind\":\"circle\",\"radius\":2}"
        )
        yield* Effect.flip(tool.call({ kind: "circle", sides: [1] }, context))
      }))
  })

  it.effect("dies when its handler breaks its own promise", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(giving(Schema.NonEmptyString, "").call({}, context))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }))

  it.effect("gives details for whoever watches beside the output", () =>
    Effect.gen(function*() {
      const tool = Tool.make({
        name: "t",
        description: "",
        parameters: Schema.Struct({}),
        handler: () => Effect.succeed(new Tool.Result({ output: "text", details: { exit_code: 3 } }))
      })
      const { details, output } = yield* tool.call({}, context)
      assert.strictEqual(output, "text")
      assert.deepStrictEqual(details, { exit_code: 3 })
    }))

  it.effect("gives a list of content items as it is, and any other list as JSON", () =>
    Effect.gen(function*() {
      const image = { type: "input_image", image_url: "data:image/png;base64,AA==" }
      const giving = (value: ReadonlyArray<unknown>) =>
        Tool.make({
          name: "t",
          description: "",
          parameters: Schema.Struct({}),
          handler: () => Effect.succeed(value)
        })
      assert.deepStrictEqual<unknown>(yield* said(giving([image]), {}), [image])
      assert.strictEqual(yield* said(giving([1, 2]), {}), "[1,2]")
    }))

  it.effect("tells the model of a declared failure, encoded", () =>
    Effect.gen(function*() {
      class NotThere extends Schema.TaggedError<NotThere>("effixir/test/tools/Tool.test/NotThere")("NotThere", {
        since: Schema.Date
      }) {}
      const tool = Tool.make({
        name: "t",
        description: "",
        parameters: Schema.Struct({ plain: Schema.Boolean }),
        failure: NotThere,
        handler: ({ plain }) =>
          plain ? new Tool.ToolFailure({ message: "plain" }) : new NotThere({ since: new Date(0) })
      })
      const told = (plain: boolean) => Effect.map(Effect.flip(tool.call({ plain }, context)), ({ message }) => message)
      assert.strictEqual(yield* told(true), "plain")
      assert.deepStrictEqual(JSON.parse(yield* told(false)), { _tag: "NotThere", since: "1970-01-01T00:00:00.000Z" })
    }))

  it.effect("says what a call would do without doing it", () =>
    Effect.gen(function*() {
      let calls = 0
      const tool = Tool.make({
        name: "remove",
        description: "",
        parameters: Schema.Struct({ path: Schema.String }),
        describe: ({ path }) => `removes ${path}`,
        handler: () => Effect.sync(() => String(++calls))
      })
      assert.strictEqual(tool.describe({ path: "a.txt" }), "removes a.txt")
      assert.strictEqual(tool.describe({ path: 7 }), "remove {\"path\":7}")
      assert.isAtMost(tool.describe({ no: "x".repeat(10_000) }).length, 200)
      assert.strictEqual(calls, 0)
      assert.strictEqual(weather.describe({ city: "Ulm" }), "weather {\"city\":\"Ulm\"}")
    }))

  describe("from a JSON Schema", () => {
    const parameters = { properties: { a: { type: "number" } }, required: ["a"], title: "kept" }
    const tool = Tool.fromJsonSchema({
      name: "remote",
      description: "Elsewhere",
      parameters,
      handler: (args) => Effect.succeed(JSON.stringify(args))
    })

    it("is declared with it", () => {
      assert.deepStrictEqual(parametersOf(tool), { ...parameters, type: "object" })
    })

    it("is declared as one object whatever holds it together", () => {
      const declared = (parameters: { readonly [keyword: string]: unknown }) =>
        parametersOf(Tool.fromJsonSchema({ name: "t", description: "", parameters, handler: () => Effect.succeed("") }))
      const [a, b] = [{ type: "string" }, { type: "number" }]
      assert.deepStrictEqual(declared({}), { type: "object", properties: {} })
      assert.deepStrictEqual(declared({ type: "object" }), { type: "object", properties: {} })
      assert.deepStrictEqual(
        declared({ oneOf: [{ properties: { a }, required: ["a"] }, { properties: { b }, required: ["b"] }] }),
        { type: "object", properties: { a, b } }
      )
      assert.deepStrictEqual(
        declared({ description: "d", properties: { a }, required: ["a"], anyOf: [{ required: ["a"] }], not: {} }),
        { description: "d", type: "object", properties: { a }, required: ["a"] }
      )
      assert.deepStrictEqual(
        declared({
          allOf: [{ $ref: "#/$defs/A" }, { type: "object", properties: { b }, required: ["b"] }],
          $defs: { A: { type: "object", properties: { a }, required: ["a"] } }
        }),
        {
          type: "object",
          $defs: { A: { type: "object", properties: { a }, required: ["a"] } },
          properties: { a, b },
          required: ["a", "b"]
        }
      )
      assert.deepStrictEqual(
        declared({ $ref: "#/definitions/A", definitions: { A: { $ref: "#/definitions/A" } } })["properties"],
        {}
      )
    })

    it.effect("takes an object with what is required, and passes it on as it is", () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* said(tool, { b: [1], a: "no number" }), "{\"b\":[1],\"a\":\"no number\"}")
        for (const args of [[], null, "text", 7]) {
          const { message } = yield* Effect.flip(tool.call(args, context))
          assert.match(message, /^Invalid arguments for remote: the arguments as a whole must be an object, not /)
        }
        assert.strictEqual(
          (yield* Effect.flip(tool.call({ b: 1 }, context))).message,
          "Invalid arguments for remote: a is missing"
        )
      }))
  })

  it.effect("takes plain text if it has a grammar", () =>
    Effect.gen(function*() {
      const tool = Tool.freeform({
        name: "shout",
        description: "Shouts",
        syntax: "lark",
        grammar: "start: /.+/",
        handler: (text) => Effect.succeed(text.toUpperCase())
      })
      assert.deepStrictEqual(tool.declaration, {
        type: "custom",
        name: "shout",
        description: "Shouts",
        format: { type: "grammar", syntax: "lark", definition: "start: /.+/" }
      })
      assert.strictEqual(yield* said(tool, "hey"), "HEY")
      assert.match((yield* Effect.flip(tool.call({}, context))).message, /plain text/)
    }))

  it.effect("may be one that the server runs", () =>
    Effect.gen(function*() {
      const tool = Tool.hosted({ type: "web_search", search_context_size: "low" })
      assert.strictEqual(tool.name, "web_search")
      assert.deepStrictEqual(tool.declaration, { type: "web_search", search_context_size: "low" })
      assert.match((yield* Effect.flip(tool.call({}, context))).message, /run by the server/)
    }))
})
