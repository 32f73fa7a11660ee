/**
 * The built-in tool `bash`.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as CutOutput from "../../prompts/CutOutput.ts"
import * as FileFailures from "../../prompts/FileFailures.ts"
import * as ToolDescriptions from "../../prompts/ToolDescriptions.ts"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import * as ToolOutputs from "../../prompts/ToolOutputs.ts"
import * as Artifacts from "../command/Artifacts.ts"
import type * as BoundedOutput from "../command/BoundedOutput.ts"
import { type BackgroundProcess, CommandRunner, type Ending, type RunningCommand } from "../command/CommandRunner.ts"
import { Processes } from "../command/Processes.ts"
import * as Sandbox from "../command/Sandbox.ts"
import * as Spool from "../command/Spool.ts"
import * as Tool from "../Tool.ts"
import type { Files } from "../workspace/Files.ts"
import type { SeenFiles } from "../workspace/SeenFiles.ts"
import { failure, Workspace } from "../workspace/Workspace.ts"
import * as ApplyPatch from "./ApplyPatch.ts"
import * as WrappedPatch from "./WrappedPatch.ts"

const defaultTimeout = Duration.seconds(120)

const Parameters = Schema.Struct({
  command: Schema.String.annotations({ description: "The shell command" }),
  timeout_ms: Schema.optional(
    Schema.Number.pipe(Schema.int(), Schema.between(1, 3_600_000)).annotations({
      description: `Stop the command after this many milliseconds (default ${Duration.toMillis(defaultTimeout)})`
    })
  ),
  workdir: Schema.optional(
    Schema.String.annotations({ description: "The folder to run it in, relative to the workspace" })
  )
})

const WithBackground = Schema.Struct({
  ...Parameters.fields,
  background: Schema.optional(
    Schema.Boolean.annotations({
      description:
        "Start it and return at once, for a server or a watcher: it goes on beside the conversation, has a " +
        "stdin, and is worked with by the tool process"
    })
  ),
  tty: Schema.optional(
    Schema.Boolean.annotations({
      description: "With background: give it a terminal, for a program that wants one, such as a REPL or a debugger"
    })
  )
})

/**
 * The same for agents with the tool `process`: a command can stay.
 *
 * @since 0.1.0
 * @category tools
 */
export const toolWithBackground: Tool.Tool<Requirements> = Tool.make({
  name: "bash",
  description: ToolDescriptions.bash,
  parameters: WithBackground,
  access: ({ background, command, workdir }) => ({
    kind: "run",
    command,
    workdir,
    ...(background === true ? { stays: true } : {})
  }),
  describe: ({ background, command, tty, workdir }) =>
    `run ${command}${workdir === undefined ? "" : ` in ${workdir}`}${background === true ? " in the background" : ""}${
      tty === true ? " with a terminal" : ""
    }`,
  replay: "never",
  instead: ({ background, command, workdir }) => background === true ? undefined : patchIn(command, workdir),
  handler: (
    { background = false, tty = false, ...parameters },
    context
  ): Effect.Effect<Tool.Result, Tool.ToolFailure, Requirements> =>
    background
      ? startStaying(parameters, tty, context)
      : tty
      ? new Tool.ToolFailure({ message: ToolFailures.ttyNeedsBackground })
      : run(parameters, context)
})

const patchIn = (command: string, workdir: string | undefined) => {
  const input = WrappedPatch.ofCommand(command, workdir)
  return input === undefined ? undefined : { tool: ApplyPatch.tool, input }
}

const startStaying = Effect.fnUntraced(function*(
  parameters: typeof Parameters.Type,
  hasTerminal: boolean,
  context: Tool.CallContext
) {
  const { command, folder } = yield* checked(parameters)
  const processes = yield* Processes
  const { id } = yield* Effect.mapError(
    processes.start(context.sessionId, command, folder, { hasTerminal }),
    ({ message }) => new Tool.ToolFailure({ message })
  )
  return new Tool.Result({ output: ToolOutputs.processStarted(id), details: { process: id } })
})

/** The command, and the folder that it is to run in. */
const checked = Effect.fnUntraced(function*({ command, workdir = "." }: typeof Parameters.Type) {
  if (command.trim() === "") return yield* new Tool.ToolFailure({ message: ToolFailures.commandEmpty })
  if (WrappedPatch.mentions(command)) return yield* new Tool.ToolFailure({ message: ToolFailures.patchAndMore })
  const workspace = yield* Workspace
  const folder = yield* Effect.mapError(workspace.resolve(workdir), failure(workdir))
  yield* requireFolder(workdir, folder)
  return { command, folder }
})

/**
 * Runs a shell command. A nonzero exit code is a normal result; the model reads it at the end of the output.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Requirements> = Tool.make({
  name: "bash",
  description: ToolDescriptions.bash,
  parameters: Parameters,
  access: ({ command, workdir }) => ({ kind: "run", command, workdir }),
  describe: ({ command, workdir }) => `run ${command}${workdir === undefined ? "" : ` in ${workdir}`}`,
  replay: "never",
  instead: ({ command, workdir }) => patchIn(command, workdir),
  handler: (parameters, context): Effect.Effect<Tool.Result, Tool.ToolFailure, Requirements> => run(parameters, context)
})

/** A patch that comes as a command needs what `apply_patch` needs. */
type Requirements = Artifacts.Artifacts | CommandRunner | FileSystem.FileSystem | Files | SeenFiles | Workspace

