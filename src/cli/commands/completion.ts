/**
 * `effixir completion bash`: a script with which a shell completes commands and options.
 */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Effect from "effect/Effect"
import { BadInput } from "../ExitCode.ts"
import { Screen } from "../Screen.ts"

const scripts = {
  bash: Command.getBashCompletions,
  fish: Command.getFishCompletions,
  sh: Command.getBashCompletions,
  zsh: Command.getZshCompletions
}

type Shell = keyof typeof scripts

const shells = Object.keys(scripts).join("|")

const isShell = (word: string | undefined): word is Shell => word !== undefined && Object.hasOwn(scripts, word)

/** The script for all commands of a program. */
export const scriptOf = <R, E, A>(program: Command.Command<"effixir", R, E, A>, shell: Shell): Effect.Effect<string> =>
  Effect.map(scripts[shell](program, "effixir"), (lines) => lines.join("\n"))

/** The script completes this command too, so the function that makes it comes as a parameter. */
export const make = (script: (shell: Shell) => Effect.Effect<string>) =>
  Command.make(
    "completion",
    // Accepts any words, so that a wrong one is refused with our own message.
    { words: Args.text({ name: shells }).pipe(Args.repeated) },
    Effect.fnUntraced(function*({ words: [shell, ...more] }) {
      if (!isShell(shell) || more.length > 0) {
        return yield* new BadInput({ message: `For which shell? effixir completion ${shells}` })
      }
      const screen = yield* Screen
      yield* screen.out(`${yield* script(shell)}\n`)
    })
  ).pipe(
    Command.withDescription(
      "Print the script with which a shell completes commands and options. In bash: `source <(effixir completion bash)`"
    )
  )
