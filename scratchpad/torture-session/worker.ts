/** A process that runs a turn of a session in a folder, or what is left of it, unless it dies. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { writeSync } from "node:fs"
import * as Agent from "../../src/agent/Agent.ts"
import * as SessionFiles from "../../src/node/session/SessionFiles.ts"
import type { Session } from "../../src/session/Session.ts"
import type * as SessionDriver from "../../src/session/SessionDriver.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Boundary from "../torture/Boundary.ts"
import { writer } from "../torture/witness.ts"
import type { Fault, Order } from "./order.ts"
import * as Turn from "./turn.ts"

const layerStore = (order: Order) =>
  Layer.effect(
    SessionStore.SessionStore,
    Effect.gen(function*() {
      const driver = yield* SessionFiles.makeDriver({ folder: order.folder })
      return withFault(SessionStore.makeEncoded(witnessed(driver, yield* Boundary.Boundary, order)), order.fault)
    })
  )

/** The store of files, with the places at which the process may die. */
const witnessed = (
  driver: SessionDriver.Encoded,
  { during, pass }: typeof Boundary.Boundary.Service,
  { witness, worker }: Order
): SessionDriver.Encoded => ({
  ...driver,
  claim: Effect.fnUntraced(function*(id) {
    const tell = writer(witness)
    yield* pass("before claim")
    const { append, lines } = yield* driver.claim(id)
    tell({ what: "claimed", worker })
    yield* pass("after claim")
    return {
      lines,
      append: Effect.fnUntraced(function*(line) {
        const { key, seq, text } = line
        const [, kind] = /"_tag":"(\w+)"/.exec(text) ?? []
        yield* pass(`before ${kind}`)
        yield* during(`during ${kind}`)(append(line))
        yield* pass(`after ${kind}`)
        tell({ what: "acked", worker, key, seq, text })
        yield* pass(`acknowledged ${kind}`)
      })
    }
  })
})

const withFault = (
  store: typeof SessionStore.SessionStore.Service,
  fault: Fault | undefined
): typeof SessionStore.SessionStore.Service => ({
  ...store,
  open: (id) =>
    Effect.map(store.open(id), (session): Session => {
      if (fault === "without the look-up") return { ...session, lookup: () => Effect.succeedNone }
      if (fault !== "without the intent") return session
      return {
        ...session,
        append: (key, event) =>
          event._tag !== "ToolStarted"
            ? session.append(key, event)
            : Effect.zipWith(session.number, DateTime.now, (seq, at) => ({ seq, at, key, event }))
      }
    })
})

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
    const options = { model: `model-${order.worker}` }
    yield* Stream.runDrain(isBegun ? resume(order.session, options) : run(order.session, "Go", options))
  }).pipe(
    Effect.provide(
      Turn.layer(order).pipe(
        Layer.provideMerge(layerStore(order)),
        Layer.provide(Boundary.layer(order.death)),
        Layer.provide([NodeFileSystem.layer, NodePath.layer])
      )
    )
  )

await Effect.runPromise(work(JSON.parse(process.argv[2] ?? "")))
