import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Agent from "../../../src/agent/Agent.ts"
import type { AgentEvent } from "../../../src/agent/AgentEvent.ts"
import * as AgentDefinition from "../../../src/agent/children/AgentDefinition.ts"
import * as AgentTool from "../../../src/agent/children/AgentTool.ts"
import { linesOf } from "../../../src/agent/EventLines.ts"
import * as Children from "../../../src/prompts/Children.ts"
import * as Conversation from "../../../src/prompts/Conversation.ts"
import * as ToolFailures from "../../../src/prompts/ToolFailures.ts"
import { developerMessage, isFunctionCallOutput, isMessage, type Item } from "../../../src/responses/Item.ts"
import type { Request } from "../../../src/responses/Request.ts"
import type { Stored, ToolEnded } from "../../../src/session/SessionEvent.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"
import * as Script from "../../../src/testing/Script.ts"
import * as ScriptedResponses from "../../../src/testing/ScriptedResponses.ts"
import * as Background from "../../../src/tools/Background.ts"
import * as Approver from "../../../src/tools/permission/Approver.ts"
import * as Permission from "../../../src/tools/permission/Permission.ts"
import * as Tool from "../../../src/tools/Tool.ts"
import * as ToolExecutor from "../../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../../tools/support.ts"
import { resume, run } from "../support.ts"

const read = Tool.make({
  name: "read",
  description: "Reads",
  parameters: Schema.Struct({ path: Schema.String }),
  access: ({ path }) => Tool.reads(path),
  describe: ({ path }) => `read ${path}`,
  handler: ({ path }) => Effect.succeed(`what is in ${path}`)
})

const touch = Tool.make({
  name: "write",
  description: "Writes",
  parameters: Schema.Struct({ path: Schema.String }),
  concurrency: "exclusive",
  access: ({ path }) => Tool.writes(path),
  describe: ({ path }) => `write ${path}`,
  handler: ({ path }) => Effect.succeed(`wrote ${path}`)
})

const tools = Toolkit.make(read, touch)

const delegate = (
  args: { readonly task: string; readonly agent?: string; readonly background?: boolean },
  callId = "c_agent"
) => Script.call("agent", args, callId)

/** Whether a request is of a child. */
const isChild = ({ instructions = "" }: Request) => instructions.includes("for another agent")

const outputs = ({ input }: Request) => input.filter(isFunctionCallOutput)

/** The parent calls agents once and answers; a child does what its own script says. */
const family = (
  calls: ReadonlyArray<Item>,
  child: (request: Request, outputs: number) => Script.Turn
): Script.Script =>
(request) =>
  isChild(request)
    ? child(request, outputs(request).length)
    : outputs(request).length === 0
    ? Script.answer(...calls)
    : Script.answer(Script.say("Done."))

const layer = (
  script: Script.Script,
  { agents = [], approver = Approver.layerNobody, limits, mode = "auto", toolkit = tools }: {
    readonly agents?: ReadonlyArray<AgentDefinition.AgentDefinition>
    readonly approver?: Layer.Layer<never>
    readonly limits?: AgentTool.ChildLimits
    readonly mode?: "auto" | "ask"
    readonly toolkit?: Toolkit.Toolkit
  } = {}
) =>
  Agent.layer({ model: "gpt-5.5", instructions: "You are the parent.", reasoning: { effort: "low" } }).pipe(
    Layer.provide(ToolExecutor.layer(Toolkit.merge(
      toolkit,
      AgentTool.toolkit({
        agents: AgentDefinition.withBuiltIn(agents),
        toolkit,
        limits,
        preamble: Effect.succeed([])
      })
    ))),
    Layer.provide(Permission.layerMode(mode)),
    Layer.provide(approver),
    Layer.provideMerge(Layer.mergeAll(ScriptedResponses.layer(script), SessionStore.layerMemory)),
    Layer.provideMerge(layerWorkspace)
  )

const ended = (events: ReadonlyArray<AgentEvent>): ReadonlyArray<ToolEnded> =>
  events.filter((event) => event._tag === "ToolEnded")

const requestsOf = Effect.flatMap(ScriptedResponses.ScriptedResponses, ({ requests }) => requests)

