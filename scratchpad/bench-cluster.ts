/**
 * What a turn of five steps costs on a runner, with a model and tools that take no time: beside the same loop without a
 * cluster, and beside a bare `@effect/workflow` of five activities on the same runner. Also turns in flight, and old rows.
 * `npm run bench:cluster -- --turns 300 --old 1000000`
 */
import * as SqlClient from "@effect/sql/SqlClient"
import * as Effect from "effect/Effect"
import { type ChildProcess, fork } from "node:child_process"
import { once } from "node:events"
import { rmSync } from "node:fs"
import { parseArgs } from "node:util"
import { postgresAt, postgresUrl } from "../test/cluster/databases.ts"
import type { Asked, Order, Ran, Used } from "./bench-cluster/program.ts"
import { median, tell } from "./table.ts"
import { bundle } from "./torture/bundle.ts"

const { values } = parseArgs({
  options: {
    turns: { type: "string", default: "300" },
    flight: { type: "string", default: "1000" },
    old: { type: "string", default: "1000000" }
  }
})
const [turns, flight, old] = [Number(values.turns), Number(values.flight), Number(values.old)]
const steps = 5

const program = await bundle(new URL("bench-cluster/program.ts", import.meta.url))

const start = (order: Order) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const child = fork(program, [JSON.stringify(order)], { execArgv: ["--expose-gc"] })
      const ended = once(child, "exit").then(() => Promise.reject(new Error(`The ${order.role} has ended`)))
      await Promise.race([once(child, "message"), ended])
      ended.catch(() => {})
      return child
    }),
    (child) =>
      Effect.promise(async () => {
        if (child.exitCode !== null) return
        child.kill("SIGKILL")
        await once(child, "exit")
      })
  )

const ask = <A>(child: ChildProcess, asked: Asked) =>
  Effect.promise(async (): Promise<A> => {
    const answer = once(child, "message")
    child.send(asked)
    return (await answer)[0]
  })

const at = (times: ReadonlyArray<number>, part: number) =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * part)]
const ms = (value: number | undefined) => (value ?? NaN).toFixed(1)

interface Measured {
  readonly name: string
  /** The median of a turn alone, in milliseconds. */
  readonly alone: number
  readonly cells: ReadonlyArray<string>
}

/** Turns alone, and 16 beside each other; the processor's time is that of who runs them. */
const measure = Effect.fnUntraced(function*(name: string, order: Order, running?: ChildProcess) {
  const asking = yield* start(order)
  const worker = running ?? asking
  const run = (count: number, beside: number) => ask<Ran>(asking, { what: "turns", count, beside })
  yield* run(turns, 16)
  const alone = yield* run(Math.ceil(turns / 4), 1)
  const before = yield* ask<Used>(worker, { what: "used" })
  const busy = yield* run(turns, 16)
  const after = yield* ask<Used>(worker, { what: "used" })
  const cpu = after.cpuMilliseconds - before.cpuMilliseconds
  return {
    name,
    alone: median(alone.times),
    cells: [
      ms(median(alone.times)),
      ms(at(alone.times, 0.99)),
      ms(median(busy.times)),
      ms(at(busy.times, 0.99)),
      (turns / busy.milliseconds * 1000).toFixed(0),
      ms(cpu / turns),
      (turns / cpu * 1000).toFixed(0)
    ]
  } satisfies Measured
}, Effect.scoped)

const fill = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`
    INSERT INTO cluster_messages
      (id, message_id, shard_id, entity_type, entity_id, kind, tag, payload, headers, processed, request_id, last_read)
    SELECT n, 'old' || n, 'default:' || (1 + n % 300), 'effixir/Session', 'old' || n, 0, 'Run', '{}', '{}', TRUE, n, NOW()
    FROM generate_series(1, ${old}::int) AS n`
  yield* sql`
    INSERT INTO cluster_replies (id, kind, request_id, payload)
    SELECT n, 0, n, '{}' FROM generate_series(1, ${old}::int) AS n`
  yield* sql`ANALYZE cluster_messages, cluster_replies`
})

const bench = Effect.gen(function*() {
  const url = yield* postgresUrl
  const order = (role: Order["role"]): Order => ({ role, url, port: 42_317 })
  const runner = yield* start(order("runner"))
  const loop = yield* measure("the loop alone, in memory", order("loop"))
  const store = yield* measure("the loop alone, its log in Postgres", order("store"))
  const cluster = yield* measure("on a runner", order("cluster"), runner)
  const workflow = yield* measure("a workflow of 5 activities on a runner", order("workflow"), runner)

  const before = yield* ask<Used>(runner, { what: "used" })
  const asking = yield* start(order("flight"))
  const started = yield* ask<Ran>(asking, { what: "turns", count: flight, beside: 50 })
  const after = yield* ask<Used>(runner, { what: "used" })

  yield* Effect.provide(fill, postgresAt(url))
  const filled = yield* measure(`on a runner, after ${old} turns that have ended`, order("cluster"), runner)

  tell({
    title: "a turn of 5 steps, with a model and tools that take no time; the processor's time is that of who runs it",
    columns: ["alone, p50 ms", "p99", "16 beside, p50 ms", "p99", "turns/s", "CPU ms a turn", "turns per CPU second"],
    rows: [loop, store, cluster, workflow, filled]
  })
  tell({
    title: "what a cluster adds",
    columns: ["it is"],
    rows: [
      {
        name: "ms that a runner adds to a step, to a turn alone in memory",
        cells: [ms((cluster.alone - loop.alone) / steps)]
      },
      { name: `KB of a turn in flight, of ${flight}`, cells: [ms((after.heap - before.heap) / flight / 1024)] },
      { name: `turns begun a second, of these`, cells: [(flight / started.milliseconds * 1000).toFixed(0)] }
    ]
  })
})

await Effect.runPromise(Effect.scoped(bench)).finally(() => rmSync(program, { force: true }))
