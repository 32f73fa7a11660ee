/**
 * Starts shell commands. A command lives in a Scope: when that closes, the command and everything it started is gone,
 * except what a command that has ended by itself has left running in a session of its own (a daemon).
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import type { Sandbox } from "./Sandbox.ts"

/**
 * A command could not even be started.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotStarted
  extends Schema.TaggedError<CommandNotStarted>("effixir/tools/command/CommandRunner/CommandNotStarted")(
    "CommandNotStarted",
    {
      problem: Schema.String
    }
  )
{
  override get message(): string {
    return ToolFailures.commandNotStarted(this.problem)
  }
}

/**
 * How a command ended: with a code of its own, or by a signal. `background` is what it has left running.
 *
 * @since 0.1.0
 * @category models
 */
export type Ending =
  & { readonly background: ReadonlyArray<BackgroundProcess> }
  & ({ readonly _tag: "Exited"; readonly code: number } | { readonly _tag: "Killed"; readonly signal: string })

/** @since 0.1.0 @category models */
export interface BackgroundProcess {
  readonly pid: number
  /** The command line, shortened. */
  readonly command: string
}

/** @since 0.1.0 @category models */
export interface RunningCommand {
  /** What the command writes to stdout and stderr, in the order of arrival. Ends with the command. */
  readonly output: Stream.Stream<Uint8Array>
  readonly ending: Effect.Effect<Ending>
  /** Ends once a process of the command waits for input that nobody can give; never, if that does not happen. */
  readonly waiting: Effect.Effect<BackgroundProcess>
  /** Its stdin, where it was started with one. */
  readonly input?: CommandInput
  /** Its stderr, where that was to be apart: the beginning of it, once the command has ended. */
  readonly errors?: Effect.Effect<string>
  /** The sandbox that it runs in; absent without one. */
  readonly sandbox?: Sandbox
  /**
   * The paths that a person could let it write, where the output of the command says that its sandbox has refused that;
   * absent where nobody could.
   */
  readonly refused?: (output: string) => Effect.Effect<ReadonlyArray<string>>
}

/**
 * What a command reads on its stdin.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandInput {
  /** Gives it a text; false if it reads no more. Returns once the system has taken the text. */
  readonly write: (text: string) => Effect.Effect<boolean>
  /** Nothing more will come. */
  readonly end: Effect.Effect<void>
}

/** @since 0.1.0 @category models */
export interface Options {
  /** Whether it has a stdin that can be written to; it has none by default. */
  readonly hasInput?: boolean
  /** Whether its stderr is kept apart from its stdout; both are one by default. */
  readonly hasErrors?: boolean
  /** Added to the environment that the command gets anyway. */
  readonly env?: Readonly<Record<string, string>>
  /** Files and folders that a person has let it write, by their real paths, beside what its sandbox lets be written. */
  readonly writable?: ReadonlyArray<string> | undefined
  /** A program with its first arguments, which runs the command: it gets the shell and the command as its last ones. */
  readonly within?: ReadonlyArray<string>
}

/**
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Stream from "effect/Stream"
 * import { ProcessGroup } from "effixir/node"
 * import { CommandRunner } from "effixir/tools"
 *
 * const status = Effect.gen(function*() {
 *   const runner = yield* CommandRunner.CommandRunner
 *   const command = yield* runner.start("git status --short", "/home/ada/app")
 *   const text = yield* command.output.pipe(Stream.decodeText(), Stream.mkString)
 *   return { text, ending: yield* command.ending }
 * }).pipe(Effect.scoped, Effect.provide(ProcessGroup.layer))
 * ```
 *
 * @since 0.1.0 @category services
 */
export class CommandRunner extends Context.Tag("effixir/tools/command/CommandRunner")<CommandRunner, {
  /** Starts a shell command in a folder. */
  readonly start: (
    command: string,
    folder: string,
    options?: Options
  ) => Effect.Effect<RunningCommand, CommandNotStarted, Scope.Scope>
  /** The environment that every command gets. */
  readonly environment: Effect.Effect<Readonly<Record<string, string | undefined>>>
}>() {}
