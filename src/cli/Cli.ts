/**
 * The command line as a value.
 */
import * as CliConfig from "@effect/cli/CliConfig"
import * as Command from "@effect/cli/Command"
import { getNames } from "@effect/cli/CommandDescriptor"
import * as Effect from "effect/Effect"
import * as HashSet from "effect/HashSet"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import { version } from "../internal/version.ts"
import * as CommandLine from "./CommandLine.ts"
import { acp } from "./commands/acp.ts"
import { chat } from "./commands/chat.ts"
import { compact } from "./commands/compact.ts"
import { completion } from "./commands/completion.ts"
import { all as configCommands, config } from "./commands/config.ts"
import { demo } from "./commands/demo.ts"
import { doctor } from "./commands/doctor.ts"
import { fork } from "./commands/fork.ts"
import { login } from "./commands/login.ts"
import { logout } from "./commands/logout.ts"
import { all as mcpCommands, mcp } from "./commands/mcp.ts"
import { models } from "./commands/models.ts"
import { resume } from "./commands/resume.ts"
import { run as runCommand } from "./commands/run.ts"
import { runner } from "./commands/runner.ts"
import { serve } from "./commands/serve.ts"
import { all as sessionCommands, sessions } from "./commands/sessions.ts"
import { status } from "./commands/status.ts"
import { BadInput } from "./ExitCode.ts"
import * as Grammar from "./Grammar.ts"
import * as Help from "./help.ts"
import type { Form } from "./render/Renderer.ts"
import { Screen } from "./Screen.ts"

export const commands = [
  runCommand,
  chat,
  resume,
  fork,
  compact,
  sessions,
  login,
  logout,
  status,
  models,
  doctor,
  config,
  mcp,
  serve,
  runner,
  acp,
  demo,
  completion
] as const

const grammar = Grammar.make(commands.map(({ descriptor }) => descriptor))

/**
 * Runs a command on its words. `@effect/cli` gets no other beside it: before it parses, it writes the help of all that it
 * has, which nobody reads here.
 */
const runCommandOn = (words: ReadonlyArray<string>) => {
  const named = commands.find(({ descriptor }) => HashSet.has(getNames(descriptor), words[0])) ?? runCommand
  const root = Command.withSubcommands(Command.make("effixir"), [named])
  return Command.run(root, { name: "effixir", version })(["node", "effixir", ...words])
}

/** The commands with their help. */
export const described = (): ReadonlyArray<Help.Described> => [
  Help.describe("run", runCommand),
  Help.describe("chat", chat),
  Help.describe("resume", resume),
  Help.describe("fork", fork),
  ...Help.describeGroup("sessions", sessions, Help.within("sessions", sessionCommands)),
  Help.describe("compact", compact),
  Help.describe("login", login),
  Help.describe("logout", logout),
  Help.describe("status", status),
  Help.describe("models", models),
  Help.describe("doctor", doctor),
  ...Help.describeGroup("config", config, Help.within("config", configCommands)),
  ...Help.describeGroup("mcp", mcp, Help.within("mcp", mcpCommands)),
  Help.describe("serve", serve),
  Help.describe("runner", runner),
  Help.describe("acp", acp),
  Help.describe("demo", demo),
  Help.describe("completion", completion)
]

/** With this, the scripts of `completion` ask what may follow the words behind it. */
const asking = "__complete"

/** Parses the words after the program's name. No words at all, on a terminal, mean a conversation. */
export const read = (argv: ReadonlyArray<string>): CommandLine.CommandLine => {
  if (argv[0] === asking) {
    return { command: asking, given: [], words: argv.slice(1), asksForHelp: false, problem: undefined }
  }
  const line = CommandLine.read(grammar, argv)
  const isBare = line.command === undefined && line.words.length === 0 && !line.asksForHelp
  if (!isBare || process.stdin.isTTY !== true) return line
  const conversation = CommandLine.read(grammar, ["chat", ...argv])
  return argv.length === 0 || conversation.problem === undefined ? conversation : line
}

/** Runs the parsed command line. */
export const run = Effect.fnUntraced(function*(line: CommandLine.CommandLine) {
  if (line.problem !== undefined) return yield* new BadInput({ message: line.problem })
  if (line.command === asking) {
    const { answer, complete } = yield* Effect.promise(() => import("./completion/answer.ts"))
    return yield* answer(complete(grammar, described, line.words))
  }
  const screen = yield* Screen
  if (line.asksForHelp) {
    const asked = described().find(({ name }) => name === line.command)
    const text = asked === undefined ? Help.ofProgram(described(), screen.width) : Help.ofCommand(asked, screen.width)
    return yield* screen.out(`${text}\n`)
  }
  if (CommandLine.isSet(line, "--version")) return yield* screen.out(`${version}\n`)
  const shell = CommandLine.valueOf(line, "--completions")
  const words = shell === undefined ? CommandLine.write(line) : ["completion", shell]
  return yield* runCommandOn(words).pipe(
    Effect.provide(CliConfig.layer({ isCaseSensitive: true })),
    withLevel(CommandLine.valueOf(line, "--log-level"))
  )
})

/** Sets the log level that `--log-level` names. */
const withLevel = (name: string | undefined) => <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  const level = LogLevel.allLevels.find(({ _tag }) => _tag.toLowerCase() === name)
  return level === undefined ? effect : Logger.withMinimumLogLevel(effect, level)
}

/** Whether the command runs a turn, whose last event says how it ended. */
export const runsTurn = ({ command, words }: CommandLine.CommandLine): boolean =>
  command === undefined || command === "run" || command === "resume" || command === "fork" && words.length > 1

export const signsIn = ({ command }: CommandLine.CommandLine): boolean => command === "login"

/** In which form the command tells what happens. */
export const formOf = (line: CommandLine.CommandLine): Form => {
  const { command = "run" } = line
  if (/^(?:run|resume|fork)$/.test(command) && CommandLine.valueOf(line, "--output") === "json") return "envelope"
  return CommandLine.isSet(line, "--json") ? "jsonl" : "text"
}
