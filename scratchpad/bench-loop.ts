/**
 * What the loop costs beside the model: per call of a tool, per turn, over a long session, for many agents at once, and
 * for a whole turn of the CLI next to Node alone and to the CLIs that are installed (`codex` and `pi` on the PATH, or
 * CODEX_BINARY). Medians; the sides of a comparison take turns. `npm run bench:loop`
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { spawn, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { availableParallelism, tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import {
  Agent,
  History,
  type Item,
  Permission,
  Responses,
  type SessionEvent,
  SessionStore,
  Tool,
  ToolExecutor,
  Toolkit,
  Usage
} from "../src/index.ts"
import { NodeRuntime, SessionFiles } from "../src/node/index.ts"
import { OpenAiSimulator, Script } from "../src/testing/index.ts"

const base = mkdtempSync(join(tmpdir(), "effixir-bench-"))
const print = (name: string, value: number, unit: string, note = "") =>
  process.stdout.write(
    `${name.padEnd(44)} ${value.toFixed(value < 10 ? 3 : 1).padStart(9)} ${unit.padEnd(4)} ${note}\n`
  )
const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const echo = Tool.make({
  name: "echo",
  description: "Says it back",
  parameters: Schema.Struct({ text: Schema.String }),
  handler: ({ text }) => Effect.succeed(text)
})

/** A model that answers at once with what the function makes of the request. */
const model = (answer: (input: ReadonlyArray<Item.Item>) => ReadonlyArray<Item.Item>) =>
  Layer.succeed(Responses.Responses, {
    account: Effect.succeed("bench"),
    stream: (request) =>
      Stream.suspend(() =>
        Stream.fromIterable([
          ...answer(request.input).map((item, output_index) => ({
            type: "response.output_item.done" as const,
            output_index,
            item
          })),
          { type: "response.completed" as const, response: { usage: { input_tokens: 1, output_tokens: 1 } } }
        ])
      )
  })

const agent = (
  store: Layer.Layer<SessionStore.SessionStore>,
  answer: (input: ReadonlyArray<Item.Item>) => ReadonlyArray<Item.Item>,
  tool = echo
) =>
  Agent.layer({ model: "gpt-6.2-sol", instructions: "Be brief." }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.make(tool)), Permission.layerAllowAll]),
    Layer.provide(model(answer)),
    Layer.provideMerge(store)
  )

const files = (name: string) =>
  SessionFiles.layer({ folder: join(base, name) }).pipe(Layer.provide(NodeRuntime.layerPlatform))

/** How long one turn takes, in milliseconds. */
const turn = (session: string) =>
  Effect.gen(function*() {
    const { run } = yield* Agent.Agent
    const start = performance.now()
    yield* Stream.runDrain(run(session, "Go"))
    return performance.now() - start
  })

const times = <A, E, R>(n: number, effect: (n: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: n }, (_, index) => index), effect)

const outputs = (input: ReadonlyArray<Item.Item>) =>
  input.length - 1 - input.findLastIndex((item) => item.type === "message")

const perTurn = Effect.gen(function*() {
  const durations = yield* times(300, (n) => turn(`turn-${n}`))
  return median(durations.slice(100))
}).pipe(Effect.provide(agent(files("turns"), () => [Script.say("Done.")])))

/** One turn of so many calls, all in one response or one in each step. */
const perCall = (isTogether: boolean) =>
  Effect.gen(function*() {
    const count = 100
    const call = (n: number) => Script.call("echo", { text: `text number ${n}` }, `c${n}`)
    const all = Array.from({ length: count }, (_, n) => call(n))
    const layer = (name: string, calls: number) =>
      agent(files(name), (input) => {
        const done = Math.ceil(outputs(input) / (isTogether ? 1 : 2))
        if (done >= calls) return [Script.say("Done.")]
        return isTogether ? all.slice(0, calls) : all.slice(done, done + 1)
      })
    const measure = (name: string, calls: number) =>
      Effect.provide(times(15, (n) => turn(`s-${n}`)), layer(name, calls))
    const with1 = yield* measure(`one-${isTogether}`, 1)
    const withAll = yield* measure(`all-${isTogether}`, count)
    return (median(withAll.slice(5)) - median(with1.slice(5))) / (count - 1)
  })

