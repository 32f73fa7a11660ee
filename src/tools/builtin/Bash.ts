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
 * Runs a shell command. A code other than 0 is a result like any other; the model reads it at the end of the output.
 *
 * @since 0.1.0
 * @category tools
 */
export const tool: Tool.Tool<Artifacts.Artifacts | CommandRunner | FileSystem.FileSystem | Workspace> = Tool.make({
  name: "bash",
  description: "Run a shell command in the workspace and get its output (stdout and stderr together) and exit code. " +
    "It has no stdin. Processes it leaves in the background are stopped when it ends, except those in a session of " +
    "their own (setsid).",
  parameters: Parameters,
  access: ({ command, workdir }) => ({ kind: "run", command, workdir }),
  describe: ({ command, workdir }) => `run ${command}${workdir === undefined ? "" : ` in ${workdir}`}`,
  handler: (parameters, context) => Effect.scoped(run(parameters, context))
})

const run = Effect.fnUntraced(function*(parameters: typeof Parameters.Type, context: Tool.CallContext) {
  const { command, timeout_ms, workdir = "." } = parameters
  if (command.trim() === "") return yield* new Tool.ToolFailure({ message: "command is empty" })
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

/** A code other than 0 is a result to the model; whoever watches wants to see it at once. */
const endingJson = (ending: Option.Option<Ending>) =>
  Option.match(ending, {
    onNone: () => ({ timed_out: true }),
    onSome: (ending) => ending._tag === "Exited" ? { exit_code: ending.code } : { signal: ending.signal }
  })

/** A shell that cannot go there would be reported as a shell that is not there. */
const requireFolder = Effect.fnUntraced(function*(given: string, folder: string) {
  const fs = yield* FileSystem.FileSystem
  const { type } = yield* Effect.mapError(fs.stat(folder), failure(given))
  if (type !== "Directory") return yield* new Tool.ToolFailure({ message: `${given} is no folder` })
})

const reportOutput = ({ text }: BoundedOutput.Tail): ReadonlyArray<string> =>
  text === "" ? [] : [text.endsWith("\n") ? text.slice(0, -1) : text]

const reportEnding = (
  ending: Option.Option<Ending>,
  timeout: Duration.Duration,
  { text }: BoundedOutput.Tail
): ReadonlyArray<string> => {
  if (Option.isNone(ending)) {
    const time = Duration.format(timeout)
    return [`[Timed out after ${time}: the command was stopped, with all that could be found of what it started.]`]
  }
  if (ending.value._tag === "Killed") return [`[Killed by ${ending.value.signal}.]`]
  if (ending.value.code !== 0) return [`[Exit code ${ending.value.code}.]`]
  return text === "" ? ["[No output, exit code 0.]"] : []
}

const maxListed = 10

const listed = (all: ReadonlyArray<string>): string =>
  `${all.slice(0, maxListed).join(", ")}${all.length > maxListed ? ` and ${all.length - maxListed} more` : ""}`

const reportBackground = (ending: Option.Option<Ending>): ReadonlyArray<string> => {
  if (Option.isNone(ending) || ending.value.background.length === 0) return []
  const processes = ending.value.background.map(({ command, pid }) => `${pid} (${command})`)
  return [`[Still running in the background: ${listed(processes)}. Stop with kill what is not needed.]`]
}

const reportCut = (output: Spool.Spooled): ReadonlyArray<string> => {
  const { isCut, lines, removed, shownLines } = output
  if (!isCut) return []
  const gone = removed.length === 0 ? "" : ` To make room, older outputs were deleted: ${listed(removed)}.`
  return [`[Output cut: the last ${shownLines} of ${lines} lines are shown. ${whereTheRestIs(output)}${gone}]`]
}

const whereTheRestIs = ({ location, problem }: Spool.Spooled): string => {
  if (location !== undefined && problem === undefined) {
    return `The whole output, up to ${Artifacts.maxBytes / 1024 / 1024} MB, is in ${location}: ` +
      "look into it with bash (grep, sed -n)."
  }
  const kept = location === undefined
    ? "The rest could not be kept"
    : `Only its beginning could be kept, in ${location}`
  return `${kept}. To read on, send the output to a file (command > output.txt 2>&1) and read that.`
}
