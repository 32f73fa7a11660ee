/**
 * The edge: one `provide`, one `runMain`, and what becomes of errors and signals.
 */
import { toAnsiText } from "@effect/cli/HelpDoc"
import { isValidationError, type ValidationError } from "@effect/cli/ValidationError"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Cause from "effect/Cause"
import { type ConfigError, isConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import { stripVTControlCharacters } from "node:util"
import * as Secrets from "../auth/Secrets.ts"
import { layerPlatform } from "../node/NodeRuntime.ts"
import { TurnFailed, TurnInterrupted } from "../session/SessionEvent.ts"
import * as Cli from "./Cli.ts"
import * as Login from "./commands/login.ts"
import * as Console from "./Console.ts"
import * as ExitCode from "./ExitCode.ts"
import { wantsJson } from "./flags.ts"
import * as Interruption from "./Interruption.ts"
import * as Prompt from "./prompt.ts"
import { linesOf } from "./render/jsonl.ts"
import * as Screen from "./Screen.ts"

/** Says in one sentence what went wrong, on stderr; to a program that reads JSON lines also on stdout. */
const report = (argv: ReadonlyArray<string>, kind: string, said: string) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const message = yield* Secrets.hidden(said)
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
      const told = { ...line, ...(Cli.runsTurn(argv) ? {} : { type: "error" }) }
      yield* Effect.flatMap(Interruption.Interruption, (interruption) =>
        interruption.tellEnd(screen.out(`${JSON.stringify(told)}\n`)))
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
const logger = Logger.make<unknown, string>(({ context, logLevel, message }) => {
  const { hide } = Context.get(FiberRefs.getOrDefault(context, FiberRef.currentContext), Secrets.Secrets)
  return `effixir: ${logLevel.label.toLowerCase()}: ${Screen.harmless(hide([message].flat().map(String).join(" ")))}`
})

const services = (listening: Interruption.Listening) =>
  Layer.mergeAll(Console.layer, NodeTerminal.layer, layerPlatform).pipe(
    Layer.provideMerge(Layer.mergeAll(
      Interruption.layer(listening),
      Screen.layer,
      Secrets.layer,
      Logger.replace(Logger.defaultLogger, Logger.withConsoleError(logger))
    ))
  )

/** Several things may have happened; what the program has found out itself says most. */
const isStopped = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isInterrupted(exit.cause) && !(Cause.squash(exit.cause) instanceof ExitCode.Stop)

const codeOf = (exit: Exit.Exit<unknown, unknown>, signal: ExitCode.Signal): number => {
  if (Exit.isSuccess(exit)) return ExitCode.success
  if (isStopped(exit)) return ExitCode.interrupted(signal)
  const error = Cause.squash(exit.cause)
  return error instanceof ExitCode.Stop ? error.code : ExitCode.failure
}

/** What a program that reads JSON lines has still to be told of a sign-in, or of a run before its turn, that was stopped. */
const lastLine = (argv: ReadonlyArray<string>, { first, isEndTold }: Interruption.Listening): string => {
  if (isEndTold || !wantsJson(argv)) return ""
  if (!Cli.runsTurn(argv)) return Cli.signsIn(argv) ? `${JSON.stringify(Login.interrupted(first()))}\n` : ""
  const event = TurnInterrupted.make({ turnId: "", reason: "cancelled" })
  const [line] = linesOf({ ...event, seq: 1, at: DateTime.unsafeNow() }, false, first())
  return `${JSON.stringify(line)}\n`
}

/**
 * Ends the program once everything is written. Connections that are kept for a next request would keep it for a while,
 * too.
 */
const leave = (code: number, last: string): void => {
  process.stdout.write(last, () => process.stderr.write("", () => process.exit(code)))
}

/** `takeOver` ends the listening of the entry, and tells which signal came meanwhile. */
export const main = (argv: ReadonlyArray<string>, takeOver: () => ExitCode.Signal | undefined): void => {
  const listening = Interruption.listen()
  NodeRuntime.runMain(Effect.provide(run(argv), services(listening)), {
    disableErrorReporting: true,
    disablePrettyLogger: true,
    teardown: (exit) => leave(codeOf(exit, listening.first()), isStopped(exit) ? lastLine(argv, listening) : "")
  })
  const early = takeOver()
  if (early !== undefined) process.emit(early, early)
}
