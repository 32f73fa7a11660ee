import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Agent from "../../src/agent/Agent.ts"
import * as Inbox from "../../src/agent/Inbox.ts"
import { type Item, text } from "../../src/responses/Item.ts"
import type { Request } from "../../src/responses/Request.ts"
import { Responses } from "../../src/responses/Responses.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layer, layerOver, resume, run, tags, turns, type Wire } from "./support.ts"

const say = (what: string) => Script.answer(Script.say(what))
const requests = Effect.flatMap(ScriptedResponses.ScriptedResponses, (model) => model.requests)
const log = Effect.map(
  Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s")),
  (stored) => stored.map(({ event }) => event)
)
const pendingIn = (inbox: Inbox.Inbox) =>
  Effect.map(inbox.pending, (all) => all.map(({ input, kind }) => [kind, ...input.map(text)]))
const heard = (input: ReadonlyArray<Item> | undefined) =>
  input?.map((item) => item.type === "message" ? text(item) : item.type)

/** A tool that does something of the test's while it runs. */
const doing = (effect: Effect.Effect<unknown, Inbox.InboxFull>) =>
  Toolkit.make(Tool.make({
    name: "do",
    description: "",
    parameters: Schema.Struct({}),
    handler: () => Effect.as(Effect.orDie(effect), "done")
  }))
const call = Script.answer(Script.call("do", {}, "c"))

describe("steer", () => {
  it.effect("is heard at the next step, in the order in which it was said, and written down", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(8)
      yield* Effect.gen(function*() {
        const events = yield* run("Go", { inbox })
        assert.deepStrictEqual(tags(events), [
          "SessionStarted",
          "TurnStarted",
          "ModelResponded",
          "ToolStarted",
          "ToolEnded",
          "InputAdded",
          "InputAdded",
          "ModelResponded",
          "TurnCompleted"
        ])
        assert.deepInclude(events[5], { turnId: "turn-1", step: 1, kind: "steer" })
        const [, second] = yield* requests
        assert.deepStrictEqual(heard(second?.input), [
          "Go",
          "function_call",
          "function_call_output",
          "Not that.",
          "And be quick."
        ])
        assert.deepStrictEqual(yield* pendingIn(inbox), [])
        yield* run("Again")
        assert.deepStrictEqual(heard((yield* requests)[2]?.input)?.slice(3), [
          "Not that.",
          "And be quick.",
          "Done.",
          "Again"
        ])
      }).pipe(Effect.provide(layer(
        turns(call, say("Done."), say("Done.")),
        doing(Effect.zipRight(inbox.steer("Not that."), inbox.steer("And be quick.")))
      )))
    }))

  it.effect("that comes with the answer is heard, too", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(8)
      const said = yield* Deferred.make<void>()
      const answers: Array<string> = []
      yield* Effect.gen(function*() {
        const agent = yield* Agent.Agent
        yield* Stream.runForEach(agent.run("s", "Go", { inbox }), (event) => {
          if (event._tag === "TurnCompleted") answers.push(event.answer)
          return event._tag === "TextDelta" && event.delta === "First."
            ? Effect.zipRight(inbox.steer("Wait."), Deferred.succeed(said, undefined))
            : Effect.void
        })
      }).pipe(Effect.provide(layerOver(endingAfter(said))(turns(say("First."), say("Second.")))))
      assert.deepStrictEqual(answers, ["Second."])
    }))
})

/** A model whose responses do not end before something has happened. */
const endingAfter = (happened: Deferred.Deferred<void>): Wire => ({
  name: "a script",
  lacks: [],
  model: (script) =>
    Layer.effect(
      Responses,
      Effect.map(Responses, (responses) => ({
        ...responses,
        stream: (request: Request) =>
          Stream.tap(
            Stream.rechunk(responses.stream(request), 1),
            ({ type }) => type === "response.completed" ? Deferred.await(happened) : Effect.void
          )
      }))
    ).pipe(Layer.provideMerge(ScriptedResponses.layer(script)))
})

