/**
 * An agent inside an Effect program. Run it with `npx tsx scratchpad/01-embed.ts` when you are signed in, or with
 * OPENAI_API_KEY set.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Agent, AgentEvent, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  yield* agent.run(session, "What is in this folder?").pipe(
    AgentEvent.text,
    Stream.runForEach((piece) => Effect.sync(() => process.stdout.write(piece)))
  )
}).pipe(
  Effect.catchTag("SignedOut", (error) => Console.error(error.message)),
  Effect.provide(NodeAgent.layer({ workspace: ".", model: "gpt-6.2-sol" }))
)

await Effect.runPromise(program)
