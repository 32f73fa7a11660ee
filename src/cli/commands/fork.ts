/**
 * `effixir fork ID ["prompt"]`
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
  toTurn: Options.text("to-turn").pipe(
    Options.withPseudoName("N"),
    Options.withDescription("Share the past up to the end of this turn; the first is 1"),
    Options.optional
  ),
  words: Args.text({ name: "session and prompt" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const fork = Command.make("fork", flags, handler(() => import("../handlers/fork.ts"))).pipe(
  Command.withDescription(
    "Begin a session that shares the past of another, which stays as it is. With a prompt, its first turn is run; without " +
      "one, its id is printed"
  )
)
