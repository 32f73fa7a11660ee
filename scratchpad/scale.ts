/**
 * What a cluster of 1, 100 and 10,000 runners asks of its database and of its parts: shards by the hash ring that
 * `@effect/cluster` has, rows of a real turn, and statements by the intervals that we ship. `npx tsx scratchpad/scale.ts`
 * prints the tables of docs/scale.md.
 */
import * as RunnerAddress from "@effect/cluster/RunnerAddress"
import * as Effect from "effect/Effect"
import * as HashRing from "effect/HashRing"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Agent, Permission, SessionEvent, SessionStore, Tool, ToolExecutor, Toolkit } from "../src/index.ts"
import { Script, ScriptedResponses } from "../src/testing/index.ts"
import { tell } from "./table.ts"

/** What `@effect/cluster` has by default, and what `NodeCluster` and `effixir runner` set. Seconds. */
const shipped = { shards: 300, locks: 2.3, assignments: 0.5, messages: 1, health: 1, connections: 20, batch: 1000 }

const sizes = [1, 3, 10, 100, 300, 1000, 10_000]

const addresses = (count: number) =>
  Array.from({ length: count }, (_, n) => RunnerAddress.make(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, 7000))

const ownersOf = (runners: ReadonlyArray<RunnerAddress.RunnerAddress>): ReadonlyArray<string> => {
  const ring = HashRing.make<RunnerAddress.RunnerAddress>()
  HashRing.addMany(ring, runners)
  return HashRing.getShards(ring, shipped.shards)?.map(String) ?? []
}

const shares = sizes.map((count) => {
  const runners = addresses(count)
  const owners = ownersOf(runners)
  const counts = new Map(runners.map((runner) => [String(runner), 0]))
  for (const owner of owners) counts.set(owner, (counts.get(owner) ?? 0) + 1)
  const sorted = Array.from(counts.values()).toSorted((a, b) => a - b)
  const idle = sorted.filter((shards) => shards === 0).length
  // One runner of those that have a share is lost.
  const lost = owners[0]
  const after = count === 1 ? [] : ownersOf(runners.filter((runner) => String(runner) !== lost))
  const moved = after.filter((owner, shard) => owner !== owners[shard] && owners[shard] !== lost).length
  return { count, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0, idle, lost: counts.get(lost ?? "") ?? 0, moved }
})

tell({
  title: `how ${shipped.shards} shards fall to runners, by the ring of @effect/cluster`,
  columns: ["fewest shards", "most", "runners without one", "shards of one that is lost", "others that move then"],
  rows: shares.map(({ count, idle, least, lost, most, moved }) => ({
    name: `${count.toLocaleString("en")} runners`,
    cells: [least, most, idle, lost, moved].map(String)
  }))
})

tell({
  title: "what they ask of the database and of each other when nothing happens",
  columns: ["statements a second", "pings a second by one of them", "connections at most", "sockets between runners"],
  rows: sizes.map((count) => {
    const statements = count * (1 / shipped.locks + 1 / shipped.assignments + 1 / shipped.messages)
    return {
      name: `${count.toLocaleString("en")} runners`,
      cells: [
        Math.round(statements),
        Math.round(count / shipped.health),
        count * shipped.connections,
        count * (count - 1)
      ].map((value) => value.toLocaleString("en"))
    }
  })
})

/** A turn of four calls and an answer, as a session keeps it. */
const logged = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const store = yield* SessionStore.SessionStore
  const session = yield* SessionStore.makeId
  yield* Stream.runDrain(agent.run(session, "Go"))
  const events = yield* store.read(session)
  const bytes = yield* Effect.forEach(events, (stored) =>
    Effect.map(
      Schema.encode(Schema.parseJson(SessionEvent.Stored))(stored),
      (text) => text.length
    ))
  return { rows: events.length, bytes: bytes.reduce((sum, size) => sum + size, 0) }
})

const work = Tool.make({
  name: "work",
  description: "Works",
  parameters: Schema.Struct({ n: Schema.Number }),
  handler: ({ n }) => Effect.succeed(`done ${n}`)
})
const calls = [0, 1, 2, 3].map((n) => Script.answer(Script.call("work", { n }, `c${n}`)))
const layer = Agent.layer({ model: "model", instructions: "Work." }).pipe(
  Layer.provide(ToolExecutor.layer(Toolkit.make(work))),
  Layer.provide(ScriptedResponses.layer(Script.fromTurns([...calls, Script.answer(Script.say("Done."))]))),
  Layer.provide(Permission.layerAllowAll),
  Layer.provideMerge(SessionStore.layerMemory)
)
const { bytes, rows } = await Effect.runPromise(Effect.provide(logged, layer))

const day = 24 * 3600
tell({
  title: `what turns leave: ${rows} rows of ${Math.round(bytes / rows)} bytes in the log of one with five steps`,
  columns: [
    "turns a day",
    "rows of logs a day",
    "MB of logs a day",
    "rows of messages kept for a day",
    "batches to clear them"
  ],
  rows: [1, 10, 100, 1000].map((perSecond) => {
    const turns = perSecond * day
    return {
      name: `${perSecond} turns a second`,
      cells: [turns, turns * rows, turns * bytes / 1e6, turns * 2, turns / shipped.batch].map((value) =>
        Math.round(value).toLocaleString("en")
      )
    }
  })
})
