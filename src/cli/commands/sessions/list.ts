/**
 * `effixir sessions list`
 */
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  all: Options.boolean("all").pipe(
    Options.withDescription("Those of all folders, and those that agents have begun to help another one")
  ),
  json: Common.json.pipe(Options.withDescription("Print one JSON object"))
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const list = Command.make("list", flags, handler(() => import("../../handlers/sessions/list.ts"))).pipe(
  Command.withDescription("List the sessions of this folder, the one that was used last first")
)