describe("followUp", () => {
  it.effect("waits until the turn would be done, and each until the one before is", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(8)
      yield* inbox.followUp("Then this.")
      yield* inbox.followUp("Then that.")
      yield* Effect.gen(function*() {
        const events = yield* run("Go", { inbox })
        assert.deepInclude(events.at(-1), { _tag: "TurnCompleted", answer: "That." })
        assert.deepStrictEqual(
          events.flatMap((event) => event._tag === "InputAdded" ? [[event.kind, event.step]] : []),
          [["followUp", 2], ["followUp", 3]]
        )
        assert.deepStrictEqual((yield* requests).map(({ input }) => heard(input)?.at(-1)), [
          "Go",
          "function_call_output",
          "Then this.",
          "Then that."
        ])
      }).pipe(Effect.provide(layer(turns(call, say("Done."), say("This."), say("That.")), doing(Effect.void))))
    }))

  it.effect("stays where it is when a limit keeps the turn from hearing it", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(8)
      yield* inbox.followUp("Then this.")
      const events = yield* run("Go", { inbox, limits: { steps: 1 } })
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      assert.deepStrictEqual(yield* pendingIn(inbox), [["followUp", "Then this."]])
    }).pipe(Effect.provide(layer(turns(say("Done."))))))
})

describe("an inbox", () => {
  it.effect("makes who says too much wait until something is taken, and lets them give up", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(2)
      yield* inbox.steer("one")
      yield* inbox.followUp("two")
      for (const say of [inbox.steer, inbox.followUp]) {
        const refusal = yield* Effect.flip(say("three"))
        assert.strictEqual(refusal._tag, "InboxFull")
        assert.strictEqual(refusal.capacity, 2)
        assert.strictEqual(
          refusal.message,
          "The agent has not heard this: 2 things that it was told already wait. Say it again after its next step."
        )
      }
      assert.deepStrictEqual(yield* pendingIn(inbox), [["steer", "one"], ["followUp", "two"]])

      const [first] = yield* inbox.pending
      if (first === undefined) return assert.fail("nothing is there")
      yield* inbox.remove(first)
      yield* inbox.remove(first)
      yield* inbox.steer("three")
      assert.strictEqual((yield* Effect.flip(inbox.steer("four")))._tag, "InboxFull")
      assert.deepStrictEqual(yield* pendingIn(inbox), [["followUp", "two"], ["steer", "three"]])
    }))

  it.effect("has all that was not taken when the run is interrupted, and the next turn hears it", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(8)
      const started = yield* Deferred.make<void>()
      yield* Effect.gen(function*() {
        const fiber = yield* Effect.fork(run("Go", { inbox }))
        yield* Deferred.await(started)
        yield* Fiber.interrupt(fiber)
        assert.deepStrictEqual(yield* pendingIn(inbox), [["steer", "Stop that."], ["followUp", "Then this."]])
        assert.deepStrictEqual((yield* log).filter(({ _tag }) => _tag === "InputAdded"), [])

        const events = yield* resume({ inbox })
        assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
        assert.deepStrictEqual(heard((yield* requests)[1]?.input)?.slice(-2), ["function_call_output", "Stop that."])
        assert.deepStrictEqual(yield* pendingIn(inbox), [])
      }).pipe(Effect.provide(layer(
        turns(call, say("Stopped."), say("This.")),
        doing(
          inbox.steer("Stop that.").pipe(
            Effect.zipRight(inbox.followUp("Then this.")),
            Effect.zipRight(Deferred.succeed(started, undefined)),
            Effect.zipRight(Effect.never)
          )
        )
      )))
    }))

  it.effect("is not asked again for what a turn has heard before it failed", () =>
    Effect.gen(function*() {
      const inbox = yield* Inbox.make(8)
      yield* inbox.steer("Be kind.")
      yield* inbox.followUp("Then this.")
      yield* Effect.exit(run("Go", { inbox }))
      assert.deepStrictEqual(yield* pendingIn(inbox), [])
      yield* inbox.steer("Be quick.")
      const events = yield* resume({ inbox })
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      const all = yield* requests
      assert.deepStrictEqual(heard(all[0]?.input), ["Go", "Be kind."])
      assert.deepStrictEqual(heard(all[2]?.input), ["Go", "Be kind.", "Done.", "Then this.", "Be quick."])
    }).pipe(Effect.provide(layer(turns(say("Done."), Script.refuse(400, { detail: "no" }), say("This."))))))
})
