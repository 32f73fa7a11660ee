/**
 * `effixir mcp list`
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  cd: Common.turn.cd,
  json: Common.json.pipe(Options.withDescription("Print one JSON object"))
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const list = Command.make("list", flags, handler(() => import("../../handlers/mcp/list.ts"))).pipe(
  Command.withDescription("Start all servers that count in this folder, and list whether each works and its tools")
)
