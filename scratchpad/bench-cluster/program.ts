/** The processes of `bench-cluster`: a runner, who asks it for turns, and the same turns without a cluster. */
import * as ClusterWorkflowEngine from "@effect/cluster/ClusterWorkflowEngine"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Activity from "@effect/workflow/Activity"
import * as Workflow from "@effect/workflow/Workflow"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  ClusterAgent,
  ClusterSessions,
  NodeCluster,
  SessionAgents,
  SessionFeeds,
  SessionRunner,
  SqlSessionStore
} from "../../src/cluster/index.ts"
import { Agent, Item, Permission, Responses, SessionStore, Tool, ToolExecutor, Toolkit } from "../../src/index.ts"
import * as Script from "../../src/testing/Script.ts"

/** What a process is for. */
export interface Order {
  readonly role: "runner" | "cluster" | "workflow" | "loop" | "store" | "flight"
  readonly url: string
  readonly port: number
}

/** How a process is asked for turns, and how much it has used when it has run them. */
export type Asked =
  | { readonly what: "turns"; readonly count: number; readonly beside: number }
  | { readonly what: "used" }

export interface Ran {
  /** Milliseconds of each turn. */
  readonly times: ReadonlyArray<number>
  readonly milliseconds: number
}

export interface Used {
  readonly cpuMilliseconds: number
  readonly heap: number
}

/** Four calls one after the other, and an answer: five steps. */
const calls = 4

const gate = Deferred.unsafeMake<void>(undefined as never)
const order: Order = JSON.parse(process.argv[2] ?? "")

const model = Layer.succeed(Responses.Responses, {
  account: Effect.succeed("bench"),
  stream: ({ input }) => {
    const n = input.filter(Item.isFunctionCallOutput).length
    const item = n === calls ? Script.say("Done.") : Script.call("work", { n }, `c${n}`)
    const events = Stream.fromIterable([
      { type: "response.output_item.done" as const, output_index: 0, item },
      { type: "response.completed" as const, response: { usage: { input_tokens: 1, output_tokens: 1 } } }
    ])
    const isHeld = JSON.stringify(input).includes("hold")
    return isHeld ? Stream.zipRight(Stream.fromEffect(Deferred.await(gate)), events) : events
  }
})

const agent = Agent.layer({ model: "model", instructions: "Work." }).pipe(
  Layer.provide([
    ToolExecutor.layer(Toolkit.make(Tool.make({
      name: "work",
      description: "Works",
      parameters: Schema.Struct({ n: Schema.Number }),
      replay: "safe",
      handler: ({ n }) => Effect.succeed(`done ${n}`)
    }))),
    model,
    Permission.layerAllowAll
  ])
)

const database = PgClient.layer({ url: Redacted.make(order.url), maxConnections: 20 })

/** A bare workflow of as many activities as a turn has steps. */
const Steps = Workflow.make({
  name: "Steps",
  payload: { id: Schema.String },
  success: Schema.String,
  idempotencyKey: ({ id }) => id
})

const steps = Steps.toLayer(Effect.fnUntraced(function*() {
  let last = ""
  for (let n = 0; n <= calls; n++) {
    last = yield* Activity.make({ name: `step/${n}`, success: Schema.String, execute: Effect.succeed(`done ${n}`) })
  }
  return last
}))

const runner = Layer.mergeAll(
  SessionRunner.layer.pipe(
    Layer.provide(SessionAgents.layer.pipe(Layer.provide(agent))),
    Layer.provide(SessionFeeds.layer),
    Layer.provide(SqlSessionStore.layer({ takesOver: true }))
  ),
  Layer.provide(steps, ClusterWorkflowEngine.layer)
).pipe(
  Layer.provide(NodeCluster.layerRunner({ host: "127.0.0.1", port: order.port, retention: Duration.infinity })),
  Layer.provide(database)
)

const overCluster = ClusterAgent.layer.pipe(
  Layer.provide(ClusterSessions.layer),
  Layer.provide(SqlSessionStore.layer()),
  Layer.provide(NodeCluster.layerClient),
  Layer.provide(database)
)

const nextId = () => globalThis.crypto.randomUUID()

const turn = Effect.flatMap(Agent.Agent, (agent) => Stream.runDrain(agent.run(nextId(), "Go")))

const many = <E, R>(one: Effect.Effect<void, E, R>) => (count: number, beside: number) =>
  Effect.gen(function*() {
    const begun = performance.now()
    const times = yield* Effect.forEach(Array.from({ length: count }), () =>
      Effect.suspend(() => {
        const before = performance.now()
        return Effect.map(one, () => performance.now() - before)
      }), { concurrency: beside })
    return { times, milliseconds: performance.now() - begun } satisfies Ran
  })

const used = (): Used => {
  globalThis.gc?.()
  const { system, user } = process.cpuUsage()
  return { cpuMilliseconds: (system + user) / 1000, heap: process.memoryUsage().heapUsed }
}

const answer = (given: Ran | Used) => void process.send?.(given)

/** Does what it is asked for, until it is killed. */
const serve = <R>(run: (count: number, beside: number) => Effect.Effect<Ran, unknown, R>) =>
  Effect.flatMap(Effect.runtime<R>(), (runtime) =>
    Effect.async<never, unknown>((resume) => {
      process.on("message", (asked: Asked) => {
        if (asked.what === "used") return answer(used())
        Effect.runCallback(Effect.provide(run(asked.count, asked.beside), runtime), {
          onExit: Exit.match({ onFailure: (cause) => resume(Effect.failCause(cause)), onSuccess: answer })
        })
      })
      process.send?.("ready")
    }))

const held = Effect.fnUntraced(function*(count: number) {
  const sessions = yield* ClusterSessions.ClusterSessions
  const start = Effect.suspend(() => sessions.start(nextId(), { key: nextId(), input: [Item.userMessage("hold")] }))
  return yield* many(Effect.asVoid(start))(count, 50)
})

const roles = {
  runner: Effect.zipRight(Layer.build(runner), serve(() => Effect.dieMessage("a runner runs what others ask for"))),
  cluster: Effect.provide(serve(many(turn)), overCluster),
  workflow: Effect.provide(
    serve(many(Effect.suspend(() => Effect.asVoid(Steps.execute({ id: nextId() }))))),
    ClusterWorkflowEngine.layer.pipe(Layer.provide(NodeCluster.layerClient), Layer.provide(database))
  ),
  loop: Effect.provide(serve(many(turn)), Layer.provide(agent, SessionStore.layerMemory)),
  store: Effect.provide(
    serve(many(turn)),
    agent.pipe(Layer.provide(SqlSessionStore.layer()), Layer.provide(database))
  ),
  flight: Effect.provide(
    serve(held),
    ClusterSessions.layer.pipe(
      Layer.provide(SqlSessionStore.layer()),
      Layer.provide(NodeCluster.layerClient),
      Layer.provide(database)
    )
  )
}

await Effect.runPromise(Effect.scoped(roles[order.role]))
