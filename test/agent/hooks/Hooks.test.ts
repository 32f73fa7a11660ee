import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Agent from "../../../src/agent/Agent.ts"
import type { AgentEvent } from "../../../src/agent/AgentEvent.ts"
import * as Hooks from "../../../src/agent/hooks/Hooks.ts"
import { isFunctionCallOutput, isMessage, text } from "../../../src/responses/Item.ts"
import type { ToolEnded } from "../../../src/session/SessionEvent.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"
import * as Script from "../../../src/testing/Script.ts"
import * as ScriptedResponses from "../../../src/testing/ScriptedResponses.ts"
import * as Approver from "../../../src/tools/permission/Approver.ts"
import * as Permission from "../../../src/tools/permission/Permission.ts"
import * as Policy from "../../../src/tools/permission/Policy.ts"
import * as Tool from "../../../src/tools/Tool.ts"
import * as ToolExecutor from "../../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../../tools/support.ts"
import { run } from "../support.ts"

const write = Tool.make({
  name: "write",
  description: "Writes",
  parameters: Schema.Struct({ path: Schema.String }),
  access: ({ path }) => Tool.writes(path),
  describe: ({ path }) => `write ${path}`,
  handler: ({ path }) => Effect.succeed(`wrote ${path}`)
})

/** The model writes `a.ts`, and is done. */
const script: Script.Script = ({ input }) =>
  Script.answer(
    input.some(isFunctionCallOutput) ? Script.say("Done.") : Script.call("write", { path: "a.ts" })
  )

const layer = (
  hooks: Hooks.Handlers,
  { approver = Approver.layerNobody, permission = Permission.layerAuto, says = script }: {
    readonly approver?: Layer.Layer<never>
    readonly permission?: typeof Permission.layerAuto
    readonly says?: Script.Script
  } = {}
) =>
  Agent.layer({ model: "gpt-5.5", instructions: "Be brief." }).pipe(
    Layer.provide(ToolExecutor.layer(Toolkit.make(write))),
    Layer.provide(Hooks.layer(hooks)),
    Layer.provide(permission),
    Layer.provide(approver),
    Layer.provideMerge(Layer.mergeAll(ScriptedResponses.layer(says), SessionStore.layerMemory)),
    Layer.provideMerge(layerWorkspace)
  )

const ended = (events: ReadonlyArray<AgentEvent>): ToolEnded =>
  events.find((event): event is Extract<AgentEvent, ToolEnded> => event._tag === "ToolEnded") ??
    assert.fail("no call has ended")

const requestsOf = Effect.flatMap(ScriptedResponses.ScriptedResponses, ({ requests }) => requests)

const saying = (verdict: Hooks.CallVerdict): Hooks.Handlers => ({ preToolUse: () => Effect.succeed(verdict) })

const layerDenying = Layer.unwrapEffect(Effect.map(
  Policy.fromText(JSON.stringify({ rules: [{ decision: "deny", path: "a.ts" }] }), "policy.json"),
  (policy) => Permission.layerPolicy(policy)
)).pipe(Layer.orDie)

describe("a hook before a call", () => {
  it.effect("sees the call, and refuses it with a reason that the model reads", () =>
    Effect.gen(function*() {
      const seen = yield* Ref.make<ReadonlyArray<Hooks.Call>>([])
      const events = yield* run("Go").pipe(Effect.provide(layer({
        preToolUse: (call) =>
          Effect.as(Ref.update(seen, (all) => [...all, call]), { decision: "deny", reason: "not on a Sunday" })
      })))
      const call = ended(events)
      assert.deepStrictEqual(yield* Ref.get(seen), [{
        sessionId: "s",
        turnId: "turn-1",
        callId: call.call.call_id,
        tool: "write",
        input: { path: "a.ts" }
      }])
      assert.match(String(call.output), /not permitted: not on a Sunday \(hook\)/)
      assert.deepInclude(events.find(({ _tag }) => _tag === "PermissionDecided"), { decision: "denied", rule: "hook" })
    }))

  it.effect("allows what the mode would ask about, and neither what a rule denies nor anything in read-only mode", () =>
    Effect.gen(function*() {
      const outcome = (permission: typeof Permission.layerAuto) =>
        Effect.map(
          run("Go").pipe(Effect.provide(layer(saying({ decision: "allow" }), { permission }))),
          (events) => String(ended(events).output)
        )
      assert.strictEqual(yield* outcome(Permission.layerAsk), "wrote a.ts")
      assert.match(yield* outcome(Permission.layerReadOnly), /not permitted/)
      assert.match(yield* outcome(layerDenying), /not permitted/)
    }))

  it.effect("has it asked about, with the input that it has put in the place of the model's", () =>
    Effect.gen(function*() {
      const asked = yield* Ref.make<ReadonlyArray<Approver.Question>>([])
      const approver = Approver.layer((question) =>
        Effect.as(Ref.update(asked, (all) => [...all, question]), Option.some(Approver.once))
      )
      yield* Effect.gen(function*() {
        const events = yield* run("Go")
        assert.deepInclude((yield* Ref.get(asked))[0], {
          text: "write b.ts",
          reason: "look twice",
          subject: { _tag: "Call", arguments: "{\"path\":\"b.ts\"}" }
        })
        const call = ended(events)
        assert.match(String(call.output), /^wrote b\.ts\n\[A hook of the user \(PreToolUse\) says: b is better\]$/)
        assert.propertyVal(call.call, "arguments", "{\"path\":\"b.ts\"}")
        for (const tag of ["PermissionRequested", "ToolStarted"] as const) {
          assert.nestedPropertyVal(events.find(({ _tag }) => _tag === tag), "call.arguments", "{\"path\":\"b.ts\"}")
        }
        // The decision is logged with it, for a turn that is cut off before the call.
        const store = yield* SessionStore.SessionStore
        const decided = (yield* store.read("s")).find(({ event }) => event._tag === "PermissionDecided")?.event
        assert.deepInclude(decided, { arguments: "{\"path\":\"b.ts\"}", context: ["b is better"], by: "person" })
      }).pipe(
        Effect.provide(layer(
          saying({ decision: "ask", reason: "look twice", input: { path: "b.ts" }, context: ["b is better"] }),
          { approver }
        ))
      )
    }))

  it.effect("can end the turn, and one that breaks lets nothing through", () =>
    Effect.gen(function*() {
      const failing = (hooks: Hooks.Handlers) =>
        Effect.gen(function*() {
          assert.strictEqual((yield* Effect.exit(run("Go")))._tag, "Failure")
          const log = yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
          assert.isFalse(log.some(({ event }) => event._tag === "ToolStarted"))
          return log.at(-1)?.event
        }).pipe(Effect.provide(layer(hooks)))
      assert.deepInclude(yield* failing(saying({ stop: "enough" })), {
        _tag: "TurnFailed",
        kind: "HookStopped",
        details: { event: "PreToolUse", reason: "enough" }
      })
      assert.deepInclude(yield* failing({ preToolUse: () => Effect.die(new Error("broken")) }), { kind: "Defect" })
    }))
})

