import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Agent from "../../src/agent/Agent.ts"
import * as SessionEvent from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Approver from "../../src/tools/permission/Approver.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../tools/support.ts"
import { resume, run, tags, turns } from "./support.ts"

/** A command that is only noted, and what was noted. */
const toolkit = (ran: Ref.Ref<ReadonlyArray<string>>) =>
  Toolkit.make(Tool.make({
    name: "bash",
    description: "",
    parameters: Schema.Struct({ command: Schema.String }),
    access: ({ command }) => ({ kind: "run", command, workdir: undefined }),
    describe: ({ command }) => `run ${command}`,
    handler: ({ command }) => Effect.as(Ref.update(ran, (all) => [...all, command]), "done")
  }))

const call = (command: string) => Script.call("bash", { command })

/** An agent for each run, over one log and one script: as processes that come one after the other. */
const machine = (...script: ReadonlyArray<Script.Turn>) =>
  Effect.gen(function*() {
    const ran = yield* Ref.make<ReadonlyArray<string>>([])
    const shared = yield* Layer.build(
      Layer.mergeAll(SessionStore.layerMemory, ScriptedResponses.layer(turns(...script)), layerWorkspace)
    )
    const process = (
      permission: typeof Permission.layerAsk | typeof Permission.layerDenyAll,
      approver: Layer.Layer<never> = Approver.layerNobody
    ) =>
    <A, E>(effect: Effect.Effect<A, E, Agent.Agent>) =>
      Effect.provide(
        effect,
        Agent.layer({ model: "gpt-5.5", instructions: "" }).pipe(
          Layer.provide([ToolExecutor.layer(toolkit(ran)), permission, approver]),
          Layer.provide(Layer.succeedContext(shared))
        )
      )
    const log = Effect.provide(
      Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s")),
      shared
    )
    const decisions = Effect.map(log, (log) =>
      log.flatMap(({ event }) =>
        event._tag === "PermissionDecided" ? [[event.decision, event.by, event.rule, event.grants]] : []
      ))
    const store = yield* Effect.provide(SessionStore.SessionStore, shared)
    return { store, process, log, ran: Ref.get(ran), decisions }
  })

const done = Script.answer(Script.say("Done."))

const outputs = (log: ReadonlyArray<{ readonly event: { readonly _tag: string } }>) =>
  log.flatMap(({ event }) => event._tag === "ToolEnded" && "output" in event ? [String(event.output)] : [])

