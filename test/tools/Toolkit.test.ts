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
      assert.strictEqual((yield* both.tools.get("a")?.call({}, context) ?? Effect.die("gone")).output, "second")
      assert.deepStrictEqual(names(one), ["a", "b"])
      assert.deepStrictEqual(names(Toolkit.merge(Toolkit.empty, one)), ["a", "b"])
    }))

  it("is filtered, by name or otherwise, and keeps its order", () => {
    const abc = Toolkit.make(saying("a", ""), saying("b", ""), saying("c", ""))
    assert.deepStrictEqual(names(Toolkit.pick(abc, "c", "a", "nope")), ["a", "c"])
    assert.deepStrictEqual(names(Toolkit.omit(abc, "b", "nope")), ["a", "c"])
    assert.deepStrictEqual(names(Toolkit.filter(abc, ({ name }) => name > "a")), ["b", "c"])
    assert.deepStrictEqual(names(abc), ["a", "b", "c"])
  })

  it("refuses what servers refuse, with a sentence for its author", () => {
    for (const name of ["", "a b", "a.b", "größe", "a\n", "x".repeat(65)]) {
      assert.throws(
        () => Toolkit.make(saying("ok", ""), saying(name, "")),
        `a tool is named ${JSON.stringify(name)}, but`
      )
    }
    assert.throws(() => Toolkit.make(saying("a", "1"), saying("b", ""), saying("a", "2")), "two tools are named \"a\"")
    const text = Tool.make({
      name: "text",
      description: "",
      parameters: Schema.String,
      handler: () => Effect.succeed("")
    })
    assert.throws(() => Toolkit.make(text), "the parameters of \"text\" are no object")
    assert.deepStrictEqual(names(Toolkit.make(saying("x".repeat(64), ""), saying("A_b-9", ""))), [
      "x".repeat(64),
      "A_b-9"
    ])
  })
})
