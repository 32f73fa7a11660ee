/** The store of sessions of a worker: the real one, with the places at which it may die, and with the fault it is given. */
import * as SqlClient from "@effect/sql/SqlClient"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { SqlSessionStore } from "../../src/cluster/index.ts"
import { type Session, type SessionDriver, SessionError, SessionStore } from "../../src/session/index.ts"
import { Boundary } from "./Boundary.ts"
import type { Fault, Line, Order } from "./order.ts"
import { writer } from "./witness.ts"

type Driver = SessionDriver.Encoded

export const layer = (order: Order): Layer.Layer<SessionStore.SessionStore, never, Boundary | SqlClient.SqlClient> =>
  Layer.effect(
    SessionStore.SessionStore,
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const driver = yield* SqlSessionStore.makeDriver({ takesOver: true })
      const worse = order.fault === "without the fence" ? withoutFence(sql, driver) : driver
      const store = SessionStore.makeEncoded(witnessed(worse, yield* Boundary, order, writer(order.witness)))
      return withFault(store, order.fault)
    })
  )

const witnessed = (
  driver: Driver,
  { during, pass }: typeof Boundary.Service,
  { worker }: Order,
  tell: (line: Line) => void
): Driver => ({
  ...driver,
  claim: Effect.fnUntraced(function*(id) {
    yield* pass("before claim")
    const writer = yield* driver.claim(id)
    tell({ what: "claimed", worker })
    yield* pass("after claim")
    return {
      ...writer,
      append: Effect.fnUntraced(function*(line) {
        const { key, seq, text } = line
        const kind = tagOf(text)
        yield* pass(`before ${kind}`)
        yield* during(`during ${kind}`)(writer.append(line))
        yield* pass(`after ${kind}`)
        tell({ what: "acked", worker, key, seq, text })
        yield* pass(`acknowledged ${kind}`)
      })
    }
  })
})

/** The kind of event that a line holds. */
export const tagOf = (line: string): string => /"_tag":"(\w+)"/.exec(line)?.[1] ?? "?"

/** Adds lines whoever has claimed the session meanwhile; one that is there already is taken for its own. */
const withoutFence = (sql: SqlClient.SqlClient, driver: Driver): Driver => ({
  ...driver,
  claim: (id) =>
    Effect.map(driver.claim(id), (writer) => ({
      ...writer,
      append: ({ at, key, seq, text }) =>
        sql`
          INSERT INTO effixir_lines (session_id, seq, line_key, epoch, written_at, line)
          VALUES (${id}, ${seq}, ${key}, 0, ${at}, ${text}) ON CONFLICT DO NOTHING`.pipe(
          Effect.mapError((cause) => new SessionError.SessionError({ reason: "Io", session: id, detail: "", cause }))
        )
    }))
})

const withFault = (store: typeof SessionStore.SessionStore.Service, fault: Fault | undefined) => ({
  ...store,
  open: (id: string) =>
    Effect.map(store.open(id), (session): Session.Session => {
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
