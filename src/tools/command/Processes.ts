/**
 * Commands that stay: they run beside the turns of a session until they end, are stopped, or the host is done with the
 * session. Each has a handle by which the session that has started it reads what it prints and writes to it.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ToolFailures from "../../prompts/ToolFailures.ts"
import * as BoundedOutput from "./BoundedOutput.ts"
import { CommandNotStarted, CommandRunner, type Ending, type RunningCommand } from "./CommandRunner.ts"
import * as PlainOutput from "./PlainOutput.ts"
import * as Terminal from "./Terminal.ts"

/** How many of one session run at a time, and how many that have ended can still be read. */
const maxRunning = 8
const maxEnded = 16

/**
 * There is no such process, or no room for another one. The message is for the model.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProcessFailure extends Schema.TaggedError<ProcessFailure>(
  "effixir/tools/command/Processes/ProcessFailure"
)("ProcessFailure", { message: Schema.String }) {}

/**
 * - `output` what it has printed since the last time, or the end of that; `total` all that it has printed, in bytes
 * - `ending` how it has ended; absent while it runs
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly id: string
  readonly command: string
  readonly output: BoundedOutput.Tail
  readonly total: number
  readonly ending: Ending | undefined
}

/** @since 0.1.0 @category models */
export type Listed = Pick<Report, "id" | "command" | "total" | "ending">

/** @since 0.1.0 @category models */
export interface Service {
  /** Starts a shell command in a folder, with a terminal of its own if it is to have one, and gives its handle. */
  readonly start: (
    session: string,
    command: string,
    folder: string,
    options?: { readonly hasTerminal?: boolean | undefined }
  ) => Effect.Effect<Listed, CommandNotStarted | ProcessFailure>
  /** What it has printed since the last time. */
  readonly read: (session: string, id: string) => Effect.Effect<Report, ProcessFailure>
  /** Gives it a text on its stdin. */
  readonly write: (session: string, id: string, text: string) => Effect.Effect<void, ProcessFailure>
  /** Waits until it has ended, for so long at most; then as `read`. */
  readonly wait: (session: string, id: string, time: Duration.Duration) => Effect.Effect<Report, ProcessFailure>
  /** Stops it, with all that it has started; then as `read`. */
  readonly stop: (session: string, id: string) => Effect.Effect<Report, ProcessFailure>
  /** Those of a session that run, and those that have ended last. */
  readonly list: (session: string) => Effect.Effect<ReadonlyArray<Listed>>
  /** Stops all of a session and forgets them. */
  readonly end: (session: string) => Effect.Effect<void>
}

const none: Service = {
  start: () => new CommandNotStarted({ problem: ToolFailures.noProcesses }),
  read: (_, id) => unknown(id),
  write: (_, id) => unknown(id),
  wait: (_, id) => unknown(id),
  stop: (_, id) => unknown(id),
  list: () => Effect.succeed([]),
  end: () => Effect.void
}

const unknown = (id: string) => new ProcessFailure({ message: ToolFailures.noSuchProcess(id) })

/**
 * Without a layer no command can stay.
 *
 * @example
 * ```ts
 * import * as Duration from "effect/Duration"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { ProcessGroup } from "effixir/node"
 * import { Processes } from "effixir/tools"
 *
 * // Starts a server, and looks at what it has printed after five seconds.
 * const look = Effect.gen(function*() {
 *   const processes = yield* Processes.Processes
 *   const { id } = yield* processes.start("session", "npm run dev", "/home/ada/app")
 *   const { output } = yield* processes.wait("session", id, Duration.seconds(5))
 *   yield* processes.end("session")
 *   return output.text
 * }).pipe(Effect.provide(Layer.provide(Processes.layer, ProcessGroup.layer)))
 *
 * // The same for a part of the program: all are stopped when the Scope closes.
 * const ownProcesses = Processes.make
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export class Processes extends Context.Reference<Processes>()("effixir/tools/command/Processes", {
  defaultValue: () => none
}) {}

interface Process {
  readonly id: string
  readonly command: string
  readonly running: RunningCommand
  readonly scope: Scope.CloseableScope
  /** Done once it has ended and its output is taken. */
  readonly ended: Deferred.Deferred<void>
  readonly plain: PlainOutput.PlainOutput
  tail: ReturnType<typeof BoundedOutput.makeTail>
  total: number
  ending: Ending | undefined
}

