/**
 * `effixir completion bash`: a script with which a shell completes what is typed.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import { handler } from "./handler.ts"

const flags = {
  // Accepts any words, so that a wrong one is refused with our own message.
  words: Args.text({ name: "bash|fish|sh|zsh" }).pipe(Args.repeated)
}

export type Flags = Command.Command.ParseConfig<typeof flags>

export const completion = Command.make("completion", flags, handler(() => import("../handlers/completion.ts"))).pipe(
  Command.withDescription(
    "Print the script with which a shell completes commands, options and their values, sessions, models and profiles. In bash: " +
      "`source <(effixir completion bash)`, in zsh the same with zsh, in fish: `effixir completion fish | source`"
  )
)
