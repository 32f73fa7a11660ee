import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { jsonSchema } from "../../src/internal/jsonSchema.ts"
import { isInStrictSubset } from "../../src/internal/strictSchema.ts"

type Json = { readonly [keyword: string]: unknown }

const root = (a: Json, more: Json = {}): Json => ({
  type: "object",
  properties: { a },
  required: ["a"],
  additionalProperties: false,
  ...more
})

/** Keyword by keyword, what OpenAI documents for `strict: true`: whether a field `a` with it is taken. */
const keywords: ReadonlyArray<readonly [isTaken: boolean, keyword: string, field: Json]> = [
  [true, "type string", { type: "string" }],
  [true, "type number", { type: "number" }],
  [true, "type integer", { type: "integer" }],
  [true, "type boolean", { type: "boolean" }],
  [true, "type null", { type: "null" }],
  [true, "type array", { type: "array", items: { type: "string" } }],
  [true, "type object", root({ type: "string" })],
  [true, "types in a list", { type: ["string", "null"] }],
  [true, "description", { type: "string", description: "a name" }],
  [true, "title", { type: "string", title: "Name" }],
  [true, "enum", { type: "string", enum: ["a", "b"] }],
  [true, "const", { type: "string", const: "a" }],
  [true, "anyOf", { anyOf: [{ type: "string" }, { type: "null" }] }],
  [true, "$ref to the root", { $ref: "#" }],
  [true, "pattern", { type: "string", pattern: "^a$" }],
  ...["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"].map((format) =>
    [true, `format ${format}`, { type: "string", format }] as const
  ),
  [true, "multipleOf", { type: "number", multipleOf: 2 }],
  [true, "maximum", { type: "integer", maximum: 2 }],
  [true, "exclusiveMaximum", { type: "number", exclusiveMaximum: 2 }],
  [true, "minimum", { type: "number", minimum: 2 }],
  [true, "exclusiveMinimum", { type: "number", exclusiveMinimum: 2 }],
  [true, "minItems", { type: "array", items: { type: "string" }, minItems: 1 }],
  [true, "maxItems", { type: "array", items: { type: "string" }, maxItems: 1 }],

  [false, "no type", {}],
  [false, "no type beside enum", { enum: ["a"] }],
  [false, "unknown type", { type: "file" }],
  [false, "minLength", { type: "string", minLength: 1 }],
  [false, "maxLength", { type: "string", maxLength: 1 }],
  [false, "format uri", { type: "string", format: "uri" }],
  [false, "contentEncoding", { type: "string", contentEncoding: "base64" }],
  [false, "default", { type: "string", default: "a" }],
  [false, "examples", { type: "string", examples: ["a"] }],
  [false, "$comment", { type: "string", $comment: "a" }],
  [false, "pattern of a number", { type: "number", pattern: "a" }],
  [false, "minimum of a string", { type: "string", minimum: 1 }],
  [false, "no items", { type: "array" }],
  [false, "items in a list", { type: "array", items: [{ type: "string" }] }],
  [false, "prefixItems", { type: "array", items: { type: "string" }, prefixItems: [{ type: "string" }] }],
  [false, "uniqueItems", { type: "array", items: { type: "string" }, uniqueItems: true }],
  [false, "contains", { type: "array", items: { type: "string" }, contains: { type: "string" } }],
  [false, "minContains", { type: "array", items: { type: "string" }, minContains: 1 }],
  [false, "unevaluatedItems", { type: "array", items: { type: "string" }, unevaluatedItems: false }],
  [false, "oneOf", { oneOf: [{ type: "string" }, { type: "null" }] }],
  [false, "allOf", { allOf: [{ type: "string" }] }],
  [false, "not", { type: "string", not: { type: "null" } }],
  [false, "if", { type: "string", if: {}, then: {}, else: {} }],
  [false, "words beside $ref", { $ref: "#", description: "a" }],
  [false, "an open object", { type: "object", properties: {}, required: [] }],
  [false, "a dictionary", { type: "object", properties: {}, required: [], additionalProperties: { type: "string" } }],
  [false, "a field that may be left out", { ...root({ type: "string" }), required: [] }],
  [false, "patternProperties", { ...root({ type: "string" }), patternProperties: {} }],
  [false, "unevaluatedProperties", { ...root({ type: "string" }), unevaluatedProperties: false }],
  [false, "propertyNames", { ...root({ type: "string" }), propertyNames: {} }],
  [false, "minProperties", { ...root({ type: "string" }), minProperties: 1 }],
  [false, "maxProperties", { ...root({ type: "string" }), maxProperties: 1 }],
  [false, "dependentRequired", { ...root({ type: "string" }), dependentRequired: {} }],
  [false, "dependentSchemas", { ...root({ type: "string" }), dependentSchemas: {} }]
]

describe("isInStrictSubset", () => {
  it.each(keywords)("is %s for %s", (isTaken, _, field) => {
    assert.strictEqual(isInStrictSubset(root(field)), isTaken)
    // Wherever it stands.
    assert.strictEqual(isInStrictSubset(root({ type: "array", items: field })), isTaken)
    assert.strictEqual(isInStrictSubset(root({ anyOf: [{ type: "null" }, field] })), isTaken)
    assert.strictEqual(isInStrictSubset(root({ $ref: "#/$defs/D" }, { $defs: { D: field } })), isTaken)
    assert.strictEqual(isInStrictSubset(root(root(field))), isTaken)
  })

  it("asks for an object at the root", () => {
    assert.isFalse(isInStrictSubset({ type: "string" }))
    assert.isFalse(isInStrictSubset({ anyOf: [root({ type: "string" })] }))
    assert.isFalse(isInStrictSubset(root({ type: "string" }, { anyOf: [] })))
    assert.isFalse(isInStrictSubset({}))
  })

  it("knows the limits", () => {
    const deep = (levels: number): Json => levels === 1 ? root({ type: "string" }) : root(deep(levels - 1))
    assert.deepStrictEqual([deep(10), deep(11)].map(isInStrictSubset), [true, false])
    const wide = (n: number): Json => {
      const names = Array.from({ length: n }, (_, i) => `f${i}`)
      return {
        type: "object",
        properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
        required: names,
        additionalProperties: false
      }
    }
    assert.deepStrictEqual([wide(5000), wide(5001)].map(isInStrictSubset), [true, false])
    const words = (n: number, length: number) =>
      root({ type: "string", enum: Array.from({ length: n }, (_, i) => String(i).padStart(length, "x")) })
    assert.deepStrictEqual(
      [words(1000, 4), words(1001, 4), words(251, 60), words(250, 60), words(200, 601)].map(isInStrictSubset),
      [true, false, false, true, false]
    )
  })

  it("is right about schemas as they are written", () => {
    const closed = Schema.Struct({
      city: Schema.String,
      degrees: Schema.NullOr(Schema.Number.pipe(Schema.between(-90, 60))),
      kind: Schema.Literal("sun", "rain"),
      days: Schema.Array(Schema.Struct({ day: Schema.Int }))
    })
    assert.isTrue(isInStrictSubset(jsonSchema(closed)))
    for (
      const field of [
        Schema.NonEmptyString,
        Schema.Unknown,
        Schema.Record({ key: Schema.String, value: Schema.Number }),
        Schema.Tuple(Schema.String, Schema.Number),
        Schema.Struct({ a: Schema.optional(Schema.String) })
      ]
    ) assert.isFalse(isInStrictSubset(jsonSchema(Schema.Struct({ field }))))
  })
})