/**
 * Processes that last as long as the Scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.gen(function*() {
  const runner = yield* CommandRunner
  const outer = yield* Effect.scope
  const sessions = new Map<string, Map<string, Process>>()
  let count = 0

  const listed = ({ command, ending, id, total }: Process): Listed => ({ id, command, total, ending })

  const report = (process: Process): Report => {
    process.tail.push(process.plain.rest())
    const output = process.tail.read()
    process.tail = BoundedOutput.makeTail()
    return { ...listed(process), output }
  }

  const find = (session: string, id: string) => {
    const process = sessions.get(session)?.get(id)
    return process === undefined ? unknown(id) : Effect.succeed(process)
  }

  const take = (process: Process) =>
    Stream.runForEach(process.running.output, (bytes) =>
      Effect.sync(() => {
        process.total += bytes.length
        process.tail.push(process.plain.push(bytes))
      })).pipe(
        Effect.zipRight(process.running.ending),
        Effect.flatMap((ending) =>
          Effect.sync(() => {
            process.ending = ending
          })
        ),
        Effect.ensuring(Deferred.succeed(process.ended, undefined))
      )

  /** The oldest of those that have ended are forgotten. */
  const forget = (all: Map<string, Process>) => {
    const ended = [...all.values()].filter(({ ending }) => ending !== undefined)
    for (const { id } of ended.slice(0, Math.max(0, ended.length - maxEnded))) all.delete(id)
  }

  /** All that it has started is gone afterwards; nobody follows its output any more. */
  const close = (process: Process) =>
    Effect.zipRight(
      Scope.close(process.scope, Exit.interrupt(FiberId.none)),
      Effect.suspend(() => {
        process.ending ??= { _tag: "Killed", signal: "SIGTERM", background: [] }
        return Deferred.succeed(process.ended, undefined)
      })
    )

  const service: Service = {
    start: Effect.fnUntraced(function*(session, command, folder, options) {
      const all = sessions.get(session) ?? new Map<string, Process>()
      if ([...all.values()].filter(({ ending }) => ending === undefined).length >= maxRunning) {
        return yield* new ProcessFailure({ message: ToolFailures.tooManyProcesses(maxRunning) })
      }
      const scope = yield* Scope.fork(outer, ExecutionStrategy.sequential)
      const running = yield* runner.start(options?.hasTerminal === true ? Terminal.within(command) : command, folder, {
        hasInput: true,
        env: { EFFIXIR_SESSION_ID: session }
      }).pipe(
        Effect.provideService(Scope.Scope, scope),
        // What it forks has to be interruptible, or it could not be stopped.
        Effect.interruptible,
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
      )
      const process: Process = {
        id: `p${++count}`,
        command,
        running,
        scope,
        ended: yield* Deferred.make<void>(),
        plain: PlainOutput.make(),
        tail: BoundedOutput.makeTail(),
        total: 0,
        ending: undefined
      }
      all.set(process.id, process)
      sessions.set(session, all)
      forget(all)
      // What it has left running in its session is stopped with it.
      yield* Effect.raceFirst(Effect.interruptible(take(process)), Effect.interruptible(Deferred.await(process.ended)))
        .pipe(Effect.zipRight(Scope.close(scope, Exit.void)), Effect.forkIn(outer))
      return listed(process)
    }, Effect.uninterruptible),
    read: (session, id) => Effect.map(find(session, id), report),
    write: (session, id, text) =>
      Effect.flatMap(find(session, id), ({ running: { input } }) =>
        Effect.filterOrFail(
          input === undefined ? Effect.succeed(false) : input.write(text),
          (isTaken) => isTaken,
          () => new ProcessFailure({ message: ToolFailures.processTakesNoInput(id) })
        )),
    wait: (session, id, time) =>
      Effect.flatMap(
        find(session, id),
        (process) => Effect.map(Effect.timeoutOption(Deferred.await(process.ended), time), () => report(process))
      ),
    stop: (session, id) =>
      Effect.flatMap(find(session, id), (process) => Effect.as(close(process), process).pipe(Effect.map(report))),
    list: (session) => Effect.sync(() => Array.from(sessions.get(session)?.values() ?? [], listed)),
    end: (session) =>
      Effect.suspend(() => {
        const all = [...sessions.get(session)?.values() ?? []]
        sessions.delete(session)
        return Effect.forEach(all, close, { discard: true, concurrency: "unbounded" })
      })
  }
  return service
})

/** @since 0.1.0 @category layers */
export const layer: Layer.Layer<never, never, CommandRunner> = Layer.scoped(Processes, make)
