import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as Conversation from "../../src/prompts/Conversation.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import { ScriptedResponses } from "../../src/testing/ScriptedResponses.ts"
import * as Tool from "../../src/tools/Tool.ts"
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
      const told = (yield* Effect.flatMap(ScriptedResponses, (model) => model.requests)).at(-1)?.input.at(-1)
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
})
