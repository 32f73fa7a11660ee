import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fail, layer } from "./support.ts"

/** A call of each built-in tool that cannot be made, and what the model is told of it. */
const calls: ReadonlyArray<readonly [tool: string, args: unknown, told: string]> = [
  ["read", { path: 7 }, "path must be a string, not the number 7"],
  ["read", { path: "a", offset: 0 }, "offset must be a whole number of at least 1, not the number 0"],
  ["read", { path: "a", limit: 1.5 }, "limit must be a whole number of at least 1, not the number 1.5"],
  [
    "read",
    { file_path: "a" },
    "there is no argument file_path; the arguments can be path, offset, limit; path is missing; it must be a string"
  ],
  ["read", null, "the arguments as a whole must be an object with path, not null"],
  ["write", { path: "a" }, "content is missing; it must be a string"],
  ["write", { path: "a", content: { a: 1 } }, "content must be a string, not an object"],
  [
    "edit",
    { path: "a", old_string: "b", new_string: ["c"], replace_all: "yes" },
    "new_string must be a string, not a list; replace_all must be true or false, not the string \"yes\""
  ],
  [
    "bash",
    { command: "ls", timeout_ms: "x".repeat(100) },
    `timeout_ms must be a whole number from 1 to 3600000, not the string "${"x".repeat(40)}…"`
  ],
  ["bash", { command: "ls", timeout_ms: -1 }, "timeout_ms must be a whole number from 1 to 3600000, not the number -1"],
  ["bash", { command: "ls", workdir: false }, "workdir must be a string, not false"],
  ["grep", { pattern: "a", context: 21 }, "context must be a whole number from 0 to 20, not the number 21"],
  ["grep", { pattern: "a", ignore_case: "" }, "ignore_case must be true or false, not an empty string"],
  ["find", {}, "pattern is missing; it must be a string"],
  ["ls", [], "the arguments as a whole must be an object, not an empty list"],
  ["ls", { limit: {} }, "limit must be a whole number from 1 to 2000, not an object"],
  ["update_plan", { entries: "none" }, "entries must be a list of at most 50 elements, not the string \"none\""],
  [
    "update_plan",
    { entries: [{ step: "a", status: "pending" }, { step: "b", status: "done" }] },
    "entries[1].status must be one of \"pending\", \"in_progress\", \"completed\", not the string \"done\""
  ]
]

describe("Arguments that do not fit", () => {
  for (const [tool, args, told] of calls) {
    it.effect(`of ${tool} are told in plain words: ${told.slice(0, 60)}`, () =>
      Effect.gen(function*() {
        assert.strictEqual(yield* fail(tool, args), `Invalid arguments for ${tool}: ${told}`)
      }).pipe(Effect.provide(layer)))
  }

  it.effect("are told in a few lines, however many they are", () =>
    Effect.gen(function*() {
      const told = yield* fail("update_plan", { entries: Array.from({ length: 20 }, () => 1) })
      assert.match(told, /; and 12 more$/)
      assert.isBelow(told.length, 1000)
    }).pipe(Effect.provide(layer)))
})
