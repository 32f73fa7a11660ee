import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ToolCall } from "../../../src/responses/ToolCall.ts"
import { ToolExecutor } from "../../../src/tools/ToolExecutor.ts"
import * as FileChange from "../../../src/tools/workspace/FileChange.ts"
import { at, context, everything, get, layer, names, put } from "../support.ts"

const callOf = (name: string, args: unknown): ToolCall =>
  typeof args === "string"
    ? { type: "custom_tool_call", call_id: "c", name, input: args }
    : { type: "function_call", call_id: "c", name, arguments: JSON.stringify(args) }

/** What is found of a call that was cut off, after it had begun and `since` has happened: its output where it is done. */
const found = <E, R>(call: ToolCall, since: Effect.Effect<unknown, E, R>) =>
  Effect.gen(function*() {
    const { intent, recover } = yield* ToolExecutor
    const begun = yield* intent(call, context)
    yield* since
    const found = yield* recover(call, { ...context, intent: begun })
    return found._tag === "Ended" ? found.result.output : found._tag
  })

/** The call does its work. */
const ran = (call: ToolCall) =>
  Effect.flatMap(
    ToolExecutor,
    ({ execute }) =>
      Effect.tap(execute(call, context), ({ output, status }) =>
        Effect.sync(() => assert.strictEqual(status, "completed", String(output))))
  )

const nothing = Effect.void

const remove = (path: string) =>
  Effect.flatMap(at(path), (file) => Effect.flatMap(FileSystem.FileSystem, (fs) => fs.remove(file)))

const patch = (...lines: ReadonlyArray<string>) =>
  callOf("apply_patch", ["*** Begin Patch", ...lines, "*** End Patch"].join("\n"))

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

  it.effect("write: by the versions of the file", () =>
    Effect.gen(function*() {
      const call = callOf("write", { path: "a.txt", content: "new\n" })
      assert.strictEqual(yield* found(call, nothing), "Again")
      assert.strictEqual(yield* found(call, ran(call)), "Wrote 4 bytes to a.txt.")
      yield* put("a.txt", "old\n")
      assert.strictEqual(yield* found(call, nothing), "Again")
      assert.strictEqual(yield* found(call, ran(call)), "Wrote 4 bytes to a.txt.")
      assert.strictEqual(yield* found(callOf("write", { path: "inside", content: "" }), nothing), "Unknown")
    }).pipe(Effect.provide(layer)))

  it.effect("never runs again over what somebody has done since", () =>
    Effect.gen(function*() {
      const write = callOf("write", { path: "a.txt", content: "new\n" })
      const add = patch("*** Add File: b.txt", "+new")
      const edit = callOf("edit", { path: "c.txt", old_string: "one", new_string: "two" })
      yield* put("c.txt", "one\n")
      for (const [call, path] of [[write, "a.txt"], [add, "b.txt"], [edit, "c.txt"]] as const) {
        const later = Effect.zipRight(ran(call), put(path, "the work of a person, with one\n"))
        assert.strictEqual(yield* found(call, later), "Unknown")
      }
      // A file that was there before, and is deleted after the call.
      const gone = Effect.zipRight(ran(write), remove("a.txt"))
      assert.strictEqual(yield* found(write, gone), "Unknown")
    }).pipe(Effect.provide(layer)))

  it.effect("edit: by the versions of the file, whatever its texts", () =>
    Effect.gen(function*() {
      for (
        const [path, text, old_string, new_string] of [
          ["a.txt", "zero\r\none\r\ntwo\r\n", "one\ntwo", "three\nfour"],
          ["b.txt", "gone\nstays\n", "gone\n", ""],
          ["c.txt", "one\ntwo\n", "one", "one\ntwo"],
          ["d.txt", "say \u201Chello\u201D\nfoo\n", "say \"hello\"", "foo"]
        ] as const
      ) {
        const call = callOf("edit", { path, old_string, new_string })
        yield* put(path, text)
        assert.strictEqual(yield* found(call, nothing), "Again", text)
        assert.strictEqual(yield* found(call, ran(call)), `Replaced old_string by new_string in ${path}.`, text)
      }
    }).pipe(Effect.provide(layer)))

  it.effect("does not count as done what never was", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "return null\nfoo\n")
      yield* put("to.txt", "z\n")
      for (
        const call of [
          callOf("edit", { path: "a.txt", old_string: "not in the file", new_string: "return null" }),
          callOf("edit", { path: "none.txt", old_string: "a", new_string: "b" }),
          patch("*** Update File: a.txt", "@@", " return null", "-bar", "+foo"),
          patch("*** Delete File: none.txt"),
          patch("*** Update File: none.txt", "*** Move to: to.txt", "@@", "-a", "+b"),
          callOf("bash", { command: "apply_patch <<'EOF'\n*** Begin Patch\nEOF" })
        ]
      ) assert.strictEqual(yield* found(call, nothing), "Unknown", JSON.stringify(call))
      assert.strictEqual(yield* get("a.txt"), "return null\nfoo\n")
    }).pipe(Effect.provide(layer)))

  it.effect("is unknown where the log does not say what it was about to do", () =>
    Effect.gen(function*() {
      const { recover } = yield* ToolExecutor
      yield* put("a.txt", "new\n")
      const call = callOf("write", { path: "a.txt", content: "new\n" })
      assert.deepStrictEqual(yield* recover(call, context), { _tag: "Unknown" })
      const elsewhere = [{ path: "../outside/secret.txt", before: "absent", after: "absent" }]
      assert.deepStrictEqual(yield* recover(call, { ...context, intent: elsewhere }), { _tag: "Unknown" })
    }).pipe(Effect.provide(layer)))

  it.effect("apply_patch: by whether all its files are as before it, or as after it", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const call = patch(
        "*** Add File: new.txt",
        "+hello",
        "*** Update File: a.txt",
        "@@",
        " one",
        "-two",
        "+2",
        "*** Delete File: old.txt",
        "*** Delete File: dangling",
        "*** Update File: from.txt",
        "*** Move to: to.txt"
      )
      yield* Effect.all([put("a.txt", "one\ntwo\n"), put("old.txt", "x"), put("from.txt", "y")])
      yield* fs.symlink("nowhere", yield* at("dangling"))
      const { intent, recover } = yield* ToolExecutor
      const begun = yield* intent(call, context)
      const recovered = recover(call, { ...context, intent: begun })
      assert.deepStrictEqual(yield* recovered, { _tag: "Again" })
      yield* ran(call)
      assert.notInclude(yield* names(), "dangling")
      const ended = yield* recovered
      if (ended._tag !== "Ended") return assert.fail(ended._tag)
      assert.include(ended.result.output, "A new.txt")
      const changes = FileChange.inDetails(ended.result.details)
      assert.deepStrictEqual(changes.map(({ added, kind, path }) => [path, kind, added]).toSorted(), [
        ["a.txt", "edit", 0],
        ["dangling", "delete", 0],
        ["from.txt", "delete", 0],
        ["new.txt", "create", 1],
        ["old.txt", "delete", 0],
        ["to.txt", "create", 1]
      ])
      assert.match(changes.find(({ path }) => path === "a.txt")?.note ?? "", /not known/)
      // One of them is as before.
      yield* put("a.txt", "one\ntwo\n")
      assert.deepStrictEqual(yield* recovered, { _tag: "Unknown" })
    }).pipe(Effect.provide(layer)))
})
