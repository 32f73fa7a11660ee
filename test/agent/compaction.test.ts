import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import * as Agent from "../../src/agent/Agent.ts"
import type { AgentEvent } from "../../src/agent/AgentEvent.ts"
import * as ContextPolicy from "../../src/agent/ContextPolicy.ts"
import { summarize } from "../../src/prompts/Compaction.ts"
import * as Price from "../../src/responses/account/Price.ts"
import { isFunctionCallOutput, type Item, text } from "../../src/responses/Item.ts"
import { isCompaction, type Request } from "../../src/responses/Request.ts"
import { Responses } from "../../src/responses/Responses.ts"
import * as History from "../../src/session/History.ts"
import type { Compacted, Stored } from "../../src/session/SessionEvent.ts"
import * as SessionStore from "../../src/session/SessionStore.ts"
import type * as ContextWindow from "../../src/testing/ContextWindow.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { forAll } from "../forAll.ts"
import { echo, resume, run, tags } from "./support.ts"

const window = 4000

const isSummary = ({ input }: Request) => text(input.at(-1) ?? Script.say("")) === summarize

/** Calls `echo` with so much text, so often, and then answers. Asked for a summary, it gives one. */
const working = (times: number, size = 2000): Script.Script => {
  let done = 0
  return (request) => {
    if (isSummary(request)) return Script.answer(Script.say("## Task\n\nEcho things."))
    return done < times
      ? Script.answer(Script.call("echo", { text: `${"x".repeat(size)} ${done}` }, `call_${done++}`))
      : Script.answer(Script.say("Done."))
  }
}

/** The same without a summary. */
const mute = (times: number, size: number): Script.Script => {
  const script = working(times, size)
  return (request, n) => isSummary(request) ? Script.answer() : script(request, n)
}

/** The same in one response. */
const atOnce = (times: number, size: number): Script.Script => (request) => {
  if (isSummary(request)) return Script.answer(Script.say("## Task\n\nEcho things."))
  return request.input.some(isFunctionCallOutput) || request.input.some((item) => text(item).includes("summary")) ||
      request.input.some(isCompaction)
    ? Script.answer(Script.say("Done."))
    : Script.answer(
      ...Array.from({ length: times }, (_, n) => Script.call("echo", { text: `${"x".repeat(size)} ${n}` }, `call_${n}`))
    )
}

const layer = (
  script: Script.Script,
  context: ContextWindow.Options & {
    readonly isKnown?: boolean
    readonly percent?: number
    readonly account?: string
  } = {}
) => {
  const { isKnown = true, percent, ...server } = { window, ...context }
  const model = "gpt-5.5"
  return Agent.layer({ model, instructions: "Be brief." }).pipe(
    Layer.provide([ToolExecutor.layer(Toolkit.make(echo)), Permission.layerAllowAll]),
    Layer.provide(
      ContextPolicy.layer(
        isKnown ? { percent, models: { [model]: { contextWindow: server.window } } } : { percent: false }
      )
    ),
    Layer.provideMerge(listening),
    Layer.provideMerge(ScriptedResponses.layer(script, server)),
    Layer.provideMerge(SessionStore.layerMemory)
  )
}

/** What the model was asked, and what the log said when it was. */
class Listened extends Context.Tag("test/agent/compaction/Listened")<Listened, {
  readonly seen: Effect.Effect<
    ReadonlyArray<{ readonly account: string; readonly log: ReadonlyArray<Stored>; readonly request: Request }>
  >
}>() {}

const listening = Layer.effectContext(Effect.gen(function*() {
  const responses = yield* Responses
  const { read } = yield* SessionStore.SessionStore
  const seen: Array<Effect.Effect.Success<typeof Listened.Service.seen>[number]> = []
  const stream = (request: Request) =>
    Stream.unwrap(Effect.map(Effect.orDie(Effect.all([responses.account, read("s")])), ([account, log]) => {
      seen.push({ account, log, request })
      return responses.stream(request)
    }))
  return Context.make(Responses, { ...responses, stream }).pipe(
    Context.add(Listened, { seen: Effect.sync(() => seen) })
  )
}))

