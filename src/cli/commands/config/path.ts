/**
 * `effixir config path`
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  cd: Common.turn.cd,
  json: Common.json.pipe(
    Options.withDescription("Print one JSON object, which tells of the project's file as well")
  )
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const path = Command.make("path", flags, handler(() => import("../../handlers/config/path.ts"))).pipe(
  Command.withDescription("Print where config.json is")
)