describe("permission", () => {
  it.scoped("asks nobody for what a mode lets run, and writes down which rule that was", () =>
    Effect.gen(function*() {
      const { decisions, process, ran } = yield* machine(Script.answer(call("ls")), done)
      assert.deepStrictEqual(tags(yield* process(Permission.layerAsk)(run("Go"))), [
        "SessionStarted",
        "TurnStarted",
        "ModelResponded",
        "PermissionDecided",
        "ToolStarted",
        "ToolEnded",
        "ModelResponded",
        "TurnCompleted"
      ])
      assert.deepStrictEqual([yield* ran, yield* decisions], [["ls"], [["allowed", "rule", "mode ask", undefined]]])
    }))

  it.scoped("writes nothing down in mode auto", () =>
    Effect.gen(function*() {
      const { decisions, process, ran } = yield* machine(Script.answer(call("rm x")), done)
      yield* process(Permission.layerAuto)(run("Go"))
      assert.deepStrictEqual([yield* ran, yield* decisions], [["rm x"], []])
    }))

  it.scoped("decides and asks about what really runs, and logs what the model has written", () =>
    Effect.gen(function*() {
      const written = {
        ...Script.call("functions.bash", {}, "call_1"),
        arguments: JSON.stringify(JSON.stringify({ command: "rm x" }))
      }
      const { decisions, log, process, ran } = yield* machine(Script.answer(written), done)
      const asked: Array<Approver.Question> = []
      const approver = Approver.layer((question) =>
        Effect.sync(() => {
          asked.push(question)
          return Option.some(Approver.once)
        })
      )
      const events = yield* process(Permission.layerAsk, approver)(run("Go"))
      assert.deepStrictEqual(
        asked.map(({ subject, text, tool }) => ({ subject, text, tool })),
        [{ tool: "bash", text: "run rm x", subject: { _tag: "Command", command: "rm x", workdir: undefined } }]
      )
      assert.deepStrictEqual([yield* ran, (yield* decisions).length], [["rm x"], 1])
      const calls = (yield* log).flatMap(({ event }) => event._tag === "ToolEnded" ? [event.call] : [])
      assert.deepStrictEqual<unknown>(calls, [written])
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
    }))

  it.scoped("tells the model why a call was not run", () =>
    Effect.gen(function*() {
      const { log, process, ran } = yield* machine(Script.answer(call("rm x")), done)
      const events = yield* process(Permission.layerReadOnly)(run("Go"))
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      assert.deepStrictEqual(yield* ran, [])
      assert.deepStrictEqual(outputs(yield* log), [
        "The call was not permitted: rm is not known to only look (mode read-only). " +
        "Do not try to reach the same in another way."
      ])
    }))

  it.scoped("says why somebody is asked, and tells the model what that somebody has said", () =>
    Effect.gen(function*() {
      const { log, process, ran } = yield* machine(
        Script.answer(call("rm x"), call("rm x > y"), call("git push")),
        done
      )
      const events = yield* process(
        Permission.layerAsk,
        Approver.layerScripted(Approver.no(" rather move it "), Approver.no("  "), Approver.always("tool"))
      )(run("Go"))
      assert.deepStrictEqual(
        events.flatMap((event) =>
          event._tag === "PermissionRequested"
            ? [[
              event.reason,
              event.subject._tag === "Command" && event.subject.command,
              ...event.scopes.map(({ kind }) => kind)
            ]]
            : []
        ),
        [
          ["rm is not known to only look", "rm x"],
          ["it is more than plain commands and pipes", "rm x > y"],
          ["git push is not known to only look", "git push"]
        ].map((told) => [...told, "command"])
      )
      assert.deepStrictEqual(outputs(yield* log), [
        "The call was not permitted: the user said no (mode ask). The user said: rather move it",
        "The call was not permitted: the user said no (mode ask). Do not try to reach the same in another way.",
        "done"
      ])
      assert.deepStrictEqual(
        (yield* log).flatMap(({ event }) =>
          event._tag === "PermissionDecided" ? [[event.decision, event.words, event.scope, event.grants]] : []
        ),
        // Of a scope that was not offered nothing comes but the answer to this one call.
        [
          ["denied", "rather move it", undefined, undefined],
          ["denied", undefined, undefined, undefined],
          ["allowed", undefined, undefined, undefined]
        ]
      )
      assert.deepStrictEqual(yield* ran, ["git push"])
    }))

  it.scoped("goes by the logs of older versions", () =>
    Effect.gen(function*() {
      const { process, ran, store } = yield* machine(
        Script.answer(call("git push a"), call("rm x"), call("rm $X")),
        done
      )
      const old = [
        { _tag: "SessionStarted", sessionId: "s", schemaVersion: 1, workspace: "/work" },
        { _tag: "TurnStarted", turnId: "turn-0", model: "gpt-5.5", input: [] },
        {
          _tag: "PermissionDecided",
          turnId: "turn-0",
          itemId: "turn-0.0.0",
          decision: "allowed",
          rule: "mode ask",
          by: "person",
          grants: ["bash begins [\"git\",\"push\"]", "bash is [\"rm\",\"x\"]"]
        },
        {
          _tag: "PermissionDecided",
          turnId: "turn-0",
          itemId: "turn-0.0.1",
          decision: "denied",
          rule: "mode ask",
          by: "person",
          reason: "the user said no"
        },
        { _tag: "TurnInterrupted", turnId: "turn-0", reason: "crashed" }
      ]
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* store.open("s")
        for (const [n, event] of old.entries()) {
          yield* session.append(`old/${n}`, Schema.decodeUnknownSync(SessionEvent.SessionEvent)(event))
        }
      }))
      const events = yield* process(Permission.layerAsk, Approver.layerScripted(Approver.no()))(run("Go on"))
      assert.deepStrictEqual(
        events.flatMap((event) => event._tag === "PermissionRequested" ? [event.question] : []),
        ["run rm $X"]
      )
      assert.deepStrictEqual([...yield* ran].toSorted(), ["git push a", "rm x"])
    }))

  it.scoped("asks before the first call of a response runs, one question after the other", () =>
    Effect.gen(function*() {
      const { decisions, log, process, ran } = yield* machine(Script.answer(call("rm a"), call("rm b")), done)
      const events = yield* process(Permission.layerAsk, Approver.layerScripted(Approver.once, Approver.no()))(
        run("Go")
      )
      assert.deepStrictEqual(tags(events).slice(3, 8), [
        "PermissionRequested",
        "PermissionDecided",
        "PermissionRequested",
        "PermissionDecided",
        "ToolStarted"
      ])
      assert.deepStrictEqual(yield* ran, ["rm a"])
      assert.deepStrictEqual((yield* decisions).map(([decision, by]) => [decision, by]), [
        ["allowed", "person"],
        ["denied", "person"]
      ])
      assert.match(outputs(yield* log).join(), /not permitted: the user said no \(mode ask\)/)
    }))

  it.scoped("asks no more for what is always allowed, in later runs of the session too", () =>
    Effect.gen(function*() {
      const { process, ran } = yield* machine(
        Script.answer(call("git push a")),
        Script.answer(call("git push b")),
        done,
        Script.answer(call("git push c"), call("rm x")),
        done
      )
      yield* process(Permission.layerAsk, Approver.layerScripted(Approver.always()))(run("Go"))
      const later = yield* process(Permission.layerAsk, Approver.layerScripted(Approver.no()))(run("Go on"))
      assert.strictEqual(tags(later).filter((tag) => tag === "PermissionRequested").length, 1)
      assert.deepStrictEqual(yield* ran, ["git push a", "git push b", "git push c"])
    }))

  it.scoped("ends the turn where nobody can be asked, and goes on with that very call", () =>
    Effect.gen(function*() {
      const { decisions, log, process, ran } = yield* machine(Script.answer(call("ls"), call("rm x")), done)
      const error = yield* Effect.flip(process(Permission.layerAsk)(run("Go")))
      assert.strictEqual(error._tag, "PermissionNeeded")
      assert.match(error.message, /run rm x.*effixir resume s --permission auto/)
      const end = (yield* log).at(-1)?.event
      assert.deepInclude(end, { _tag: "TurnFailed", kind: "PermissionNeeded", retryable: false })
      assert.deepStrictEqual(yield* ran, [])

      // Whoever does not change anything comes to the same end.
      assert.strictEqual((yield* Effect.flip(process(Permission.layerAsk)(resume())))._tag, "PermissionNeeded")
      assert.deepStrictEqual(yield* ran, [])

      const events = yield* process(Permission.layerAuto)(resume())
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      assert.deepStrictEqual([...yield* ran].toSorted(), ["ls", "rm x"])
      assert.strictEqual((yield* decisions).length, 1)
    }))

  it.scoped("does not ask again for what was answered before a turn was cut off", () =>
    Effect.gen(function*() {
      const { process, ran } = yield* machine(Script.answer(call("rm a"), call("rm b"), call("rm c")), done)
      // The third question finds nobody.
      yield* Effect.flip(process(Permission.layerAsk, Approver.layerScripted(Approver.once, Approver.no()))(run("Go")))
      assert.deepStrictEqual(yield* ran, [])
      const events = yield* process(Permission.layerAuto)(resume())
      assert.notInclude(tags(events), "PermissionRequested")
      assert.deepStrictEqual([...yield* ran].toSorted(), ["rm a", "rm c"])
    }))

  it.scoped("can be interrupted while a question is open", () =>
    Effect.gen(function*() {
      const asked = yield* Deferred.make<void>()
      const { log, process, ran } = yield* machine(Script.answer(call("rm x")), done)
      const waiting = Approver.layer(() =>
        Effect.zipRight(Deferred.succeed(asked, undefined), Effect.map(Effect.never, Option.some))
      )
      const fiber = yield* Effect.fork(process(Permission.layerAsk, waiting)(run("Go")))
      yield* Deferred.await(asked)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual((yield* log).at(-1)?.event._tag, "TurnInterrupted")
      yield* process(Permission.layerAsk, Approver.layerScripted(Approver.once))(resume())
      assert.deepStrictEqual(yield* ran, ["rm x"])
    }))
})