const requests = Effect.flatMap(ScriptedResponses.ScriptedResponses, (model) => model.requests)
const log = Effect.flatMap(SessionStore.SessionStore, (store) => store.read("s"))
const compactions = (events: ReadonlyArray<AgentEvent>) =>
  events.flatMap((event) => event._tag === "Compacted" ? [event] : [])
const said = (items: ReadonlyArray<Item>) => items.map((item) => text(item)).filter((text) => text !== "")

describe("a conversation that nearly fills the window", () => {
  it.effect("is compacted in the middle of the turn, and the turn goes on", () =>
    Effect.gen(function*() {
      const events = yield* run("Echo a lot")
      const [compacted] = compactions(events)
      assert.deepInclude(compacted, { reason: "threshold", method: "local", turnId: "turn-1" })
      assert.isAtLeast(compacted?.beforeTokens ?? 0, 8000 * 0.85)
      assert.isBelow(compacted?.afterTokens ?? Infinity, 4000)
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      const shown = events.map(({ _tag }) => _tag)
      assert.strictEqual(shown[shown.indexOf("Compacted") - 1], "Compacting")

      const all = yield* requests
      const asked = all.findIndex(isSummary)
      assert.deepStrictEqual([all[asked]?.tool_choice, all[asked]?.tools], ["none", all[0]?.tools])
      // Up to there it is the request before, so that the server finds it in its cache.
      assert.deepStrictEqual(
        all[asked]?.input.slice(0, -1).slice(0, all[asked - 1]?.input.length),
        all[asked - 1]?.input
      )
      assert.deepStrictEqual(said(all[asked + 1]?.input ?? []).map((text) => text.slice(0, 11)), [
        "Echo a lot",
        "[The conver"
      ])
    }).pipe(Effect.provide(layer(working(30, 1000), { window: 8000 }))))

  it.effect("is compacted between turns, and what the user says now stays behind it", () =>
    Effect.gen(function*() {
      yield* run("x".repeat(7000))
      const events = yield* run(`And now ${"y".repeat(7000)}`)
      assert.deepInclude(compactions(events)[0], { reason: "threshold" })
      const last = (yield* requests).at(-1)?.input ?? []
      assert.match(text(last.at(-1) ?? Script.say("")), /^And now y+$/)
      assert.match(said(last)[1] ?? "", /summary/)
    }).pipe(Effect.provide(layer(working(0)))))

  it.effect("is compacted by the server where it can", () =>
    Effect.gen(function*() {
      const events = yield* run("Echo a lot")
      const [compacted] = compactions(events)
      assert.deepInclude(compacted, { method: "hosted" })
      const all = yield* requests
      const trigger = all.findIndex(({ input }) => input.at(-1)?.type === "compaction_trigger")
      assert.deepStrictEqual(all[trigger]?.input.at(-1), { type: "compaction_trigger" })
      assert.deepStrictEqual(all[trigger + 1]?.input.map(({ type }) => type), ["message", "compaction"])
      assert.notProperty(all[trigger + 1]?.input[1], "id")
      assert.isFalse(all.some(isSummary))
    }).pipe(Effect.provide(layer(working(30, 500), { compaction: "hosted" }))))

  it.effect("is summed up by the model where the server refuses to", () =>
    Effect.gen(function*() {
      const events = yield* run("Echo a lot")
      assert.deepStrictEqual(compactions(events)[0]?.method, "local")
      const methods = events.flatMap((event) => event._tag === "Compacting" ? [event.method] : [])
      assert.deepStrictEqual(methods.slice(0, 2), ["hosted", "local"])
    }).pipe(Effect.provide(layer(working(8), { compaction: "refused" }))))

  it.effect("goes on as it is when it cannot be compacted, which is tried once", () =>
    Effect.gen(function*() {
      const events = yield* run("Echo")
      assert.strictEqual(events.filter(({ _tag }) => _tag === "CompactionFailed").length, 1)
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      assert.deepStrictEqual(compactions(events), [])
    }).pipe(
      Effect.provide(layer(mute(4, 3000), { window: 100_000, percent: 2 }))
    ))

  it.effect("counts what it has used, in tokens and money", () =>
    Effect.gen(function*() {
      const events = yield* run("Echo a lot")
      const end = events.at(-1)
      const calls = events.flatMap((event) =>
        event._tag === "ModelResponded" || event._tag === "Compacted" ? [event.usage] : []
      )
      const input = calls.reduce((sum, { inputTokens }) => sum + inputTokens, 0)
      const output = calls.reduce((sum, { outputTokens }) => sum + outputTokens, 0)
      assert.isTrue(end?._tag === "TurnCompleted")
      if (end?._tag !== "TurnCompleted") return
      assert.strictEqual(end.usage.inputTokens, input)
      assert.approximately(end.usage.costUsd ?? 0, (input * 2 + output * 10) / 1_000_000, 1e-12)
      const last = events.findLast((event) => event._tag === "ModelResponded")
      const { inputTokens = 0, outputTokens = 0 } = last?._tag === "ModelResponded" ? last.usage : {}
      assert.deepStrictEqual(end.context, { tokens: inputTokens + outputTokens, window })
    }).pipe(
      Effect.provide(layer(working(8), { account: "api-key" })),
      Effect.provideService(Price.Prices, { of: () => ({ input: 2, output: 10 }) })
    ))

  it.effect("ends the turn when it has used up its budget", () =>
    Effect.gen(function*() {
      const events = yield* run("Echo a lot", { limits: { cost: 0.01 } })
      const end = events.at(-1)
      assert.isTrue(end?._tag === "TurnLimited" && end.limit === "cost" && (end.usage.costUsd ?? 0) >= 0.01)
    }).pipe(
      Effect.provide(layer(working(100), { account: "api-key" })),
      Effect.provideService(Price.Prices, { of: () => ({ input: 2, output: 10 }) })
    ))
})

