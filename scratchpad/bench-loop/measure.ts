/** One measurement in a process of its own: what it found goes to the parent, as numbers by their names. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { performance } from "node:perf_hooks"
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
} from "../../src/index.ts"
import { NodeAgent, SessionFiles } from "../../src/node/index.ts"
import { Script } from "../../src/testing/index.ts"
import { median } from "../table.ts"

/** Milliseconds, or bytes. */
export type Found = Readonly<Record<string, number>>

const base = mkdtempSync(join(tmpdir(), "effixir-bench-"))

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

const files = (name: string, durability?: SessionFiles.Durability) =>
  SessionFiles.layer({ folder: join(base, name), durability }).pipe(Layer.provide(NodeAgent.layerPlatform))

/** Milliseconds: on the clock, and of all processors. */
interface Took {
  readonly wall: number
  readonly cpu: number
}

const clock = (): () => Took => {
  const start = performance.now()
  const cpu = process.cpuUsage()
  return () => {
    const { system, user } = process.cpuUsage(cpu)
    return { wall: performance.now() - start, cpu: (user + system) / 1000 }
  }
}

const turn = (session: string) =>
  Effect.gen(function*() {
    const { run } = yield* Agent.Agent
    const took = clock()
    yield* Stream.runDrain(run(session, "Go"))
    return took()
  })

const medians = (all: ReadonlyArray<Took>): Took => ({
  wall: median(all.map(({ wall }) => wall)),
  cpu: median(all.map(({ cpu }) => cpu))
})

const times = <A, E, R>(n: number, effect: (n: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(Array.from({ length: n }, (_, index) => index), effect)

const outputs = (input: ReadonlyArray<Item.Item>) =>
  input.length - 1 - input.findLastIndex((item) => item.type === "message")

const perTurn = Effect.gen(function*() {
  const all = yield* times(300, (n) => turn(`turn-${n}`))
  return medians(all.slice(100))
}).pipe(Effect.provide(agent(files("turns"), () => [Script.say("Done.")])))

/** One turn of so many calls, all in one response or one in each step. */
const perCall = (isTogether: boolean, durability?: SessionFiles.Durability) =>
  Effect.gen(function*() {
    const count = 100
    const call = (n: number) => Script.call("echo", { text: `text number ${n}` }, `c${n}`)
    const all = Array.from({ length: count }, (_, n) => call(n))
    const layer = (name: string, calls: number) =>
      agent(files(name, durability), (input) => {
        const done = Math.ceil(outputs(input) / (isTogether ? 1 : 2))
        if (done >= calls) return [Script.say("Done.")]
        return isTogether ? all.slice(0, calls) : all.slice(done, done + 1)
      })
    const measure = (name: string, calls: number) =>
      Effect.provide(times(20, (n) => turn(`s-${n}`)), layer(name, calls)).pipe(
        Effect.map((all) => medians(all.slice(5)))
      )
    const with1 = yield* measure(`one-${isTogether}`, 1)
    const withAll = yield* measure(`all-${isTogether}`, count)
    const each = (field: keyof Took) => (withAll[field] - with1[field]) / (count - 1)
    return { wall: each("wall"), cpu: each("cpu") }
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

/** A turn in a session of so many items, and what of it is the input of its request. */
const long = (size: number) =>
  Effect.gen(function*() {
    const store = yield* SessionStore.SessionStore
    const session = `size-${size}`
    yield* prefill(session, size)
    const whole = medians((yield* times(15, () => turn(session))).slice(3))
    const history = History.fromEvents((yield* store.read(session)).map(({ event }) => event))
    const repeated = (work: () => unknown) =>
      medians(Array.from({ length: 15 }, () => {
        const took = clock()
        work()
        return took()
      })).wall
    const recipient = { model: "gpt-6.2-sol", account: "bench" }
    const input = History.toInput(history, recipient)
    return {
      ...whole,
      input: repeated(() => History.toInput(history, recipient)),
      json: repeated(() => JSON.stringify(input)),
      bytes: JSON.stringify(input).length
    }
  }).pipe(Effect.provide(agent(files("long"), () => [Script.say("Done.")])))

/** Agents that all wait for a tool. */
const crowd = Effect.gen(function*() {
  const count = 1000
  const memory = () => {
    globalThis.gc?.()
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
    const took = clock()
    const fibers = yield* times(count, (n) => Effect.fork(turn(`s-${n}`)))
    yield* Effect.repeat(Effect.sleep("5 millis"), { until: () => waiting >= count })
    const started = took().wall
    const perAgent = (memory() - before) / count
    yield* Deferred.succeed(gate, undefined)
    yield* Effect.forEach(fibers, Fiber.join)
    return { ...took(), perAgent, started }
  })
  const answer = (input: ReadonlyArray<Item.Item>) =>
    outputs(input) > 0 ? [Script.say("Done.")] : [Script.call("echo", {})]
  return yield* Effect.provide(work, agent(SessionStore.layerMemory, answer, wait))
})

const jobs = {
  turn: perTurn,
  together: perCall(true),
  stepwise: perCall(false),
  togetherUnsynced: perCall(true, "none"),
  stepwiseUnsynced: perCall(false, "none"),
  long1000: long(1000),
  long2500: long(2500),
  long5000: long(5000),
  long10000: long(10_000),
  crowd
}

export type Job = keyof typeof jobs

export const measure = (job: Job): Promise<Found> =>
  Effect.runPromise(Effect.map(jobs[job], (found): Found => ({ ...found }))).finally(() =>
    rmSync(base, { recursive: true, force: true })
  )
