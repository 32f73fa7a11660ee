import { Sharding } from "@effect/cluster/Sharding"
import * as TestRunner from "@effect/cluster/TestRunner"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as AgentDefinition from "../../src/agent/children/AgentDefinition.ts"
import * as AgentTool from "../../src/agent/children/AgentTool.ts"
import * as ClusterSessions from "../../src/cluster/ClusterSessions.ts"
import * as SessionAgents from "../../src/cluster/SessionAgents.ts"
import { SessionEntity, Waking } from "../../src/cluster/SessionEntity.ts"
import * as SessionFeeds from "../../src/cluster/SessionFeeds.ts"
import * as SessionRunner from "../../src/cluster/SessionRunner.ts"
import * as Waits from "../../src/cluster/Waits.ts"
import { isFunctionCallOutput, userMessage } from "../../src/responses/Item.ts"
import { endsTurn, ToolEnded } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../tools/support.ts"

const look = Tool.make({
  name: "look",
  description: "Looks",
  parameters: Schema.Struct({}),
  access: () => Tool.nothing,
  describe: () => "look",
  handler: () => Effect.succeed("Nothing is there.")
})

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

  it.scopedLive("for an answer hears all that is said at once", () =>
    Effect.gen(function*() {
      const { sessions } = yield* suspended
      const say = (words: string) => sessions.say("s", "steer", [userMessage(words)], words)
      yield* Effect.all(["red", "green", "blue"].map(say), { concurrency: "unbounded" })
      yield* ended
      const told = JSON.stringify(yield* log)
      for (const words of ["red", "green", "blue"]) assert.include(told, words)
    }).pipe(Effect.provide(cluster("wait_for_answer", { question: "Which one?" }))))

  it.scopedLive("goes on where the runner has died that had woken it", () =>
    Effect.gen(function*() {
      const { begun: { turnId } } = yield* suspended
      const started = Waits.waitingCall(yield* log)
      if (started === undefined) return assert.fail("no call waits")
      const { call, itemId } = started
      const store = yield* SessionStore.SessionStore
      yield* Effect.scoped(Effect.flatMap(store.open("s"), (session) =>
        session.append(
          `${turnId}/tool/0/c`,
          ToolEnded.make({ turnId, itemId, call, status: "completed", output: "Red" })
        )))
      const client = yield* SessionEntity.client
      yield* client("s").Wake(new Waking({ key: "again", turnId, itemId, at: 0, words: "Red" }), { discard: true })
      yield* ended
      assert.deepInclude(yield* endOf, { _tag: "TurnCompleted", answer: "Red" })
      assert.lengthOf(
        (yield* log).filter(({ event }) => event._tag === "ToolEnded"),
        1
      )
    }).pipe(Effect.timeout("5 seconds"), Effect.provide(cluster("wait_for_answer", { question: "Which one?" }))))

  for (const time of ["99999999999 weeks", "tomorrow 9"]) {
    it.scopedLive(`does not begin to wait until ${time}`, () =>
      Effect.gen(function*() {
        const sessions = yield* ClusterSessions.ClusterSessions
        yield* sessions.start("s", { key: "k", input: [userMessage("Go")] })
        yield* ended
        const end = yield* endOf
        assert.include(end?._tag === "TurnCompleted" ? end.answer : "", "expected a time")
      }).pipe(Effect.provide(cluster("wait_until", { time }))))
  }

  it.effect("is none of a child, whose caller would be left with nobody to wake it", () =>
    Effect.gen(function*() {
      const agent = yield* Agent.Agent
      yield* Stream.runDrain(agent.run("s", "Go"))
      const { requests } = yield* ScriptedResponses.ScriptedResponses
      const [, child] = yield* requests
      assert.deepStrictEqual(child?.tools?.map((tool) => "name" in tool ? tool.name : tool.type), ["look"])
    }).pipe(Effect.provide(
      Agent.layer({ model: "gpt-5.5", instructions: "Be brief." }).pipe(
        Layer.provide(ToolExecutor.layer(AgentTool.toolkit({
          agents: AgentDefinition.builtIn,
          toolkit: Toolkit.merge(Waits.toolkit, Toolkit.make(look)),
          preamble: Effect.succeed([])
        }))),
        Layer.provide(Permission.layerAllowAll),
        Layer.provideMerge(ScriptedResponses.layer(({ input }) =>
          input.some(isFunctionCallOutput) || !JSON.stringify(input).includes("\"Go\"")
            ? Script.answer(Script.say("Done."))
            : Script.answer(Script.call("agent", { task: "Wait" }, "c"))
        )),
        Layer.provide(SessionStore.layerMemory),
        Layer.provide(layerWorkspace)
      )
    )))

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
