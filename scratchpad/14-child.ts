/**
 * A tool that has another agent look around: the child has a smaller model and tools that only read.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { Agent, AgentEvent, BuiltIn, SessionStore, Tool, Toolkit } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const explore = Tool.make({
  name: "explore",
  description: "Have somebody look around in the workspace, and get a short answer",
  parameters: Schema.Struct({ question: Schema.String }),
  handler: ({ question }, call) =>
    Agent.child(call, question, {
      model: "gpt-6.2-sol-mini",
      instructions: "Look around in the workspace and answer in a few lines. Change nothing.",
      toolkit: Toolkit.pick(BuiltIn.toolkit, "read", "grep", "find", "ls"),
      limits: { steps: 20 }
    }).pipe(
      AgentEvent.end,
      Effect.mapError(({ message }) => new Tool.ToolFailure({ message })),
      Effect.flatMap((end) =>
        Option.isSome(end) && end.value._tag === "TurnCompleted"
          ? Effect.succeed(end.value.answer)
          : new Tool.ToolFailure({ message: "They gave up before they had an answer" })
      )
    )
})

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  yield* Console.log(yield* AgentEvent.answer(agent.run(session, "What is tested here, and what is not?")))
}).pipe(
  Effect.provide(NodeAgent.layer({ workspace: ".", model: "gpt-6.2-sol", toolkit: Toolkit.make(explore) }))
)

await Effect.runPromise(program)
