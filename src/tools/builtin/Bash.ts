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
import { CommandRunner, type Ending } from "../command/CommandRunner.ts"
import * as Spool from "../command/Spool.ts"
import * as Tool from "../Tool.ts"
import { failure, Workspace } from "../workspace/Workspace.ts"

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

/**
 * Runs a shell command. A nonzero exit code is a normal result; the model reads it at the end of the output.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Artifacts.Artifacts | CommandRunner | FileSystem.FileSystem | Workspace> = Tool.make({
  name: "bash",
  description: ToolDescriptions.bash,
  parameters: Parameters,
  access: ({ command, workdir }) => ({ kind: "run", command, workdir }),
  describe: ({ command, workdir }) => `run ${command}${workdir === undefined ? "" : ` in ${workdir}`}`,
  handler: (parameters, context) => Effect.scoped(run(parameters, context))
})

const run = Effect.fnUntraced(function*(parameters: typeof Parameters.Type, context: Tool.CallContext) {
  const { command, timeout_ms, workdir = "." } = parameters
  if (command.trim() === "") return yield* new Tool.ToolFailure({ message: ToolFailures.commandEmpty })
  const runner = yield* CommandRunner
  const workspace = yield* Workspace
  const folder = yield* Effect.mapError(workspace.resolve(workdir), failure(workdir))
  yield* requireFolder(workdir, folder)
  const timeout = Duration.decode(timeout_ms ?? defaultTimeout)

  const running = yield* Effect.mapError(
    runner.start(command, folder, { env: { EFFIXIR_SESSION_ID: context.sessionId } }),
    (error) => new Tool.ToolFailure({ message: error.message })
  )
  const spool = yield* Spool.make(context)
  const ending = yield* running.output.pipe(
    Stream.runForEachChunk(spool.push),
    Effect.zipRight(running.ending),
    Effect.timeoutOption(timeout)
  )

  const output = yield* spool.read
  const report = [
    ...reportOutput(output),
    ...reportEnding(ending, timeout, output),
    ...reportBackground(ending),
    ...reportCut(output)
  ].join("\n")
  const details = { ...endingJson(ending), ...(output.location === undefined ? {} : { artifact: output.location }) }
  return Option.isSome(ending)
    ? new Tool.Result({ output: report, details })
    : yield* new Tool.ToolFailure({ message: report, details })
})

/** A nonzero exit code is a result to the model; user interfaces show it at once. */
const endingJson = (ending: Option.Option<Ending>) =>
  Option.match(ending, {
    onNone: () => ({ timed_out: true }),
    onSome: (ending) => ending._tag === "Exited" ? { exit_code: ending.code } : { signal: ending.signal }
  })

/** Checked first: `spawn` would report a missing folder as a missing shell. */
const requireFolder = Effect.fnUntraced(function*(given: string, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const { type } = yield* Effect.mapError(fs.stat(folder), failure(given))
  if (type !== "Directory") return yield* new Tool.ToolFailure({ message: FileFailures.noFolder(given) })
})

const reportOutput = ({ text }: BoundedOutput.Tail): ReadonlyArray<string> =>
  text === "" ? [] : [text.endsWith("\n") ? text.slice(0, -1) : text]

const reportEnding = (
  ending: Option.Option<Ending>,
  timeout: Duration.Duration,
  { text }: BoundedOutput.Tail
): ReadonlyArray<string> => {
  if (Option.isNone(ending)) {
    return [ToolOutputs.timedOut(Duration.format(timeout))]
  }
  if (ending.value._tag === "Killed") return [ToolOutputs.killed(ending.value.signal)]
  if (ending.value.code !== 0) return [ToolOutputs.exitCode(ending.value.code)]
  return text === "" ? [ToolOutputs.noOutput] : []
}

const reportBackground = (ending: Option.Option<Ending>): ReadonlyArray<string> =>
  Option.isNone(ending) || ending.value.background.length === 0
    ? []
    : [ToolOutputs.stillRunning(ending.value.background)]

const reportCut = (output: Spool.Spooled): ReadonlyArray<string> =>
  output.isCut
    ? [CutOutput.commandOutputCut({
      ...output,
      isWhole: output.problem === undefined,
      maxBytes: Artifacts.maxBytes
    })]
    : []
