/**
 * The assembled agent with parts of a host's own: a vault for credentials, and a tool that needs the host's database.
 */
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Agent, CredentialStore, SessionStore, Tool, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

class Orders extends Context.Tag("effixir/scratchpad/own-parts/Orders")<Orders, {
  readonly count: (customer: string) => Effect.Effect<number>
}>() {}

const orders = Tool.make({
  name: "count_orders",
  description: "How many orders a customer has made",
  parameters: Schema.Struct({ customer: Schema.String }),
  success: Schema.Number,
  handler: ({ customer }) => Effect.flatMap(Orders, ({ count }) => count(customer))
})

const Vault = CredentialStore.layerMemory({ kind: "api_key", api_key: Redacted.make("a key of the vault") })

const AgentLive = NodeAgent.layer({
  workspace: ".",
  model: "gpt-6.2-sol",
  toolkit: Toolkit.make(orders),
  parts: Layer.merge(Vault, SessionStore.layerMemory)
}).pipe(
  Layer.provide(Layer.succeed(Orders, { count: ({ length }) => Effect.succeed(length) }))
)

const program = Effect.gen(function*() {
  const session = yield* SessionStore.makeId
  const Counted = Schema.Struct({ customer: Schema.String, orders: Schema.Number })
  yield* Console.log(yield* Agent.object(Counted, session, "How many orders has Ann made?"))
})

await Effect.runPromise(Effect.provide(program, AgentLive))
