import type { PlatformError } from "@effect/platform/Error"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as AgentEvent from "../../src/agent/AgentEvent.ts"
import { Prices } from "../../src/responses/account/Price.ts"
import { isFunctionCallOutput } from "../../src/responses/Item.ts"
import type { TurnEnd } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Approver from "../../src/tools/permission/Approver.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../tools/support.ts"
import { echo, run, tags } from "./support.ts"

/** A tool that has a child do what it is asked, and shows what the child says. */
const delegate = <R>(options: Omit<Agent.ChildOptions<R>, "model" | "instructions">) =>
  Tool.make({
    name: "delegate",
    description: "Has somebody else do it",
    parameters: Schema.Struct({ task: Schema.String }),
    handler: ({ task }, call) =>
      Agent.child(call, task, { model: "gpt-5.5-mini", instructions: "You are the child.", ...options }).pipe(
        Stream.tap((event) => event._tag === "TextDelta" ? call.progress(event.delta) : Effect.void),
        AgentEvent.end,
        Effect.mapError(({ message }) => new Tool.ToolFailure({ message })),
        Effect.map(Option.match({ onNone: () => "nothing", onSome: said }))
      )
  })

const said = (end: TurnEnd): string => {
  switch (end._tag) {
    case "TurnCompleted":
      return `${end.answer} (${end.usage.inputTokens} tokens)`
    case "TurnLimited":
      return `limited by ${end.limit} after ${end.usage.inputTokens} tokens`
    default:
      return end._tag
  }
}

/** The parent delegates once and answers; the child does what its own script says. */
const family = (child: (outputs: number) => Script.Turn): Script.Script => ({ input, instructions }) => {
  const outputs = input.filter(isFunctionCallOutput).length
  if (instructions === "You are the child.") return child(outputs)
  return outputs === 0
    ? Script.answer(Script.call("delegate", { task: "Look" }, "c_parent"))
    : Script.answer(Script.say("Done."))
}

const sharing = (
  script: Script.Script,
  permission: typeof Permission.layerAllowAll | Layer.Layer<Permission.Permission, PlatformError> =
    Permission.layerAllowAll,
  approver: Layer.Layer<never> = Approver.layerNobody,
  options?: ScriptedResponses.Options
) => Layer.mergeAll(ScriptedResponses.layer(script, options), SessionStore.layerMemory, permission, approver)

const layer = (tool: Tool.Tool<Agent.Shared>, shared: ReturnType<typeof sharing>) =>
  Agent.layer({ model: "gpt-5.5", instructions: "You are the parent." }).pipe(
    Layer.provide(ToolExecutor.layer(Toolkit.make(tool))),
    Layer.provideMerge(shared)
  )

const logs = Effect.gen(function*() {
  const store = yield* SessionStore.SessionStore
  const { id } = (yield* store.list).find(({ id }) => id !== "s") ?? assert.fail("there is no child")
  const events = (log: ReadonlyArray<{ readonly event: AgentEvent.AgentEvent | object }>) =>
    log.map(({ event }) => event)
  return { id, parent: events(yield* store.read("s")), child: events(yield* store.read(id)) }
})

const outputsIn = (events: ReadonlyArray<object>) =>
  events.flatMap((event) => "output" in event ? [String(event.output)] : [])

