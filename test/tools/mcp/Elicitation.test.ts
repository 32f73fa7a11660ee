import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as Elicitation from "../../../src/tools/mcp/Elicitation.ts"

const formOf = (properties: object, required: ReadonlyArray<string> = []) =>
  Elicitation.formOf("one", { message: "m", requestedSchema: { type: "object", properties, required } })

const kindOf = (property: object) => {
  const kind = formOf({ it: property })?.fields[0]?.kind
  assert.isDefined(kind)
  return kind
}

const read = (property: object, typed: string) => Either.merge(Elicitation.read(kindOf(property), typed))

describe("A field", () => {
  it("takes what its schema says, and says what it takes", () => {
    assert.strictEqual(read({ type: "string" }, "  a b "), "a b")
    assert.strictEqual(
      read({ type: "string", minLength: 3, maxLength: 4 }, "ab"),
      "a text of 3 characters or more, and 4 at most"
    )
    assert.strictEqual(read({ type: "string", minLength: 3 }, "\u{1F44D}\u{1F44D}"), "a text of 3 characters or more")
    assert.strictEqual(read({ type: "string", format: "email" }, "me"), "an email address")
    assert.strictEqual(read({ type: "string", format: "email" }, "me@here"), "me@here")
    assert.strictEqual(read({ type: "string", format: "date" }, "2026-02-30x"), "a date such as 2026-01-31")
    assert.strictEqual(read({ type: "string", format: "uri" }, "here"), "an address such as https://example.com")
    assert.strictEqual(read({ type: "integer", minimum: 1, maximum: 9 }, "1.5"), "a whole number from 1 to 9")
    assert.strictEqual(read({ type: "integer", minimum: 1, maximum: 9 }, "10"), "a whole number from 1 to 9")
    assert.strictEqual(read({ type: "integer", minimum: 1 }, " 7"), 7)
    assert.strictEqual(read({ type: "number" }, "3.5"), 3.5)
    assert.strictEqual(read({ type: "number" }, ""), "a number")
    assert.strictEqual(read({ type: "number" }, "Infinity"), "a number")
    assert.strictEqual(read({ type: "boolean" }, "Y"), true)
    assert.strictEqual(read({ type: "boolean" }, "perhaps"), "yes or no")
  })

  it("may be a choice, by number, title or value", () => {
    const one = { type: "string", oneOf: [{ const: "a", title: "First" }, { const: "b", title: "Second" }] }
    assert.deepStrictEqual(["1", "Second", "b"].map((typed) => read(one, typed)), ["a", "b", "b"])
    assert.strictEqual(read(one, "3"), "the number of a choice, 1 to 2")
    // A number is the one that is shown, whatever the values are.
    assert.strictEqual(read({ type: "string", enum: ["10", "5", "1"] }, "1"), "10")
    const many = { type: "array", items: { type: "string", enum: ["a", "b", "c"] }, minItems: 1, maxItems: 2 }
    assert.deepStrictEqual(read(many, "1, c, 1"), ["a", "c"])
    assert.strictEqual(read(many, "1,2,3"), "numbers of choices, with commas from 1 to 2")
    assert.strictEqual(read(many, "1,z"), "numbers of choices, with commas from 1 to 2")
    assert.strictEqual(read(many, ""), "numbers of choices, with commas from 1 to 2")
  })

  it("has a default only where it would take it", () => {
    const usual = (property: object) => formOf({ it: property })?.fields[0]?.usual
    assert.strictEqual(usual({ type: "integer", default: 42 }), "42")
    assert.strictEqual(usual({ type: "integer", maximum: 3, default: 42 }), "")
    assert.strictEqual(usual({ type: "boolean", default: false }), "no")
    assert.strictEqual(usual({ type: "array", items: { enum: ["a", "b"] }, default: ["b"] }), "2")
  })
})

describe("A form", () => {
  it("that cannot be asked, or that nobody would read, is none", () => {
    assert.isUndefined(formOf({ it: { type: "object", properties: {} } }))
    assert.isUndefined(formOf(Object.fromEntries(Array.from({ length: 31 }, (_, n) => [`f${n}`, { type: "string" }]))))
    assert.isUndefined(formOf({ it: { type: "string", enum: Array.from({ length: 101 }, (_, n) => `${n}`) } }))
    assert.isUndefined(formOf({ ["n".repeat(101)]: { type: "string" } }))
    assert.isUndefined(Elicitation.formOf("one", { message: "m" }))
    assert.isUndefined(Elicitation.formOf("one", undefined))
    assert.deepStrictEqual(formOf({})?.fields, [])
  })

  it("names the field of an answer that does not fit", () => {
    const form = formOf({ city: { type: "string", minLength: 3 }, days: { type: "integer" } }, ["city"])
    assert.isDefined(form)
    const valuesOf = (content: { readonly [name: string]: unknown }) =>
      Either.merge(Elicitation.valuesOf(form, content))
    assert.deepStrictEqual(valuesOf({ city: "Oslo", days: 3 }), { city: "Oslo", days: 3 })
    assert.deepStrictEqual(valuesOf({ city: "Oslo" }), { city: "Oslo" })
    assert.strictEqual(valuesOf({ days: 3 }), "the field \"city\" wants a text of 3 characters or more")
    assert.strictEqual(valuesOf({ city: "Oslo", days: "3" }), "the field \"days\" wants a whole number")
    assert.strictEqual(valuesOf({ city: "Oslo", more: 1 }), "the form has no field \"more\"")
  })

  it("keeps its fields as a schema, whatever they are called", () => {
    const form = formOf(JSON.parse("{\"__proto__\": {\"type\": \"string\"}}") as object, ["__proto__"])
    assert.isDefined(form)
    assert.deepStrictEqual(Object.keys(Elicitation.schemaOf(form).properties), ["__proto__"])
    const values = Either.merge(Elicitation.valuesOf(form, Object.fromEntries([["__proto__", "x"]])))
    assert.deepStrictEqual(Object.entries(values), [["__proto__", "x"]])
    assert.deepStrictEqual(
      Elicitation.formOf("one", { message: "m", requestedSchema: Elicitation.schemaOf(form) }),
      form
    )
  })
})

describe("A page", () => {
  const pageOf = (url: string, mode = "url") =>
    Elicitation.pageOf("one", { mode, url, message: "m", elicitationId: "e" })
  it("is of the web, and says where it leads", () => {
    assert.strictEqual(pageOf("https://example.com@evil.example/x")?.host, "evil.example")
    assert.strictEqual(pageOf("https://\u0435xample.com/")?.host, "xn--xample-2of.com")
    for (
      const url of [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "vscode://x",
        "nowhere",
        `https://a/${"x".repeat(3000)}`
      ]
    ) {
      assert.isUndefined(pageOf(url), url)
    }
    assert.isUndefined(pageOf("https://example.com", "form"))
  })
})
