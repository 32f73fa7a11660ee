/**
 * `effixir compact ID`: makes the conversation of a session shorter.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  dryRun: Options.boolean("dry-run").pipe(
    Options.withDescription("Only tell what would go and what would stay; no model is asked")
  ),
  json: Common.json.pipe(Options.withDescription("Print one JSON object on stdout")),
  ...Common.credential,
  cd: Common.turn.cd,
  last: Options.boolean("last").pipe(Options.withDescription("The session that was used last")),
  words: Args.text({ name: "session" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const compact = Command.make("compact", flags, handler(() => import("../handlers/compact.ts"))).pipe(
  Command.withDescription(
    "Make the conversation of a session shorter. A summary stands for what was done so far, what you said stays word by " +
      "word, and nothing is deleted from the log. It happens by itself when the model's window is nearly full"
  )
)