describe("a conversation that the server refuses as too long", () => {
  for (const compaction of [undefined, "hosted", "refused"] as const) {
    for (const isKnown of [true, false]) {
      it.effect(`is compacted and sent once more: ${compaction}, the window is ${isKnown ? "" : "not "}known`, () =>
        Effect.gen(function*() {
          const events = yield* run("Echo a lot at once")
          assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
          const [compacted, ...more] = compactions(events)
          assert.deepInclude(compacted, { method: compaction === "hosted" ? "hosted" : "local" })
          assert.deepStrictEqual(more, [])
          // The session goes on.
          assert.strictEqual((yield* run("And?")).at(-1)?._tag, "TurnCompleted")
        }).pipe(Effect.provide(layer(atOnce(8, 17_000), { compaction, isKnown }))))
    }
  }

  it.effect("fails with what to do when that does not help, and is not asked about again and again", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(run("Go"))
      assert.isTrue(Exit.isFailure(exit))
      const end = (yield* log).at(-1)?.event
      assert.deepInclude(end, { _tag: "TurnFailed", kind: "ContextOverflow" })
      const message = end?._tag === "TurnFailed" ? end.message : ""
      assert.match(message, /begin a new session, ask for less at a time, or choose a model with a larger window/)
      assert.match(message, /it was compacted, and is still too long/)
      assert.strictEqual((yield* log).filter(({ event }) => event._tag === "Compacted").length, 1)
      // Two calls that were refused, and the first.
      assert.strictEqual((yield* requests).filter((request) => !isSummary(request)).length, 3)
    }).pipe(Effect.provide(layer((request, n) => {
      if (isSummary(request)) return Script.answer(Script.say("A summary."))
      return n === 0
        ? Script.answer(Script.call("echo", { text: "a" }))
        : Script.fail({ code: "context_length_exceeded", message: "Too long." })
    }, { window: 100_000 }))))

  it.effect("fails when there is nothing to compact", () =>
    Effect.gen(function*() {
      assert.isTrue(Exit.isFailure(yield* Effect.exit(run("x".repeat(40_000)))))
      assert.deepInclude((yield* log).at(-1)?.event, { _tag: "TurnFailed", kind: "ContextOverflow" })
      assert.strictEqual((yield* requests).length, 1)
    }).pipe(Effect.provide(layer(working(0)))))
})

