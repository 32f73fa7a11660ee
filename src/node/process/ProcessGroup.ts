/**
 * Runs shell commands, each in its own session and with a mark that every process it starts inherits, so that these
 * processes can be found and stopped.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberId from "effect/FiberId"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { constants, existsSync } from "node:fs"
import type { Readable, Writable } from "node:stream"
import {
  type BackgroundProcess,
  type CommandInput,
  CommandNotStarted,
  CommandRunner,
  type Ending,
  type Options,
  type RunningCommand
} from "../../tools/command/CommandRunner.ts"
import { openRealPath, pathOf } from "../files/openRealPath.ts"
import * as ChildEnvironment from "./ChildEnvironment.ts"
import { findWaiting } from "./inputWait.ts"
import * as ProcessMark from "./ProcessMark.ts"
import * as ProcessWatcher from "./ProcessWatcher.ts"
import { startProblem } from "./startProblem.ts"

/**
 * How long a process tree may take to end by itself before it is killed: the number of polls, and the pause between
 * them.
 */
const polls = { count: 100, pause: Duration.millis(5) }

/**
 * After the shell has ended, output may still be in the pipe; a silence this long means that it is empty. For a
 * background process that goes on writing, we wait a limited number of times.
 */
const quietTime = Duration.millis(50)
const maxQuietTimes = 20

/** How often a running command is looked at for what it waits for. */
const inputPause = Duration.seconds(2)

/** How many polls in a row must find the same daemons before they count as the ones that will stay. */
const settledTimes = 3

/** No system reuses its process numbers within this time. */
const pidsAreYoung = Duration.seconds(2)

/** @since 0.1.0 @category constructors */
export const make = Effect.gen(function*() {
  const shell = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].find((path) => existsSync(path)) ?? "/bin/sh"
  const watcher = yield* ProcessWatcher.make
  return CommandRunner.of({
    start: Effect.fnUntraced(function*(command, folder, options) {
      const handle = yield* hold(folder)
      const env = { ...options?.env, PWD: folder }
      const tree = yield* Effect.acquireRelease(
        launch(watcher, [...options?.within ?? [], shell, "-c", command], pathOf(folder, handle), env, options),
        (tree, exit) => Effect.ensuring(stop(tree, exit), Effect.sync(() => forget(watcher, tree)))
      )
      return yield* observe(tree)
    }),
    environment: ChildEnvironment.make()
  })
})

/**
 * Runs commands with `bash`, or with `sh` where there is none. When a command has ended by itself, what it has left in
 * its session is stopped, and what runs in a session of its own is reported; in any other case all of it is stopped,
 * also when this process is killed.
 *
 * @example
 * ```ts
 * import * as Effect from "effect/Effect"
 * import { ProcessGroup } from "effixir/node"
 * import { CommandRunner } from "effixir/tools"
 *
 * const environment = Effect.gen(function*() {
 *   const runner = yield* CommandRunner.CommandRunner
 *   return yield* runner.environment
 * }).pipe(Effect.provide(ProcessGroup.layer))
 *
 * const sameAsAnEffect = ProcessGroup.make
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<CommandRunner> = Layer.scoped(CommandRunner, make)

/**
 * A program that is talked to over its stdin and stdout for as long as the Scope lasts. It ends with it, and all that it
 * has started, also when this process is killed.
 *
 * @internal
 */
export const talkTo = (
  watcher: ProcessWatcher.ProcessWatcher,
  words: ReadonlyArray<string>,
  folder: string,
  env: Readonly<Record<string, string>>
): Effect.Effect<Talking, CommandNotStarted, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      launch(watcher, words, folder, env, { hasErrors: true, hasInput: true }),
      (tree) => Effect.ensuring(stop(tree, Exit.interrupt(FiberId.none)), Effect.sync(() => forget(watcher, tree)))
    ),
    // Pipes were asked for.
    ({ child }) => child as Talking
  )

/** @internal */
export type Talking = Child & {
  readonly stdin: NonNullable<ChildProcess["stdin"]>
  readonly stderr: NonNullable<ChildProcess["stderr"]>
}

type Child = ChildProcess & { readonly pid: number; readonly stdout: NonNullable<ChildProcess["stdout"]> }

/** A command and what it has started. */
interface Tree {
  readonly child: Child
  readonly mark: string
  readonly startedAt: number
  /** For a command that has ended by itself: what else to stop. */
  leftInSession: ReadonlyArray<ProcessMark.Marked> | undefined
}

/**
 * A handle on the folder that is at the path now, since the path may lead elsewhere a moment later. It is held as long
 * as the command runs: if it were closed before a listener is attached to a quick command, the command's output would
 * be lost.
 */
const hold = (folder: string) =>
  Effect.acquireRelease(
    Effect.tryPromise({ try: () => openRealPath(folder, constants.O_DIRECTORY), catch: notStarted }),
    (handle) => Effect.promise(() => handle.close())
  )

