/** A process that runs a turn of a session, or what is left of it, unless it dies. */
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as PgClient from "@effect/sql-pg/PgClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import { Agent, SessionStore } from "../../src/index.ts"
import * as Boundary from "./Boundary.ts"
import type { Order } from "./order.ts"
import * as Store from "./store.ts"
import * as Turn from "./turn.ts"

/** The exit code of a worker that another one has taken the session from. */
const overtaken = 3

const work = (order: Order) =>
  Effect.gen(function*() {
    const { resume, run } = yield* Agent.Agent
    const store = yield* SessionStore.SessionStore
    writeSync(1, "ready\n")
    const log = yield* Effect.catchIf(
      store.read(order.session),
      ({ reason }) => reason === "NotFound",
      () => Effect.succeed([])
    )
    const isBegun = log.some(({ event }) => event._tag === "TurnStarted")
    const options = { model: `model-${order.worker % 2}` }
    yield* Stream.runDrain(isBegun ? resume(order.session, options) : run(order.session, "Go", options))
    return 0
  }).pipe(
    Effect.catchIf(
      (error) => error._tag === "SessionError" && error.reason === "Busy",
      () => Effect.succeed(overtaken)
    ),
    Effect.provide(
      Turn.layer(order).pipe(
        Layer.provideMerge(Store.layer(order)),
        Layer.provide(Boundary.layer(order.death)),
        Layer.provideMerge(database(order.url))
      )
    )
  )

const database = (url: string) =>
  url.startsWith("file:")
    ? LibsqlClient.layer({ url })
    : PgClient.layer({ url: Redacted.make(url), maxConnections: 2 })

const order: Order = JSON.parse(process.argv[2] ?? "")
process.exitCode = await Effect.runPromise(work(order))