describe("a compaction", () => {
  /** Runs the turn until so many events are in the log, as if the process had been killed then. */
  const until = (count: number) =>
    Effect.gen(function*() {
      const agent = yield* Agent.Agent
      yield* Effect.exit(
        Stream.runForEachWhile(agent.run("s", "Echo a lot"), () => Effect.map(log, (stored) => stored.length < count))
      )
    })

  it.effect("is found where it was, wherever the turn was cut off", () =>
    Effect.gen(function*() {
      const whole = yield* Effect.gen(function*() {
        yield* run("Echo a lot")
        return { length: (yield* log).length, last: (yield* requests).at(-1)?.input }
      }).pipe(Effect.provide(layer(working(8))))
      for (let count = 2; count < whole.length; count++) {
        yield* Effect.gen(function*() {
          yield* until(count)
          if ((yield* log).at(-1)?.event._tag === "TurnCompleted") return
          const events = yield* resume()
          assert.strictEqual(events.at(-1)?._tag, "TurnCompleted", `cut off after ${count} events`)
          const stored = yield* log
          const keys = stored.map(({ key }) => key)
          assert.deepStrictEqual(keys, [...new Set(keys)])
          const ran = stored.flatMap(({ event }) =>
            event._tag === "ToolEnded" && event.status === "completed" ? [event.call.call_id] : []
          )
          assert.deepStrictEqual(ran, [...new Set(ran)])
          const end = stored.at(-1)?.event
          assert.strictEqual(end?._tag, "TurnCompleted")
          // What is sent is what the log says, in whatever process.
          yield* run("Again")
          const last = (yield* requests).at(-1)?.input ?? []
          assert.match(said(last)[0] ?? "", /^Echo a lot$/)
        }).pipe(Effect.provide(layer(working(8))))
      }
    }))

  it.effect("is not undone by a crash behind it: the next request is the same", () =>
    Effect.gen(function*() {
      yield* run("Echo a lot")
      const before = (yield* requests).at(-1)?.input ?? []
      yield* run("Again")
      const after = (yield* requests).at(-1)?.input ?? []
      assert.deepStrictEqual(after.slice(0, before.length), before)
    }).pipe(Effect.provide(layer(working(7)))))

  it.effect("leaves each request what the log says by then, wherever processes ended and whoever is asked", () => {
    let compared = 0
    const process = fc.record({
      /** After how many events more nobody listens any more. */
      heard: fc.integer({ min: 1, max: 12 }),
      model: fc.constantFrom("gpt-5.5", "gpt-6-astra"),
      isNewTurn: fc.boolean()
    })
    const life = fc.record({
      processes: fc.array(process, { minLength: 2, maxLength: 4 }),
      compaction: fc.constantFrom("hosted" as const, "refused" as const, undefined),
      size: fc.constantFrom(500, 2000, 4000)
    })
    return forAll(life, ({ compaction, processes, size }) =>
      Effect.gen(function*() {
        const agent = yield* Agent.Agent
        const { seen } = yield* Listened
        for (const { heard, isNewTurn, model } of processes) {
          const events = isNewTurn ? agent.run("s", "Echo a lot", { model }) : agent.resume("s", { model })
          yield* Effect.exit(Stream.runDrain(Stream.take(events, heard)))
        }
        yield* run("Again")
        for (const { account, log, request } of yield* seen) {
          if (isSummary(request) || request.input.at(-1)?.type === "compaction_trigger") continue
          const recipient = { model: request.model, account }
          const told = History.toInput(History.forRecipient(log, recipient), recipient)
          assert.deepStrictEqual(
            request.input.map((item) => JSON.stringify(item)),
            told.map((item) => JSON.stringify(item))
          )
          compared++
        }
        const stored = yield* log
        const keys = stored.map(({ key }) => key)
        assert.deepStrictEqual(keys, [...new Set(keys)])
      }).pipe(
        Effect.provide(layer(working(8, size), { compaction })),
        Effect.orDie
      ), { numRuns: 40 }).pipe(Effect.tap(() => Effect.sync(() => assert.isAbove(compared, 80))))
  })

  it.effect("by the server is rebuilt from text for another model", () =>
    Effect.gen(function*() {
      const { model: other } = yield* run("Echo a lot").pipe(Effect.as({ model: "gpt-6-astra" }))
      yield* run("Again", { model: other })
      const first = (yield* requests).find(({ model }) => model === other)
      assert.isFalse(first?.input.some(isCompaction))
      assert.strictEqual(first?.input.filter(isFunctionCallOutput).length, 7)
    }).pipe(Effect.provide(layer(working(7), { compaction: "hosted", window: 100_000, percent: 2 }))))

  it.effect("that the server can no longer read is sent as it was before", () => {
    let isLost = false
    const script = working(6)
    const unreadable = Script.refuse(400, {
      error: { code: "invalid_encrypted_content", message: "could not be verified", type: "invalid_request_error" }
    })
    return Effect.gen(function*() {
      yield* run("Echo a lot")
      isLost = true
      assert.strictEqual((yield* run("Again")).at(-1)?._tag, "TurnCompleted")
      const last = (yield* requests).at(-1)?.input ?? []
      assert.isFalse(last.some(isCompaction))
      assert.isAbove(last.filter(isFunctionCallOutput).length, 3)
      const [again] = (yield* log).flatMap(({ event }) =>
        event._tag === "ModelResponded" && event.turnId === "turn-2" ? [event] : []
      )
      assert.isTrue(again?.isWithoutEncrypted)
    }).pipe(Effect.provide(layer(
      (request, n) => isLost && request.input.some(isCompaction) ? unreadable : script(request, n),
      { compaction: "hosted", window: 100_000, percent: 2 }
    )))
  })
})

