/** A tool whose handler asks a database: here SQLite over libsql, in memory. */
import * as LibsqlClient from "@effect/sql-libsql/LibsqlClient"
import * as SqlClient from "@effect/sql/SqlClient"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Agent, AgentEvent, SessionStore, Tool, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const countOrders = Tool.make({
  name: "count_orders",
  description: "How many orders a customer has made",
  parameters: Schema.Struct({ customer: Schema.String }),
  success: Schema.Number,
  handler: ({ customer }) =>
    Effect.gen(function*() {
      const sql = yield* SqlClient.SqlClient
      const orders = yield* sql`SELECT id FROM orders WHERE customer = ${customer}`
      return orders.length
    }).pipe(Effect.mapError(({ message }) => new Tool.ToolFailure({ message })))
})

const Orders = Layer.effectDiscard(Effect.gen(function*() {
  const sql = yield* SqlClient.SqlClient
  yield* sql`CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL)`
  yield* sql`INSERT INTO orders ${sql.insert([{ customer: "Ann" }, { customer: "Bob" }, { customer: "Ann" }])}`
})).pipe(Layer.provideMerge(LibsqlClient.layer({ url: ":memory:" })))

const AgentLive = NodeAgent.layer({
  workspace: ".",
  model: "gpt-6.2-sol",
  toolkit: Toolkit.make(countOrders)
}).pipe(Layer.provide(Orders))

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  yield* Console.log(yield* AgentEvent.answer(agent.run(session, "How many orders has Ann made?")))
})

await Effect.runPromise(Effect.provide(program, AgentLive))
