import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import { jsonSchema } from "../../src/internal/jsonSchema.ts"
import { coerce } from "../../src/tools/Coercion.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { call, fail, get, layer, put, succeed } from "./support.ts"

const object = (properties: object, required: ReadonlyArray<string> = Object.keys(properties)) => ({
  type: "object",
  properties,
  required
})
const of = (type: unknown) => object({ a: { type } })

/** What a model has written for a field `a`, and what it is; the same where it could mean something else. */
const written: ReadonlyArray<readonly [schema: { readonly [keyword: string]: unknown }, given: unknown, is: unknown]> =
  [
    [of("integer"), "2", 2],
    [of("integer"), "2.0", 2],
    [of("integer"), "-20", -20],
    [of("integer"), "2.5", "2.5"],
    [of("number"), "2.50", 2.5],
    [of("number"), "100", 100],
    [of("number"), "0", 0],
    [of("number"), "1e3", "1e3"],
    [of("number"), "0x10", "0x10"],
    [of("number"), "007", "007"],
    [of("number"), " 2", " 2"],
    [of("number"), "-0", "-0"],
    [of("number"), "", ""],
    [of("number"), "Infinity", "Infinity"],
    [of("number"), "9007199254740993", "9007199254740993"],
    [of("number"), "0.1000000000000000055", "0.1000000000000000055"],
    [of("number"), true, true],
    [of("boolean"), "true", true],
    [of("boolean"), "false", false],
    [of("boolean"), "True", "True"],
    [of("boolean"), "yes", "yes"],
    [of("boolean"), "1", "1"],
    [of("boolean"), 1, 1],
    [of("string"), 2, 2],
    [of("string"), "2", "2"],
    [of("string"), "true", "true"],
    [of("string"), "{}", "{}"],
    [of(["string", "number"]), "2", "2"],
    [of(["number", "null"]), "2", 2],
    [of(["number", "null"]), null, null],
    [of("number"), null, null],
    [of("array"), "[1]", [1]],
    [of("array"), "{}", "{}"],
    [of("array"), "[1", "[1"],
    [of("object"), " {\"b\":1}", { b: 1 }],
    [of("object"), "[]", "[]"],
    [object({ a: {} }), "2", "2"],
    [object({ a: true }), "2", "2"],
    [object({ a: { enum: [1, 2] } }), "2", 2],
    [object({ a: { enum: [1, 2] } }), "3", 3],
    [object({ a: { enum: ["1", 2] } }), "1", "1"],
    [object({ a: { const: true } }), "true", true],
    [object({ a: { anyOf: [{ type: "number" }, { type: "null" }] } }), "2", 2],
    [object({ a: { oneOf: [{ type: "boolean" }, { type: "number" }] } }), "2", 2],
    [object({ a: { anyOf: [{ type: "number" }, { type: "string" }] } }), "2", "2"],
    [object({ a: { allOf: [{ type: "number" }, { minimum: 1 }] } }), "2", 2],
    [object({ a: { type: "array", items: { type: "number" } } }), ["1", 2, "x"], [1, 2, "x"]],
    [object({ a: { type: "array", items: { type: "number" } } }), "[\"1\"]", [1]],
    [object({ a: { prefixItems: [{ type: "string" }, { type: "number" }], type: "array" } }), ["1", "2"], ["1", 2]],
    [object({ a: object({ b: { type: "number" } }) }), { b: "2" }, { b: 2 }],
    [object({ a: { type: "object", additionalProperties: { type: "number" } } }), { b: "2" }, { b: 2 }],
    [{ ...object({ a: { $ref: "#/$defs/N" } }), $defs: { N: { type: "number" } } }, "2", 2],
    [{ ...object({ a: { $ref: "#/definitions/a~1b" } }), definitions: { "a/b": { type: "number" } } }, "2", 2],
    [{ ...object({ a: { $ref: "#/$defs/N" } }), $defs: { N: { $ref: "#/$defs/N" } } }, "2", "2"],
    [object({ a: { $ref: "https://example.test/schema" } }), "2", "2"],
    [object({ a: { type: "number", nullable: true } }, []), null, null]
  ]

