import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as Agent from "../../src/agent/Agent.ts"
import * as AgentEvent from "../../src/agent/AgentEvent.ts"
import { SignedOut } from "../../src/auth/SignedOut.ts"
import { type Item, text } from "../../src/responses/Item.ts"
import { Responses } from "../../src/responses/Responses.ts"
import type * as Session from "../../src/session/Session.ts"
import { ModelResponded, SessionStarted, ToolEnded, ToolStarted, TurnStarted } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import { ScriptedResponses } from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { echo, type Lack, layerOver, run, tags, turns, wires } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))

const requests = Effect.flatMap(ScriptedResponses, (model) => model.requests)
const log = Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
const shape = (items: ReadonlyArray<Item> | undefined) =>
  items?.map((item) => `${item.type}${item["call_id"] === undefined ? "" : ` ${String(item["call_id"])}`}`)

describe.each(wires.map((wire) => [wire.name, wire] as const))("an agent over %s", (_, wire) => {
  const layer = layerOver(wire)
  /** A test of what not every dialect has words for. */
  const itNeeds = (what: Lack, name: string, test: () => Effect.Effect<void, unknown>) => {
    if (!wire.lacks.includes(what)) it.effect(name, test)
  }

  describe("a turn", () => {
    it.effect("answers, and tells the answer as it is written", () =>
      Effect.gen(function*() {
        const events = yield* run("Hi")
        assert.deepStrictEqual(tags(events), ["SessionStarted", "TurnStarted", "ModelResponded", "TurnCompleted"])
        const agent = yield* Agent.Agent
        assert.strictEqual(events.at(-1)?._tag === "TurnCompleted" && text(Script.say("Hello!")), "Hello!")
        const written = yield* Stream.mkString(AgentEvent.text(agent.run("s", "Again")))
        assert.strictEqual(written, "Once more.")
      }).pipe(Effect.provide(layer(turns(hello, Script.answer(Script.say("Once more.")))))))

    it.effect("asks the model, runs its calls, tells it their outputs, until it answers", () =>
      Effect.gen(function*() {
        const events = yield* run("Do it")
        assert.deepStrictEqual(tags(events), [
          "SessionStarted",
          "TurnStarted",
          "ModelResponded",
          "ToolStarted",
          "ToolEnded",
          "ModelResponded",
          "TurnCompleted"
        ])
        const [first, second] = yield* requests
        assert.deepStrictEqual(shape(first?.input), ["message"])
        assert.deepStrictEqual(shape(second?.input), ["message", "function_call c1", "function_call_output c1"])
        assert.strictEqual(second?.input[2]?.["output"], "echo: one")
        assert.isTrue(second?.input.every((item) => !("id" in item)))
      }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("echo", { text: "one" }, "c1")), hello)))))

    itNeeds(
      "reasoning that is sent back",
      "sends reasoning back before the call that it led to",
      () =>
        Effect.gen(function*() {
          yield* run("Do it")
          const [, second] = yield* requests
          assert.deepStrictEqual(shape(second?.input), [
            "message",
            "reasoning",
            "function_call c1",
            "function_call_output c1"
          ])
          assert.isTrue(second?.input.every((item) => !("id" in item)))
        }).pipe(Effect.provide(layer(turns(
          Script.answer(Script.think("Let me see."), Script.call("echo", { text: "one" }, "c1")),
          hello
        ))))
    )

    it.effect("shows what the model thinks, and keeps it with the answer", () =>
      Effect.gen(function*() {
        const events = yield* run("Think")
        const thought = events.flatMap((event) => event._tag === "ReasoningDelta" ? [event.delta] : [])
        assert.strictEqual(thought.join(""), "Let me see.")
        const responded = events.find((event) => event._tag === "ModelResponded")
        assert.deepStrictEqual(responded?.items.map(text), ["Let me see.", "Hello!"])
      }).pipe(Effect.provide(layer(turns(Script.answer(Script.think("Let me see."), Script.say("Hello!")))))))

    it.effect("keeps one prefix and one key over all its requests", () =>
      Effect.gen(function*() {
        yield* run("Do it")
        yield* run("And again")
        const all = yield* requests
        assert.strictEqual(all.length, 3)
        for (const [index, request] of all.entries()) {
          assert.strictEqual(request.prompt_cache_key, "s")
          assert.strictEqual(request.instructions, "Be brief.")
          const before = all[index - 1]?.input ?? []
          assert.deepStrictEqual(request.input.slice(0, before.length), before)
        }
      }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("echo", { text: "x" })), hello, hello)))))

    it.effect("keeps the key of one conversation out of another", () =>
      Effect.gen(function*() {
        const agent = yield* Agent.Agent
        for (const session of ["s", "other"]) yield* Stream.runDrain(agent.run(session, "Do it"))
        assert.deepStrictEqual((yield* requests).map((request) => request.prompt_cache_key), ["s", "other"])
      }).pipe(Effect.provide(layer(turns(hello, hello)))))

    it.effect("adds up the usage of its calls", () =>
      Effect.gen(function*() {
        const events = yield* run("Do it")
        const last = events.at(-1)
        assert.deepStrictEqual(last?._tag === "TurnCompleted" ? last.usage.inputTokens : 0, 2 * 100)
      }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("echo", { text: "x" })), hello)))))

    it.effect("runs the calls of one response together, and gives their outputs in the order of the calls", () =>
      Effect.gen(function*() {
        const running = yield* Ref.make(0)
        const most = yield* Ref.make(0)
        const areRunning = yield* Deferred.make<void>()
        const wait = Tool.make({
          name: "wait",
          description: "Waits",
          parameters: Schema.Struct({ seconds: Schema.Number }),
          handler: ({ seconds }) =>
            Ref.updateAndGet(running, (n) => n + 1).pipe(
              Effect.tap((n) => Ref.update(most, (m) => Math.max(m, n))),
              Effect.tap((n) => n === 3 ? Deferred.succeed(areRunning, undefined) : Effect.void),
              Effect.zipRight(Effect.sleep(Duration.seconds(seconds))),
              Effect.zipRight(Ref.update(running, (n) => n - 1)),
              Effect.as(`waited ${seconds}`)
            )
        })
        const script = turns(
          Script.answer(...[3, 1, 2].map((seconds) => Script.call("wait", { seconds }, `c${seconds}`))),
          hello
        )
        yield* Effect.gen(function*() {
          const fiber = yield* Effect.fork(run("Wait"))
          yield* Deferred.await(areRunning)
          yield* TestClock.adjust("3 seconds")
          const events = yield* Fiber.join(fiber)
          const ended = events.flatMap((event) => event._tag === "ToolEnded" ? [event.call.call_id] : [])
          assert.deepStrictEqual(ended, ["c1", "c2", "c3"])
          const [, second] = yield* requests
          assert.deepStrictEqual(second?.input.slice(-3).map((item) => item["output"]), [
            "waited 3",
            "waited 1",
            "waited 2"
          ])
        }).pipe(Effect.provide(layer(script, Toolkit.make(wait))))
        assert.strictEqual(yield* Ref.get(most), 3)
      }))

    it.effect("tells the model of a call that cannot be run, and goes on", () =>
      Effect.gen(function*() {
        const events = yield* run("Try")
        const ended = events.flatMap((event) => event._tag === "ToolEnded" ? [[event.status, event.output]] : [])
        assert.deepStrictEqual(ended.map(([status]) => status), ["failed", "failed", "failed", "failed"])
        const [broken, wrong, unknown, refused] = ended.map(([, output]) => output)
        assert.include(broken, "not JSON")
        assert.include(wrong, "text")
        assert.include(unknown, "no tool named nope")
        assert.include(refused, "I will not say that")
        assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      }).pipe(Effect.provide(layer(turns(
        Script.answer(
          Script.call("echo", "{\"text\": "),
          Script.call("echo", { text: 1 }),
          Script.call("nope", {}),
          Script.call("echo", { text: "fail" })
        ),
        hello
      )))))

    it.effect("gives each of two calls with one call id its own output", () =>
      Effect.gen(function*() {
        yield* run("Twice")
        const [, second] = yield* requests
        assert.deepStrictEqual(second?.input.slice(-2).map((item) => item["output"]), ["echo: a", "echo: b"])
      }).pipe(Effect.provide(layer(turns(
        Script.answer(Script.call("echo", { text: "a" }, "c"), Script.call("echo", { text: "b" }, "c")),
        hello
      )))))

    it.effect("keeps the model's argument string byte for byte", () => {
      const odd = "{ \"text\" :\t\"\\u0041\" }"
      return Effect.gen(function*() {
        yield* run("Odd")
        const [, second] = yield* requests
        assert.strictEqual(second?.input.find((item) => item.type === "function_call")?.["arguments"], odd)
      }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("echo", odd)), hello))))
    })

    itNeeds("items of a type not known", "passes items that it does not know on as they are", () => {
      const search = {
        type: "web_search_call",
        id: "ws_1",
        status: "completed",
        action: { type: "search", query: "x" }
      }
      return Effect.gen(function*() {
        yield* run("Search")
        yield* run("And?")
        const [, second] = yield* requests
        const { id: _, ...kept } = search
        assert.deepStrictEqual(second?.input[1], kept)
      }).pipe(Effect.provide(layer(turns(Script.answer(search, Script.say("Found.")), hello))))
    })

    itNeeds(
      "reasoning that is sent back",
      "does not send reasoning to another model than it came from",
      () =>
        Effect.gen(function*() {
          yield* run("Think")
          yield* run("Think again", { model: "gpt-6-astra" })
          const [, second] = yield* requests
          assert.deepStrictEqual(shape(second?.input), ["message", "message", "message"])
        }).pipe(Effect.provide(layer(turns(Script.answer(Script.think("Hm."), Script.say("So.")), hello))))
    )
  })

  describe("a turn that fails", () => {
    const failing = (turn: Script.Turn) =>
      Effect.gen(function*() {
        const agent = yield* Agent.Agent
        const seen = yield* Ref.make<ReadonlyArray<AgentEvent.AgentEvent>>([])
        const exit = yield* Effect.exit(
          Stream.runForEach(agent.run("s", "Go"), (event) => Ref.update(seen, (events) => [...events, event]))
        )
        return { exit, events: yield* Ref.get(seen), log: yield* log }
      }).pipe(Effect.provide(layer(turns(turn))))

    it.effect("ends with one event that says why, in the stream and in the log, and then with the error", () =>
      Effect.gen(function*() {
        const { events, exit, log } = yield* failing(
          Script.refuse(429, { error: { type: "usage_limit_reached", message: "used up", plan_type: "plus" } })
        )
        assert.deepStrictEqual(tags(events), ["SessionStarted", "TurnStarted", "TurnFailed"])
        assert.strictEqual(log.at(-1)?.event._tag, "TurnFailed")
        const failed = events.at(-1)
        assert.strictEqual(failed?._tag === "TurnFailed" ? failed.kind : "", "UsageLimitReached")
        assert.isTrue(Exit.isFailure(exit) && Cause.isFailType(exit.cause) && exit.cause.error._tag === "ModelError")
      }))

    it.effect("says so when the model ends without an answer", () =>
      Effect.gen(function*() {
        const { events } = yield* failing(Script.answer(Script.think("…")))
        const failed = events.at(-1)
        assert.strictEqual(failed?._tag === "TurnFailed" ? failed.kind : "", "NoAnswer")
      }))

    it.effect("goes on when a tool has a bug, which the model is told", () =>
      Effect.gen(function*() {
        const buggy = Tool.make({
          name: "buggy",
          description: "",
          parameters: Schema.Struct({}),
          handler: () => Effect.dieMessage("out of order")
        })
        yield* Effect.gen(function*() {
          yield* run("Go")
          const events = (yield* log).map(({ event }) => event)
          const ended = events.find(({ _tag }) => _tag === "ToolEnded")
          assert.deepInclude(ended, { status: "failed" })
          assert.include(JSON.stringify(ended), "out of order")
          assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Without it." })
        }).pipe(Effect.provide(layer(
          turns(Script.answer(Script.call("buggy", {})), Script.answer(Script.say("Without it."))),
          Toolkit.make(buggy)
        )))
      }))
  })

  describe("the log", () => {
    it.effect("holds every event before it is told, under growing numbers", () =>
      Effect.gen(function*() {
        const agent = yield* Agent.Agent
        const store = yield* SessionStore.SessionStore
        const numbers = yield* Ref.make<ReadonlyArray<number>>([])
        yield* Stream.runForEach(agent.run("s", "Go"), (event) =>
          Effect.gen(function*() {
            yield* Ref.update(numbers, (all) => [...all, event.seq])
            if (event._tag === "TextDelta" || event._tag === "ReasoningDelta") return
            const stored = yield* store.read("s", event.seq - 1)
            assert.deepInclude(stored[0], { seq: event.seq })
          }))
        const all = yield* Ref.get(numbers)
        assert.deepStrictEqual(all, Array.from(new Set(all)).toSorted((a, b) => a - b))
      }).pipe(Effect.provide(layer(turns(
        Script.answer(Script.think("Hm."), Script.call("echo", { text: "x" })),
        Script.answer(Script.say("A few words."))
      )))))

    it.effect("lets one run at a time write to a session", () =>
      Effect.gen(function*() {
        const agent = yield* Agent.Agent
        const blocked = yield* Effect.scoped(Effect.gen(function*() {
          const store = yield* SessionStore.SessionStore
          yield* store.open("s")
          return yield* Effect.flip(Stream.runDrain(agent.run("s", "Go")))
        }))
        assert.strictEqual(blocked._tag === "SessionError" ? blocked.reason : "", "Busy")
        assert.deepStrictEqual(tags(yield* run("Go")).at(-1), "TurnCompleted")
      }).pipe(Effect.provide(layer(turns(hello)))))
  })

  describe("interruption", () => {
    const endless = (started: Deferred.Deferred<void>, stopped: Deferred.Deferred<void>) =>
      Tool.make({
        name: "endless",
        description: "",
        parameters: Schema.Struct({}),
        handler: () =>
          Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
          )
      })

    const broken = Tool.make({
      name: "broken",
      description: "",
      parameters: Schema.Struct({}),
      handler: () =>
        Effect.gen(function*() {
          const fiber = yield* Effect.fork(Effect.never)
          yield* Fiber.interrupt(fiber)
          return yield* Fiber.join(fiber)
        })
    })

    it.effect("within a tool is a failure of that call, and the turn goes on", () =>
      Effect.gen(function*() {
        const events = yield* run("Go")
        assert.deepStrictEqual(tags(events).slice(-1), ["TurnCompleted"])
        const ended = events.find((event) => event._tag === "ToolEnded")
        assert.deepInclude(ended, { status: "failed" })
        assert.match(String(ended?._tag === "ToolEnded" ? ended.output : ""), /stopped from within/)
      }).pipe(Effect.provide(layer(
        turns(Script.answer(Script.call("broken", {}, "c1")), hello),
        Toolkit.make(broken)
      ))))

    /** Takes a second to write down that a turn begins. */
    const slowly = (isWriting: Deferred.Deferred<void>) =>
      Layer.effect(
        SessionStore.SessionStore,
        Effect.map(SessionStore.SessionStore, (store) => ({
          ...store,
          open: (id: string) =>
            Effect.map(store.open(id), (session): Session.Session => ({
              ...session,
              append: (key, event) =>
                event._tag === "TurnStarted"
                  ? Effect.uninterruptible(
                    Deferred.succeed(isWriting, undefined).pipe(
                      Effect.zipRight(Effect.sleep("1 second")),
                      Effect.zipRight(session.append(key, event))
                    )
                  )
                  : session.append(key, event)
            }))
        }))
      ).pipe(Layer.provide(SessionStore.layerMemory))

    it.effect("while it is written down that a turn begins leaves no turn without an end", () =>
      Effect.gen(function*() {
        const isWriting = yield* Deferred.make<void>()
        yield* Effect.gen(function*() {
          const fiber = yield* Effect.fork(run("Go"))
          yield* Deferred.await(isWriting)
          const stopping = yield* Effect.fork(Fiber.interrupt(fiber))
          yield* TestClock.adjust("1 second")
          yield* Fiber.join(stopping)
          const told = (yield* log).map(({ event }) => event._tag)
          assert.deepStrictEqual(told, ["SessionStarted", "TurnStarted", "TurnInterrupted"])
        }).pipe(Effect.provide(
          Agent.layer({ model: "gpt-5.5", instructions: "" }).pipe(
            Layer.provide([ToolExecutor.layer(Toolkit.make(echo)), Permission.layerAllowAll]),
            Layer.provide(wire.model(turns(hello))),
            Layer.provideMerge(slowly(isWriting))
          )
        ))
      }))

    it.effect("stops the tools, and the log says so with one ending", () =>
      Effect.gen(function*() {
        const started = yield* Deferred.make<void>()
        const stopped = yield* Deferred.make<void>()
        yield* Effect.gen(function*() {
          const fiber = yield* Effect.fork(run("Go"))
          yield* Deferred.await(started)
          yield* Fiber.interrupt(fiber)
          yield* Deferred.await(stopped)
          const events = (yield* log).map((stored) => stored.event)
          assert.deepStrictEqual(events.slice(-2).map((event) => event._tag), ["ToolEnded", "TurnInterrupted"])
          assert.deepInclude(events.at(-2), { status: "interrupted" })

          const resumed = yield* run("Once more")
          assert.deepStrictEqual(tags(resumed).at(-1), "TurnCompleted")
          const input = (yield* requests).at(-1)?.input
          assert.deepStrictEqual(shape(input), ["message", "function_call c1", "function_call_output c1", "message"])
        }).pipe(
          Effect.provide(
            layer(
              turns(Script.answer(Script.call("endless", {}, "c1")), hello),
              Toolkit.make(endless(started, stopped))
            )
          )
        )
      }))
  })

  describe("a turn that a crash has cut off", () => {
    const call = (id: string) => Script.call("echo", { text: id }, id)
    const started = (index: number, item: ReturnType<typeof call>) =>
      ToolStarted.make({ turnId: "turn-1", itemId: `turn-1.0.${index}`, call: item })

    /** A log that ends after two calls were started and one of them has ended. */
    const crashed = Effect.scoped(Effect.gen(function*() {
      const store = yield* SessionStore.SessionStore
      const session = yield* store.open("s")
      const [a, b] = [call("a"), call("b")]
      yield* session.append("session", SessionStarted.make({ sessionId: "s", schemaVersion: 1 }))
      yield* session.append(
        "turn-1",
        TurnStarted.make({
          turnId: "turn-1",
          model: "gpt-5.5",
          input: [{ type: "message", role: "user", content: [] }]
        })
      )
      yield* session.append(
        "turn-1/model/0",
        ModelResponded.make({
          turnId: "turn-1",
          step: 0,
          model: "gpt-5.5",
          account: "me",
          items: [a, b],
          usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, reasoningOutputTokens: 0 },
          finishReason: "stop"
        })
      )
      yield* session.append("turn-1/tool/0/a/started", started(0, a))
      yield* session.append("turn-1/tool/0/b/started", started(1, b))
      yield* session.append(
        "turn-1/tool/0/a",
        ToolEnded.make({ turnId: "turn-1", itemId: "turn-1.0.0", call: a, status: "completed", output: "kept" })
      )
    }))

    it.effect("gets its ending before the next turn begins, and its orphan calls an output", () =>
      Effect.gen(function*() {
        yield* crashed
        const events = yield* run("And now?")
        assert.deepStrictEqual(tags(events), ["SessionStarted", "TurnStarted", "ModelResponded", "TurnCompleted"])
        const ends = (yield* log).filter(({ event }) => event._tag === "TurnInterrupted")
        assert.deepInclude(ends.map(({ event }) => event)[0], { turnId: "turn-1", reason: "crashed" })
        const [request] = yield* requests
        assert.deepStrictEqual(shape(request?.input), [
          "message",
          "function_call a",
          "function_call b",
          "function_call_output a",
          "function_call_output b",
          "message"
        ])
        assert.strictEqual(request?.input[3]?.["output"], "kept")
        assert.include(String(request?.input[4]?.["output"]), "not known")
      }).pipe(Effect.provide(layer(turns(hello)))))

    it.effect("can go on where it stood, and nothing that is done is done again", () =>
      Effect.gen(function*() {
        yield* crashed
        const agent = yield* Agent.Agent
        const answer = yield* AgentEvent.answer(agent.resume("s"))
        assert.strictEqual(answer, "Hello!")
        const all = yield* requests
        assert.strictEqual(all.length, 1)
        assert.strictEqual(
          all[0]?.input.find((item) => item["call_id"] === "a" && "output" in item)?.["output"],
          "kept"
        )
        assert.strictEqual((yield* log).filter(({ event }) => event._tag === "ToolEnded").length, 2)
        assert.strictEqual((yield* log).at(-1)?.event._tag, "TurnCompleted")
        assert.deepStrictEqual(Array.from(yield* Stream.runCollect(agent.resume("s"))), [])
      }).pipe(Effect.provide(layer(turns(hello)))))
  })

  describe("tools", () => {
    it.effect("are told to the model as they are declared", () =>
      Effect.gen(function*() {
        yield* run("Hi")
        assert.deepStrictEqual((yield* requests)[0]?.tools, [echo.declaration])
      }).pipe(Effect.provide(layer(turns(hello)))))
  })
})

