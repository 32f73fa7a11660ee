import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import * as McpServers from "../../../src/tools/mcp/McpServers.ts"

const lookup = (name: string) => name === "KEY" ? Either.left("KEY is not given away") : Either.right({ A: "1" }[name])

describe("A project's servers", () => {
  it("have the values of their variables", () => {
    const servers = McpServers.ofProject(
      {
        mcpServers: {
          a: { type: "stdio", command: "a-${A}", args: ["${B:-two}", "${A}"], env: { C: "${A}${A}" } },
          b: { type: "http", url: "https://${HOST:-example.com}/mcp", headers: { Authorization: "Bearer ${A}" } }
        }
      },
      "/project/.mcp.json",
      lookup
    )
    assert.deepStrictEqual(servers?.map(({ name, server, source }) => [name, source, Either.getOrUndefined(server)]), [
      ["a", "project", { command: "a-1", args: ["two", "1"], env: { C: "11" } }],
      ["b", "project", { url: "https://example.com/mcp", headers: { Authorization: "Bearer 1" } }]
    ])
  })

  it("do not stand in each other's way", () => {
    const servers = McpServers.ofProject(
      {
        mcpServers: {
          unset: { command: "${B}" },
          ours: { command: "${KEY}" },
          wrong: { args: [] },
          right: { command: "a" }
        }
      },
      "/project/.mcp.json",
      lookup
    )
    assert.deepStrictEqual(servers?.map(({ server }) => Either.isRight(server) ? "" : server.left), [
      "the variable B of the environment is not set",
      "KEY is not given away",
      "expected command (a text) with args and env, or url with headers",
      ""
    ])
    assert.deepStrictEqual(McpServers.ofProject({}, "/project/.mcp.json", lookup), [])
    assert.isUndefined(McpServers.ofProject({ mcpServers: 3 }, "/project/.mcp.json", lookup))
    assert.isUndefined(McpServers.ofProject([], "/project/.mcp.json", lookup))
  })

  it("do not take the place of a person's own", () => {
    const own = McpServers.ofSettings({ a: { command: "own" } }, "/home/config.json")
    const others = McpServers.ofProject({ mcpServers: { a: { command: "other" }, b: { command: "b" } } }, "/p", lookup)
    assert.deepStrictEqual(McpServers.merge(own, others ?? []).map(({ name, source }) => [name, source]), [
      ["a", "user"],
      ["b", "project"]
    ])
  })
})
