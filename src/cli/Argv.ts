/**
 * The words of the command line, and the reading of those that `@effect/cli` would take for something else.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { BadInput } from "./ExitCode.ts"
import { isSwitch } from "./flags.ts"

export class Argv extends Context.Tag("effixir/cli/Argv")<Argv, ReadonlyArray<string>>() {}

const builtIn = new Set(["help", "--help", "-h", "--version", "--wizard", "--completions"])

/**
 * Puts `run` in front of what is no command: `effixir "prompt"` is `effixir run "prompt"`. A single word that could be
 * the name of a command is taken for a wrong one: sent as a prompt, a typing error would cost tokens.
 */
export const normalize = (
  argv: ReadonlyArray<string>,
  commands: ReadonlyArray<string>
): Effect.Effect<ReadonlyArray<string>, BadInput> => {
  const [first] = argv
  if (first !== undefined && (commands.includes(first) || builtIn.has(first.replace(/=.*/, "")))) {
    return Effect.succeed(argv)
  }
  if (first === "completion") return completion(argv.slice(1))
  if (first === undefined && process.stdin.isTTY === true) return Effect.succeed(["--help"])
  return first !== undefined && argv.length === 1 && /^[a-z][a-z-]*$/.test(first)
    ? new BadInput({
      message: `There is no command "${first}" (there are ${commands.join(", ")}); ` +
        `to send it as a prompt: effixir run ${first}`
    })
    : Effect.succeed(["run", ...argv])
}

const shells: ReadonlyArray<string> = ["bash", "fish", "sh", "zsh"]

/** `effixir completion SHELL` is how others call it. */
const completion = (words: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<string>, BadInput> =>
  words.length === 1 && shells.includes(words[0] ?? "")
    ? Effect.succeed(["--completions", ...words])
    : new BadInput({ message: `For which shell? effixir completion ${shells.join("|")}` })

/** A switch would take a `yes` behind it for its value; here it is the word of a prompt. */
export const explicit = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const flags = beforeDashes(words)
  return words.map((word, index) => index < flags.length && isSwitch(word) ? `${word}=true` : word)
}

/** The wizard asks with a menu, and would wait for ever for somebody who is not there. */
export const refuseWizard = (words: ReadonlyArray<string>): Effect.Effect<void, BadInput> =>
  beforeDashes(words).includes("--wizard") && !(process.stdin.isTTY === true && process.stdout.isTTY === true)
    ? new BadInput({ message: "--wizard needs a terminal to ask in; `effixir --help` shows what there is" })
    : Effect.void

/** `help`, or a flag that asks for it where no prompt has begun. */
export const asksForHelp = (words: ReadonlyArray<string>): boolean => {
  const flags = beforeDashes(words)
  return words[0] === "help" || flags.includes("--help") || flags.includes("-h")
}

/** What follows `--` is no flag. */
const beforeDashes = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = words.indexOf("--")
  return end < 0 ? words : words.slice(0, end)
}