const launch = Effect.fnUntraced(function*(
  watcher: ProcessWatcher.ProcessWatcher,
  words: ReadonlyArray<string>,
  cwd: string,
  added: Readonly<Record<string, string>>,
  { hasErrors = false, hasInput = false }: Options = {}
) {
  const mark = ProcessMark.make()
  const env = yield* ChildEnvironment.make({ ...added, ...ProcessMark.environment(mark) })
  const startedAt = yield* Clock.currentTimeMillis
  return yield* Effect.async<Tree, CommandNotStarted>((resume) => {
    let isWatched = false
    const fail = (cause: unknown) => {
      if (isWatched) watcher.forget(mark)
      resume(notStarted(cause))
    }
    try {
      watcher.watch(mark)
      isWatched = true
      // Both outputs go into one pipe, which keeps their order; the smallest shell is enough for that.
      const script = `${ProcessMark.limit(mark)}; exec "$@"${hasErrors ? "" : " 2>&1"}`
      const child = spawn("/bin/sh", ["-c", script, "sh", ...words], {
        cwd,
        detached: true,
        stdio: [hasInput ? "pipe" : "ignore", "pipe", hasErrors ? "pipe" : "ignore"],
        env
      })
      // A command may end before it has read anything.
      child.stdin?.on("error", () => {})
      if (child.pid !== undefined) watcher.watch(groupOf(child.pid))
      child.once("error", fail)
      child.once(
        "spawn",
        () => resume(Effect.succeed({ child: child as Child, mark, startedAt, leftInSession: undefined }))
      )
    } catch (cause) {
      fail(cause)
    }
  })
})

const notStarted = (cause: unknown) => new CommandNotStarted({ problem: startProblem(cause) })

const forget = (watcher: ProcessWatcher.ProcessWatcher, { child, mark }: Tree): void => {
  watcher.forget(groupOf(child.pid))
  watcher.forget(mark)
}

/** A process group, as `kill` names it: its number with a minus. */
const groupOf = (pid: number): string => `-${pid}`

const observe = Effect.fnUntraced(function*(tree: Tree) {
  const { child } = tree
  const exit = yield* Deferred.make<ExitStatus>()
  const ending = yield* Deferred.make<Ending>()
  const output = yield* Mailbox.make<Uint8Array>(4)
  const run = yield* FiberSet.makeRuntime<never>()
  let isQuiet = false

  const end = (code: number | null, signal: NodeJS.Signals | null) =>
    Deferred.unsafeDone(
      exit,
      Effect.succeed<ExitStatus>(code === null ? { _tag: "Killed", signal: String(signal) } : { _tag: "Exited", code })
    )
  // A quick command may end before a listener is attached.
  if (child.exitCode === null && child.signalCode === null) child.once("exit", end)
  else end(child.exitCode, child.signalCode)
  child.stdout.on("data", (chunk: Uint8Array) => {
    isQuiet = false
    child.stdout.pause()
    run(Effect.ensuring(output.offer(chunk), Effect.sync(() => child.stdout.resume())))
  })
  child.stdout.once("close", () => run(output.end))
  child.stdout.once("error", () => run(output.end))

  const listen = Effect.suspend(() => {
    isQuiet = true
    return Effect.delay(Effect.sync(() => isQuiet), quietTime)
  })
  yield* Effect.gen(function*() {
    const exited = yield* Deferred.await(exit)
    const isAlone = yield* endsAlone(tree)
    if (isAlone) yield* Deferred.succeed(ending, { ...exited, background: [] })
    // A process in the background may hold the pipe open for ever.
    const isClosed = child.stdout.closed
    if (!isClosed) yield* Effect.repeat(listen, { until: (quiet) => quiet, times: maxQuietTimes })
    // Reports the daemons that are left when everything else is done.
    if (!isAlone) yield* Deferred.succeed(ending, { ...exited, background: yield* leftBehind(tree) })
    if (!isClosed) yield* output.end
  }).pipe(Effect.forkScoped)

  /** A process may be about to go on by itself: it has to be found in the same state twice. */
  const waiting = Effect.gen(function*() {
    let before: ProcessMark.Marked | undefined
    while (true) {
      yield* Effect.sleep(inputPause)
      const now = findWaiting(yield* look(tree))
      if (now !== undefined && now.pid === before?.pid && now.since === before.since) return now
      before = now
    }
  })

  const running: RunningCommand = {
    ...child.stdin === null ? {} : { input: inputOf(child.stdin) },
    ...child.stderr === null ? {} : { errors: errorsOf(child.stderr) },
    output: Mailbox.toStream(output),
    ending: Deferred.await(ending),
    waiting: process.platform === "linux" ? waiting : Effect.never
  }
  return running
})

const inputOf = (stdin: Writable): CommandInput => ({
  write: (text) =>
    Effect.async((resume) => {
      if (!stdin.writable) return resume(Effect.succeed(false))
      stdin.write(text, (error) => resume(Effect.succeed(error == null)))
    }),
  end: Effect.sync(() => void stdin.end())
})

