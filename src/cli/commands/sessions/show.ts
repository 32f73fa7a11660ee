/**
 * `effixir sessions show ID`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  json: Common.json.pipe(Options.withDescription("Print one JSON object, without what was said")),
  words: Args.text({ name: "session" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const show = Command.make("show", flags, handler(() => import("../../handlers/sessions/show.ts"))).pipe(
  Command.withDescription(
    "Show what was said and done in a session. On a terminal it is shown by $PAGER, which is less unless told otherwise"
  )
)
