/** One measurement in a process of its own: milliseconds of CPU and bytes of memory, by their names. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { Agent, History, Permission, Responses, SessionStore, ToolExecutor, Toolkit, Usage } from "../../src/index.ts"
import { NodeAgent, SessionFiles } from "../../src/node/index.ts"
import { Script } from "../../src/testing/index.ts"

export type Found = Readonly<Record<string, number>>

const clock = () => {
  const before = process.cpuUsage()
  return () => {
    const { system, user } = process.cpuUsage(before)
    return (user + system) / 1000
  }
}

const peak = () => process.resourceUsage().maxRSS * 1024

const parsed = (folder: string) =>
  readFileSync(`${folder}/s/log.ndjson`, "utf8").split("\n").slice(0, -1).map((line): { event: object } =>
    JSON.parse(line)
  )

const files = (folder: string, options: object = {}) =>
  SessionFiles.layer({ folder, ...options }).pipe(Layer.provide(NodeAgent.layerPlatform))

/** What is made once and kept, such as compiled code, is not the log's. */
const warm = (folder: string) => Effect.provide(Effect.scoped(openIn("warm")), files(folder))

const openIn = (session: string) =>
  Effect.gen(function*() {
    const store = yield* SessionStore.SessionStore
    const { events } = yield* store.open(session)
    return (yield* events).length
  })

const floor = async (folder: string): Promise<Found> => {
  const took = clock()
  let count = 0
  for (const line of readFileSync(`${folder}/s/log.ndjson`, "utf8").split("\n")) {
    if (line !== "" && JSON.parse(line) !== null) count++
  }
  return { cpu: took(), memory: peak(), count }
}

const open = async (folder: string): Promise<Found> => {
  await Effect.runPromise(warm(folder))
  const took = clock()
  const count = await Effect.runPromise(Effect.provide(Effect.scoped(openIn("s")), files(folder)))
  return { cpu: took(), memory: peak(), count }
}

/** Parsing the log, and writing the body of the request as JSON. */
const turnFloor = async (folder: string): Promise<Found> => {
  const events = parsed(folder)
  const history = History.fromEvents(events.map(({ event }) => event as never))
  const input = History.toInput(history, { model: "gpt-6.2-sol", account: "bench" })
  const took = clock()
  parsed(folder)
  JSON.stringify({ model: "gpt-6.2-sol", input })
  return { cpu: took() }
}

/** A turn in that session, up to a model that reads the request as a server would and answers at once. */
const turn = async (folder: string): Promise<Found> => {
  const model = Layer.succeed(Responses.Responses, {
    account: Effect.succeed("bench"),
    stream: (request) =>
      Stream.suspend(() => {
        JSON.stringify(request)
        return Stream.make(
          { type: "response.output_item.done" as const, output_index: 0, item: Script.say("Done.") },
          { type: "response.completed" as const, response: { usage: { input_tokens: 1, output_tokens: 1 } } }
        )
      })
  })
  const layer = Agent.layer({ model: "gpt-6.2-sol", instructions: "Be brief." }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll]),
    Layer.provide(model),
    Layer.provideMerge(files(folder))
  )
  const run = (session: string) =>
    Effect.flatMap(Agent.Agent, (agent) => Stream.runDrain(agent.run(session, "Go"))).pipe(Effect.provide(layer))
  await Effect.runPromise(run(`warm-${process.pid}`))
  const took = clock()
  await Effect.runPromise(run("s"))
  return { cpu: took(), memory: peak() }
}

/** Microseconds of the clock and of CPU for each event that is added, after so many. */
const append = async (folder: string, durability: string): Promise<Found> => {
  const count = 300
  const found = await Effect.runPromise(
    Effect.scoped(Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      const session = yield* store.open("s")
      const add = (n: number) =>
        session.append(`bench/${process.pid}/${n}`, {
          _tag: "TurnCompleted",
          turnId: "bench",
          answer: "Done.",
          usage: Usage.zero,
          finishReason: "stop"
        })
      for (let n = 0; n < 50; n++) yield* add(n)
      const took = clock()
      const start = performance.now()
      for (let n = 50; n < 50 + count; n++) yield* add(n)
      return { wall: (performance.now() - start) / count * 1000, cpu: took() / count * 1000 }
    })).pipe(Effect.provide(files(folder, { durability })))
  )
  return found
}

export const jobs = { floor, open, turnFloor, turn, append }

export const measure = ([job, ...args]: ReadonlyArray<string>): Promise<Found> =>
  (jobs[job as keyof typeof jobs] as (...args: ReadonlyArray<string>) => Promise<Found>)(...args)
