/** An answer that is a value of a Schema: of a whole turn with its tools, and of one call of the model. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { Agent, Request, Responses, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const Review = Schema.Struct({
  verdict: Schema.Literal("good", "bad"),
  remarks: Schema.Array(Schema.String)
})

const ofTurn = Effect.gen(function*() {
  const session = yield* SessionStore.makeId
  return yield* Agent.object(Review, session, "Review the README in this folder")
}).pipe(Effect.provide(NodeAgent.layer({ workspace: ".", model: "gpt-6.2-sol" })))

const ofCall = Responses.object(
  Review,
  Request.make({
    model: "gpt-6.2-sol",
    instructions: "Review what you are given.",
    input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Effects are values." }] }]
  })
).pipe(Effect.provide(Layer.provide(Responses.layer, NodeAgent.layerHome)))

const program = Effect.gen(function*() {
  const { remarks, verdict } = yield* ofTurn
  yield* Console.log(verdict, remarks)
  yield* Console.log((yield* ofCall).verdict)
})

await Effect.runPromise(program)
