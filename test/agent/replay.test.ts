import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as Hooks from "../../src/agent/hooks/Hooks.ts"
import * as Conversation from "../../src/prompts/Conversation.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layer, run, turns } from "./support.ts"

const hello = Script.answer(Script.say("Hello!"))

/** The session `cut`: the log of `s` as a crash has left it, right after its call had begun. */
const cutOff = Effect.gen(function*() {
  const store = yield* SessionStore.SessionStore
  const events = yield* store.read("s")
  const end = events.findIndex(({ event }) => event._tag === "ToolStarted")
  const session = yield* store.open("cut")
  for (const { event, key } of events.slice(0, end + 1)) {
    yield* session.append(key, event._tag === "SessionStarted" ? { ...event, sessionId: "cut" } : event)
  }
}).pipe(Effect.scoped)

/** How often a tool has run, what it said last, and how the call has ended, after a crash in the middle of it. */
const afterCrash = (replay: Tool.Replay<{}> | undefined) =>
  Effect.gen(function*() {
    const runs = yield* Ref.make(0)
    const tool = Tool.make({
      name: "count",
      description: "",
      parameters: Schema.Struct({}),
      ...replay === undefined ? {} : { replay },
      handler: () => Effect.map(Ref.updateAndGet(runs, (n) => n + 1), (n) => `run ${n}`)
    })
    return yield* Effect.gen(function*() {
      yield* run("Go")
      yield* cutOff
      const { resume } = yield* Agent.Agent
      yield* Stream.runDrain(resume("cut"))
      const { read } = yield* SessionStore.SessionStore
      const ended = (yield* read("cut")).flatMap(({ event }) => event._tag === "ToolEnded" ? [event.status] : [])
      const told = (yield* Effect.flatMap(ScriptedResponses.ScriptedResponses, (model) => model.requests)).at(-1)?.input
        .at(-1)
        ?.["output"]
      return { runs: yield* Ref.get(runs), ended, told } satisfies After
    }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("count", {})), hello, hello), Toolkit.make(tool))))
  })

interface After {
  readonly runs: number
  readonly ended: ReadonlyArray<string>
  readonly told: unknown
}

const notKnown: After = { runs: 1, ended: ["interrupted"], told: Conversation.unknownOutcome }
const again: After = { runs: 2, ended: ["completed"], told: "run 2" }

const planned = { path: "a.txt", before: "absent", after: "digest" }

/** Says what it is about to do, and then finds out with it. */
const planning = Tool.make({
  name: "plan",
  description: "",
  parameters: Schema.Struct({}),
  intent: () => Effect.succeed([planned]),
  replay: (_, { intent }) => Effect.succeed(Tool.done(`found ${JSON.stringify(intent)}`)),
  handler: () => Effect.succeed("planned")
})

describe("a call that a crash has cut off", () => {
  it.effect("runs again if that is safe", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual<After>(yield* afterCrash("safe"), again)
    }))

  it.effect("runs no second time unless its tool says that it may", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual<After>(yield* afterCrash("never"), notKnown)
      assert.deepStrictEqual<After>(yield* afterCrash(undefined), notKnown)
    }))

  it.effect("is told as what its tool finds", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual<After>(yield* afterCrash(() => Effect.succeed(Tool.notDone)), again)
      assert.deepStrictEqual<After>(yield* afterCrash(() => Effect.succeed(Tool.unknown)), notKnown)
      assert.deepStrictEqual<After>(yield* afterCrash(() => Effect.succeed(Tool.done("it was done"))), {
        runs: 1,
        ended: ["completed"],
        told: "it was done"
      })
    }))

  it.effect("is found out by what it was about to do, which is in the log", () =>
    Effect.gen(function*() {
      yield* run("Go")
      yield* cutOff
      const { read } = yield* SessionStore.SessionStore
      const started = (yield* read("cut")).flatMap(({ event }) => event._tag === "ToolStarted" ? [event.intent] : [])
      assert.deepStrictEqual(started, [[planned]])
      yield* Stream.runDrain((yield* Agent.Agent).resume("cut"))
      const ended = (yield* read("cut")).flatMap(({ event }) => event._tag === "ToolEnded" ? [event.output] : [])
      assert.deepStrictEqual(ended, [`found ${JSON.stringify([planned])}`])
    }).pipe(Effect.provide(layer(turns(Script.answer(Script.call("plan", {})), hello, hello), Toolkit.make(planning)))))

  it.effect("is told to hooks where its work was done, and they can end the turn", () =>
    Effect.gen(function*() {
      const heard = yield* Ref.make<ReadonlyArray<unknown>>([])
      const hooks = Hooks.layer({
        postToolUse: ({ result }) =>
          Effect.as(Ref.update(heard, (all) => [...all, result.output]), { context: ["well done"], stop: "enough" })
      })
      const { ended, last } = yield* Effect.gen(function*() {
        yield* Effect.exit(run("Go"))
        yield* cutOff
        yield* Effect.exit(Stream.runDrain((yield* Agent.Agent).resume("cut")))
        const log = yield* Effect.flatMap(SessionStore.SessionStore, ({ read }) => read("cut"))
        const ended = log.flatMap(({ event }) => event._tag === "ToolEnded" ? [String(event.output)] : [])
        return { ended, last: log.at(-1)?.event }
      }).pipe(Effect.provide(Layer.provide(
        layer(turns(Script.answer(Script.call("plan", {})), hello, hello), Toolkit.make(planning)),
        hooks
      )))
      assert.deepStrictEqual(yield* Ref.get(heard), ["planned", `found ${JSON.stringify([planned])}`])
      assert.lengthOf(ended, 1)
      assert.match(ended[0] ?? "", /^found .*\n\[A hook of the user \(PostToolUse\) says: well done\]$/)
      assert.deepInclude(last, { _tag: "TurnFailed", kind: "HookStopped" })
    }))

  it.effect("ends with its refusal if it was denied", () =>
    Effect.gen(function*() {
      yield* run("Go")
      const outputs = Effect.fnUntraced(function*(id: string) {
        const { read } = yield* SessionStore.SessionStore
        return (yield* read(id)).flatMap(({ event }) => event._tag === "ToolEnded" ? [String(event.output)] : [])
      })
      const first = yield* outputs("s")
      assert.match(first.join(), /not permitted/)
      yield* cutOff
      yield* Stream.runDrain((yield* Agent.Agent).resume("cut"))
      assert.deepStrictEqual(yield* outputs("cut"), first)
    }).pipe(Effect.provide(
      Agent.layer({ model: "gpt-5.5", instructions: "" }).pipe(
        Layer.provide([ToolExecutor.layer(Toolkit.make(planning)), Permission.layerDenyAll]),
        Layer.provideMerge(ScriptedResponses.layer(turns(Script.answer(Script.call("plan", {})), hello, hello))),
        Layer.provideMerge(SessionStore.layerMemory)
      )
    )))
})
