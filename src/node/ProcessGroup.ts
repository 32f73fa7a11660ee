/**
 * Shell commands in process groups of their own, so that the whole group can be stopped.
 *
 * @since 0.1.0
 */
import * as Boolean from "effect/Boolean"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Layer from "effect/Layer"
import * as Mailbox from "effect/Mailbox"
import * as Schedule from "effect/Schedule"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { CommandNotStarted, CommandRunner, type Ending, type RunningCommand } from "../tools/CommandRunner.ts"

/** How long a group may take to end by itself before it is killed. */
const patience = { schedule: Schedule.spaced("5 millis"), times: 100 }

/**
 * After the shell has ended, output may still be in the pipe; a silence this long means that there is none. What a
 * process in the background goes on writing is waited for a limited number of times.
 */
const quietTime = "50 millis"
const maxQuietTimes = 20

/** @since 0.1.0 @category constructors */
export const make = Effect.sync(() => {
  const shell = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"].find((path) => existsSync(path)) ?? "/bin/sh"
  return CommandRunner.of({
    start: Effect.fnUntraced(function*(command, folder) {
      const child = yield* Effect.acquireRelease(launch(shell, command, folder), stopGroup)
      return yield* observe(child)
    })
  })
})

/**
 * Runs commands with `bash`, or with `sh` where there is none.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<CommandRunner> = Layer.effect(CommandRunner, make)

type Child = ChildProcess & { readonly pid: number; readonly stdout: NonNullable<ChildProcess["stdout"]> }

const launch = (shell: string, command: string, folder: string): Effect.Effect<Child, CommandNotStarted> =>
  Effect.async((resume) => {
    const fail = (cause: unknown) =>
      resume(new CommandNotStarted({ problem: cause instanceof Error ? cause.message : String(cause) }))
    try {
      // Both outputs go into one pipe, which keeps their order.
      const child = spawn(shell, ["-c", `exec "$0" -c "$1" 2>&1`, shell, command], {
        cwd: folder,
        detached: true,
        stdio: ["ignore", "pipe", "ignore"],
        env: environment()
      })
      child.once("error", fail)
      child.once("spawn", () => resume(Effect.succeed(child as Child)))
    } catch (cause) {
      fail(cause)
    }
  })

/** Our secrets are none of the command's business, and nobody is there to answer a pager or a prompt. */
const environment = (): NodeJS.ProcessEnv => {
  const { OPENAI_API_KEY: _, ...inherited } = process.env
  return { ...inherited, TERM: "dumb", NO_COLOR: "1", PAGER: "cat", GIT_PAGER: "cat", GIT_TERMINAL_PROMPT: "0" }
}

const observe = Effect.fnUntraced(function*(child: Child) {
  const ending = yield* Deferred.make<Ending>()
  const output = yield* Mailbox.make<Uint8Array>(4)
  const run = yield* FiberSet.makeRuntime<never>()
  let isQuiet = false

  const end = (code: number | null, signal: NodeJS.Signals | null) =>
    Deferred.unsafeDone(
      ending,
      Effect.succeed<Ending>(code === null ? { _tag: "Killed", signal: String(signal) } : { _tag: "Exited", code })
    )
  // A quick command may be gone before anybody listens.
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
  // A process in the background may hold the pipe open for ever.
  yield* Deferred.await(ending).pipe(
    Effect.zipRight(Effect.repeat(listen, { until: (quiet) => quiet, times: maxQuietTimes })),
    Effect.zipRight(output.end),
    Effect.forkScoped
  )

  const running: RunningCommand = { output: Mailbox.toStream(output), ending: Deferred.await(ending) }
  return running
})

/** First politely, then for good. */
const stopGroup = (child: Child): Effect.Effect<void> =>
  Effect.gen(function*() {
    if (signal(child, "SIGTERM") && !(yield* endsInTime(child))) {
      signal(child, "SIGKILL")
      // Who is still there now is dead, and waits for a parent to notice; some parents never do.
      yield* endsInTime(child)
    }
    child.stdout.destroy()
  })

/** Polls a limited number of times: a timeout could not cut in here, where nothing can be interrupted. */
const endsInTime = (child: Child): Effect.Effect<boolean> =>
  Effect.isSuccess(Effect.retry(Effect.filterOrFail(Effect.sync(() => signal(child, 0)), Boolean.not), patience))

/** Whether there was somebody to take the signal. */
const signal = (child: Child, name: NodeJS.Signals | 0): boolean => {
  try {
    return process.kill(-child.pid, name)
  } catch {
    return false
  }
}