describe("coerce", () => {
  it.each(written)("reads as %j the field %j", (schema, given, is) => {
    assert.deepStrictEqual(coerce(schema, { a: given }), { a: is })
  })

  it("takes null for what may be left out as left out, and nothing else", () => {
    const schema = object({ a: { type: "number" }, b: { type: ["string", "null"] }, c: {} }, [])
    assert.deepStrictEqual(coerce(schema, { a: null, b: null, c: null, d: null }), { b: null, c: null, d: null })
    assert.deepStrictEqual(coerce(object({ a: { type: "number" } }), { a: null }), { a: null })
    assert.deepStrictEqual(coerce(object({ a: schema }), { a: { a: null } }), { a: {} })
  })

  it("reads a string that holds the whole object once more, and once only", () => {
    const schema = of("integer")
    assert.deepStrictEqual(coerce(schema, "{\"a\":\"1\"}"), { a: 1 })
    assert.strictEqual(coerce(schema, JSON.stringify("{\"a\":1}")), JSON.stringify("{\"a\":1}"))
    for (const other of ["[1]", "a", "", 1, null, true]) assert.strictEqual(coerce(schema, other), other)
  })

  it("reads an object as the alternative that it means", () => {
    const shape = {
      anyOf: [
        object({ kind: { enum: ["circle"] }, size: { type: "number" } }),
        object({ kind: { const: "text" }, size: { type: "string" } }),
        object({ id: { type: "integer" } })
      ]
    }
    assert.deepStrictEqual(coerce(shape, { kind: "circle", size: "2" }), { kind: "circle", size: 2 })
    assert.deepStrictEqual(coerce(shape, { kind: "text", size: "2" }), { kind: "text", size: "2" })
    assert.deepStrictEqual(coerce(shape, { id: "2" }), { id: 2 })
    assert.deepStrictEqual(coerce(shape, "{\"id\":\"2\"}"), { id: 2 })
    assert.deepStrictEqual(coerce(shape, "{\"kind\":\"text\",\"size\":\"2\"}"), { kind: "text", size: "2" })
    assert.deepStrictEqual(coerce(shape, { kind: "square", size: "2" }), { kind: "square", size: "2" })
  })

  it("reads the fields beside a union as well", () => {
    const schema = {
      ...object({ a: { type: "number" }, b: {} }, []),
      anyOf: [{ required: ["a"] }, { required: ["b"] }]
    }
    assert.deepStrictEqual(coerce(schema, { a: "2", b: "2" }), { a: 2, b: "2" })
    assert.deepStrictEqual(coerce(schema, "{\"a\":\"2\"}"), { a: 2 })
  })

  it("gives the very same value where there is nothing to change", () => {
    const Deep = Schema.Struct({
      a: Schema.optional(Schema.Number),
      b: Schema.Array(Schema.Union(Schema.Struct({ c: Schema.Boolean }), Schema.String, Schema.Literal(1, 2))),
      d: Schema.NullOr(Schema.Int)
    })
    const values = fc.record({
      a: fc.double({ noNaN: true, noDefaultInfinity: true }),
      b: fc.array(fc.oneof(fc.record({ c: fc.boolean() }), fc.string(), fc.constantFrom(1, 2))),
      d: fc.option(fc.integer())
    }, { requiredKeys: ["b", "d"] })
    const schema = jsonSchema(Deep)
    fc.assert(fc.property(values, (value) => assert.strictEqual(coerce(schema, value), value)))
  })

  it("ends where a schema leads back to itself without a step into the value", () => {
    const self = { $ref: "#" }
    for (
      const schema of [
        { anyOf: [{ allOf: [self] }] },
        { allOf: [self, self] },
        { anyOf: Array.from({ length: 20 }, () => ({ anyOf: Array.from({ length: 20 }, () => self) })) }
      ]
    ) for (const value of [{}, [], "1"]) assert.strictEqual(coerce(schema, value), value)
  })

  it("ends for every schema and every value, and changes nothing twice", () => {
    const { tree: schema } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 4 },
        fc.record({ type: fc.constantFrom("string", "number", "integer", "boolean", "null") }),
        fc.record({ $ref: fc.constantFrom("#", "#/properties/a", "#/none", "") }),
        fc.record({ anyOf: fc.array(tie("tree"), { maxLength: 3 }) }),
        fc.record({ allOf: fc.array(tie("tree"), { maxLength: 3 }) }),
        fc.record({ type: fc.constant("array"), items: tie("tree") }),
        fc.record({ properties: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), tie("tree")) })
      )
    }))
    const value = fc.oneof(fc.jsonValue(), fc.record({ a: fc.jsonValue(), b: fc.constantFrom("1", "true", "[1]") }))
    fc.assert(fc.property(schema as fc.Arbitrary<Record<string, unknown>>, value, (schema, value) => {
      const once = coerce(schema, value)
      // A text in a text would be read again.
      if (!/\\"[[{]/.test(JSON.stringify(value))) assert.deepStrictEqual(coerce(schema, once), once)
    }))
  })
})

