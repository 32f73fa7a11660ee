/**
 * `effixir sessions delete ID…`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  yes: Options.boolean("yes").pipe(Options.withDescription("Delete without a question")),
  json: Common.json.pipe(Options.withDescription("Print one JSON object")),
  words: Args.text({ name: "sessions" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const remove = Command.make("delete", flags, handler(() => import("../../handlers/sessions/delete.ts"))).pipe(
  Command.withDescription("Delete sessions for good, with the outputs that are kept beside them")
)