describe("a hook", () => {
  it.effect("after a call adds to its output, and can end the turn once that is logged", () =>
    Effect.gen(function*() {
      const hooks = (said: Hooks.Objection): Hooks.Handlers => ({
        postToolUse: ({ input, result }) =>
          Effect.succeed({ ...said, context: [`${JSON.stringify(input)} gave ${String(result.output)}`] })
      })
      const events = yield* run("Go").pipe(Effect.provide(layer(hooks({ block: "format it" }))))
      assert.strictEqual(
        ended(events).output,
        "wrote a.ts\n[A hook of the user (PostToolUse) says: format it]\n" +
          "[A hook of the user (PostToolUse) says: {\"path\":\"a.ts\"} gave wrote a.ts]"
      )
      yield* Effect.gen(function*() {
        yield* Effect.exit(run("Go"))
        const log = yield* Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
        assert.deepStrictEqual(log.slice(-2).map(({ event }) => event._tag), ["ToolEnded", "TurnFailed"])
      }).pipe(Effect.provide(layer(hooks({ stop: "enough" }))))
    }))

  it.effect("at the start of a session and at a prompt adds what the model is told; once, and each time", () =>
    Effect.gen(function*() {
      yield* run("Go")
      yield* run("Again")
      const told = (yield* requestsOf).map(({ input }) =>
        input.filter((item) => isMessage(item) && item.role === "developer").map(text)
      )
      const start = "A hook of the user (SessionStart) says:\n\nstartup"
      const prompt = (said: string) => `A hook of the user (UserPromptSubmit) says:\n\nabout ${said}`
      assert.deepStrictEqual(told, [[start, prompt("Go")], [start, prompt("Go"), prompt("Again")]])
    }).pipe(Effect.provide(layer({
      sessionStart: ({ source }) => Effect.succeed({ context: [source] }),
      userPromptSubmit: ({ prompt }) => Effect.succeed({ context: [`about ${prompt}`] })
    }, { says: () => Script.answer(Script.say("Done.")) }))))

  it.effect("refuses a prompt: no turn begins, and nothing is sent", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(run("the password is 1234"))
      assert.include(error.message, "has stopped the turn: no passwords")
      assert.deepStrictEqual(yield* requestsOf, [])
      const log = yield* Effect.flatMap(SessionStore.SessionStore, (store) => Effect.option(store.read("s")))
      assert.notInclude(JSON.stringify(log), "1234")
    }).pipe(Effect.provide(layer({
      userPromptSubmit: ({ prompt }) => Effect.succeed(prompt.includes("password") ? { block: "no passwords" } : {})
    }))))

  it.effect("at the end has the model go on, and knows that it did; not for ever", () =>
    Effect.gen(function*() {
      const times = (limit: number) =>
        Effect.gen(function*() {
          const active = yield* Ref.make<ReadonlyArray<boolean>>([])
          const events = yield* run("Go").pipe(Effect.provide(layer({
            stop: ({ isActive }) =>
              Effect.map(
                Ref.updateAndGet(active, (all) => [...all, isActive]),
                ({ length }) => length <= limit ? { block: "run the tests" } : {}
              )
          }, {
            says: ({ input }) =>
              Script.answer(
                Script.say(`after ${input.filter((item) => isMessage(item) && item.role === "developer").length}`)
              )
          })))
          return { active: yield* Ref.get(active), end: events.at(-1) }
        })
      const twice = yield* times(1)
      assert.deepStrictEqual(twice.active, [false, true])
      assert.deepInclude(twice.end, { _tag: "TurnCompleted", answer: "after 1" })
      assert.deepInclude((yield* times(Infinity)).end, { _tag: "TurnCompleted", answer: "after 10" })
    }))
})
