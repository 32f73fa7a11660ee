import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type ChildProcess, spawn } from "node:child_process"
import { cpSync, existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Credential } from "../../src/auth/Credential.ts"
import * as OpenAiSimulator from "../../src/testing/OpenAiSimulator.ts"
import type * as Script from "../../src/testing/Script.ts"
import { inProcess, type Result } from "./inProcess.ts"

export const program = fileURLToPath(new URL("../../dist/bin/effixir.js", import.meta.url))

/** Whether every command line gets a process of its own, as it would have at a person's. */
const startsAlways = process.env["EFFIXIR_TEST_START"] !== undefined

/** A command line on its way. */
export interface Followed {
  /** What came out so far. */
  readonly output: () => { readonly stdout: string; readonly stderr: string }
  readonly type: (text: string) => Effect.Effect<void>
  readonly result: Effect.Effect<Result>
}

export interface Started extends Followed {
  readonly child: ChildProcess
}

export interface How {
  readonly env?: Record<string, string>
  readonly stdin?: string | null
  /** A command that runs the one it is given, as `nice` does. */
  readonly through?: ReadonlyArray<string>
  /** Whether it needs a process of its own. */
  readonly isStarted?: boolean
  /** Whether it is to take its streams for a terminal; not in a process of its own. */
  readonly isTerminal?: boolean
  /** How much faster its clock goes; not in a process of its own. */
  readonly speed?: number
}

/** A person's machine: a home, a folder to work in, and a simulator of the servers. */
export const machine = Effect.fnUntraced(function*(
  script: Script.Script,
  options?: Partial<OpenAiSimulator.Options> & {
    readonly signedIn?: boolean
    readonly isCompiled?: boolean
    /** Whether every command line needs a process of its own. */
    readonly isStarted?: boolean
  }
) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const base = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "effixir-test-" }), fs.realPath)
  const home = path.join(base, "home")
  const folder = path.join(base, "work")
  yield* fs.makeDirectory(folder)
  const simulator = yield* OpenAiSimulator.make({ script, ...options })
  const environment = {
    PATH: process.env["PATH"],
    HOME: base,
    EFFIXIR_HOME: home,
    // What commands print of themselves, as their numbers, is another thing in a sandbox. `sandbox.test.ts` has one.
    EFFIXIR_SANDBOX: "off",
    EFFIXIR_ISSUER: simulator.issuer,
    EFFIXIR_CHATGPT_BASE_URL: simulator.chatgptBaseUrl,
    OPENAI_BASE_URL: simulator.apiBaseUrl
  }

  /**
   * Gives the home the compiled program, which would take each first start in it half its time, and so would each that
   * fails or is killed: those keep nothing.
   */
  const compile = () => {
    const compiled = process.env["EFFIXIR_TEST_COMPILED"]
    if (compiled !== undefined && options?.isCompiled !== false) {
      cpSync(compiled, path.join(home, "cache"), { recursive: true })
    }
  }

  const credential = yield* simulator.signIn()
  if (options?.signedIn !== false) {
    yield* fs.makeDirectory(home, { mode: 0o700 })
    const json = JSON.stringify(yield* Schema.encode(Credential)(credential))
    yield* fs.writeFileString(path.join(home, "auth.json"), json, { mode: 0o600 })
    compile()
  }

  const start = (args: ReadonlyArray<string>, options?: How) =>
    Effect.acquireRelease(
      Effect.sync((): Started => {
        if (existsSync(home) && !existsSync(path.join(home, "cache"))) compile()
        const [command = "", ...words] = [...options?.through ?? [], process.execPath, program, ...args]
        const child = spawn(command, words, {
          cwd: folder,
          env: { ...environment, ...options?.env }
        })
        let stdout = ""
        let stderr = ""
        child.stdout.setEncoding("utf8").on("data", (text: string) => {
          stdout += text
        })
        child.stderr.setEncoding("utf8").on("data", (text: string) => {
          stderr += text
        })
        // A program may end, or close its input, before it has read all of it.
        child.stdin.on("error", () => {})
        // A pipe that nobody closes is a prompt that nobody finishes.
        if (options?.stdin !== null) child.stdin.end(options?.stdin ?? "")
        const ended = new Promise<Result>((resolve) => {
          child.once("close", (code) => resolve({ code, stdout, stderr }))
        })
        return {
          child,
          output: () => ({ stdout, stderr }),
          type: (text) => Effect.sync(() => void child.stdin.write(text)),
          result: Effect.promise(() => ended)
        }
      }),
      ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
    )

  /** Begins a command line: in this process, unless the test is about processes. */
  const follow = (args: ReadonlyArray<string>, how: How = {}) =>
    Effect.suspend((): ReturnType<typeof start> | Effect.Effect<Followed, never, Scope.Scope> => {
      const { env = {}, isStarted = options?.isStarted === true, isTerminal = false, speed = 1, stdin = "", through } =
        how
      const isForNode = Object.keys(env).some((name) => name.startsWith("NODE_"))
      const running = !isTerminal && speed === 1 && startsAlways || isStarted || isForNode || through !== undefined
        ? undefined
        : inProcess(args, { cwd: folder, env: { ...environment, ...env }, stdin, isTerminal, speed })
      if (running === undefined) return start(args, how)
      const { output, result, stop, type } = running
      const followed: Followed = {
        output,
        type: (text) => Effect.sync(() => type(text)),
        result: Effect.promise(() => result)
      }
      return Effect.acquireRelease(Effect.succeed(followed), () => Effect.promise(stop))
    })

  /** Runs a command line to its end. */
  const run = (args: ReadonlyArray<string>, how: How = {}) =>
    Effect.scoped(Effect.flatMap(follow(args, how), ({ result }) => result))

  /** Everything that must never be seen outside `auth.json`. */
  const secrets = [credential.access_token, credential.refresh_token, simulator.apiKey].map(Redacted.value)

  return {
    fs,
    path,
    base,
    home,
    folder,
    /** What a run asks of models comes before its first call, and once a day: `asked` has that as well. */
    simulator: {
      ...simulator,
      requests: Effect.map(simulator.requests, (all) => all.filter((one) => !isListing(one)))
    },
    asked: simulator.requests,
    secrets,
    start,
    follow,
    run,
    auth: path.join(home, "auth.json"),
    file: (name: string) => path.join(folder, name)
  }
})

const isListing = ({ method, path }: OpenAiSimulator.Received) => method === "GET" && path.endsWith("/models")

export const platform = Layer.merge(NodeFileSystem.layer, NodePath.layer)