/** A session that has so many items already: a question, four calls with their outputs, an answer, again and again. */
const prefill = (session: string, items: number) =>
  Effect.scoped(Effect.gen(function*() {
    const store = yield* SessionStore.SessionStore
    const log = yield* store.open(session)
    const text = "Some words that a tool might say, and that go along with every request from here on. ".repeat(4)
    yield* log.append("session", { _tag: "SessionStarted", sessionId: session, schemaVersion: 1 })
    const response = (turnId: string, step: number, items: ReadonlyArray<Item.Item>): SessionEvent.ModelResponded => ({
      _tag: "ModelResponded",
      turnId,
      step,
      model: "gpt-6.2-sol",
      account: "bench",
      items,
      usage: Usage.zero,
      finishReason: "stop"
    })
    for (let n = 1; n * 10 <= items; n++) {
      const turnId = `turn-${n}`
      yield* log.append(turnId, {
        _tag: "TurnStarted",
        turnId,
        model: "gpt-6.2-sol",
        input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Go" }] }]
      })
      const calls = [0, 1, 2, 3].map((index) => Script.call("echo", { text: "x" }, `c${n}.${index}`))
      yield* log.append(`${turnId}/model/0`, response(turnId, 0, calls))
      for (const [index, call] of calls.entries()) {
        const about = { turnId, itemId: `${turnId}.0.${index}`, call }
        yield* log.append(`${turnId}/tool/0/${call.call_id}/started`, { _tag: "ToolStarted", ...about })
        yield* log.append(`${turnId}/tool/0/${call.call_id}`, {
          _tag: "ToolEnded",
          ...about,
          status: "completed",
          output: text
        })
      }
      yield* log.append(`${turnId}/model/1`, response(turnId, 1, [Script.say(text)]))
      yield* log.append(`${turnId}/end`, {
        _tag: "TurnCompleted",
        turnId,
        answer: text,
        usage: Usage.zero,
        finishReason: "stop"
      })
    }
  }))

const growth = Effect.gen(function*() {
  const sizes = [1000, 2500, 5000, 10_000]
  const store = yield* SessionStore.SessionStore
  const rows: Array<readonly [turn: number, step: number, body: number, bytes: number]> = []
  for (const size of sizes) {
    const session = `size-${size}`
    yield* prefill(session, size)
    const whole = median((yield* times(9, () => turn(session))).slice(2))
    const history = History.fromEvents((yield* store.read(session)).map(({ event }) => event))
    const recipient = { model: "gpt-6.2-sol", account: "bench" }
    const timed = (work: () => unknown) => {
      const start = performance.now()
      work()
      return performance.now() - start
    }
    const step = median(Array.from({ length: 15 }, () => timed(() => History.toInput(history, recipient))))
    const input = History.toInput(history, recipient)
    const body = median(Array.from({ length: 15 }, () => timed(() => JSON.stringify(input))))
    rows.push([whole, step, body, JSON.stringify(input).length])
  }
  const [first] = rows
  for (const [index, [whole, step, body, bytes]] of rows.entries()) {
    const growth = first === undefined ? 0 : whole / first[0]
    print(
      `turn in a session of ${sizes[index]} items`,
      whole,
      "ms",
      `${growth.toFixed(1)} × the first, body ${(bytes / (first?.[3] ?? 1)).toFixed(1)} ×`
    )
    print(
      "  of it the input of one request",
      step,
      "ms",
      `writing it as JSON: ${body.toFixed(1)} ms, ${(bytes / 1e6).toFixed(1)} MB`
    )
  }
}).pipe(Effect.provide(agent(files("growth"), () => [Script.say("Done.")])))