describe("a call with arguments in another form", () => {
  it.effect("runs with a built-in tool", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\ntwo\nthree\nfour\n")
      const exact = yield* succeed("read", { path: "a.txt", offset: 2, limit: 2 })
      for (
        const args of [
          { path: "a.txt", offset: "2", limit: "2.0" },
          JSON.stringify({ path: "a.txt", offset: 2, limit: 2 }),
          JSON.stringify({ path: "a.txt", offset: "2", limit: 2 })
        ]
      ) assert.strictEqual(yield* succeed("read", JSON.stringify(args)), exact)
      assert.include(yield* succeed("read", { path: "a.txt", offset: null, limit: null }), "four")
      yield* succeed("edit", { path: "a.txt", old_string: "o", new_string: "0", replace_all: "true" })
      assert.strictEqual(yield* get("a.txt"), "0ne\ntw0\nthree\nf0ur\n")
      assert.include(yield* succeed("bash", { command: "echo hi", timeout_ms: "10000", workdir: null }), "hi")
      yield* succeed("update_plan", { entries: JSON.stringify([{ step: "a", status: "pending" }]) })
    }).pipe(Effect.provide(layer)))

  it.effect("runs with a tool of a host, made of Schemas or of a JSON Schema", () =>
    Effect.gen(function*() {
      const parameters = Schema.Struct({ n: Schema.Int, loud: Schema.optional(Schema.Boolean) })
      const { $schema: _, ...raw } = { ...JSONSchema.make(parameters) }
      const toolkit = Toolkit.make(
        Tool.make({
          name: "made",
          description: "",
          parameters,
          handler: (args) => Effect.succeed(JSON.stringify(args))
        }),
        Tool.fromJsonSchema({
          name: "raw",
          description: "",
          parameters: raw,
          describe: (args) => `raw ${JSON.stringify(args)}`,
          access: ({ n }) => ({ kind: "read", paths: [typeof n] }),
          handler: (args) => Effect.succeed(JSON.stringify(args))
        })
      )
      const executor = ToolExecutor.layer(toolkit)
      for (const name of ["made", "raw"]) {
        const said = (args: unknown) => Effect.provide(succeed(name, JSON.stringify(args)), executor)
        assert.strictEqual(yield* said({ n: "2", loud: "true" }), "{\"n\":2,\"loud\":true}")
        assert.strictEqual(yield* said({ n: "2.0", loud: null }), "{\"n\":2}")
        assert.strictEqual(yield* said("{\"n\":2}"), "{\"n\":2}")
        assert.include(yield* Effect.provide(fail(name, { loud: null }), executor), "n is missing")
      }
      const { access, describe } = yield* Effect.provide(ToolExecutor.ToolExecutor, executor)
      const asked = {
        type: "function_call",
        call_id: "c",
        name: "raw",
        arguments: "\"{\\\"n\\\":\\\"2\\\"}\""
      } as const
      assert.strictEqual(yield* describe(asked), "raw {\"n\":2}")
      assert.deepStrictEqual(yield* access(asked), { kind: "read", paths: ["number"] })
    }))

  it.effect("is told only what stays wrong", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* fail("read", { path: 7, offset: "2", limit: null }),
        "Invalid arguments for read: path must be a string, not the number 7"
      )
    }).pipe(Effect.provide(layer)))

  it.effect("touches what it runs with", () =>
    Effect.gen(function*() {
      const { access, describe, resolve } = yield* ToolExecutor.ToolExecutor
      const inner = { path: "a.txt", limit: "2" }
      const asked = {
        type: "function_call",
        call_id: "c",
        name: "functions.read",
        arguments: JSON.stringify(JSON.stringify(inner))
      } as const
      assert.deepStrictEqual(yield* access(asked), { kind: "read", paths: ["a.txt"] })
      assert.include(yield* describe(asked), "a.txt")
      assert.deepStrictEqual(yield* resolve(asked), {
        ...asked,
        name: "read",
        arguments: "{\"path\":\"a.txt\",\"limit\":2}"
      })
      const exact = { ...asked, name: "read", arguments: "{ \"path\" :\"a.txt\" }" }
      assert.deepStrictEqual(yield* resolve(exact), exact)
      const broken = { ...exact, arguments: "{\"path" }
      assert.deepStrictEqual(yield* resolve(broken), broken)
    }).pipe(Effect.provide(layer)))
})

describe("a name with more than the tool's", () => {
  const names = [
    "functions.bash",
    "default_api:bash",
    "bash<|channel|>json",
    "functions.bash<|constrain|>json",
    "functions.bash:0",
    " bash\n",
    "<bash>"
  ]
  it.effect("is understood", () =>
    Effect.gen(function*() {
      for (const name of names) assert.include(yield* succeed(name, { command: "echo hi" }), "hi", name)
    }).pipe(Effect.provide(layer)))

  it.effect("is not, where it names none or several", () =>
    Effect.gen(function*() {
      for (const name of ["functions.Bash", "mybash", "bash_2", "bash.read", "", ".", "functions."]) {
        assert.match((yield* call(name, { command: "echo hi" })).output, /^There is no tool named /, name)
      }
    }).pipe(Effect.provide(layer)))
})
