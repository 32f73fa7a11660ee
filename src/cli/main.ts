/**
 * The edge: one `provide`, one `runMain`, and what becomes of errors and signals.
 */
import { toAnsiText } from "@effect/cli/HelpDoc"
import { isValidationError, type ValidationError } from "@effect/cli/ValidationError"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Cause from "effect/Cause"
import { type ConfigError, isConfigError } from "effect/ConfigError"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { stripVTControlCharacters } from "node:util"
import { layerPlatform } from "../node/NodeRuntime.ts"
import { TurnFailed } from "../session/SessionEvent.ts"
import * as Cli from "./Cli.ts"
import * as Console from "./Console.ts"
import * as ExitCode from "./ExitCode.ts"
import { wantsJson } from "./flags.ts"
import * as Interruption from "./Interruption.ts"
import * as Prompt from "./prompt.ts"
import { linesOf } from "./render/jsonl.ts"
import * as Screen from "./Screen.ts"

/** Says in one sentence what went wrong, on stderr; to a program that reads JSON lines also on stdout. */
const report = (argv: ReadonlyArray<string>, kind: string, message: string) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    yield* screen.say(message)
    if (wantsJson(argv)) {
      const failed = TurnFailed.make({
        turnId: "",
        kind,
        message: stripVTControlCharacters(message),
        retryable: false,
        details: {}
      })
      const [line] = linesOf({ ...failed, seq: 1, at: yield* DateTime.now }, false, "SIGINT")
      // What is no turn has failed all the same, and is told in the same shape.
      yield* screen.out(`${JSON.stringify({ ...line, ...(Cli.runsTurn(argv) ? {} : { type: "error" }) })}\n`)
    }
    return yield* new ExitCode.Stop({ code: ExitCode.ofKind(kind) })
  })

/** Runs a command line; every error ends as a sentence and a code. */
const run = (argv: ReadonlyArray<string>) =>
  Cli.run(argv).pipe(
    Effect.catchAll((error) => {
      if (error instanceof ExitCode.Stop) return Effect.fail(error)
      if (isValidationError(error)) return report(argv, "BadInput", sayWord(error))
      if (isConfigError(error)) return report(argv, "ConfigError", sayConfig(error))
      return report(argv, error._tag === "SessionError" ? `Session${error.reason}` : error._tag, error.message)
    }),
    Effect.catchAllDefect((defect) =>
      defect instanceof Screen.OutputLost
        // Whoever reads JSON lines there cannot be told.
        ? report([], defect._tag, defect.message)
        : report(argv, "Defect", `Something went wrong inside effixir: ${messageOf(defect)}`)
    )
  )

/** What `@effect/cli` says of a word, as one sentence. */
const sayWord = (error: ValidationError): string => {
  const text = stripVTControlCharacters(toAnsiText(error.error)).replaceAll(/\s+/g, " ").trim()
  const word = /^Received unknown argument: '(.*)'$/.exec(text)?.[1]?.replace(/^(--.*)=true$/, "$1")
  if (word === undefined) return text
  return word.startsWith("-") ? Prompt.notKnown(word) : `The word "${word}" is one too many; see \`effixir --help\``
}

/** Of several things that are wrong with a variable, the one that is about its value says most. */
const sayConfig = (error: ConfigError): string => {
  const [said] = leaves(error).toSorted((a, b) => Number(a._op === "MissingData") - Number(b._op === "MissingData"))
  return said === undefined
    ? "The environment cannot be used"
    : `${[...new Set(said.path)].join("_")} in the environment cannot be used: ${said.message}`
}

const leaves = (error: ConfigError): ReadonlyArray<Exclude<ConfigError, { readonly _op: "And" | "Or" }>> =>
  error._op === "And" || error._op === "Or" ? [...leaves(error.left), ...leaves(error.right)] : [error]

const messageOf = (defect: unknown): string => defect instanceof Error ? defect.message : String(defect)

/** A warning is for a person, too. */
const logger = Logger.make<unknown, string>(({ logLevel, message }) =>
  `effixir: ${logLevel.label.toLowerCase()}: ${Screen.harmless([message].flat().map(String).join(" "))}`
)

const services = (firstSignal: () => ExitCode.Signal) =>
  Layer.mergeAll(Console.layer, NodeTerminal.layer, layerPlatform).pipe(
    Layer.provideMerge(Layer.mergeAll(
      Interruption.layer(firstSignal),
      Screen.layer,
      Logger.replace(Logger.defaultLogger, Logger.withConsoleError(logger))
    ))
  )

const codeOf = (exit: Exit.Exit<unknown, unknown>, firstSignal: () => ExitCode.Signal): number => {
  if (Exit.isSuccess(exit)) return ExitCode.success
  const error = Cause.squash(exit.cause)
  if (error instanceof ExitCode.Stop) return error.code
  return Exit.isInterrupted(exit) ? ExitCode.interrupted(firstSignal()) : ExitCode.failure
}

/**
 * Ends the program once everything is written. Connections that are kept for a next request would keep it for a while,
 * too.
 */
const leave = (code: number): void => {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)))
}

export const main = (argv: ReadonlyArray<string>): void => {
  const firstSignal = Interruption.listen()
  NodeRuntime.runMain(Effect.provide(run(argv), services(firstSignal)), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => leave(codeOf(exit, firstSignal))
  })
}