/** Agents that all wait for a tool. */
const crowd = Effect.gen(function*() {
  const count = 1000
  setFlagsFromString("--expose-gc")
  const gc: unknown = runInNewContext("gc")
  const memory = () => {
    if (typeof gc === "function") gc()
    const { external, heapUsed } = process.memoryUsage()
    return heapUsed + external
  }
  const gate = yield* Deferred.make<void>()
  let waiting = 0
  const wait = Tool.make({
    name: "echo",
    description: "",
    parameters: Schema.Struct({}),
    handler: () => {
      waiting++
      return Effect.as(Deferred.await(gate), "done")
    }
  })
  const work = Effect.gen(function*() {
    yield* turn("first").pipe(Effect.fork, Effect.flatMap(Fiber.interrupt))
    const before = memory()
    const start = performance.now()
    const fibers = yield* times(count, (n) => Effect.fork(turn(`s-${n}`)))
    yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => waiting >= count })
    const started = performance.now() - start
    const perAgent = (memory() - before) / count
    yield* Deferred.succeed(gate, undefined)
    yield* Effect.forEach(fibers, Fiber.join)
    return { perAgent, started, ended: performance.now() - start }
  })
  const answer = (input: ReadonlyArray<Item.Item>) =>
    outputs(input) > 0 ? [Script.say("Done.")] : [Script.call("echo", {})]
  const { ended, perAgent, started } = yield* Effect.provide(work, agent(SessionStore.layerMemory, answer, wait))
  print(`${count} agents at once: memory of each`, perAgent / 1024, "KiB", "goal: under 300")
  print("  until all wait for their tools", started, "ms")
  print("  until all are done", ended, "ms")
})

/** A call of the shell, whatever its tool is called, and then fifty pieces of text. */
const script: Script.Script = ({ input, tools }) => {
  if (input.some((item) => item.type === "function_call_output")) {
    return Script.answer(Script.say(Array.from({ length: 50 }, (_, n) => `word${n}`).join(" ")))
  }
  const names = new Set(tools.map(({ name }) => name))
  if (names.has("exec_command")) return Script.answer(Script.call("exec_command", { cmd: "true" }))
  if (names.has("shell_command")) return Script.answer(Script.call("shell_command", { command: "true" }))
  if (names.has("shell")) return Script.answer(Script.call("shell", { command: ["true"] }))
  return Script.answer(Script.call("bash", { command: "true" }))
}

interface Sample {
  readonly wall: number
  readonly cpu: number
  readonly memory: number
}

const meter = "/usr/bin/time"
const hasMeter = existsSync(meter)

const runProgram = (command: string, args: ReadonlyArray<string>, env: Record<string, string>) =>
  Effect.async<Sample & { readonly code: number | null; readonly stderr: string }>((resume) => {
    const report = join(base, "report")
    const [program, words] = hasMeter
      ? [meter, ["-f", "%U %S %M", "-o", report, command, ...args]]
      : [command, args]
    const start = performance.now()
    const child = spawn(program, words, {
      cwd: join(base, "work"),
      env: { PATH: process.env["PATH"], HOME: base, ...env },
      stdio: ["ignore", "ignore", "pipe"]
    })
    let stderr = ""
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString()
    })
    child.once("error", (error) => resume(Effect.die(error)))
    child.once("close", (code) => {
      const wall = performance.now() - start
      const numbers = hasMeter ? readFileSync(report, "utf8").trim().split("\n").at(-1)?.split(" ").map(Number) : []
      const [user = NaN, system = NaN, memory = NaN] = numbers ?? []
      resume(Effect.succeed({ wall, cpu: (user + system) * 1000, memory: memory / 1024, code, stderr }))
    })
  })

const installed = (name: string) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0