describe("a child agent", () => {
  it.effect("has a session, a model, instructions and tools of its own, and tells whose call it works for", () =>
    Effect.gen(function*() {
      const events = yield* run("Go")
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
      const { child, id, parent } = yield* logs
      assert.deepStrictEqual(child[0], {
        _tag: "SessionStarted",
        sessionId: id,
        schemaVersion: 1,
        parent: { sessionId: "s", callId: "c_parent" }
      })
      assert.notProperty(parent[0], "parent")
      assert.deepStrictEqual(outputsIn(child), ["echo: hi"])
      const tokens = 2 * Script.defaultUsage.inputTokens
      assert.deepStrictEqual(outputsIn(parent), [`I see. (${tokens} tokens)`])
      // What the child does is told in its own stream alone.
      assert.lengthOf(tags(events).filter((tag) => tag === "ToolStarted"), 1)
      assert.isTrue(events.some((event) => event._tag === "ToolProgress" && event.text.startsWith("I")))

      const { requests } = yield* ScriptedResponses.ScriptedResponses
      const sent = (yield* requests).map(({ instructions, model, prompt_cache_key, tools }) => ({
        cacheKey: prompt_cache_key,
        instructions,
        model,
        tools: tools?.map((tool) => "name" in tool ? tool.name : tool.type)
      }))
      const mine = { cacheKey: "s", instructions: "You are the parent.", model: "gpt-5.5", tools: ["delegate"] }
      const its = { cacheKey: id, instructions: "You are the child.", model: "gpt-5.5-mini", tools: ["echo"] }
      assert.deepStrictEqual(sent, [mine, its, its, mine])
    }).pipe(Effect.provide(layer(
      delegate({ toolkit: Toolkit.make(echo) }),
      sharing(
        family((outputs) => Script.answer(outputs === 0 ? Script.call("echo", { text: "hi" }) : Script.say("I see.")))
      )
    ))))

  it.effect("is interrupted with the call that it works for", () =>
    Effect.gen(function*() {
      const [started, stopped] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
      const endless = Tool.make({
        name: "endless",
        description: "",
        parameters: Schema.Struct({}),
        handler: () =>
          Deferred.succeed(started, undefined).pipe(
            Effect.zipRight(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
          )
      })
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go"))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        yield* Deferred.await(stopped)
        const { child, parent } = yield* logs
        for (const events of [child, parent]) {
          assert.deepInclude(events.at(-1), { _tag: "TurnInterrupted", reason: "cancelled" })
          assert.deepInclude(events.at(-2), { _tag: "ToolEnded", status: "interrupted" })
        }
      }).pipe(Effect.provide(layer(
        delegate({ toolkit: Toolkit.make(endless) }),
        sharing(family(() => Script.answer(Script.call("endless", {}))))
      )))
    }))

  it.effect("has limits of its own, and is one call to its parent", () =>
    Effect.gen(function*() {
      const events = yield* run("Go", { limits: { steps: 2, toolCalls: 1 } })
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
      const { child, parent } = yield* logs
      assert.deepInclude(child.at(-1), { _tag: "TurnLimited", limit: "steps" })
      const tokens = 3 * Script.defaultUsage.inputTokens
      assert.deepStrictEqual(outputsIn(parent), [`limited by steps after ${tokens} tokens`])
    }).pipe(Effect.provide(layer(
      delegate({ toolkit: Toolkit.make(echo), limits: { steps: 3 } }),
      sharing(family((outputs) => Script.answer(Script.call("echo", { text: `${outputs}` }))))
    ))))

  const { inputTokens, outputTokens } = Script.defaultUsage
  const ofCall = inputTokens + outputTokens

  it.effect("uses the tokens of its parent, which ends at its limit", () =>
    Effect.gen(function*() {
      const events = yield* run("Go", { limits: { tokens: 2 * ofCall + 1 } })
      assert.deepInclude(events.at(-1), { _tag: "TurnLimited", limit: "tokens" })
      const { child } = yield* logs
      assert.deepInclude(child.at(-1), { _tag: "TurnCompleted", answer: "I see." })
    }).pipe(Effect.provide(layer(
      delegate({ toolkit: Toolkit.make(echo) }),
      sharing(
        family((outputs) => Script.answer(outputs === 0 ? Script.call("echo", { text: "hi" }) : Script.say("I see.")))
      )
    ))))

  it.effect("uses the money of its parent, which ends at its limit", () =>
    Effect.gen(function*() {
      // A call costs 1, the parent may spend 3.5, and the child goes on for ever.
      const events = yield* run("Go", { limits: { cost: 3.5 } })
      assert.deepInclude(events.at(-1), { _tag: "TurnLimited", limit: "cost" })
      const { child } = yield* logs
      assert.deepInclude(child.at(-1), { _tag: "TurnLimited", limit: "cost" })
      const { requests } = yield* ScriptedResponses.ScriptedResponses
      assert.lengthOf(yield* requests, 4)
    }).pipe(
      Effect.provide(layer(
        delegate({ toolkit: Toolkit.make(echo) }),
        // With a plan, nothing costs anything.
        sharing(family((outputs) => Script.answer(Script.call("echo", { text: `${outputs}` }))), undefined, undefined, {
          account: "api-key"
        })
      )),
      Effect.provideService(Prices, { of: () => ({ input: 1_000_000 / inputTokens, output: 0 }) })
    ))

  it.effect("is at its limit when its own tokens are used up, and leaves the others to its parent", () =>
    Effect.gen(function*() {
      const events = yield* run("Go", { limits: { tokens: 4 * ofCall + 1 } })
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
      const { child } = yield* logs
      assert.deepInclude(child.at(-1), { _tag: "TurnLimited", limit: "tokens" })
    }).pipe(Effect.provide(layer(
      delegate({ toolkit: Toolkit.make(echo), limits: { tokens: 2 * ofCall } }),
      sharing(family((outputs) => Script.answer(Script.call("echo", { text: `${outputs}` }))))
    ))))

  it.effect("is at its limit when those are used up that all above it have together", () =>
    Effect.gen(function*() {
      const events = yield* run("Go", { limits: { tokens: 4 * ofCall } })
      const { requests } = yield* ScriptedResponses.ScriptedResponses
      assert.lengthOf(yield* requests, 4)
      assert.deepInclude(events.at(-1), { _tag: "TurnLimited", limit: "tokens" })
      const store = yield* SessionStore.SessionStore
      const ends = yield* Effect.forEach(
        yield* store.list,
        ({ id }) => Effect.map(store.read(id), (log) => log.at(-1)?.event)
      )
      assert.lengthOf(ends, 3)
      for (const end of ends) assert.deepInclude(end, { _tag: "TurnLimited", limit: "tokens" })
    }).pipe(Effect.provide(layer(
      delegate({ toolkit: Toolkit.make(delegate({ toolkit: Toolkit.make(echo) })) }),
      sharing((_, n) =>
        Script.answer(n < 2 ? Script.call("delegate", { task: "Look" }) : Script.call("echo", { text: `${n}` }))
      )
    ))))

  it.effect("that fails is a failed call", () =>
    Effect.gen(function*() {
      const events = yield* run("Go")
      assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "Done." })
      const { child, parent } = yield* logs
      assert.deepInclude(child.at(-1), { _tag: "TurnFailed", kind: "InvalidRequest" })
      assert.isTrue(parent.some((event) => "status" in event && event.status === "failed"))
    }).pipe(Effect.provide(layer(
      delegate({ toolkit: Toolkit.empty }),
      sharing(family(() => Script.refuse(400, { detail: "no" })))
    ))))

  it.scoped("asks whom its parent asks, for its own session, and is not allowed what the parent was", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make<ReadonlyArray<string>>([])
      const approver = Approver.layer(({ sessionId, tool }) =>
        Effect.as(
          Ref.update(asked, (all) => [...all, `${sessionId === "s" ? "parent" : "child"}: ${tool}`]),
          Option.some(Approver.always())
        )
      )
      yield* Effect.gen(function*() {
        yield* run("Go")
        yield* run("Go")
        const { child } = yield* logs
        assert.isTrue(child.some((event) => "by" in event && event.by === "person"))
        assert.deepStrictEqual(yield* Ref.get(asked), ["parent: delegate", "child: echo", "child: echo"])
      }).pipe(Effect.provide(layer(
        delegate({ toolkit: Toolkit.make(echo) }),
        sharing(
          ({ input, instructions }) => {
            const last = input.at(-1)
            const call = instructions === "You are the child."
              ? Script.call("echo", { text: "hi" })
              : Script.call("delegate", { task: "Look" })
            return Script.answer(isFunctionCallOutput(last) ? Script.say("Done.") : call)
          },
          Layer.provide(Permission.layerAsk, layerWorkspace),
          approver
        )
      )))
    }))
})
