import * as TestRunner from "@effect/cluster/TestRunner"
import { assert, describe, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as AgentEvent from "../../src/agent/AgentEvent.ts"
import * as Inbox from "../../src/agent/Inbox.ts"
import * as ClusterAgent from "../../src/cluster/ClusterAgent.ts"
import * as ClusterSessions from "../../src/cluster/ClusterSessions.ts"
import * as SessionAgents from "../../src/cluster/SessionAgents.ts"
import * as SessionFeeds from "../../src/cluster/SessionFeeds.ts"
import * as SessionRunner from "../../src/cluster/SessionRunner.ts"
import { userMessage } from "../../src/responses/Item.ts"
import { endsTurn } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { echo, turns } from "../agent/support.ts"

/** A cluster of one runner in memory, and an agent that knows it only from outside. */
const cluster = (
  script: Script.Script,
  toolkit: Toolkit.Toolkit = Toolkit.make(echo),
  agent: typeof Agent.layer = Agent.layer,
  store = SessionStore.layerMemory
) => {
  const agents = SessionAgents.layer.pipe(
    Layer.provide(agent({ model: "gpt-5.5", instructions: "Be brief." })),
    Layer.provide([ToolExecutor.layer(toolkit), Permission.layerAllowAll])
  )
  return ClusterAgent.layer.pipe(
    Layer.provideMerge(ClusterSessions.layer),
    Layer.provideMerge(SessionRunner.layer),
    Layer.provide(agents),
    Layer.provideMerge(ScriptedResponses.layer(script)),
    Layer.provideMerge(SessionFeeds.layer),
    Layer.provide(store),
    Layer.provideMerge(TestRunner.layer)
  )
}

const hello = Script.answer(Script.say("Hello!"))
const run = (input: string, options?: Agent.RunOptions) =>
  Effect.flatMap(Agent.Agent, (agent) => Stream.runCollect(agent.run("s", input, options))).pipe(
    Effect.map(Chunk.toReadonlyArray)
  )
const log = Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
const logged = (events: ReadonlyArray<AgentEvent.AgentEvent>) =>
  events.filter(AgentEvent.isLogged).map(({ _tag, seq }) => ({ _tag, seq }))

/** A tool that has begun, and waits to go on. */
const waiting = Effect.all([Deferred.make<void>(), Deferred.make<void>()]).pipe(
  Effect.map(([begun, goOn]) => ({
    begun: Deferred.await(begun),
    goOn: Deferred.succeed(goOn, undefined),
    toolkit: Toolkit.make(Tool.make({
      name: "wait",
      description: "",
      parameters: Schema.Struct({}),
      handler: () => Effect.as(Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(goOn)), "waited")
    }))
  }))
)