const cli = Effect.gen(function*() {
  const simulator = yield* OpenAiSimulator.make({ script })
  const key = Redacted.value(simulator.apiKey)
  const home = join(base, "home")
  const codexHome = join(base, "codex")
  const piHome = join(base, "pi")
  for (const folder of [home, codexHome, piHome, join(base, "work")]) mkdirSync(folder, { recursive: true })
  writeFileSync(
    join(codexHome, "config.toml"),
    `model = "gpt-6.2-sol"\nmodel_provider = "bench"\n[model_providers.bench]\nname = "bench"\n` +
      `base_url = "${simulator.apiBaseUrl}"\nenv_key = "OPENAI_API_KEY"\nwire_api = "responses"\n` +
      `[analytics]\nenabled = false\n`
  )
  const models = [{
    id: "gpt-6.2-sol",
    name: "gpt-6.2-sol",
    reasoning: true,
    input: ["text"],
    contextWindow: 200_000,
    maxTokens: 8000
  }]
  writeFileSync(
    join(piHome, "models.json"),
    JSON.stringify({
      providers: {
        bench: { baseUrl: simulator.apiBaseUrl, apiKey: "OPENAI_API_KEY", api: "openai-responses", models }
      }
    })
  )
  const codex = process.env["CODEX_BINARY"] ?? "codex"
  const program = join(process.cwd(), "dist/bin/effixir.js")
  const common = { OPENAI_API_KEY: key }
  const sides: ReadonlyArray<
    readonly [name: string, command: string, args: ReadonlyArray<string>, env: Record<string, string>]
  > = [
    ["node -e 0", process.execPath, ["-e", "0"], common],
    ["effixir run", process.execPath, [program, "run", "--json", "--deltas", "Go"], {
      ...common,
      EFFIXIR_HOME: home,
      OPENAI_BASE_URL: simulator.apiBaseUrl
    }],
    ...installed(codex)
      ? [
        [
          "codex exec",
          codex,
          ["exec", "--json", "--skip-git-repo-check", "--sandbox", "danger-full-access", "Go"],
          { ...common, CODEX_HOME: codexHome }
        ] as const
      ]
      : [],
    ...installed("pi")
      ? [
        [
          "pi -p",
          "pi",
          ["-p", "--mode", "json", "--provider", "bench", "--model", "gpt-6.2-sol", "Go"],
          { ...common, PI_CODING_AGENT_DIR: piHome, PI_OFFLINE: "1" }
        ] as const
      ]
      : []
  ]
  const samples = sides.map((): Array<Sample> => [])
  for (let round = 0; round < 12; round++) {
    for (const [index, [name, command, args, env]] of sides.entries()) {
      const sample = yield* runProgram(command, args, env)
      if (sample.code !== 0) return yield* Effect.dieMessage(`${name} failed with ${sample.code}: ${sample.stderr}`)
      if (round > 0) samples[index]?.push(sample)
    }
  }
  process.stdout.write(
    `\na whole turn with one bash call and 50 deltas${hasMeter ? "" : " (no GNU time: wall only)"}\n`
  )
  for (const [index, [name]] of sides.entries()) {
    const all = samples[index] ?? []
    const [wall, cpu, memory] = [
      median(all.map((s) => s.wall)),
      median(all.map((s) => s.cpu)),
      median(all.map((s) => s.memory))
    ]
    process.stdout.write(
      `${name.padEnd(14)} wall ${wall.toFixed(0).padStart(5)} ms   cpu ${cpu.toFixed(0).padStart(5)} ms   ` +
        `memory ${memory.toFixed(0).padStart(4)} MiB\n`
    )
  }
}).pipe(Effect.scoped)

const program = Effect.gen(function*() {
  process.stdout.write(`node ${process.version}, ${availableParallelism()} cores\n\n`)
  print("a turn, with its log on the disk", yield* perTurn, "ms", "goal: under 5")
  print("a call of a tool, all in one response", yield* perCall(true), "ms", "goal: under 1")
  print("a call of a tool, one in each step", yield* perCall(false), "ms", "with its model call")
  yield* growth
  yield* crowd
  yield* cli
})

await Effect.runPromise(program).finally(() => rmSync(base, { recursive: true, force: true }))