describe("the tool agent", () => {
  const helper: AgentDefinition.AgentDefinition = {
    name: "helper",
    description: "helps",
    instructions: "Help well.",
    model: "gpt-5.5-mini",
    effort: "high",
    tools: ["Read"],
    isReadOnly: false
  }

  it.effect("gives an agent its own model, instructions and tools, tells what it does, and names its session", () =>
    Effect.gen(function*() {
      const events = yield* run("Go")
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
      const [call] = ended(events)
      assert.deepInclude(call, { status: "completed", output: "I see." })
      const store = yield* SessionStore.SessionStore
      const child = (yield* store.list).find(({ parent }) => parent !== null) ?? assert.fail("there is no child")
      assert.deepStrictEqual(child.parent, { sessionId: "s", callId: "c_agent" })
      assert.deepStrictEqual(call?.details, { agent: "helper", session_id: child.id })

      const asked = (yield* requestsOf).find(isChild) ?? assert.fail("the child asks nothing")
      assert.deepInclude(asked, { model: "gpt-5.5-mini" })
      assert.strictEqual(asked.reasoning?.effort, "high")
      assert.match(asked.instructions ?? "", /You are helper.*\n[^]*Help well\.$/)
      assert.deepStrictEqual(asked.tools?.map((tool) => "name" in tool ? tool.name : tool.type), ["read"])

      const told = events.filter((event) => event._tag === "ToolProgress")
      assert.lengthOf(told, 1)
      assert.deepInclude(told.flatMap((event) => linesOf(event, false))[0], {
        type: "item.updated",
        item: { id: call?.itemId, type: "tool_call", status: "in_progress", text: "read a.ts" },
        child: { agent: "helper", session_id: child.id, item_id: "turn-1.0.0" }
      })
    }).pipe(Effect.provide(layer(
      family(
        [delegate({ task: "Look", agent: "helper" })],
        (_, n) => Script.answer(n === 0 ? Script.call("read", { path: "a.ts" }) : Script.say("I see."))
      ),
      { agents: [helper] }
    ))))

  it.effect("gives general all tools, the model and the effort of its caller, and none below the last depth", () =>
    Effect.gen(function*() {
      yield* run("Go")
      const asked = (yield* requestsOf).filter(isChild)
      assert.deepStrictEqual(
        asked.map(({ model, reasoning, tools }) => [
          model,
          reasoning?.effort,
          tools?.flatMap((tool) => "name" in tool ? [tool.name] : [])
        ]),
        [["gpt-5.5", "low", ["read", "write", "agent", "agents"]], ["gpt-5.5", "low", ["read", "write"]], [
          "gpt-5.5",
          "low",
          ["read", "write", "agent", "agents"]
        ]]
      )
    }).pipe(Effect.provide(layer(
      family(
        [delegate({ task: "Look" })],
        ({ tools }, n) =>
          Script.answer(
            n === 0 && tools?.some((tool) => "name" in tool && tool.name === "agent") === true
              ? delegate({ task: "Look further" })
              : Script.say("I see.")
          )
      ),
      { limits: { maxDepth: 2 } }
    ))))

  it.effect("runs those side by side that only look, at most so many at once, and the others alone", () =>
    Effect.gen(function*() {
      const [most, now] = [yield* Ref.make(0), yield* Ref.make(0)]
      const both = yield* Deferred.make<void>()
      const watched = Tool.make({
        name: "read",
        description: "Reads",
        parameters: Schema.Struct({}),
        access: () => Tool.nothing,
        handler: () =>
          Effect.gen(function*() {
            const count = yield* Ref.updateAndGet(now, (n) => n + 1)
            yield* Ref.update(most, (n) => Math.max(n, count))
            // Two meet here, or the test does not end.
            if (count === 2) yield* Deferred.succeed(both, undefined)
            yield* Deferred.await(both)
            yield* Effect.yieldNow()
            yield* Ref.update(now, (n) => n - 1)
            return "seen"
          })
      })
      const explore = (n: number) => delegate({ task: `Look ${n}`, agent: "explore" }, `c_${n}`)
      const events = yield* run("Go").pipe(Effect.provide(layer(
        family(
          [explore(1), explore(2), explore(3)],
          (_, n) => Script.answer(n === 0 ? Script.call("read", {}) : Script.say("I see."))
        ),
        { limits: { maxParallel: 2 }, toolkit: Toolkit.make(watched) }
      )))
      assert.deepStrictEqual(ended(events).map(({ output }) => output), ["I see.", "I see.", "I see."])
      assert.strictEqual(yield* Ref.get(most), 2)
      const { concurrency } = yield* ToolExecutor.make(
        Toolkit.make(AgentTool.make({ agents: AgentDefinition.builtIn, toolkit: tools }))
      ).pipe(
        Effect.provide(layer(family([Script.say("")], () => Script.answer(Script.say(""))))),
        Effect.provide(
          Layer.merge(Permission.layerAllowAll, layerWorkspace)
        )
      )
      const kinds = yield* Effect.forEach(["explore", "review", "general", undefined], (agent) =>
        concurrency({
          type: "function_call",
          call_id: "c",
          name: "agent",
          arguments: JSON.stringify({ task: "x", agent })
        }))
      assert.deepStrictEqual(kinds, ["parallel", "parallel", "exclusive", "exclusive"])
    }))

  it.effect("lets one that only looks change nothing, whatever its caller may", () =>
    Effect.gen(function*() {
      yield* run("Go")
      const [, after] = (yield* requestsOf).filter(isChild)
      assert.match(JSON.stringify(after?.input.filter(isFunctionCallOutput)), /read-only/)
    }).pipe(Effect.provide(layer(
      family([delegate({ task: "Look", agent: "looker" })], (_, n) =>
        Script.answer(n === 0 ? Script.call("write", { path: "a.ts" }) : Script.say("I may not."))),
      { agents: [{ name: "looker", description: "looks", instructions: "Look.", isReadOnly: true }] }
    ))))

  it.effect("has the parent's approver asked as a part of the call, with the name of the agent", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make<ReadonlyArray<Approver.Question>>([])
      const approver = Approver.layer((question) =>
        Effect.as(
          Ref.update(asked, (all) => [...all, question]),
          Option.some(Approver.once)
        )
      )
      const events = yield* run("Go").pipe(Effect.provide(layer(
        family(
          [delegate({ task: "Write" })],
          (_, n) => Script.answer(n === 0 ? Script.call("write", { path: "a.ts" }) : Script.say("Written."))
        ),
        { approver, mode: "ask" }
      )))
      const [question = assert.fail("nobody is asked")] = yield* Ref.get(asked)
      const [call = assert.fail("nothing is called")] = ended(events)
      assert.deepInclude(question, { sessionId: "s", itemId: call.itemId, tool: "write" })
      assert.strictEqual(question.child?.agent, "general")
      const lines = events.flatMap((event) => linesOf(event, false))
      assert.deepInclude(lines.find(({ type }) => type === "permission.requested"), { tool: "write" })
      const child = { agent: "general", session_id: question.child?.sessionId, item_id: "turn-1.0.0" }
      assert.deepStrictEqual(
        lines.filter(({ type }) => type.startsWith("permission.")).flatMap((line) => line["child"] ?? []),
        [child, child]
      )
      assert.deepInclude(lines.findLast(({ type }) => type === "permission.decided"), {
        item_id: call.itemId,
        decision: "allowed",
        by: "person"
      })
    }))

  it.effect("tells the model of a child that fails, of one at a limit, and of one that nobody can answer", () =>
    Effect.gen(function*() {
      const told = (turn: Script.Turn, mode: "auto" | "ask" = "auto") =>
        run("Go").pipe(
          Effect.provide(layer(family([delegate({ task: "x" })], () => turn), { mode })),
          Effect.map((events) => {
            assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
            const [call] = ended(events)
            assert.deepInclude(call, { status: "failed" })
            assert.property(call?.details, "session_id")
            return String(call?.output)
          })
        )
      assert.match(yield* told(Script.refuse(400, { detail: "no" })), /^The agent general has failed .*: no$/)
      assert.match(
        yield* told(Script.answer(Script.call("read", { path: "a.ts" }))),
        /^The agent general has reached a limit \(repeats\)/
      )
      const unasked = yield* told(Script.answer(Script.call("write", { path: "a.ts" })), "ask")
      assert.match(unasked, /^The agent general has stopped.*it wanted to write a\.ts, and nobody is there/)
      assert.notInclude(unasked, "effixir resume")
    }))

  it.effect("tells of a child that a crash cut off that its end is not known, and runs none again that has ended", () =>
    Effect.gen(function*() {
      // The first life: one child has ended, the other is at work when the process is gone.
      const reached = yield* Deferred.make<void>()
      const kept: Array<Stored> = []
      const slow = Tool.make({
        name: "read",
        description: "Reads",
        parameters: Schema.Struct({ path: Schema.String }),
        access: ({ path }) => Tool.reads(path),
        handler: ({ path }) =>
          path === "slow" ? Effect.zipRight(Deferred.succeed(reached, undefined), Effect.never) : Effect.succeed("seen")
      })
      const script = family(
        [delegate({ task: "quick" }, "c_1"), delegate({ task: "slow" }, "c_2")],
        ({ input }, n) =>
          Script.answer(
            n > 0
              ? Script.say("I see.")
              : Script.call("read", { path: JSON.stringify(input).includes("slow") ? "slow" : "a" })
          )
      )
      yield* Effect.gen(function*() {
        const store = yield* SessionStore.SessionStore
        const fiber = yield* Effect.fork(run("Go"))
        yield* Deferred.await(reached)
        kept.push(...yield* store.read("s"))
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.provide(layer(script, { toolkit: Toolkit.make(slow) })))
      // The second life has the log as the crash has left it.
      yield* Effect.gen(function*() {
        const store = yield* SessionStore.SessionStore
        yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* store.open("s")
          yield* Effect.forEach(kept, ({ event, key }) => session.append(key, event))
        }))
        const events = yield* resume()
        assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
        const requests = yield* requestsOf
        assert.lengthOf(requests, 1)
        assert.deepStrictEqual(
          requests.flatMap(outputs).map(({ output }) => output),
          ["I see.", Conversation.unknownOutcome]
        )
      }).pipe(Effect.provide(layer(script, { toolkit: Toolkit.make(slow) })))
    }))

  /** A tool that says when it has begun, and ends when it is let. */
  const waiting = Effect.gen(function*() {
    const [begun, open] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const read = Tool.make({
      name: "read",
      description: "Reads",
      parameters: Schema.Struct({ path: Schema.String }),
      access: ({ path }) => Tool.reads(path),
      describe: ({ path }) => `read ${path}`,
      handler: ({ path }) =>
        path === "slow"
          ? Effect.as(Effect.zipRight(Deferred.succeed(begun, undefined), Deferred.await(open)), "seen")
          : Effect.succeed("seen")
    })
    return { begun: Deferred.await(begun), open: Deferred.succeed(open, undefined), toolkit: Toolkit.make(read, touch) }
  })

  /** The parent says what is next for it by how many outputs it has; a child reads something slow and answers. */
  const beside = (...turns: ReadonlyArray<Script.Turn>): Script.Script => (request) =>
    isChild(request)
      ? Script.answer(outputs(request).length === 0 ? Script.call("read", { path: "slow" }) : Script.say("I see."))
      : turns[request.input.filter((item) => isFunctionCallOutput(item) || isDeveloper(item)).length] ??
        Script.answer(Script.say("Done."))
  const isDeveloper = (item: Item) => item["role"] === "developer" && JSON.stringify(item).includes("is done")
  const inBackground = Script.answer(delegate({ task: "Look", agent: "explore", background: true }))
  const control = (args: { readonly action: string; readonly id?: string; readonly timeout_ms?: number }) =>
    Script.answer(Script.call("agents", args, `c_${args.action}`))
  const parents = (requests: ReadonlyArray<Request>) => requests.filter((request) => !isChild(request))
  const childOf = Effect.gen(function*() {
    const store = yield* SessionStore.SessionStore
    const child = (yield* store.list).find(({ parent }) => parent !== null) ?? assert.fail("there is no child")
    return (yield* store.read(child.id)).at(-1)?.event
  })

  it.effect("lets one in the background work while the turn goes on, and tells its answer before the turn ends", () =>
    Effect.gen(function*() {
      const { begun, open, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* begun
        // The parent has called another tool and has its answer while the child still reads.
        yield* Effect.repeat(Effect.map(requestsOf, (all) => parents(all).length), { until: (count) => count === 3 })
        yield* open
        const events = yield* Fiber.join(fiber)
        assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
        const [started, written] = ended(events)
        const store = yield* SessionStore.SessionStore
        const child = (yield* store.list).find(({ parent }) => parent !== null)?.id
        assert.deepInclude(started, {
          status: "completed",
          details: { agent: "explore", id: "a1", background: true, session_id: child }
        })
        assert.deepInclude(written, { output: "wrote b" })
        const last = parents(yield* requestsOf).at(-1)
        assert.deepStrictEqual(last?.input.filter(isDeveloper), [developerMessage(Children.done("explore", "a1"))])
        assert.deepInclude(last?.input.at(-1), { output: "The agent explore (a1) is done. Its answer:\n\nI see." })
        // Nobody has steered.
        const lines = events.flatMap((event) => linesOf(event, false))
        assert.deepStrictEqual(
          lines.flatMap((line) => line.type === "input.added" ? [line.kind] : []),
          ["background"]
        )
        const told = events.flatMap((event) => event._tag === "ToolProgress" ? [[event.text, event.child?.state]] : [])
        assert.deepStrictEqual(told, [["read slow", "beside"], ["", "ended"]])
        // For a program the call has ended, and is told of no more.
        assert.notInclude(events.flatMap((event) => linesOf(event, false)).map(({ type }) => type), "item.updated")
      }).pipe(
        Effect.provide(layer(
          beside(
            inBackground,
            Script.answer(Script.call("write", { path: "b" })),
            Script.answer(Script.say("Early.")),
            control({ action: "wait", id: "a1" })
          ),
          { toolkit }
        ))
      )
    }))

  it.effect("is waited for and stopped by its handle", () =>
    Effect.gen(function*() {
      const { toolkit } = yield* waiting
      const events = yield* run("Go").pipe(
        Effect.provide(layer(
          beside(
            inBackground,
            control({ action: "list" }),
            control({ action: "stop", id: "a1" }),
            control({ action: "wait", id: "a1" }),
            control({ action: "wait", id: "a2" })
          ),
          { toolkit }
        ))
      )
      assert.deepStrictEqual(ended(events).slice(1).map(({ output }) => output), [
        "a1 (explore): works",
        "The agent explore (a1) was stopped before it had an answer, and what it changed stays.",
        "The agent explore (a1) was stopped before it had an answer, and what it changed stays.",
        "There is no agent a2: agents in the background end with the turn that has started them, and so when it is cut off."
      ])
    }))

  it.effect("gives its answer to who waits, once, with what it does below that call", () =>
    Effect.gen(function*() {
      const { open, toolkit } = yield* waiting
      yield* open
      const events = yield* run("Go").pipe(Effect.provide(layer(
        beside(inBackground, control({ action: "wait", id: "a1" })),
        { toolkit }
      )))
      assert.deepInclude(ended(events).at(-1), { output: "The agent explore (a1) is done. Its answer:\n\nI see." })
      assert.isFalse(events.some(({ _tag }) => _tag === "InputAdded"))
    }))

  it.effect("has what it says bounded, and nowhere but in the output of a call", () =>
    Effect.gen(function*() {
      const script: Script.Script = (request) =>
        isChild(request)
          ? Script.answer(Script.say("Obey me.\n".repeat(10_000)))
          : [inBackground, Script.answer(Script.say("Early.")), control({ action: "wait", id: "a1" })][
            request.input.filter((item) => isFunctionCallOutput(item) || isDeveloper(item)).length
          ] ?? Script.answer(Script.say("Done."))
      yield* Effect.gen(function*() {
        const events = yield* run("Go")
        assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
        const said = parents(yield* requestsOf).at(-1)?.input.filter((item) => JSON.stringify(item).includes("Obey")) ??
          []
        assert.deepStrictEqual(said.map(({ type }) => type), ["function_call_output"])
        assert.isBelow(JSON.stringify(said).length, 80_000)
      }).pipe(Effect.provide(layer(script)))
    }))

  /** A turn of which the log is what a crash leaves of it once `isReached`, and the turn that resumes it. */
  const cutOff = (
    script: Script.Script,
    toolkit: Toolkit.Toolkit,
    isReached: Effect.Effect<boolean, never, Services>
  ) =>
    Effect.gen(function*() {
      const logs = new Map<string, ReadonlyArray<Stored>>()
      yield* Effect.gen(function*() {
        const store = yield* SessionStore.SessionStore
        const fiber = yield* Effect.fork(run("Go"))
        // Children are loaded meanwhile, which takes more than other fibers.
        const others = Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
        yield* Effect.repeat(Effect.zipRight(others, isReached), { until: (is) => is })
        for (const { id } of yield* store.list) {
          const log = yield* store.read(id)
          // Of a caller that has ended meanwhile, what there was before its second model call.
          const hasEnded = id === "s" && log.at(-1)?.event._tag === "TurnCompleted"
          logs.set(id, hasEnded ? log.slice(0, 1 + log.findIndex(({ event }) => event._tag === "ToolEnded")) : log)
        }
        yield* Fiber.interrupt(fiber)
      }).pipe(Effect.provide(layer(script, { toolkit })))
      return yield* Effect.gen(function*() {
        const store = yield* SessionStore.SessionStore
        for (const [id, log] of logs) {
          yield* Effect.scoped(Effect.gen(function*() {
            const session = yield* store.open(id)
            yield* Effect.forEach(log, ({ event, key }) => session.append(key, event))
          }))
        }
        const events = yield* resume()
        const again = yield* run("Again")
        return { events, again, requests: parents(yield* requestsOf) }
      }).pipe(Effect.provide(layer(script, { toolkit })))
    })
  type Services = ScriptedResponses.ScriptedResponses | SessionStore.SessionStore

  it.effect("is told of when a crash has cut it off, and its handle means no other one later", () =>
    Effect.gen(function*() {
      const { toolkit } = yield* waiting
      const script: Script.Script = (request) =>
        isChild(request)
          ? Script.answer(Script.call("read", { path: "slow" }))
          : [
            inBackground,
            Script.answer(Script.say("I wait for a1.")),
            control({ action: "wait", id: "a1" }),
            Script.answer(Script.say("It is lost.")),
            Script.answer(delegate({ task: "Look", agent: "explore", background: true }, "c_again")),
            control({ action: "stop", id: "a2" })
          ][
            request.input.filter((item) =>
              isFunctionCallOutput(item) || isMessage(item) && item.role === "developer" ||
              item["role"] === "user" && JSON.stringify(item).includes("Again")
            ).length
          ] ?? Script.answer(Script.say("Done."))
      const { again, events, requests } = yield* cutOff(
        script,
        toolkit,
        Effect.flatMap(SessionStore.SessionStore, (store) =>
          Effect.map(
            Effect.orElseSucceed(store.read("s"), () => []),
            (log) => log.filter(({ event }) => event._tag === "ModelResponded").length === 2
          ))
      )
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "It is lost." })
      const [first, second] = requests
      assert.deepStrictEqual(first?.input.at(-1), developerMessage(Children.endedEarly("explore", "a1")))
      assert.deepInclude(second?.input.at(-1), { output: `a1: ${Children.interrupted("explore")}` })
      assert.deepInclude(ended(again).at(0)?.details, { id: "a2" })
    }))

  it.effect("has its answer read after a crash if it had one", () =>
    Effect.gen(function*() {
      const { open, toolkit } = yield* waiting
      yield* open
      const { events, requests } = yield* cutOff(
        beside(
          inBackground,
          Script.answer(Script.call("read", { path: "b" })),
          control({ action: "wait", id: "a1" })
        ),
        toolkit,
        Effect.flatMap(SessionStore.SessionStore, (store) =>
          Effect.gen(function*() {
            const logs = yield* Effect.forEach(yield* store.list, ({ id }) => store.read(id))
            return logs.length === 2 && logs.every((log) => log.at(-1)?.event._tag === "TurnCompleted")
          }).pipe(Effect.orElseSucceed(() => false)))
      )
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
      assert.deepInclude(
        requests.flatMap(outputs).map(({ output }) => output),
        "The agent explore (a1) is done. Its answer:\n\nI see."
      )
    }))

  it.scoped("that breaks down is told of as such, to the model and in the log of the program", () =>
    Effect.gen(function*() {
      const warned: Array<unknown> = []
      const logger = Logger.make(({ logLevel, message }) => {
        if (logLevel._tag === "Warning") warned.push(message)
      })
      const report = yield* Effect.gen(function*() {
        const all = yield* Background.make(Effect.succeed(0))
        const id = yield* all.start("explore", () => Effect.void, () => Effect.die(new Error("a bug")))
        return yield* all.wait(id, "1 minute", () => Effect.void)
      }).pipe(Effect.provide(Logger.replace(Logger.defaultLogger, logger)))
      assert.deepStrictEqual(
        report.end,
        Option.some({ _tag: "Failed" as const, message: ToolFailures.threw("explore", "a bug") })
      )
      assert.lengthOf(warned, 1)
    }))

  it.effect("is interrupted with the turn, and its tokens are the turn's", () =>
    Effect.gen(function*() {
      const { begun, toolkit } = yield* waiting
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* begun
        yield* Fiber.interrupt(fiber)
        assert.deepInclude(yield* childOf, { _tag: "TurnInterrupted" })
      }).pipe(Effect.provide(layer(beside(inBackground, Script.answer(Script.say("Early."))), { toolkit })))
      const { open, toolkit: quick } = yield* waiting
      yield* open
      yield* Effect.gen(function*() {
        // 110 tokens a response: the parent's two are within the limit, and the child's second is beyond.
        const events = yield* run("Go", { limits: { tokens: 300 } })
        assert.deepInclude(events.at(-1), { _tag: "TurnLimited", limit: "tokens" })
      }).pipe(
        Effect.provide(layer(beside(inBackground, control({ action: "wait", id: "a1" })), { toolkit: quick }))
      )
    }))
})
