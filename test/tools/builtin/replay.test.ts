import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ToolExecutor } from "../../../src/tools/ToolExecutor.ts"
import { context, everything, layer, put } from "../support.ts"

/** What is found of a call that was cut off: its output where it had done its work. */
const found = (name: string, args: unknown) =>
  Effect.flatMap(ToolExecutor, ({ recover }) =>
    recover(
      typeof args === "string"
        ? { type: "custom_tool_call", call_id: "c", name, input: args }
        : { type: "function_call", call_id: "c", name, arguments: JSON.stringify(args) },
      context
    )).pipe(Effect.map((found) => found._tag === "Ended" ? found.result.output : found._tag))

describe("A built-in call that was cut off", () => {
  it("says of each tool whether it may run again", () => {
    const said = Array.from(everything.tools.values(), ({ name, replay }) => [name, typeof replay])
    const of = (kind: string) => said.flatMap(([name, type]) => type === kind ? [name] : [])
    assert.deepStrictEqual(of("function"), ["write", "edit", "apply_patch"])
    // The server runs it.
    assert.deepStrictEqual(of("undefined"), ["web_search"])
    assert.deepStrictEqual(
      Array.from(everything.tools.values()).flatMap(({ name, replay }) => replay === "never" ? [name] : []).toSorted(),
      ["bash", "process"]
    )
  })

  it.effect("write: by the content of the file", () =>
    Effect.gen(function*() {
      const call = found("write", { path: "a.txt", content: "new\n" })
      assert.strictEqual(yield* call, "Again")
      yield* put("a.txt", "old\n")
      assert.strictEqual(yield* call, "Again")
      yield* put("a.txt", "new\n")
      assert.strictEqual(yield* call, "Wrote 4 bytes to a.txt.")
      assert.strictEqual(yield* found("write", { path: "inside", content: "" }), "Unknown")
    }).pipe(Effect.provide(layer)))

  it.effect("edit: by which of the texts is there, whatever its line ends", () =>
    Effect.gen(function*() {
      const call = found("edit", { path: "a.txt", old_string: "one\ntwo", new_string: "three\nfour" })
      yield* put("a.txt", "zero\r\none\r\ntwo\r\n")
      assert.strictEqual(yield* call, "Again")
      yield* put("a.txt", "zero\r\nthree\r\nfour\r\n")
      assert.include(yield* call, "Replaced")
      yield* put("a.txt", "zero\n")
      assert.strictEqual(yield* call, "Unknown")
      // Both before and after, the old text is there.
      yield* put("a.txt", "one\ntwo\n")
      assert.strictEqual(
        yield* found("edit", { path: "a.txt", old_string: "one", new_string: "one\ntwo" }),
        "Unknown"
      )
      assert.strictEqual(yield* found("edit", { path: "none.txt", old_string: "a", new_string: "b" }), "Unknown")
    }).pipe(Effect.provide(layer)))

  it.effect("apply_patch: by whether all its files are as before it, or as after it", () =>
    Effect.gen(function*() {
      const input = [
        "*** Begin Patch",
        "*** Add File: new.txt",
        "+hello",
        "*** Update File: a.txt",
        "@@",
        " one",
        "-two",
        "+2",
        "*** Delete File: old.txt",
        "*** Update File: from.txt",
        "*** Move to: to.txt",
        "*** End Patch"
      ].join("\n")
      const call = found("apply_patch", input)
      yield* Effect.all([put("a.txt", "one\ntwo\n"), put("old.txt", "x"), put("from.txt", "y")])
      assert.strictEqual(yield* call, "Again")
      const { execute } = yield* ToolExecutor
      yield* execute({ type: "custom_tool_call", call_id: "c", name: "apply_patch", input }, context)
      assert.include(yield* call, "A new.txt")
      // One of them is as before.
      yield* put("a.txt", "one\ntwo\n")
      assert.strictEqual(yield* call, "Unknown")
      assert.strictEqual(yield* found("bash", { command: "apply_patch <<'EOF'\n*** Begin Patch\nEOF" }), "Unknown")
    }).pipe(Effect.provide(layer)))
})
