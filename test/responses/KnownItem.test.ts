import { assert, describe, it } from "@effect/vitest"
import * as fc from "fast-check"
import * as KnownItem from "../../src/responses/KnownItem.ts"
import * as Recordings from "./recordings.ts"

const known = [
  { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }], phase: null },
  { type: "reasoning", summary: [], encrypted_content: null },
  { type: "function_call", call_id: "call_1", name: "ls", arguments: "{}", namespace: "files" },
  { type: "function_call_output", call_id: "call_1", output: [{ type: "input_image", image_url: "data:" }] },
  { type: "custom_tool_call", call_id: "call_1", name: "apply_patch", input: "*** Begin Patch" },
  { type: "custom_tool_call_output", call_id: "call_1", output: "Done" },
  { type: "local_shell_call", call_id: null, status: "completed", action: { type: "exec", command: ["ls"] } },
  { type: "tool_search_call", execution: "client", arguments: { query: "files" } },
  { type: "tool_search_output", status: "completed", execution: "client", tools: [] },
  { type: "web_search_call", status: "completed", action: { type: "open_page", url: "https://example.com" } },
  { type: "image_generation_call", status: "completed", result: "aGk=" },
  { type: "compaction", encrypted_content: "gAAAA" },
  { type: "compaction_summary", encrypted_content: "gAAAA" },
  { type: "context_compaction" },
  { type: "compaction_trigger" },
  { type: "additional_tools", role: "developer", tools: [] },
  { type: "configuration_update", reasoning: { effort: "high" } },
  { type: "file_search_call", queries: ["a"], results: null },
  { type: "computer_call", call_id: "call_1", action: { type: "click", x: 1, y: 2 } },
  { type: "computer_call_output", call_id: "call_1", output: { type: "computer_screenshot" } },
  { type: "code_interpreter_call", code: null, container_id: "c", outputs: null },
  { type: "mcp_call", name: "a", server_label: "s", arguments: "{}", error: null, output: null },
  { type: "mcp_list_tools", server_label: "s", tools: [] },
  { type: "mcp_approval_request", name: "a", server_label: "s", arguments: "{}" },
  { type: "mcp_approval_response", approval_request_id: "r", approve: true },
  { type: "shell_call", call_id: "call_1", action: { commands: ["ls"] } },
  { type: "shell_call_output", call_id: "call_1", output: [{ stdout: "", stderr: "", outcome: { type: "exit" } }] },
  { type: "apply_patch_call", call_id: "call_1", operation: { type: "create_file" } },
  { type: "apply_patch_call_output", call_id: "call_1", status: "completed", output: null }
]

const unexpected = [
  { type: "future_call", call_id: "call_1" },
  { type: "unknown" },
  { type: "toString" },
  { type: "message", role: "user", content: "Hi" },
  { type: "reasoning" },
  { type: "function_call", call_id: "call_1", name: "ls", arguments: {} },
  { type: "function_call_output", call_id: "call_1", output: null },
  { type: "compaction", encrypted_content: null }
]

describe("KnownItem", () => {
  it.each(known)("knows $type", (item) => {
    assert.strictEqual<unknown>(KnownItem.fromItem(item), item)
  })

  it.each(unexpected.map((item) => [JSON.stringify(item), item] as const))("keeps %s as it is", (_, item) => {
    assert.deepStrictEqual<unknown>(KnownItem.fromItem(item), { type: "unknown", raw: item })
  })

  it("never minds a field that it does not know", () => {
    fc.assert(fc.property(fc.constantFrom(...known), fc.jsonValue(), (item, future) => {
      const more = { ...item, future }
      assert.strictEqual<unknown>(KnownItem.fromItem(more), more)
    }))
  })

  it.runIf(Recordings.areHere)("knows every item that was recorded", () => {
    const items = Recordings.streams.flatMap(({ events, name }) =>
      events.flatMap((event) => event.type === "response.output_item.done" ? [{ name, item: event["item"] }] : [])
    )
    assert.isAbove(items.length, 50)
    for (const { item, name } of items) {
      assert.strictEqual<unknown>(KnownItem.fromItem(item as never), item, `${name}: ${JSON.stringify(item)}`)
    }
  })
})
