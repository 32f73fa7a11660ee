/**
 * `effixir resume ID "prompt"` and `effixir resume --last "prompt"`.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  ...Common.turn,
  ...Common.limits,
  ...Common.permission,
  ...Common.credential,
  last: Options.boolean("last").pipe(Options.withDescription("The session that was used last")),
  plain: Common.plain,
  words: Args.text({ name: "session and prompt" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const resume = Command.make("resume", flags, handler(() => import("../handlers/resume.ts"))).pipe(
  Command.withDescription(
    "Go on with a session, in the folder it worked in. A part of its id may do, of 4 characters or more; without one, you choose from a list on a terminal. Without a prompt, the last turn goes on: one that was " +
      "interrupted, reached a limit, failed, or was cut off by a crash"
  )
)
