/**
 * The keyring of the operating system, asked by a process of its own. Its calls block the whole process that makes
 * them, even its exit, and some keyrings never answer: they wait for a password, even where no person is there to type
 * it. Secrets go through pipes, and never into arguments or an environment.
 *
 * @internal
 */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type ChildProcessByStdio, spawn } from "node:child_process"
import type { Readable, Writable } from "node:stream"
import { field, parse, text } from "../../internal/json.ts"
import { withDeadline } from "../../internal/withDeadline.ts"
import * as ChildEnvironment from "../process/ChildEnvironment.ts"
import { packageUrl } from "../process/packageUrl.ts"

/**
 * - `Refused` there is no keyring, or it says no
 * - `Silent` it does not answer
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyringError extends Data.TaggedError("KeyringError")<{
  readonly reason: "Refused" | "Silent"
  readonly detail: string
}> {
  override get message(): string {
    return this.detail
  }
}

/**
 * One text in a keyring.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly get: Effect.Effect<Option.Option<string>, KeyringError>
  readonly set: (text: string) => Effect.Effect<void, KeyringError>
  readonly remove: Effect.Effect<void, KeyringError>
}

/** Long enough to type a password into the window that a keyring may open. */
const timeout = Duration.seconds(15)

/** A keyring that did not answer is not asked again for this long, so that not every question waits for the timeout. */
const pause = Duration.seconds(30)

/**
 * The entry of effixir with a name of its own. The process that asks is started with the first question, and ends with
 * the Scope. `library` is the URL of `@napi-rs/keyring`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const open: (
  name: string,
  library?: string
) => Effect.Effect<Entry, never, Scope.Scope> = Effect.fnUntraced(function*(name, library) {
  const lock = yield* Effect.makeSemaphore(1)
  let child: Child | undefined
  let silentSince: number | undefined

  const stop = Effect.sync(() => {
    child?.kill("SIGKILL")
    child = undefined
  })
  yield* Effect.addFinalizer(() => stop)

  const call = (method: Method, ...values: ReadonlyArray<string>) =>
    Effect.gen(function*() {
      const now = yield* Clock.currentTimeMillis
      if (silentSince !== undefined && now - silentSince < Duration.toMillis(pause)) return yield* silent
      if (child === undefined || hasEnded(child)) child = yield* launch(name, library)
      return yield* answer(child, `${JSON.stringify([method, ...values])}\n`)
    }).pipe(
      withDeadline(timeout, () => silent),
      // A late answer would be taken for the answer to another question.
      Effect.onExit((exit) => Exit.isSuccess(exit) ? Effect.void : stop),
      Effect.tapError(({ reason }) =>
        Effect.map(Clock.currentTimeMillis, (now) => {
          if (reason === "Silent") silentSince ??= now
        })
      ),
      lock.withPermits(1)
    )

  const entry: Entry = {
    get: Effect.map(call("getPassword"), Option.fromNullable),
    set: (text) => Effect.asVoid(call("setPassword", text)),
    remove: Effect.asVoid(call("deletePassword"))
  }
  return entry
})

const silent = new KeyringError({
  reason: "Silent",
  detail: `it has not answered within ${Duration.format(timeout)}`
})

type Method = "getPassword" | "setPassword" | "deletePassword"

type Child = ChildProcessByStdio<Writable, Readable, null>

/** Somebody may have killed it between two questions: then nothing would tell of its end any more. */
const hasEnded = ({ exitCode, signalCode }: Child): boolean => exitCode !== null || signalCode !== null

const launch = (name: string, library: string | undefined): Effect.Effect<Child, KeyringError> =>
  Effect.flatMap(ChildEnvironment.withoutSecrets, (env) =>
    Effect.try({
      try: () => {
        const url = library ?? packageUrl("@napi-rs/keyring")
        const child = spawn(process.execPath, ["--input-type=module", "--eval", script, url, name], {
          env,
          stdio: ["pipe", "pipe", "ignore"],
          // Ctrl-C must not reach it: a save in progress has to finish.
          detached: true
        })
        // Errors need no handling here: `answer` notices when the process has ended.
        for (const part of [child, child.stdin, child.stdout]) part.on("error", () => {})
        child.stdout.setEncoding("utf8")
        return child
      },
      catch: (cause) => refused(cause instanceof Error ? cause.message : String(cause))
    }))

/**
 * A line with a method and its arguments, and a line with what it gave, or why it failed. It exits when its parent is
 * gone; during a blocking call only a separate thread can do that. Keyrings in the memory of the kernel are skipped,
 * because they lose their content at a restart of the machine.
 */
const script = `
  import { createInterface } from "node:readline"
  import { Worker } from "node:worker_threads"
  const orphan = "process.ppid !== " + process.ppid
  new Worker("setInterval(() => { if (" + orphan + ") process.kill(process.pid, 'SIGKILL') }, 1000)", { eval: true })
  const [url, name] = process.argv.slice(1)
  let entry
  for await (const line of createInterface({ input: process.stdin })) {
    const [method, ...values] = JSON.parse(line)
    let told
    try {
      const { AsyncEntry } = await import(url)
      entry ??= new AsyncEntry("effixir", name, { linux: { store: "secret-service" } })
      told = { value: await entry[method](...values) }
    } catch (error) {
      told = { problem: String(error?.message ?? error) }
    }
    process.stdout.write(JSON.stringify(told) + "\\n")
  }
  process.exit()
`

const answer = (child: Child, question: string): Effect.Effect<string | undefined, KeyringError> =>
  Effect.async((resume) => {
    let said = ""
    const settle = (result: Effect.Effect<string | undefined, KeyringError>) => {
      forget()
      resume(result)
    }
    const read = (chunk: string) => {
      said += chunk
      if (!said.endsWith("\n")) return
      const json = parse(said)
      const problem = text(field(json, "problem"))
      settle(problem === undefined ? Effect.succeed(text(field(json, "value"))) : refused(problem))
    }
    const end = () => settle(refused("the process that asks it has ended"))
    const forget = () => {
      child.stdout.off("data", read)
      child.off("close", end)
    }
    child.stdout.on("data", read)
    child.once("close", end)
    child.stdin.write(question)
    return Effect.sync(forget)
  })

const refused = (detail: string): KeyringError => new KeyringError({ reason: "Refused", detail })
