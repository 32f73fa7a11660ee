import * as Clock from "effect/Clock"
import type * as EffectConsole from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { identity } from "effect/Function"
import { Console } from "node:console"
import { PassThrough, Writable } from "node:stream"
import * as Cli from "../../src/cli/Cli.ts"
import * as Execute from "../../src/cli/execute.ts"
import type { Listening } from "../../src/cli/Interruption.ts"

export interface Result {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** What a process of its own would have. */
export interface Surroundings {
  readonly cwd: string
  readonly env: { readonly [name: string]: string | undefined }
  /** All that is typed, or null for somebody who goes on typing. */
  readonly stdin: string | null
  /** Whether the streams say that they are a terminal, as one would that edits its lines itself. */
  readonly isTerminal?: boolean
  /** How much faster its clock goes. */
  readonly speed?: number
}

export interface Running {
  /** What came out so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string }
  readonly type: (text: string) => void
  readonly result: Promise<Result>
  /** Ends it, as a signal does. */
  readonly stop: () => Promise<void>
}

let isTaken = false

/**
 * Runs a command line in this process, which takes a tenth of the time that starting the program takes. The environment,
 * the folder and the streams belong to a whole process, so that one runs at a time: undefined while another does.
 */
export const inProcess = (args: ReadonlyArray<string>, around: Surroundings): Running | undefined => {
  if (isTaken) return undefined
  isTaken = true
  const [stdin, stdout, stderr] = [new PassThrough(), written(), written()]
  if (around.stdin !== null) stdin.end(around.stdin)
  if (around.isTerminal === true) { for (const one of [stdin, stdout.stream]) Object.assign(one, { isTTY: true }) }
  const restore = surround(around, [stdin, stdout.stream, stderr.stream])
  const line = Cli.read(args)
  const listening: Listening = {
    first: () => "SIGINT",
    stop: () => fiber.unsafeInterruptAsFork(fiber.id()),
    told: undefined
  }
  const fiber = Effect.runFork(
    Execute.run(line, listening).pipe(
      Effect.withConsole(consoleOf(stdout.stream, stderr.stream)),
      around.speed === undefined || around.speed === 1 ? identity : Effect.withClock(fast(around.speed))
    )
  )
  const end = async () => {
    const exit = await Effect.runPromise(Fiber.await(fiber))
    const last = await Execute.lastLine(exit, line, listening)
    return { code: Execute.codeOf(exit, listening), stdout: stdout.text() + last, stderr: stderr.text() }
  }
  const result = end().finally(() => {
    restore()
    isTaken = false
  })
  return {
    output: () => ({ stdout: stdout.text(), stderr: stderr.text() }),
    type: (text) => void stdin.write(text),
    result,
    stop: async () => {
      listening.stop("SIGINT")
      await result
    }
  }
}

/** A clock that goes on from now, so many times as fast. */
const fast = (speed: number): Clock.Clock => {
  const real = Clock.make()
  const start = real.unsafeCurrentTimeMillis()
  const startNanos = real.unsafeCurrentTimeNanos()
  const unsafeCurrentTimeMillis = () => Math.round(start + (real.unsafeCurrentTimeMillis() - start) * speed)
  const unsafeCurrentTimeNanos = () => startNanos + (real.unsafeCurrentTimeNanos() - startNanos) * BigInt(speed)
  return {
    ...real,
    unsafeCurrentTimeMillis,
    unsafeCurrentTimeNanos,
    currentTimeMillis: Effect.sync(unsafeCurrentTimeMillis),
    currentTimeNanos: Effect.sync(unsafeCurrentTimeNanos),
    sleep: (duration) => real.sleep(Duration.unsafeDivide(duration, speed))
  }
}

/** Puts the process into these surroundings, and gives what takes it out again. */
const surround = ({ cwd, env }: Surroundings, streams: ReadonlyArray<unknown>) => {
  const before = { cwd: process.cwd(), env: { ...process.env } }
  const restore = (["stdin", "stdout", "stderr"] as const).map((name, index) => replaced(name, streams[index]))
  setVariables(env)
  process.chdir(cwd)
  return () => {
    for (const stream of restore) stream()
    process.chdir(before.cwd)
    setVariables(before.env)
  }
}

const written = () => {
  let all = ""
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string | Uint8Array, _encoding, done) => {
      all += typeof chunk === "string" ? chunk : Buffer.from(chunk).toString()
      done()
    }
  })
  return { stream, text: () => all }
}

const replaced = (name: "stdin" | "stdout" | "stderr", value: unknown) => {
  const own = Object.getOwnPropertyDescriptor(process, name)
  Object.defineProperty(process, name, { configurable: true, enumerable: true, value })
  return () => {
    if (own !== undefined) Object.defineProperty(process, name, own)
  }
}

/** What the program writes itself, and what its log writes. */
const consoleOf = (stdout: Writable, stderr: Writable): EffectConsole.Console => {
  const unsafe = new Console({ stdout, stderr })
  return {
    ...Effect.runSync(Effect.console),
    unsafe,
    log: (...values) => Effect.sync(() => unsafe.log(...values)),
    error: (...values) => Effect.sync(() => unsafe.error(...values))
  }
}

const setVariables = (env: Surroundings["env"]) => {
  for (const name of Object.keys(process.env)) if (!(name in env)) delete process.env[name]
  for (const [name, value] of Object.entries(env)) if (value !== undefined) process.env[name] = value
}
