/**
 * `effixir mcp`: the MCP servers whose tools agents have.
 */
import * as Command from "@effect/cli/Command"
import { add } from "./mcp/add.ts"
import { get } from "./mcp/get.ts"
import { list } from "./mcp/list.ts"
import { login } from "./mcp/login.ts"
import { logout } from "./mcp/logout.ts"
import { remove } from "./mcp/remove.ts"
import { serve } from "./mcp/serve.ts"

export const all = [list, get, add, remove, login, logout, serve] as const

export const mcp = Command.make("mcp").pipe(
  Command.withDescription(
    "Set up MCP servers, whose tools agents have, or be one"
  ),
  Command.withSubcommands(all)
)
