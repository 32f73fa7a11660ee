/** A hundred agents at once, and a limit on how often all of them together ask the model. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/RateLimiter"
import * as Stream from "effect/Stream"
import { Agent, AgentEvent, Permission, Responses, SessionStore, ToolExecutor, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const Limited = Layer.scoped(
  Responses.Responses,
  Effect.gen(function*() {
    const model = yield* Responses.Responses
    const limit = yield* RateLimiter.make({ limit: 80, interval: "1 second" })
    return { ...model, stream: (request) => Stream.unwrap(limit(Effect.succeed(model.stream(request)))) }
  })
).pipe(Layer.provide(Responses.layer), Layer.provide(NodeAgent.layerHome))

const Writer = Agent.layer({ model: "gpt-6.2-sol", instructions: "Answer in a word." }).pipe(
  Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll]),
  Layer.provide([Limited, SessionStore.layerMemory])
)

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const answers = yield* Effect.forEach(
    Array.from({ length: 100 }, (_, n) => n),
    (n) =>
      Effect.flatMap(
        SessionStore.makeId,
        (session) => AgentEvent.answer(agent.run(session, `A synonym of the word number ${n}`))
      ),
    { concurrency: 100 }
  )
  yield* Console.log(`${answers.filter((answer) => answer !== "").length} answers`)
})

await Effect.runPromise(Effect.provide(program, Writer))
