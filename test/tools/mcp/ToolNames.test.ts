import { assert, describe, it } from "@effect/vitest"
import * as ToolNames from "../../../src/tools/mcp/ToolNames.ts"

describe("The name of a server's tool", () => {
  it("is plain where it can be", () => {
    assert.deepStrictEqual(ToolNames.make([{ server: "files", tool: "read_file" }]), ["mcp__files__read_file"])
  })

  it("is one that servers of models accept, and leads back to one tool", () => {
    const long = "x".repeat(80)
    const tools = [
      { server: "my files", tool: "read.file" },
      { server: "my files", tool: "read file" },
      { server: "my_files", tool: "read_file" },
      { server: "a", tool: long },
      { server: "a", tool: `${long}y` },
      { server: "ü", tool: "ä" }
    ]
    const names = ToolNames.make(tools)
    for (const name of names) assert.match(name, /^mcp__[a-zA-Z0-9_-]{1,59}$/)
    assert.strictEqual(new Set(names).size, tools.length)
    assert.deepStrictEqual(ToolNames.make(tools), names)
  })
})
