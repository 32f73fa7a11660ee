/**
 * The command line as a value.
 */
import * as Command from "@effect/cli/Command"
import * as Span from "@effect/cli/HelpDoc/Span"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import type * as LogLevel from "effect/LogLevel"
import * as Option from "effect/Option"
import { version } from "../internal/version.ts"
import * as Argv from "./Argv.ts"
import { demo } from "./commands/demo.ts"
import { login } from "./commands/login.ts"
import { logout } from "./commands/logout.ts"
import { models } from "./commands/models.ts"
import { resume } from "./commands/resume.ts"
import { run as runCommand } from "./commands/run.ts"
import { status } from "./commands/status.ts"
import * as Flags from "./flags.ts"
import * as Help from "./help.ts"
import { Screen } from "./Screen.ts"

const commands = [runCommand, resume, login, logout, status, models, demo] as const
const names: ReadonlyArray<string> = ["run", "resume", "login", "logout", "status", "models", "demo"]

const root = Command.make("effixir").pipe(
  Command.withDescription("Agents that work in a folder of yours. `effixir \"prompt\"` is short for `effixir run`"),
  Command.withSubcommands(commands)
)

const parse = Command.run(root, {
  name: "effixir",
  version,
  summary: Span.text("An agent runtime made of Effect services")
})

const described = (): ReadonlyArray<Help.Described> => [
  Help.describe("run", runCommand),
  Help.describe("resume", resume),
  Help.describe("login", login),
  Help.describe("logout", logout),
  Help.describe("status", status),
  Help.describe("models", models),
  Help.describe("demo", demo)
]

/** Runs what the words after the program's name ask for. */
export const run = Effect.fnUntraced(function*(argv: ReadonlyArray<string>) {
  const flags = yield* Argv.asksForHelp(argv) ? Flags.unread(argv) : Flags.read(argv)
  const words = yield* Argv.normalize(flags.words, names)
  if (Argv.asksForHelp(words)) {
    const screen = yield* Screen
    const asked = described().find(({ name }) => words.includes(name))
    const text = asked === undefined ? Help.ofProgram(described(), screen.width) : Help.ofCommand(asked, screen.width)
    return yield* screen.out(`${text}\n`)
  }
  yield* Argv.refuseWizard(words)
  return yield* parse(["node", "effixir", ...Argv.explicit(words)]).pipe(
    Effect.provideService(Argv.Argv, words),
    withLevel(flags.level)
  )
})

/** Tells as much of the log as somebody wants. */
const withLevel =
  (level: Option.Option<LogLevel.LogLevel>) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Option.isSome(level) ? Logger.withMinimumLogLevel(effect, level.value) : effect

/** Whether the words ask for a turn, whose events end with one that says how it went. */
export const runsTurn = (argv: ReadonlyArray<string>): boolean => {
  const [first = ""] = Flags.withoutLevel(argv)
  return !names.includes(first) || first === "run" || first === "resume"
}

export const signsIn = (argv: ReadonlyArray<string>): boolean => Flags.withoutLevel(argv)[0] === "login"
