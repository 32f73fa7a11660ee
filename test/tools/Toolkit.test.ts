import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { context } from "./support.ts"

const saying = (name: string, text: string) =>
  Tool.make({ name, description: text, parameters: Schema.Struct({}), handler: () => Effect.succeed(text) })

const names = (toolkit: Toolkit.Toolkit) => [...toolkit.tools.keys()]

describe("Toolkit", () => {
  it("keeps its tools in order", () => {
    assert.deepStrictEqual(names(Toolkit.make(saying("b", "1"), saying("a", "2"))), ["b", "a"])
    assert.deepStrictEqual(names(Toolkit.empty), [])
  })

  it.effect("merges, and lets the second one's tool count", () =>
    Effect.gen(function*() {
      const one = Toolkit.make(saying("a", "first"), saying("b", "first"))
      const both = Toolkit.merge(one, Toolkit.make(saying("c", "second"), saying("a", "second")))
      assert.deepStrictEqual(names(both), ["a", "b", "c"])
      assert.strictEqual(yield* both.tools.get("a")?.call({}, context) ?? Effect.succeed(""), "second")
      assert.deepStrictEqual(names(one), ["a", "b"])
      assert.deepStrictEqual(names(Toolkit.merge(Toolkit.empty, one)), ["a", "b"])
    }))
})