describe("a compaction that is asked for", () => {
  const compact = (options?: Agent.CompactOptions) =>
    Effect.flatMap(Agent.Agent, ({ compact }) => compact("s", options))
  const compacted = Effect.map(
    log,
    (stored) => stored.flatMap(({ event }): ReadonlyArray<Compacted> => event._tag === "Compacted" ? [event] : [])
  )

  it.effect("says in a dry run what it would do, and does nothing", () =>
    Effect.gen(function*() {
      yield* run("Echo")
      const asked = (yield* requests).length
      const report = yield* compact({ isDryRun: true })
      assert.deepInclude(report, { method: "local", isDryRun: true })
      assert.strictEqual(report.before.items, 6)
      assert.strictEqual(report.after.items, 2)
      assert.strictEqual((yield* requests).length, asked)
      assert.deepStrictEqual(yield* compacted, [])
    }).pipe(Effect.provide(layer(working(2, 500), { window: 100_000 }))))

  it.effect("is done once, and found by the next turn", () =>
    Effect.gen(function*() {
      yield* run("Echo")
      const report = yield* compact()
      assert.isBelow(report.after.tokens, report.before.tokens)
      assert.deepStrictEqual(report.after.items, 2)
      const again = yield* compact()
      assert.isTrue(Option.isNone(again.plan))
      assert.deepStrictEqual(again.before, again.after)
      assert.strictEqual((yield* compacted).length, 1)
      assert.deepInclude((yield* compacted)[0], { reason: "asked" })
      assert.deepStrictEqual(tags(yield* run("Again")).at(-1), "TurnCompleted")
      assert.strictEqual((yield* requests).at(-1)?.input.length, 3)
    }).pipe(Effect.provide(layer(working(2, 500), { window: 100_000 }))))

  it.effect("leaves open calls as they are, and the turn goes on with them", () =>
    Effect.gen(function*() {
      yield* run("Echo", { limits: { toolCalls: 1 } })
      yield* compact()
      const [event] = yield* compacted
      assert.deepInclude(event, { turnId: "turn-1" })
      const events = yield* resume()
      assert.strictEqual(events.at(-1)?._tag, "TurnCompleted")
      const last = (yield* requests).at(-1)?.input ?? []
      assert.deepStrictEqual(last.map(({ type }) => type), [
        "message",
        "message",
        "function_call",
        "function_call_output"
      ])
      // A turn that is over is not open again because it was compacted.
      assert.deepStrictEqual(tags(yield* run("Again")), [
        "SessionStarted",
        "TurnStarted",
        "ModelResponded",
        "TurnCompleted"
      ])
    }).pipe(Effect.provide(layer(working(2, 500), { window: 100_000 }))))
})
