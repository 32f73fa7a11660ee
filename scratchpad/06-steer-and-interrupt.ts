/** A run that is held back, steered, looked at on its way, and stopped. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Agent, AgentEvent, Inbox, SessionStore } from "../src/index.ts"
import { NodeAgent } from "../src/node/index.ts"

const program = Effect.gen(function*() {
  const agent = yield* Agent.Agent
  const session = yield* SessionStore.makeId
  const inbox = yield* Inbox.make(16)
  const events = agent.run(session, "Describe the largest file in this folder", {
    inbox,
    limits: { steps: 20, time: "5 minutes" },
    prepareStep: ({ request, step }) => Effect.succeed(step < 10 ? request : { ...request, tools: [] }),
    stopWhen: ({ response }) => Effect.succeed(response.items.length > 10)
  })
  yield* inbox.steer("Not the lock file.") // heard before the next model call
  yield* inbox.followUp("Then the smallest.") // heard when the turn would be done
  yield* Console.log(yield* AgentEvent.answer(events))

  // Who stops to listen stops the request and the tools as well; the log says so, and the session can go on.
  yield* agent.run(session, "Count to a million").pipe(
    Stream.takeUntil(({ _tag }) => _tag === "TextDelta"),
    Stream.runDrain
  )
  const store = yield* SessionStore.SessionStore
  yield* Console.log((yield* store.read(session)).at(-1)?.event._tag)
}).pipe(
  Effect.provide(NodeAgent.layer({ workspace: ".", model: "gpt-6.2-sol" }))
)

await Effect.runPromise(program)
