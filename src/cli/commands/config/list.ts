/**
 * `effixir config list`
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  set: Common.set,
  cd: Common.turn.cd,
  json: Common.json.pipe(Options.withDescription("Print one JSON object"))
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const list = Command.make("list", flags, handler(() => import("../../handlers/config/list.ts"))).pipe(
  Command.withDescription("List all settings with their values and where each comes from")
)
