import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { everything, layer } from "./support.ts"

const accessOf = (name: string, args: unknown) =>
  Effect.flatMap(ToolExecutor.ToolExecutor, (executor) =>
    executor.access(
      name === "apply_patch"
        ? { type: "custom_tool_call", call_id: "c", name, input: String(args) }
        : { type: "function_call", call_id: "c", name, arguments: JSON.stringify(args) }
    ))

const patch = `*** Begin Patch
*** Add File: a.txt
+x
*** Update File: b.txt
*** Move to: c.txt
*** Delete File: d.txt
*** End Patch`

const examples: ReadonlyArray<readonly [name: string, args: unknown, access: Tool.Access]> = [
  ["read", { path: "a" }, { kind: "read", paths: ["a"] }],
  ["write", { path: "a", content: "x" }, { kind: "write", paths: ["a"] }],
  ["edit", { path: "a", old_string: "x", new_string: "y" }, { kind: "write", paths: ["a"] }],
  ["apply_patch", patch, { kind: "write", paths: ["a.txt", "b.txt", "c.txt", "d.txt"] }],
  ["bash", { command: "ls", workdir: "src" }, { kind: "run", command: "ls", workdir: "src" }],
  ["grep", { pattern: "x" }, { kind: "read", paths: ["."] }],
  ["find", { pattern: "x", path: "src" }, { kind: "read", paths: ["src"] }],
  ["ls", {}, { kind: "read", paths: ["."] }],
  ["update_plan", { entries: [] }, Tool.nothing],
  ["write", { path: "a" }, Tool.nothing],
  ["apply_patch", "no patch", Tool.nothing],
  ["missing", {}, Tool.nothing]
]

describe("what a call would touch", () => {
  for (const [name, args, access] of examples) {
    it.live(`${name} ${JSON.stringify(args).slice(0, 40)}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* accessOf(name, args), access)
      }).pipe(Effect.provide(layer)))
  }

  it("is told by every built-in tool", () => {
    for (const { access, declaration } of everything.tools.values()) {
      assert.notStrictEqual(access(declaration.type === "custom" ? patch : undefined).kind, "other")
    }
  })

  it.effect("may be anything where a tool does not tell", () => {
    const silent = Tool.make({
      name: "silent",
      description: "",
      parameters: Schema.Struct({}),
      handler: () => Effect.succeed("")
    })
    return Effect.gen(function*() {
      assert.deepStrictEqual(yield* accessOf("silent", {}), { kind: "other" })
      assert.deepStrictEqual(yield* accessOf("silent", null), Tool.nothing)
    }).pipe(Effect.provide(ToolExecutor.layer(Toolkit.make(silent))))
  })
})
