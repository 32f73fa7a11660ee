/**
 * The command line as a value.
 */
import * as Command from "@effect/cli/Command"
import * as Span from "@effect/cli/HelpDoc/Span"
import * as Effect from "effect/Effect"
import { version } from "../internal/version.ts"
import * as Argv from "./Argv.ts"
import { demo } from "./commands/demo.ts"
import { login } from "./commands/login.ts"
import { logout } from "./commands/logout.ts"
import { models } from "./commands/models.ts"
import { resume } from "./commands/resume.ts"
import { run as runCommand } from "./commands/run.ts"
import { status } from "./commands/status.ts"
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
  const words = yield* Argv.normalize(argv, names)
  if (Argv.asksForHelp(words)) {
    const screen = yield* Screen
    const asked = described().find(({ name }) => words.includes(name))
    const text = asked === undefined ? Help.ofProgram(described(), screen.width) : Help.ofCommand(asked, screen.width)
    return yield* screen.out(`${text}\n`)
  }
  yield* Argv.refuseWizard(words)
  return yield* parse(["node", "effixir", ...Argv.explicit(words)]).pipe(Effect.provideService(Argv.Argv, words))
})

/** Whether the words ask for a turn, whose events end with one that says how it went. */
export const runsTurn = ([first = ""]: ReadonlyArray<string>): boolean =>
  !names.includes(first) || first === "run" || first === "resume"