/** Runs a command, and once more where its sandbox has refused it something that a person then lets it write. */
const run = Effect.fnUntraced(function*(parameters: typeof Parameters.Type, context: Tool.CallContext) {
  const given = yield* checked(parameters)
  const { command } = given
  const timeout = Duration.decode(parameters.timeout_ms ?? defaultTimeout)
  const writable = context.writable === undefined ? [] : yield* context.writable
  const attempt = (more: ReadonlyArray<string>) =>
    Effect.scoped(runOnce({ ...given, timeout, writable: [...writable, ...more] }, context))

  const first = yield* attempt([])
  const { refused } = first
  if (refused.length === 0 || context.askToWrite === undefined) return yield* told(first)
  const answer = yield* context.askToWrite({ command, workdir: parameters.workdir, paths: refused })
  if (Option.isNone(answer)) return yield* told(first)
  if (answer.value._tag === "No") return yield* told(first, [], [ToolOutputs.notRunAgain(refused, answer.value.words)])
  return yield* told(yield* attempt(refused), [ToolOutputs.ranAgain(refused, answer.value._tag === "Always")])
})

interface Attempt {
  readonly command: string
  readonly folder: string
  readonly timeout: Duration.Duration
  readonly writable: ReadonlyArray<string>
}

const runOnce = Effect.fnUntraced(function*(
  { command, folder, timeout, writable }: Attempt,
  context: Tool.CallContext
) {
  const runner = yield* CommandRunner
  const running = yield* Effect.mapError(
    runner.start(command, folder, { env: { EFFIXIR_SESSION_ID: context.sessionId }, writable }),
    (error) => new Tool.ToolFailure({ message: error.message })
  )
  const spool = yield* Spool.make(context)
  const outcome = yield* running.output.pipe(
    Stream.runForEachChunk(spool.push),
    Effect.zipRight(running.ending),
    Effect.raceFirst(Effect.map(running.waiting, (process) => ({ _tag: "Waiting" as const, process }))),
    Effect.timeoutTo({
      duration: timeout,
      onSuccess: (outcome): Outcome => outcome,
      onTimeout: (): Outcome => ({ _tag: "TimedOut", timeout })
    })
  )

  const output = yield* spool.read
  const report = [
    ...reportOutput(output),
    ...reportOutcome(outcome, output),
    ...reportBackground(outcome),
    ...reportSandbox(running, outcome, output),
    ...reportCut(output)
  ]
  const details = { ...outcomeJson(outcome), ...(output.location === undefined ? {} : { artifact: output.location }) }
  const refused = running.refused === undefined || outcome._tag !== "Exited" || outcome.code === 0
    ? []
    : yield* running.refused(output.text)
  return { report, details, refused, hasEnded: isEnding(outcome) }
})

const told = (
  { details, hasEnded, report }: Effect.Effect.Success<ReturnType<typeof runOnce>>,
  before: ReadonlyArray<string> = [],
  after: ReadonlyArray<string> = []
) => {
  const output = [...before, ...report, ...after].join("\n")
  return hasEnded
    ? Effect.succeed(new Tool.Result({ output, details }))
    : new Tool.ToolFailure({ message: output, details })
}

/** How a command has ended, or why it was stopped. */
type Outcome =
  | Ending
  | { readonly _tag: "TimedOut"; readonly timeout: Duration.Duration }
  | { readonly _tag: "Waiting"; readonly process: BackgroundProcess }

const isEnding = (outcome: Outcome): outcome is Ending => outcome._tag === "Exited" || outcome._tag === "Killed"

/** A nonzero exit code is a result to the model; user interfaces show it at once. */
const outcomeJson = (outcome: Outcome) => {
  switch (outcome._tag) {
    case "Exited":
      return { exit_code: outcome.code }
    case "Killed":
      return { signal: outcome.signal }
    case "TimedOut":
      return { timed_out: true }
    case "Waiting":
      return { waited_for_input: true }
  }
}

/** Checked first: `spawn` would report a missing folder as a missing shell. */
const requireFolder = Effect.fnUntraced(function*(given: string, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const { type } = yield* Effect.mapError(fs.stat(folder), failure(given))
  if (type !== "Directory") return yield* new Tool.ToolFailure({ message: FileFailures.noFolder(given) })
})

const reportOutput = ({ text }: BoundedOutput.Tail): ReadonlyArray<string> =>
  text === "" ? [] : [text.endsWith("\n") ? text.slice(0, -1) : text]

const reportOutcome = (outcome: Outcome, { text }: BoundedOutput.Tail): ReadonlyArray<string> => {
  switch (outcome._tag) {
    case "Exited":
      return outcome.code !== 0 ? [ToolOutputs.exitCode(outcome.code)] : text === "" ? [ToolOutputs.noOutput] : []
    case "Killed":
      return [ToolOutputs.killed(outcome.signal)]
    case "TimedOut":
      return [ToolOutputs.timedOut(Duration.format(outcome.timeout))]
    case "Waiting":
      return [ToolOutputs.waitsForInput(outcome.process)]
  }
}

const reportBackground = (outcome: Outcome): ReadonlyArray<string> =>
  isEnding(outcome) && outcome.background.length > 0 ? [ToolOutputs.stillRunning(outcome.background)] : []

/** What a sandbox refuses has many faces, so a command that has failed is told what it was kept from. */
const reportSandbox = (
  { sandbox }: RunningCommand,
  outcome: Outcome,
  { text }: BoundedOutput.Tail
): ReadonlyArray<string> =>
  sandbox !== undefined && outcome._tag === "Exited" && outcome.code !== 0 && Sandbox.looksRefused(text, sandbox)
    ? [ToolOutputs.sandboxed(sandbox)]
    : []

const reportCut = (output: Spool.Spooled): ReadonlyArray<string> =>
  output.isCut
    ? [CutOutput.commandOutputCut({
      ...output,
      isWhole: output.problem === undefined,
      maxBytes: Artifacts.maxBytes
    })]
    : []