/** How much of a stderr is kept, in characters. */
const maxErrors = 16 * 1024

const errorsOf = (stderr: Readable): Effect.Effect<string> => {
  let text = ""
  stderr.setEncoding("utf8").on("data", (piece: string) => {
    if (text.length < maxErrors) text = (text + piece).slice(0, maxErrors)
  })
  stderr.on("error", () => {})
  const closed = Effect.async<void>((resume) => {
    if (stderr.closed) resume(Effect.void)
    else stderr.once("close", () => resume(Effect.void))
  })
  // A process in the background may hold the pipe open.
  return Effect.as(Effect.raceFirst(closed, Effect.sleep(quietTime)), "").pipe(Effect.map(() => text))
}

type ExitStatus = { readonly _tag: "Exited"; readonly code: number } | {
  readonly _tag: "Killed"
  readonly signal: string
}

const look = (tree: Tree): Effect.Effect<ReadonlyArray<ProcessMark.Marked>> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    const areYoung = now - tree.startedAt < Duration.toMillis(pidsAreYoung)
    return ProcessMark.find(tree.mark, { after: areYoung ? tree.child.pid : undefined })
  })

/**
 * Whether a command that has ended by itself has left no process behind. A process that is about to leave the session,
 * or to become a daemon by a double fork, gets the time to do so.
 */
const endsAlone = Effect.fnUntraced(function*(tree: Tree) {
  let left = yield* look(tree)
  for (let n = 0, same = 0; n < maxQuietTimes && left.length > 0; n++) {
    const before = namesOf(daemonsOf(tree, left))
    left = yield* Effect.delay(look(tree), quietTime)
    const after = namesOf(daemonsOf(tree, left))
    same = after === before ? same + 1 : 0
    if (same >= (after === "" ? 1 : settledTimes)) break
  }
  if (left.length === 0) tree.leftInSession = []
  return left.length === 0
})

const daemonsOf = (tree: Tree, all: ReadonlyArray<ProcessMark.Marked>) =>
  all.filter(({ session }) => session !== tree.child.pid)

const namesOf = (all: ReadonlyArray<ProcessMark.Marked>) =>
  all.map(({ command, pid }) => `${pid} ${command}`).join("\n")

/** The processes that now run in sessions of their own. All others will be stopped. */
const leftBehind = Effect.fnUntraced(function*(tree: Tree) {
  const left = yield* look(tree)
  tree.leftInSession = left.filter(({ session }) => session === tree.child.pid)
  return daemonsOf(tree, left).map(({ command, pid }): BackgroundProcess => ({ pid, command }))
})

/**
 * First SIGTERM, then SIGKILL. A daemon is spared only by a command that has ended by itself, and whose output was
 * taken to the end.
 */
const stop = Effect.fnUntraced(function*(tree: Tree, exit: Exit.Exit<unknown, unknown>) {
  const spared = Exit.isSuccess(exit) ? tree.leftInSession : undefined
  const toStop = () => spared?.filter(ProcessMark.isAlive) ?? ProcessMark.find(tree.mark, { root: rootOf(tree) })

  const others = toStop()
  if (signal(tree, others, "SIGTERM") && !(yield* endsInTime(tree, others))) {
    signal(tree, others, "SIGKILL")
    yield* endsInTime(tree, others)
  }
  // New processes may start while the tree is killed.
  for (let n = 0, rest = toStop(); n < polls.count && rest.length > 0; n++, rest = toStop()) {
    signal(tree, rest, "SIGKILL")
    yield* Effect.sleep(polls.pause)
  }
  for (const stream of [tree.child.stdin, tree.child.stdout, tree.child.stderr]) stream?.destroy()
})

/** The process number of a shell that has ended may have been reused. */
const rootOf = ({ child }: Tree): number | undefined =>
  child.exitCode === null && child.signalCode === null ? child.pid : undefined

/** Polls a limited number of times: a timeout would not work in this uninterruptible region. */
const endsInTime = Effect.fnUntraced(function*(tree: Tree, others: ReadonlyArray<ProcessMark.Marked>) {
  for (let n = 0; n < polls.count; n++) {
    const isGroupThere = signalGroup(tree, 0) && ProcessMark.isGroupAlive(tree.child.pid)
    if (!isGroupThere && !others.some(ProcessMark.isAlive)) return true
    yield* Effect.sleep(polls.pause)
  }
  return false
})

/** Whether a process got the signal. */
const signal = (tree: Tree, others: ReadonlyArray<ProcessMark.Marked>, name: NodeJS.Signals): boolean => {
  const taken = [signalGroup(tree, name), ...others.map(({ pid }) => kill(pid, name))]
  return taken.includes(true)
}

const signalGroup = ({ child }: Tree, name: NodeJS.Signals | 0): boolean => kill(-child.pid, name)

const kill = (pid: number, name: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}
