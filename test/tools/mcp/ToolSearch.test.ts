import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as McpTool from "../../../src/tools/mcp/McpTool.ts"
import * as ToolSearch from "../../../src/tools/mcp/ToolSearch.ts"
import * as ToolExecutor from "../../../src/tools/ToolExecutor.ts"

const tool = (name: string, description = "Does something") =>
  McpTool.make({
    name: `mcp__hub__${name}`,
    server: "hub",
    listed: { name, title: undefined, description, inputSchema: {}, isReadOnly: true, isDestructive: false },
    version: "1",
    call: () => Effect.succeed({ content: [{ type: "text", text: `${name} ran` }] })
  })

const many = [...Array.from({ length: 300 }, (_, n) => tool(`number_${n}`)), tool("createIssue", "Open a new ticket")]

const executor = Effect.fnUntraced(function*(tools: ReadonlyArray<ReturnType<typeof tool>>, window?: number) {
  const show = yield* ToolSearch.make(window)
  const { declarations, execute } = yield* ToolExecutor.make(show([{ server: "hub", tools }]))
  return {
    names: Effect.map(declarations, (all) => all.map(({ name }) => name)),
    call: (name: string, args: object) =>
      execute(
        { type: "function_call", call_id: "c", name, arguments: JSON.stringify(args) },
        { callId: "c", sessionId: "s", progress: () => Effect.void }
      )
  }
})

describe("Many tools", () => {
  it.effect("are found by words, and can be called from then on", () =>
    Effect.gen(function*() {
      const { call, names } = yield* executor(many)
      assert.deepStrictEqual(yield* names, ["tool_search"])
      for (const query of ["issues", "new ticket", "mcp__hub__createIssue"]) {
        const { output } = yield* call("tool_search", { query, limit: 1 })
        assert.include(String(output), "mcp__hub__createIssue: Open a new ticket")
      }
      assert.deepStrictEqual(yield* names, ["tool_search", "mcp__hub__createIssue"])
      assert.strictEqual((yield* call("mcp__hub__createIssue", {})).output, "createIssue ran")
      assert.include(String((yield* call("tool_search", { query: "weather" })).output), "No tool of hub matches")
      // A session that goes on may call what it found before.
      assert.strictEqual((yield* call("mcp__hub__number_7", {})).output, "number_7 ran")
      assert.include(yield* names, "mcp__hub__number_7")
      assert.notInclude(String((yield* call("no_such", {})).output), "number_8")
    }))

  it.effect("are as many as fit into the window", () =>
    Effect.gen(function*() {
      const few = [tool("one", "x".repeat(900)), tool("two", "x".repeat(900))]
      assert.deepStrictEqual(yield* (yield* executor(few)).names, few.map(({ name }) => name))
      assert.deepStrictEqual(yield* (yield* executor(few, 4000)).names, ["tool_search"])
    }))
})
