import { Sharding } from "@effect/cluster/Sharding"
import * as TestRunner from "@effect/cluster/TestRunner"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Agent from "../../src/agent/Agent.ts"
import * as ClusterSessions from "../../src/cluster/ClusterSessions.ts"
import * as SessionAgents from "../../src/cluster/SessionAgents.ts"
import * as SessionFeeds from "../../src/cluster/SessionFeeds.ts"
import * as SessionRunner from "../../src/cluster/SessionRunner.ts"
import * as Waits from "../../src/cluster/Waits.ts"
import { isFunctionCallOutput, userMessage } from "../../src/responses/Item.ts"
import { endsTurn } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"

/** A model that makes one call, and repeats what it gives. */
const cluster = (tool: string, args: object) => {
  const script: Script.Script = ({ input }) => {
    const output = input.findLast(isFunctionCallOutput)?.output
    return output === undefined
      ? Script.answer(Script.call(tool, args, "c"))
      : Script.answer(Script.say(String(output)))
  }
  return Layer.mergeAll(ClusterSessions.layer, SessionRunner.layer).pipe(
    Layer.provide(SessionAgents.layer),
    Layer.provide(Agent.layer({ model: "gpt-5.5", instructions: "Be brief." })),
    Layer.provide([ToolExecutor.layer(Waits.toolkit), Permission.layerAllowAll]),
    Layer.provideMerge(ScriptedResponses.layer(script)),
    Layer.provideMerge(SessionFeeds.layer),
    Layer.provide(SessionStore.layerMemory),
    Layer.provideMerge(TestRunner.layer)
  )
}

const log = Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
const until = (what: Effect.Effect<boolean, unknown, SessionStore.SessionStore | ClusterSessions.ClusterSessions>) =>
  Effect.repeat(Effect.orElseSucceed(what, () => false), {
    until: (is) => is,
    schedule: Schedule.spaced("10 millis")
  })

const ended = until(Effect.map(log, (events) => events.some(({ event }) => endsTurn(event))))

/** Begins a turn, until its runner has nothing to do with it any more. What has its time then is delivered soon. */
const suspended = Effect.gen(function*() {
  const sessions = yield* ClusterSessions.ClusterSessions
  const { pollStorage } = yield* Sharding
  yield* Effect.forkScoped(Effect.repeat(pollStorage, Schedule.spaced("100 millis")))
  const begun = yield* sessions.start("s", { key: "k", input: [userMessage("Go")] })
  yield* until(Effect.map(log, (events) => Waits.waitingCall(events) !== undefined))
  yield* until(Effect.map(sessions.state("s"), ({ running }) => running === null))
  return { sessions, begun }
})

const endOf = Effect.map(log, (events) => events.map(({ event }) => event).find(endsTurn))

describe("A turn that waits", () => {
  it.scopedLive("until a time leaves its runner, and goes on then", () =>
    Effect.gen(function*() {
      yield* suspended
      yield* ended
      assert.deepInclude(yield* endOf, { _tag: "TurnCompleted", answer: "The time has come." })
      assert.lengthOf((yield* log).filter(({ event }) => event._tag === "ToolStarted"), 1)
    }).pipe(Effect.provide(cluster("wait_until", { time: "2 seconds" }))))

  it.scopedLive("for an answer gets what is said, once by each key", () =>
    Effect.gen(function*() {
      const { begun, sessions } = yield* suspended
      const words = [userMessage("Take the red one")]
      assert.strictEqual(yield* sessions.say("s", "steer", words, "w"), begun.turnId)
      yield* sessions.say("s", "steer", words, "w")
      yield* ended
      assert.deepInclude(yield* endOf, { _tag: "TurnCompleted", answer: "The person says: Take the red one" })
      assert.notInclude((yield* log).map(({ event }) => event._tag), "InputAdded")
    }).pipe(Effect.provide(cluster("wait_for_answer", { question: "Which one?" }))))

  it.scopedLive("for an answer goes on without one when its time is over", () =>
    Effect.gen(function*() {
      yield* suspended
      yield* ended
      assert.deepInclude(yield* endOf, { _tag: "TurnCompleted", answer: "There was no answer in time." })
    }).pipe(Effect.provide(cluster("wait_for_answer", { question: "Which one?", at_most: "1 second" }))))

  it.scopedLive("keeps other turns out, and can be interrupted; its time changes nothing then", () =>
    Effect.gen(function*() {
      const { begun, sessions } = yield* suspended
      const refused = yield* Effect.flip(sessions.start("s", { key: "other", input: [userMessage("And now?")] }))
      assert.strictEqual(refused.kind, "TurnWaiting")
      assert.strictEqual(yield* sessions.interrupt("s"), begun.turnId)
      yield* ended
      yield* Effect.sleep("2500 millis")
      assert.deepStrictEqual(
        (yield* log).map(({ event }) => event).filter(endsTurn).map(({ _tag }) => _tag),
        ["TurnInterrupted"]
      )
    }).pipe(Effect.provide(cluster("wait_until", { time: "2 seconds" }))))
})