describe("an agent", () => {
  it.effect("writes nothing when nobody is signed in", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run("Go"))
      assert.strictEqual(error._tag, "SignedOut")
      assert.strictEqual((yield* Effect.flip(log)).reason, "NotFound")
    }).pipe(Effect.provide(
      Agent.layer({ model: "gpt-5.5", instructions: "" }).pipe(
        Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll]),
        Layer.provide(Layer.mock(Responses, { account: new SignedOut({ reason: "NeverSignedIn" }) })),
        Layer.provideMerge(SessionStore.layerMemory)
      )
    )))

  it.effect("says that it was interrupted when the reader has seen enough", () =>
    Effect.gen(function*() {
      const agent = yield* Agent.Agent
      yield* Stream.runDrain(Stream.take(agent.run("s", "Go"), 2))
      assert.deepStrictEqual((yield* log).at(-1)?.event, {
        _tag: "TurnInterrupted",
        turnId: "turn-1",
        reason: "cancelled"
      })
    }).pipe(Effect.provide(
      Agent.layer({ model: "gpt-5.5", instructions: "" }).pipe(
        Layer.provide([ToolExecutor.layer(Toolkit.empty), Permission.layerAllowAll]),
        Layer.provide(Layer.mock(Responses, { account: Effect.succeed("me"), stream: () => Stream.never })),
        Layer.provideMerge(SessionStore.layerMemory)
      )
    )))
})
