import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as McpTool from "../../../src/tools/mcp/McpTool.ts"
import * as Permission from "../../../src/tools/permission/Permission.ts"
import * as Policy from "../../../src/tools/permission/Policy.ts"
import type * as Tool from "../../../src/tools/Tool.ts"
import { layerWorkspace } from "../support.ts"

const [listed] = McpTool.listedIn({ tools: [{ name: "drop", inputSchema: { type: "object" } }] })

const make = (version: string, options: Partial<McpTool.Listed> = {}) => {
  assert.isDefined(listed)
  return McpTool.make({
    name: "mcp__db__drop",
    server: "db",
    listed: { ...listed, ...options },
    version,
    call: () => Effect.succeed({ content: [{ type: "text", text: "dropped" }] })
  })
}

const decide = (tool: Tool.Tool, args: object = {}) =>
  Effect.flatMap(
    Permission.Permission,
    ({ decide }) =>
      decide({ sessionId: "s", tool: tool.name, access: tool.access(args), describe: tool.describe(args) })
  )

/** Says "always" to a question. */
const always = (tool: Tool.Tool, args: object = {}) =>
  Effect.gen(function*() {
    const { remember } = yield* Permission.Permission
    const decision = yield* decide(tool, args)
    assert.strictEqual(decision._tag, "Ask")
    if (decision._tag === "Ask") yield* remember("s", decision.scopes[0]?.grants ?? [])
  })

describe("A tool of a server", () => {
  it.effect("is asked about again when its description has changed", () =>
    Effect.gen(function*() {
      yield* always(make("1"))
      assert.strictEqual((yield* decide(make("1"), { table: "users" }))._tag, "Allow")
      assert.strictEqual((yield* decide(make("2")))._tag, "Ask")
    }).pipe(Effect.provide(Permission.layerAsk), Effect.provide(layerWorkspace)))

  it.effect("that says that it destroys is asked about for each other call", () =>
    Effect.gen(function*() {
      const tool = make("1", { isDestructive: true })
      yield* always(tool, { table: "a" })
      assert.strictEqual((yield* decide(tool, { table: "a" }))._tag, "Allow")
      assert.strictEqual((yield* decide(tool, { table: "b" }))._tag, "Ask")
    }).pipe(Effect.provide(Permission.layerAsk), Effect.provide(layerWorkspace)))

  it.effect("is refused in read-only mode whatever it says of itself, unless a rule allows it", () =>
    Effect.gen(function*() {
      const tool = make("1", { isReadOnly: true })
      const refused = yield* Effect.provide(decide(tool), Permission.layerReadOnly)
      assert.strictEqual(refused._tag, "Deny")
      const rules = JSON.stringify({ rules: [{ decision: "allow", tool: "mcp__db__*" }] })
      const policy = yield* Policy.fromText(rules, "p.json")
      const allowed = yield* Effect.provide(decide(tool), Permission.layerPolicy(policy, "read-only"))
      assert.strictEqual(allowed._tag, "Allow")
    }).pipe(Effect.provide(layerWorkspace)))

  it("is left out where it cannot be used, and the others are not", () => {
    const names = McpTool.listedIn({
      tools: [
        { name: "good", inputSchema: { type: "object" } },
        { name: "liar", inputSchema: "none", annotations: 7 },
        { name: 7 },
        null,
        { name: "task", inputSchema: {}, execution: { taskSupport: "required" } },
        { name: "huge", inputSchema: { type: "object", description: "x".repeat(100_000) } }
      ]
    }).map(({ name }) => name)
    assert.deepStrictEqual(names, ["good", "liar"])
    assert.deepStrictEqual(McpTool.listedIn({ tools: "none" }), [])
  })
})
