import { assert, describe, it } from "@effect/vitest"
import * as ToolSchemas from "../../../src/tools/mcp/ToolSchemas.ts"

describe("The schema of a server's tool", () => {
  it("keeps the definitions that it refers to, and those that these refer to", () => {
    const { $defs, ...rest } = ToolSchemas.clean({
      $schema: "https://json-schema.org/draft/2020-12/schema",
      type: "object",
      properties: { tree: { $ref: "#/$defs/Tree" }, lost: { $ref: "#/$defs/Lost" }, far: { $ref: "https://a.b/c" } },
      $defs: {
        Tree: { type: "object", properties: { leaf: { $ref: "#/$defs/Leaf" }, trees: { type: "array" } } },
        Leaf: { type: "string" },
        Unused: { type: "string" }
      }
    })
    assert.deepStrictEqual(rest, {
      type: "object",
      properties: { tree: { $ref: "#/$defs/Tree" }, lost: {}, far: {} }
    })
    assert.deepStrictEqual($defs, {
      Tree: {
        type: "object",
        properties: { leaf: { $ref: "#/$defs/Leaf" }, trees: { type: "array", items: {} } }
      },
      Leaf: { type: "string" }
    })
  })

  it("has properties and items wherever servers of models want them", () => {
    assert.deepStrictEqual(
      ToolSchemas.clean({ properties: { a: { type: ["array", "null"] }, b: { type: "object" } } }),
      {
        type: "object",
        properties: { a: { type: ["array", "null"], items: {} }, b: { type: "object", properties: {} } }
      }
    )
    for (const given of [undefined, true, "lies", { type: "string" }, { type: "object", properties: "none" }]) {
      assert.deepStrictEqual(ToolSchemas.clean(given), { type: "object", properties: {} })
    }
  })

  it("leaves properties alone that are named as keywords are", () => {
    const properties = { $schema: { type: "string" }, type: { type: "string" }, description: { type: "string" } }
    assert.deepStrictEqual(ToolSchemas.clean({ type: "object", properties }), { type: "object", properties })
  })

  it("is described in so many words", () => {
    const { description } = ToolSchemas.clean({ type: "object", description: "x".repeat(5000) })
    assert.strictEqual(String(description).length, 1024)
  })
})
