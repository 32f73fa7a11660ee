import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { rmSync, symlinkSync, unlinkSync } from "node:fs"
import { outputText, type ToolCall } from "../../../src/responses/ToolCall.ts"
import * as ToolExecutor from "../../../src/tools/ToolExecutor.ts"
import * as FileChange from "../../../src/tools/workspace/FileChange.ts"
import { Workspace } from "../../../src/tools/workspace/Workspace.ts"
import { at, context, get, layer, names, put } from "../support.ts"

const calling = (name: string, args: unknown): ToolCall =>
  typeof args === "string"
    ? { type: "custom_tool_call", call_id: "c", name, input: args }
    : { type: "function_call", call_id: "c", name, arguments: JSON.stringify(args) }

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

const preview = Effect.fnUntraced(function*(name: string, args: unknown) {
  const tools = yield* ToolExecutor.ToolExecutor
  return yield* Effect.flatten(tools.preview(calling(name, args), { sessionId: context.sessionId }))
})

/** Makes a call that somebody has agreed to. */
const carryOut = Effect.fnUntraced(function*(name: string, args: unknown, agreed?: string) {
  const tools = yield* ToolExecutor.ToolExecutor
  const { output, ...result } = yield* tools.execute(calling(name, args), { ...context, agreed })
  return { ...result, output: outputText(output) }
})

/** One call of each tool that changes files, about the same file. */
const ways: ReadonlyArray<readonly [string, unknown]> = [
  ["write", { path: "a.txt", content: "two\n" }],
  ["edit", { path: "a.txt", old_string: "one", new_string: "two" }],
  ["apply_patch", patch("*** Update File: a.txt", "-one", "+two")]
]

describe.each(ways)("a call of %s", (name, args) => {
  it.scoped("changes nothing when it is shown, and does what was shown", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      const { root } = yield* Workspace
      const { changes, digest } = yield* preview(name, args)
      assert.deepStrictEqual(changes, [
        {
          path: "a.txt",
          real: `${root}/a.txt`,
          kind: "edit",
          diff: "@@ -1,1 +1,1 @@\n-one\n+two\n",
          added: 1,
          removed: 1
        }
      ])
      assert.deepStrictEqual([yield* get("a.txt"), (yield* preview(name, args)).digest], ["one\n", digest])
      const result = yield* carryOut(name, args, digest)
      assert.strictEqual(result.status, "completed", result.output)
      assert.deepStrictEqual(FileChange.inDetails(result.details), changes)
      assert.strictEqual(yield* get("a.txt"), "two\n")
    }).pipe(Effect.provide(layer)))

  for (
    const [what, change] of [
      ["has other words now", put("a.txt", "one\nmore\n")],
      ["has other words that are as long", put("a.txt", "one\r")],
      ["is not there any more", Effect.map(at("a.txt"), unlinkSync)],
      [
        "leads to another file now",
        Effect.gen(function*() {
          yield* put("b.txt", "one\n")
          yield* Effect.map(at("a.txt"), unlinkSync)
          symlinkSync("b.txt", yield* at("a.txt"))
        })
      ]
    ] as const
  ) {
    it.scoped(`is refused where the file ${what}, and changes nothing`, () =>
      Effect.gen(function*() {
        yield* put("a.txt", "one\n")
        const { digest } = yield* preview(name, args)
        yield* change
        const before = yield* Effect.option(get("a.txt"))
        const { output, status } = yield* carryOut(name, args, digest)
        assert.strictEqual(status, "failed", output)
        assert.match(
          output,
          /the files have changed since\. No file was changed|no such file|old_string is not in|\ba\.txt/
        )
        assert.deepStrictEqual(yield* Effect.option(get("a.txt")), before)
        assert.deepStrictEqual((yield* names()).filter((name) => name.includes("tmp")), [])
      }).pipe(Effect.provide(layer)))
  }

  it.scoped("is refused where another call was agreed to", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      const { digest } = yield* preview("write", { path: "a.txt", content: "three\n" })
      const { output, status } = yield* carryOut(name, args, digest)
      assert.deepStrictEqual([status, yield* get("a.txt")], ["failed", "one\n"])
      assert.include(output, "What the user agreed to is not what this call would do now")
    }).pipe(Effect.provide(layer)))

  it.scoped("does it all the same where nobody was asked", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      assert.strictEqual((yield* carryOut(name, args)).status, "completed")
      assert.strictEqual(yield* get("a.txt"), "two\n")
    }).pipe(Effect.provide(layer)))
})

