/**
 * `effixir run "prompt"`, and `effixir "prompt"`.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  ...Common.turn,
  ...Common.limits,
  ...Common.permission,
  ...Common.credential,
  words: Args.text({ name: "prompt" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const run = Command.make("run", flags, handler(() => import("../handlers/run.ts"))).pipe(
  Command.withDescription("Ask for something to be done in a folder. `-` reads the prompt from stdin")
)
