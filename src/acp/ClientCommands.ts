/**
 * Commands in terminals of the client, where its person sees what they print as it comes.
 *
 * @since 0.1.0
 */
import type { UnknownException } from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { withDeadline } from "../internal/withDeadline.ts"
import { CommandNotStarted, type CommandRunner, type Ending } from "../tools/command/CommandRunner.ts"

/** @since 0.1.0 @category models */
export interface Exit {
  readonly exitCode?: number | null | undefined
  readonly signal?: string | null | undefined
}

/**
 * A terminal of a client in which a program runs. `output` is all that it has printed, or the end of it.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClientTerminal {
  readonly output: Effect.Effect<
    { readonly output: string; readonly exitStatus?: Exit | null | undefined },
    UnknownException
  >
  readonly exit: Effect.Effect<Exit, UnknownException>
  readonly kill: Effect.Effect<void, UnknownException>
  readonly release: Effect.Effect<void, UnknownException>
}

/**
 * Starts a program in a terminal of the client. `command` is what the model has asked for, which `program` and `args` run.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenTerminal = (options: {
  readonly command: string
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}) => Effect.Effect<ClientTerminal, UnknownException>

/**
 * The same runner, with the commands of a session in terminals of a client. What needs a stdin, or its stderr apart, runs
 * as without it, and so does what the client does not start.
 *
 * @param ambient the names of the variables that the client may have: commands do not get those that `environment` lacks
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { ClientCommands } from "effixir/acp"
 * import { CommandRunner } from "effixir/tools"
 *
 * // Commands in a terminal of the editor, which `open` opens.
 * const InTheEditor = (open: ClientCommands.OpenTerminal) =>
 *   Layer.effect(
 *     CommandRunner.CommandRunner,
 *     Effect.map(CommandRunner.CommandRunner, ClientCommands.around(open, ["PATH", "HOME"]))
 *   )
 * ```
 *
 * @since 0.1.0
 * @category combining
 */
export const around =
  (open: OpenTerminal, ambient: ReadonlyArray<string>) =>
  (runner: typeof CommandRunner.Service): typeof CommandRunner.Service => ({
    ...runner,
    start: (command, folder, options = {}) => {
      const { env = {}, hasErrors = false, hasInput = false, within = [] } = options
      // What only looks something up for a question is nobody's command.
      const isOwn = env["EFFIXIR_SESSION_ID"] !== undefined
      if (hasErrors || hasInput || !isOwn) return runner.start(command, folder, options)
      const opened = Effect.flatMap(runner.environment, (usual) => {
        const unset = [...new Set([...ambient, ...signIns])].flatMap((name) =>
          usual[name] === undefined ? ["-u", name] : []
        )
        // The environment does not stand among the words of the program, which all users can see.
        const values = Object.entries({ ...usual, ...env }).flatMap(([name, value]) =>
          value === undefined ? [] : [[name, value]]
        )
        const shell = ["sh", "-c", "exec \"$(command -v bash || echo sh)\" -c \"$1\"", "sh", command]
        const args = [...unset, ...within, ...shell]
        return open({ command, program: "env", args, env: Object.fromEntries(values), cwd: folder })
      })
      return Effect.uninterruptibleMask((restore) =>
        Effect.gen(function*() {
          // A terminal that is opened too late is closed, and nobody waits for it.
          const opening = yield* Effect.forkDaemon(opened)
          const late = Effect.forkDaemon(Effect.flatMap(Fiber.join(opening), close))
          const terminal = yield* Effect.onInterrupt(restore(Fiber.join(opening)), () => late)
          yield* Effect.addFinalizer(() => close(terminal))
          return terminal
        })
      ).pipe(
        Effect.flatMap(running),
        Effect.mapError(() => new CommandNotStarted({ problem: "the client has opened no terminal" })),
        Effect.catchAll(() => runner.start(command, folder, options))
      )
    }
  })

/** What signs in to models: a client may have it where this process does not. */
const signIns = ["OPENAI_API_KEY", "CODEX_API_KEY", "CODEX_ACCESS_TOKEN"]

/** A client that does not answer does not hold up who ends a command. */
const close = ({ kill, release }: ClientTerminal): Effect.Effect<void> =>
  Effect.forEach([kill, release], (ask) => Effect.ignore(withDeadline("3 seconds", () => "no answer")(ask)), {
    discard: true
  })

/** How often the client is asked for more. */
const pause = "100 millis"

const running = Effect.fnUntraced(function*(terminal: ClientTerminal) {
  const ended = yield* Deferred.make<Ending>()
  yield* terminal.exit.pipe(
    Effect.map(endingOf),
    // Nobody tells any more how it ends.
    Effect.catchAll(() => Effect.succeed<Ending>({ _tag: "Killed", signal: "SIGHUP", background: [] })),
    Effect.flatMap((ending) => Deferred.succeed(ended, ending)),
    Effect.forkScoped
  )
  let known = ""
  const more = Effect.gen(function*() {
    // Asked before: what is printed until then is in the answer.
    const isOver = yield* Deferred.isDone(ended)
    const { exitStatus, output } = yield* Effect.orElseSucceed(
      terminal.output,
      () => ({ output: known, exitStatus: {} })
    )
    const piece = newIn(known, output)
    known = output
    return [new TextEncoder().encode(piece), isOver || exitStatus != null] as const
  })
  const output = Stream.unfoldEffect<"first" | "next" | "over", Uint8Array, never, never>(
    "first",
    (state) =>
      state === "over"
        ? Effect.succeedNone
        : Effect.map(
          Effect.delay(more, state === "first" ? 0 : pause),
          ([piece, isOver]) => Option.some([piece, isOver ? "over" : "next"])
        )
  )
  return { output, ending: Deferred.await(ended), waiting: Effect.never }
})

/** What has come since: a client keeps only the end of much. */
const newIn = (known: string, now: string): string => {
  if (now.startsWith(known)) return now.slice(known.length)
  const end = known.slice(-200)
  const at = now.lastIndexOf(end)
  return at === -1
    ? `\n[… some of the output is lost: the client has not kept it …]\n${now}`
    : now.slice(at + end.length)
}

/** Where the client says neither, nobody knows how it ended, and it counts as a failure. */
const endingOf = ({ exitCode, signal }: Exit): Ending =>
  signal == null || signal === ""
    ? { _tag: "Exited", code: exitCode ?? 1, background: [] }
    : { _tag: "Killed", signal, background: [] }