describe("The agent of a cluster", () => {
  it.scopedLive("tells a turn as one on this machine does: what is kept once and in order, and texts as they come", () =>
    Effect.gen(function*() {
      const events = yield* run("Go")
      assert.deepStrictEqual(logged(events), (yield* log).map(({ event: { _tag }, seq }) => ({ _tag, seq })))
      assert.include(events.map(({ _tag }) => _tag), "TextDelta")
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Hello!" })
      const again = yield* run("Again")
      assert.deepInclude(again[0], { _tag: "SessionStarted", seq: 1 })
      assert.deepInclude(again.at(-1), { _tag: "TurnCompleted", turnId: "turn-2" })
    }).pipe(Effect.provide(cluster(turns(
      Script.answer(Script.call("echo", { text: "x" })),
      hello,
      hello
    )))))

  it.scopedLive("runs a turn once, however often it is asked for with the same key", () =>
    Effect.gen(function*() {
      const [first, second] = yield* Effect.all([run("Go", { key: "k" }), run("Go", { key: "k" })], { concurrency: 2 })
      const third = yield* run("Go", { key: "k" })
      assert.deepStrictEqual(logged(second), logged(first))
      assert.deepStrictEqual(logged(third), logged(first))
      assert.lengthOf((yield* log).filter(({ event }) => event._tag === "TurnStarted"), 1)
    }).pipe(Effect.provide(cluster(turns(hello)))))

  it.scopedLive("runs one turn at a time, and later ones in their order", () =>
    Effect.gen(function*() {
      const { begun, goOn, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const sessions = yield* ClusterSessions.ClusterSessions
        const start = (key: string) => sessions.start("s", { key, input: [userMessage(key)] })
        yield* start("one")
        yield* begun
        const later = yield* Effect.fork(start("two"))
        yield* Effect.sleep("50 millis")
        const latest = yield* Effect.fork(start("three"))
        assert.deepInclude((yield* sessions.state("s")).running, { key: "one" })
        yield* goOn
        assert.deepStrictEqual([(yield* Fiber.join(later)).turnId, (yield* Fiber.join(latest)).turnId], [
          "turn-2",
          "turn-3"
        ])
        yield* Effect.repeat(log, {
          until: (events) => events.filter(({ event }) => endsTurn(event)).length === 3,
          schedule: Schedule.spaced("10 millis")
        })
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {})), hello, hello, hello), toolkit)))
    }))

  it.scopedLive("interrupts a turn whose reader leaves, and says so in the log", () =>
    Effect.gen(function*() {
      const { begun, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* begun
        yield* Fiber.interrupt(fiber)
        yield* Effect.repeat(log, {
          until: (events) =>
            events.some(({ event }) => event._tag === "TurnInterrupted" && event.reason === "cancelled"),
          schedule: Schedule.spaced("10 millis")
        })
        const { resume } = yield* Agent.Agent
        const events = Chunk.toReadonlyArray(yield* Stream.runCollect(resume("s")))
        assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", turnId: "turn-1" })
        assert.deepStrictEqual(Chunk.size(yield* Stream.runCollect(resume("s"))), 0)
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {})), hello), toolkit)))
    }))

  it.scopedLive("lets the turns of others run when the reader of one that waits leaves", () =>
    Effect.gen(function*() {
      const { begun, goOn, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const one = yield* Effect.fork(run("one", { key: "one" }))
        yield* begun
        const two = yield* Effect.fork(run("two", { key: "two" }))
        yield* Effect.sleep("100 millis")
        yield* Fiber.interrupt(two)
        yield* goOn
        assert.deepInclude((yield* Fiber.join(one)).at(-1), { _tag: "TurnCompleted", turnId: "turn-1" })
        assert.deepInclude((yield* run("three")).at(-1), { _tag: "TurnCompleted", turnId: "turn-2" })
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {})), hello, hello), toolkit)))
    }))

  it.scopedLive("goes on with a turn that is resumed by its own key", () =>
    Effect.gen(function*() {
      const { begun, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go", { key: "k" }))
        yield* begun
        yield* Fiber.interrupt(fiber)
        const { resume } = yield* Agent.Agent
        const events = Chunk.toReadonlyArray(yield* Stream.runCollect(resume("s", { key: "k" })))
        assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", turnId: "turn-1" })
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {})), hello), toolkit)))
    }))

  it.scopedLive("waits for a session that is in use, and can be interrupted meanwhile", () =>
    Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      const sessions = yield* ClusterSessions.ClusterSessions
      const start = (key: string) =>
        Effect.fork(Effect.either(sessions.start("s", { key, input: [userMessage("Go")] })))
      const [first, second] = yield* Effect.scoped(Effect.gen(function*() {
        yield* store.open("s")
        const first = yield* start("first")
        yield* Effect.repeat(sessions.state("s"), {
          until: ({ running }) => running?.key === "first",
          schedule: Schedule.spaced("10 millis")
        })
        yield* sessions.interrupt("s", { key: "first" })
        const refused = yield* Fiber.join(first)
        return [refused, yield* start("second")] as const
      }))
      assert.deepInclude(Option.getOrThrow(Either.getLeft(first)), { kind: "Interrupted" })
      assert.deepInclude(Option.getOrThrow(Either.getRight(yield* Fiber.join(second))), { turnId: "turn-1" })
    }).pipe(Effect.provide(cluster(turns(hello)))))

  it.scopedLive("passes on what is said while it runs", () =>
    Effect.gen(function*() {
      const { begun, goOn, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const inbox = yield* Inbox.make(4)
        const fiber = yield* Effect.fork(run("Go", { inbox }))
        yield* begun
        yield* inbox.steer("Faster")
        yield* Effect.repeat(inbox.pending, {
          until: ({ length }) => length === 0,
          schedule: Schedule.spaced("10 millis")
        })
        yield* goOn
        const events = yield* Fiber.join(fiber)
        assert.include(JSON.stringify(events.find(({ _tag }) => _tag === "InputAdded")), "Faster")
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {})), hello), toolkit)))
    }))

  it.scopedLive("hears once what is said twice by the same key", () =>
    Effect.gen(function*() {
      const { begun, goOn, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const { say } = yield* ClusterSessions.ClusterSessions
        const fiber = yield* Effect.fork(run("Go"))
        yield* begun
        const steer = say("s", "steer", [userMessage("Faster")], "once")
        assert.deepStrictEqual([yield* steer, yield* steer], ["turn-1", "turn-1"])
        yield* goOn
        yield* Fiber.join(fiber)
        assert.lengthOf((yield* log).filter(({ event }) => event._tag === "InputAdded"), 1)
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {})), hello), toolkit)))
    }))

  it.scopedLive("interrupts the turn that is meant, and no other", () =>
    Effect.gen(function*() {
      const { begun, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const { interrupt, start } = yield* ClusterSessions.ClusterSessions
        yield* start("s", { key: "one", input: [userMessage("Go")] })
        yield* begun
        assert.deepStrictEqual([yield* interrupt("s", { key: "two" }), yield* interrupt("s", { turnId: "turn-2" })], [
          null,
          null
        ])
        assert.isFalse((yield* log).some(({ event }) => endsTurn(event)))
        assert.strictEqual(yield* interrupt("s", { key: "one" }), "turn-1")
        yield* Effect.repeat(log, {
          until: (events) =>
            events.some(({ event }) => event._tag === "TurnInterrupted" && event.reason === "cancelled"),
          schedule: Schedule.spaced("10 millis")
        })
      }).pipe(Effect.provide(cluster(turns(Script.answer(Script.call("wait", {}))), toolkit)))
    }))

  it.scopedLive("fails as an agent on this machine does", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<string>>([])
      const { run } = yield* Agent.Agent
      const error = yield* Effect.flip(
        Stream.runForEach(run("s", "Go"), ({ _tag }) => Ref.update(seen, (all) => [...all, _tag]))
      )
      assert.strictEqual(error._tag, "ModelError")
      assert.strictEqual((yield* Ref.get(seen)).at(-1), "TurnFailed")
      const { say } = yield* ClusterSessions.ClusterSessions
      assert.strictEqual((yield* Effect.flip(say("s", "steer", []))).kind, "NoTurnRunning")
    }).pipe(Effect.provide(cluster(turns(Script.refuse(400, { detail: "no" }))))))

  it.scopedLive("tells a reader all that it has missed, and then what comes", () =>
    Effect.gen(function*() {
      yield* run("One")
      const sessions = yield* ClusterSessions.ClusterSessions
      const [, second] = yield* log
      const reader = yield* sessions.events("s", second?.seq ?? 0).pipe(
        Stream.filter(AgentEvent.isLogged),
        Stream.takeUntil((event) => endsTurn(event) && event.turnId === "turn-2"),
        Stream.runCollect,
        Effect.fork
      )
      yield* run("Two")
      const seen = Chunk.toReadonlyArray(yield* Fiber.join(reader)).map(({ seq }) => seq)
      assert.deepStrictEqual(seen, (yield* log).map(({ seq }) => seq).slice(2))
      assert.strictEqual(Option.isSome(Option.fromNullable(second)), true)
    }).pipe(Effect.provide(cluster(turns(hello, hello)))))

  it.scopedLive.each([
    { name: "another store", isShared: false },
    { name: "the store below the feeds, which nobody tells", isShared: true }
  ])("refuses a turn whose agent keeps its sessions in $name", ({ isShared }) =>
    Effect.gen(function*() {
      const { toolkit } = yield* waiting
      const other = yield* SessionStore.makeMemory
      const store = Layer.succeed(SessionStore.SessionStore, other)
      const agent = (options: Agent.Options) => Layer.provide(Agent.layer(options), store)
      yield* Effect.gen(function*() {
        const error = yield* Effect.flip(run("Go"))
        assert.deepInclude(error, { _tag: "SessionError", reason: "Remote" })
        assert.match(error.message, /^The runner of session s has refused: .* SessionFeeds\.layer$/)
        assert.deepInclude((yield* other.read("s")).at(-1)?.event, { _tag: "TurnInterrupted", reason: "cancelled" })
      }).pipe(Effect.provide(cluster(
        turns(Script.answer(Script.call("wait", {}))),
        toolkit,
        agent,
        isShared ? store : SessionStore.layerMemory
      )))
    }))
})
