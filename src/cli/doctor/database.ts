/**
 * What is checked of the database that runners share. Its address may hold a password, and is never told.
 */
import * as SqlClient from "@effect/sql/SqlClient"
import type { SqlError } from "@effect/sql/SqlError"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Database from "../../cluster/Database.ts"
import * as Migrations from "../../cluster/Migrations.ts"
import * as NodeCluster from "../../cluster/NodeCluster.ts"
import { layerClient } from "../cluster/database.ts"
import { fail, type Finding, ok, run, skipped, warn } from "./Check.ts"

type Look = Effect.Effect<Finding, SqlError, SqlClient.SqlClient>

const reachable: Look = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly server_version: string }>`SHOW server_version`
  return ok(`Postgres ${row?.server_version} answers`)
})

const tables: Look = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const [row] = yield* sql<{ readonly version: number | null }>`
    SELECT max(migration_id) AS version FROM effixir_migrations`
  const version = row?.version ?? 0
  if (version === Migrations.version) return ok(`The tables are of version ${version}, as this program's are`)
  return version < Migrations.version
    ? warn(
      `The tables are of version ${version}, and this program's are of version ${Migrations.version}`,
      "The next runner or gateway of this version that starts brings them up to date"
    )
    : fail(
      `The tables are of version ${version}, and this program knows them up to version ${Migrations.version} only`,
      "Install the version of effixir that the other machines have"
    )
})

/** Milliseconds by which the clock of a machine may differ without anybody being misled by what a log says. */
const tolerance = 2000

const clock: Look = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const before = yield* Clock.currentTimeMillis
  const [row] = yield* sql<{ readonly now: string }>`SELECT ${Database.now(sql)} AS now`
  const after = yield* Clock.currentTimeMillis
  const difference = (before + after) / 2 - Number(row?.now)
  const isOff = Math.abs(difference) > tolerance + (after - before) / 2
  const seconds = Math.round(Math.abs(difference) / 1000)
  return isOff
    ? warn(
      `The clock of this machine is ${seconds} s ${difference > 0 ? "ahead of" : "behind"} that of the database`,
      "Let both machines set their clocks by the network (NTP): the times of events are those of the runners"
    )
    : ok("The clocks of this machine and of the database agree")
})

const runners: Look = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly address: string; readonly age: string; readonly healthy: boolean }>`
    SELECT address, healthy, extract(epoch FROM CAST(now() AS TIMESTAMP) - last_heartbeat) AS age
    FROM cluster_runners ORDER BY address`
  const alive = rows.filter(({ age, healthy }) =>
    healthy && Number(age) * 1000 < Duration.toMillis(NodeCluster.expiration)
  )
  const silent = rows.length - alive.length
  if (alive.length === 0) {
    return warn("No runner is alive, so that no turn runs", "Start one with effixir runner --database URL")
  }
  const addresses = alive.map(({ address }) => address).join(", ")
  return ok(
    `${count(alive.length, "runner is", "runners are")} alive: ${addresses}` +
      (silent === 0 ? "" : `; ${count(silent, "is", "are")} not heard of`)
  )
})

/** Whether turns that were asked for have a runner: one that runs holds the claim of its session. */
const sessions: Look = Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  const rows = yield* sql<{ readonly session: string; readonly held: boolean }>`
    SELECT m.entity_id AS session, coalesce(bool_or(s.claimed_until > ${Database.now(sql)}), FALSE) AS held
    FROM cluster_messages m LEFT JOIN effixir_sessions s ON s.id = m.entity_id
    WHERE m.processed = FALSE AND m.entity_type = 'effixir/Session' AND m.tag = 'Run'
    GROUP BY m.entity_id ORDER BY m.entity_id`
  const waiting = rows.filter(({ held }) => !held)
  const running = rows.length - waiting.length
  const some = waiting.slice(0, 3).map(({ session }) => session).join(", ")
  return waiting.length === 0
    ? ok(
      running === 0
        ? "No turn runs or waits"
        : `Turns run in ${count(running, "session", "sessions")}, and none is stuck`
    )
    : warn(
      `Turns in ${count(waiting.length, "session", "sessions")} have no runner: ${some}${
        waiting.length > 3 ? ", and others" : ""
      }`,
      "Look again in ten seconds, which another runner needs to go on with them; then look whether runners are alive"
    )
})

/** In the order of the manual. */
const looks: ReadonlyArray<readonly [id: string, look: Look]> = [
  ["database.reachable", reachable],
  ["database.tables", tables],
  ["database.clock", clock],
  ["database.runners", runners],
  ["database.sessions", sessions]
]

/** Nothing was made there yet. */
const isMissing = ({ cause }: SqlError) => Predicate.hasProperty(cause, "code") && cause.code === "42P01"

const toFinding = (look: Look): Effect.Effect<Finding, never, SqlClient.SqlClient> =>
  Effect.catchAll(look, (error) =>
    Effect.succeed(
      isMissing(error)
        ? warn("It has no tables yet", "The first runner makes them: effixir runner --database URL")
        : fail(`It cannot be asked: ${Database.problem(error)}`, "Look at what the database says, and try again")
    ))

/** All of them, one after the other. */
export const checks = Effect.fnUntraced(function*(url: Redacted.Redacted, isOffline: boolean) {
  if (isOffline) {
    const found = Effect.succeed(skipped("No server is asked: --offline"))
    return yield* Effect.forEach(looks, ([id]) => run({ id, look: found }))
  }
  const built = yield* Effect.either(Layer.build(layerClient(url)))
  return yield* Effect.forEach(looks, ([id, look]) => {
    const found = Either.match(built, {
      onLeft: ({ message }) =>
        Effect.succeed(
          look === reachable
            ? fail(message.replace(/\. Check .*$/, ""), "Check the address, and whether it can be reached from here")
            : skipped("The database cannot be reached")
        ),
      onRight: (client) => Effect.provide(toFinding(look), client)
    })
    return run({ id, look: found })
  })
})

const count = (n: number, one: string, more: string) => `${n} ${n === 1 ? one : more}`
