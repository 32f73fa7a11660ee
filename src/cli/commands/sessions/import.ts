/**
 * `effixir sessions import TOOL [ID|FILE]`
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "../handler.ts"
import * as Common from "../options.ts"

const flags = {
  json: Common.json.pipe(Options.withDescription("Print one JSON object")),
  words: Args.text({ name: "codex|claude|pi|opencode, and session" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const importSession = Command.make(
  "import",
  flags,
  handler(() => import("../../handlers/sessions/import.ts"))
).pipe(
  Command.withDescription(
    "Make a session of one of Codex, Claude Code, Pi or opencode, to go on with it here. Without a session, the one of this " +
      "folder that was used last is taken; otherwise give any part of its id, or its file"
  )
)
