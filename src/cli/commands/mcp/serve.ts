/**
 * `effixir mcp serve`
 */
import * as Command from "@effect/cli/Command"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  cd: Common.turn.cd,
  model: Common.turn.model,
  ...Common.asking,
  ...Common.limits,
  ...Common.permission,
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const serve = Command.make("serve", flags, handler(() => import("../../handlers/mcp/serve.ts"))).pipe(
  Command.withDescription("Be an MCP server on stdin and stdout, with the built-in tools and an agent")
)