describe("a patch of many files", () => {
  const args = patch(
    "*** Update File: a.txt",
    "*** Move to: c.txt",
    "-one",
    "+two",
    "*** Add File: d.txt",
    "+new",
    "*** Delete File: b.txt"
  )

  it.scoped("is shown file by file, and refused as a whole where one of them has changed", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      yield* put("b.txt", "b\n")
      const { changes, digest } = yield* preview("apply_patch", args)
      assert.deepStrictEqual(changes.map(({ from, kind, path }) => [kind, path, from]), [
        ["move", "c.txt", "a.txt"],
        ["create", "d.txt", undefined],
        ["delete", "b.txt", undefined]
      ])
      yield* put("b.txt", "other\n")
      assert.strictEqual((yield* carryOut("apply_patch", args, digest)).status, "failed")
      assert.deepStrictEqual([yield* get("a.txt"), yield* get("b.txt")], ["one\n", "other\n"])
      assert.notInclude(yield* names(), "d.txt")
      yield* put("b.txt", "b\n")
      assert.strictEqual((yield* carryOut("apply_patch", args, digest)).status, "completed")
      assert.deepStrictEqual([yield* get("c.txt"), yield* get("d.txt")], ["two\n", "new\n"])
      assert.notInclude(yield* names(), "a.txt")
      assert.notInclude(yield* names(), "b.txt")
    }).pipe(Effect.provide(layer)))
})

describe("a preview", () => {
  it.scoped("is none of a tool that cannot tell, and fails as the call would", () =>
    Effect.gen(function*() {
      const tools = yield* ToolExecutor.ToolExecutor
      const of = (name: string, args: unknown) => tools.preview(calling(name, args), { sessionId: "s" })
      assert.isTrue(Option.isNone(yield* of("bash", { command: "touch x" })))
      assert.isTrue(Option.isNone(yield* of("no-such-tool", {})))
      yield* put("a.txt", "one\n")
      for (
        const [name, args] of [
          ["edit", { path: "a.txt", old_string: "two", new_string: "three" }],
          ["edit", { path: "a.txt" }],
          ["write", { path: "../outside/x", content: "" }],
          ["write", { path: "link-out/x", content: "" }],
          ["write", { path: "inside", content: "" }],
          ["apply_patch", "no patch"],
          ["apply_patch", patch("*** Delete File: none.txt")]
        ] as const
      ) {
        const said = yield* Effect.flip(of(name, args))
        assert.strictEqual(said.message, (yield* carryOut(name, args)).output)
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps what is too long out of what is kept of it, and says how much that is", () =>
    Effect.gen(function*() {
      const content = Array.from({ length: 5000 }, (_, n) => `line ${n}\n`).join("")
      const { changes } = yield* preview("write", { path: "new.txt", content })
      assert.deepStrictEqual(changes.map(({ added, omitted }) => [added, omitted]), [[5000, undefined]])
      const { details } = yield* carryOut("write", { path: "new.txt", content })
      const [kept] = FileChange.inDetails(details)
      assert.strictEqual((kept?.diff.split("\n").length ?? 0) - 1 + (kept?.omitted ?? 0), 5001)
      assert.isAtMost(JSON.stringify(details).length, 20_000)
      rmSync(yield* at("new.txt"))
    }).pipe(Effect.provide(layer)))

  it.scoped("of files without end is made in time", () =>
    Effect.gen(function*() {
      const before = Array.from({ length: 60_000 }, (_, n) => `${n}\n`).join("")
      yield* put("a.txt", before)
      const content = Array.from({ length: 60_000 }, (_, n) => `${(n * 7919) % 60_000}\n`).join("")
      const [change] = (yield* preview("write", { path: "a.txt", content })).changes
      assert.isAbove(change?.added ?? 0, 50_000)
    }).pipe(Effect.provide(layer)))
})
