/**
 * `effixir mcp get NAME`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  cd: Common.turn.cd,
  json: Common.json.pipe(Options.withDescription("Print one JSON object")),
  words: Args.text({ name: "name" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const get = Command.make("get", flags, handler(() => import("../../handlers/mcp/get.ts"))).pipe(
  Command.withDescription("Print how a server is set up, without its secrets")
)
