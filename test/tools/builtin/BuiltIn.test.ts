import { assert, describe, it } from "@effect/vitest"
import * as BuiltIn from "../../../src/tools/builtin/BuiltIn.ts"
import { contract, type Example } from "../contract.ts"
import { everything } from "../support.ts"

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

/** A new tool gets an example here. */
const examples: Readonly<Record<string, Example>> = {
  read: {
    good: { path: "a.txt", offset: 1, limit: 5 },
    long: { path: "long.txt" },
    leadingTo: (path) => ({ path })
  },
  write: {
    good: { path: "a.txt", content: "x" },
    long: { path: "a/".repeat(9999), content: "" },
    leadingTo: (path) => ({ path, content: "x" })
  },
  edit: {
    good: { path: "a.txt", old_string: "some", new_string: "more", replace_all: false },
    long: { path: "a/".repeat(99_999), old_string: "a", new_string: "b" },
    leadingTo: (path) => ({ path, old_string: "secret", new_string: "x" })
  },
  apply_patch: {
    good: patch("*** Update File: a.txt", "-some text", "+more text"),
    long: patch("*** Update File: long.txt", `-${"€".repeat(10_000)}`, "+x"),
    leadingTo: (path) => patch(`*** Update File: ${path}`, "-secret", "+x")
  },
  bash: {
    good: { command: "cat a.txt", timeout_ms: 60_000, workdir: ".", background: false, tty: false },
    long: { command: "cat long.txt long.txt" },
    leadingTo: (workdir) => ({ command: "touch made", workdir }),
    slow: { command: "sleep 100" }
  },
  process: {
    good: { action: "list", id: "p1", text: "yes", timeout_ms: 1000 },
    long: { action: "read", id: "p".repeat(99_999) }
  },
  grep: {
    good: { pattern: "some", path: ".", glob: "*.txt", ignore_case: true, literal: false, context: 1, limit: 5 },
    long: { pattern: "€", context: 20, limit: 1000 },
    leadingTo: (path) => ({ pattern: "some", path })
  },
  find: {
    good: { pattern: "*.txt", path: ".", limit: 5 },
    long: { pattern: "a/".repeat(99_999) },
    leadingTo: (path) => ({ pattern: "*.txt", path })
  },
  ls: {
    good: { path: ".", limit: 5 },
    long: { path: "a/".repeat(99_999) },
    leadingTo: (path) => ({ path })
  },
  update_plan: {
    good: {
      entries: [{ step: "Look", status: "completed" }, { step: "Act", status: "in_progress" }],
      explanation: "x"
    },
    long: { entries: Array.from({ length: 50_000 }, () => ({ step: "x".repeat(1000), status: "done" })) }
  }
}

describe("A built-in tool", () => {
  const local = [...everything.tools.values()].filter(({ name }) => name !== BuiltIn.webSearch.name)

  it("is under the contract", () => {
    assert.sameMembers(local.map(({ name }) => name), Object.keys(examples))
  })

  for (const tool of local) contract(tool, examples[tool.name] ?? assert.fail(tool.name))
})

describe("The built-in toolkit", () => {
  const names = (options?: BuiltIn.Options) => [...BuiltIn.make(options).tools.keys()]

  it("has one way to change a part of a file, as the model prefers", () => {
    assert.includeMembers(names(), ["read", "write", "edit", "bash", "update_plan"])
    assert.notInclude(names(), "apply_patch")
    assert.include(names({ changes: "apply_patch" }), "apply_patch")
    assert.notInclude(names({ changes: "apply_patch" }), "edit")
    assert.deepStrictEqual([...BuiltIn.toolkit.tools.keys()], names())
  })

  it("searches the web only if it is told to, and then at the server", () => {
    assert.notInclude(names(), "web_search")
    assert.deepStrictEqual(BuiltIn.make({ webSearch: true }).tools.get("web_search")?.declaration, {
      type: "web_search"
    })
  })
})
