/**
 * `effixir config get KEY`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  set: Common.set,
  cd: Common.turn.cd,
  json: Common.json.pipe(Options.withDescription("Print one JSON object, which says where the value comes from")),
  words: Args.text({ name: "key" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const get = Command.make("get", flags, handler(() => import("../../handlers/config/get.ts"))).pipe(
  Command.withDescription("Print the value of a setting, as a run would use it")
)
