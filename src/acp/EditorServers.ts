/**
 * The MCP servers that an editor names for a conversation.
 *
 * @internal
 */
import type * as Acp from "@agentclientprotocol/sdk"
import * as McpServers from "../tools/mcp/McpServers.ts"

/**
 * As the settings would name them. One that cannot be used is told of when the conversation begins its first turn.
 *
 * @since 0.1.0
 * @category conversions
 */
export const of = (servers: ReadonlyArray<Acp.McpServer>): ReadonlyArray<McpServers.Configured> =>
  servers.map((server) => ({
    name: server.name,
    source: "editor",
    from: "the editor",
    server: McpServers.read(
      "url" in server
        ? { url: server.url, headers: byName(server.headers) }
        : { command: server.command, args: server.args, env: byName(server.env) }
    )
  }))

const byName = (values: ReadonlyArray<{ readonly name: string; readonly value: string }>) =>
  Object.fromEntries(values.map(({ name, value }) => [name, value]))
