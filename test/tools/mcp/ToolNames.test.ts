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

  it("begins with what is of its server alone, so that rules about one hold for no other", () => {
    const servers = ["files", "files_", "files__other", "my_files", "my files", "f".repeat(50), "__"]
    const prefixes = ToolNames.make(servers.map((server) => ({ server, tool: "read" }))).map((name) =>
      name.replace(/__read$/, "")
    )
    assert.strictEqual(new Set(prefixes).size, servers.length)
    assert.strictEqual(prefixes[0], "mcp__files")
    const [other] = ToolNames.make([{ server: "files_", tool: "read" }], ["files", "files_"])
    assert.match(other ?? "", /^mcp__files-\w{8}__read$/)
    assert.deepStrictEqual(prefixes.filter((prefix) => /^mcp__files(?:__|$)/.test(prefix)), ["mcp__files"])
    for (const prefix of prefixes) assert.match(prefix, /^mcp__(?!.*__)[\w-]{1,32}$/)
  })
})
