/**
 * A command line from its words to its exit code: every error ends as a sentence and a code. Nothing here ends the
 * process.
 */
import { toAnsiText } from "@effect/cli/HelpDoc"
import { isValidationError, type ValidationError } from "@effect/cli/ValidationError"
import * as NodeTerminal from "@effect/platform-node/NodeTerminal"
import * as Cause from "effect/Cause"
import { isConfigError } from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import * as FiberRefs from "effect/FiberRefs"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { stripVTControlCharacters } from "node:util"
import * as Secrets from "../auth/Secrets.ts"
import * as Layers from "../internal/layers.ts"
import { prose } from "../internal/visible.ts"
import { layerPlatform } from "../node/NodePlatform.ts"
import * as Cli from "./Cli.ts"
import type { CommandLine } from "./CommandLine.ts"
import * as Console from "./Console.ts"
import * as ExitCode from "./ExitCode.ts"
import * as Interruption from "./Interruption.ts"
import * as OpenFileLimit from "./openFileLimit.ts"
import { sayConfig } from "./sayConfig.ts"
import * as Screen from "./Screen.ts"
import * as Telemetry from "./telemetry/Telemetry.ts"

/** Says in one sentence what went wrong, on stderr; to a program that reads JSON also on stdout. */
const report = (line: CommandLine | undefined, kind: string, message: string) =>
  Effect.gen(function*() {
    const screen = yield* Screen.Screen
    const code = ExitCode.ofKind(kind)
    yield* screen.say(message)
    const form = line === undefined ? "text" : Cli.formOf(line)
    if (line !== undefined && form !== "text") {
      const { failed } = yield* Effect.promise(loadLastLine)
      const told = yield* failed({ form, kind, message: screen.advised(message), isTurn: Cli.runsTurn(line) })
      yield* Effect.flatMap(Interruption.Interruption, (interruption) =>
        interruption.tellEnd(Effect.succeed(code), screen.out(told)))
    }
    return yield* new ExitCode.Stop({ code })
  })

const told = (line: CommandLine) =>
  Effect.zipRight(OpenFileLimit.check, Cli.run(line)).pipe(
    Effect.catchAll((error) => {
      if (error instanceof ExitCode.Stop) return Effect.fail(error)
      if (isValidationError(error)) return report(line, "BadInput", sayValue(error))
      if (isConfigError(error)) return report(line, "ConfigError", sayConfig(error))
      return report(line, error._tag === "SessionError" ? `Session${error.reason}` : error._tag, error.message)
    }),
    Effect.catchAllDefect((defect) =>
      defect instanceof Screen.OutputLost
        // stdout cannot be written, so no JSON line is printed there.
        ? report(undefined, defect._tag, defect.message)
        : isFolderGone(defect)
        ? report(
          line,
          "BadInput",
          "The folder that this was started in is gone: go to another one (`cd`) and try again"
        )
        : report(line, "Defect", `Something went wrong inside effixir: ${messageOf(defect)}`)
    )
  )

/** What `@effect/cli` says about a value, as one sentence. */
const sayValue = (error: ValidationError): string =>
  stripVTControlCharacters(toAnsiText(error.error)).replaceAll(/\s+/g, " ").trim()

/** Only what needs the folder finds that out: a session can be shown from anywhere. */
const isFolderGone = (defect: unknown): boolean =>
  defect instanceof Error && "syscall" in defect && defect.syscall === "uv_cwd"

const messageOf = (defect: unknown): string => defect instanceof Error ? defect.message : String(defect)

/** Prints log messages, such as warnings, in a form for people. */
const logger = Logger.make<unknown, string>(({ context, logLevel, message }) => {
  const { hide } = Context.get(FiberRefs.getOrDefault(context, FiberRef.currentContext), Secrets.Secrets)
  return `effixir: ${logLevel.label.toLowerCase()}: ${prose(hide([message].flat().map(String).join(" ")))}`
})

const services = (listening: Interruption.Listening) =>
  Telemetry.layer.pipe(
    Layers.merge(Console.layer),
    Layers.merge(NodeTerminal.layer),
    Layers.merge(layerPlatform),
    Layers.provideMerge(Screen.layer),
    Layers.provideMerge(Interruption.layer(listening)),
    Layers.provideMerge(Secrets.layer),
    // A fiber whose failure is reported elsewhere is no news, at any log level.
    Layers.provideMerge(Layer.setUnhandledErrorLogLevel(Option.none())),
    Layers.provideMerge(Logger.replace(Logger.defaultLogger, Logger.withConsoleError(logger)))
  )

/** Runs a command line that {@link Cli.read} has read; it may fail with a `Stop` only. */
export const run = (line: CommandLine, listening: Interruption.Listening): Effect.Effect<void, ExitCode.Stop> =>
  Effect.provide(Effect.zipRight(told(line), failUnread), services(listening))

/** What has gone well, and was not read to its end, ends as such programs do. */
const failUnread = Effect.flatMap(Screen.Screen, ({ isClosed }) =>
  Effect.flatMap(isClosed, (isClosed) => {
    const code = ExitCode.orUnread(ExitCode.success, isClosed)
    return code === ExitCode.success ? Effect.void : new ExitCode.Stop({ code })
  }))

/** Of several causes, a `Stop` of the program itself wins over the interruption. */
const isStopped = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.isInterrupted(exit.cause) && !(Cause.squash(exit.cause) instanceof ExitCode.Stop)

export const codeOf = (exit: Exit.Exit<unknown, unknown>, { first, told }: Interruption.Listening): number => {
  if (Exit.isSuccess(exit)) return ExitCode.success
  if (isStopped(exit)) return told ?? ExitCode.interrupted(first())
  const error = Cause.squash(exit.cause)
  return error instanceof ExitCode.Stop ? error.code : ExitCode.failure
}

/** The last JSON line for a sign-in that was stopped, or for a run that was stopped before its turn; else nothing. */
export const lastLine = async (
  exit: Exit.Exit<unknown, unknown>,
  line: CommandLine,
  { first, told }: Interruption.Listening
): Promise<string> => {
  if (!isStopped(exit) || told !== undefined) return ""
  const form = Cli.formOf(line)
  const isTurn = Cli.runsTurn(line) || form === "envelope"
  if (form === "text" || !isTurn && !Cli.signsIn(line)) return ""
  const { interrupted } = await loadLastLine()
  return interrupted({ form, isTurn, signal: first() })
}

const loadLastLine = () => import("./render/lastLine.ts")
