/**
 * `effixir acp`: an agent for editors.
 */
import * as Command from "@effect/cli/Command"
import { handler } from "./handler.ts"
import * as Common from "./options.ts"

const flags = {
  model: Common.turn.model,
  ...Common.asking,
  ...Common.limits,
  ...Common.permission,
  ...Common.credential
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const acp = Command.make("acp", flags, handler(() => import("../handlers/acp.ts"))).pipe(
  Command.withDescription("Work for an editor, which speaks the Agent Client Protocol on stdin and stdout")
)
