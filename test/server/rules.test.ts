import * as HttpServerRequest from "@effect/platform/HttpServerRequest"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type * as Tracer from "effect/Tracer"
import * as SessionStore from "../../src/session/SessionStore.ts"
import * as Script from "../../src/testing/Script.ts"
import * as Permission from "../../src/tools/permission/Permission.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { layerWorkspace } from "../tools/support.ts"
import { start, textOf, types } from "./support.ts"

/** A tool that runs until it is let go. */
const gate = Effect.map(Deferred.make<void>(), (open) => ({
  open: Deferred.succeed(open, undefined),
  toolkit: Toolkit.make(Tool.make({
    name: "wait",
    description: "Waits",
    parameters: Schema.Struct({}),
    handler: () => Effect.as(Deferred.await(open), "waited")
  }))
}))

const waiting = (...more: ReadonlyArray<Script.Turn>) =>
  Script.fromTurns([Script.answer(Script.call("wait", {}, "call_1")), ...more])

const done = Script.answer(Script.say("Done."))

describe("Turns of a server", () => {
  it.scopedLive("run one at a time in a session, and only as many as may", () =>
    Effect.gen(function*() {
      const { open, toolkit } = yield* gate
      const server = yield* start(waiting(done, done), { toolkit, maxTurns: 1 })
      const [one, two] = [yield* server.begin(), yield* server.begin()]
      const events = yield* server.reader(one)
      assert.strictEqual((yield* server.turn(one, "go")).status, 202)
      const second = yield* server.turn(one, "again")
      assert.deepStrictEqual([second.status, textOf(second.body, "error", "kind")], [409, "TurnRunning"])
      const other = yield* server.turn(two, "go")
      assert.deepStrictEqual([other.status, textOf(other.body, "error", "kind")], [429, "TooManyTurns"])
      assert.match(other.headers.get("retry-after") ?? "", /^[1-9]\d*$/)
      const removing = yield* server.ask("DELETE", `/v1/sessions/${one}`)
      assert.deepStrictEqual([removing.status, textOf(removing.body, "error", "kind")], [409, "SessionBusy"])
      yield* open
      yield* events.until("turn.completed")
      // Whoever has heard of the end may begin the next turn at once.
      assert.strictEqual((yield* server.turn(one, "again")).status, 202)
      yield* events.until("turn.completed", 2)
    }))

  it.scopedLive("keep of the request that began them its span alone", () =>
    Effect.gen(function*() {
      const seen: Array<readonly [isKept: boolean, spans: ReadonlyArray<string>]> = []
      const look = Tool.make({
        name: "look",
        description: "Looks around",
        parameters: Schema.Struct({}),
        handler: () =>
          Effect.gen(function*() {
            const request = yield* Effect.serviceOption(HttpServerRequest.HttpServerRequest)
            seen.push([Option.isSome(request), namesOf(yield* Effect.option(Effect.currentSpan))])
            return "looked"
          })
      })
      const script = Script.fromTurns([Script.answer(Script.call("look", {}, "call_1")), done])
      const server = yield* start(script, { toolkit: Toolkit.make(look) })
      const session = yield* server.begin()
      const events = yield* server.reader(session)
      yield* server.turn(session, "go")
      yield* events.until("turn.completed")
      assert.deepStrictEqual(seen.map(([isKept, spans]) => [isKept, spans.at(-1)]), [[false, "http.server POST"]])
    }))

  it.scopedLive("are the same turn with the same key, while it runs and after it", () =>
    Effect.gen(function*() {
      const { open, toolkit } = yield* gate
      const server = yield* start(waiting(done, done), { toolkit })
      const session = yield* server.begin()
      const events = yield* server.reader(session)
      const both = yield* Effect.all(
        [server.turn(session, "go", { key: "k" }), server.turn(session, "go", { key: "k" })],
        { concurrency: 2 }
      )
      assert.deepStrictEqual(both.map(({ body, status }) => [status, textOf(body, "turn_id")]), [
        [202, "turn-1"],
        [202, "turn-1"]
      ])
      yield* open
      yield* events.until("turn.completed")
      assert.strictEqual(textOf((yield* server.turn(session, "go", { key: "k" })).body, "turn_id"), "turn-1")
      assert.strictEqual(textOf((yield* server.turn(session, "go", { key: "l" })).body, "turn_id"), "turn-2")
      yield* events.until("turn.completed", 2)
      assert.lengthOf(yield* server.requests, 3)
    }))

  it.scopedLive("are interrupted, and hear what is said meanwhile", () =>
    Effect.gen(function*() {
      const { open, toolkit } = yield* gate
      const server = yield* start(
        Script.fromTurns([
          Script.answer(Script.call("wait", {}, "call_1")),
          done,
          Script.answer(Script.call("wait", {}, "call_2")),
          Script.answer(Script.call("wait", {}, "call_3"))
        ]),
        { toolkit }
      )
      const session = yield* server.begin()
      const events = yield* server.reader(session)
      const early = yield* server.ask("POST", `/v1/sessions/${session}/steer`, { text: "hi" })
      assert.deepStrictEqual([early.status, textOf(early.body, "error", "kind")], [409, "NoTurnRunning"])
      yield* server.turn(session, "go")
      const said = yield* server.ask("POST", `/v1/sessions/${session}/steer`, { text: "Hurry" })
      assert.strictEqual(said.status, 202)
      yield* open
      const heard = yield* events.until("turn.completed")
      assert.include(types(heard), "input.added")
    }))

  it.scopedLive("end as interrupted when they are told to", () =>
    Effect.gen(function*() {
      const { toolkit } = yield* gate
      const server = yield* start(waiting(done), { toolkit })
      const session = yield* server.begin()
      const events = yield* server.reader(session)
      yield* server.turn(session, "go")
      yield* events.until("item.started")
      assert.strictEqual((yield* server.ask("POST", `/v1/sessions/${session}/interrupt`)).status, 202)
      const ended = yield* events.until("turn.interrupted")
      assert.deepStrictEqual(types(ended).slice(-2), ["item.completed", "turn.interrupted"])
      assert.strictEqual(ended.at(-1)?.line["reason"], "cancelled")
      assert.strictEqual(ended.at(-1)?.id, String(ended.at(-1)?.line.seq))
    }))

  it.scopedLive("ask clients whether a call may run", () =>
    Effect.gen(function*() {
      const call = (id: string) => Script.answer(Script.call("bash", { text: id }, id))
      const server = yield* start(Script.fromTurns([call("a"), call("b"), call("c"), done]), {
        permission: Layer.provide(Permission.layerAsk, Layer.orDie(layerWorkspace)),
        toolkit: Toolkit.make(asked)
      })
      const session = yield* server.begin()
      const events = yield* server.reader(session)
      const path = (item: unknown) => `/v1/sessions/${session}/permissions/${String(item)}`
      const nobody = yield* server.ask("POST", path("turn-1.0.0"), { answer: "yes" })
      assert.deepStrictEqual([nobody.status, textOf(nobody.body, "error", "kind")], [404, "NoQuestion"])
      yield* server.turn(session, "go")
      const first = itemOf((yield* events.until("permission.requested")).at(-1)?.line)
      // Whoever comes later is told of the question as well.
      const late = yield* (yield* server.reader(session, "?after=1000")).until("permission.requested")
      assert.deepStrictEqual(late.map(({ id, line }) => [id, itemOf(line)]), [[undefined, first]])
      assert.strictEqual((yield* server.ask("POST", path(first), { answer: "perhaps" })).status, 400)
      assert.strictEqual((yield* server.ask("POST", path(first), { answer: "no", words: "not that" })).status, 202)
      const second = itemOf((yield* events.until("permission.requested", 2)).at(-1)?.line)
      assert.strictEqual((yield* server.ask("POST", path(second), { answer: "always" })).status, 202)
      const third = itemOf((yield* events.until("permission.requested", 3)).at(-1)?.line)
      assert.strictEqual((yield* server.ask("POST", path(third), { answer: "yes" })).status, 202)
      const all = yield* events.until("turn.completed")
      assert.deepStrictEqual(
        all.filter(({ line }) => line.type === "permission.decided").map(({ line }) => [line["decision"], line["by"]]),
        [["denied", "person"], ["allowed", "person"], ["allowed", "person"]]
      )
      assert.strictEqual((yield* server.ask("POST", path(second), { answer: "yes" })).status, 404)
    }))

  it.scopedLive("that the end of a server interrupts go on at the next start, for readers without a gap", () =>
    Effect.gen(function*() {
      const { toolkit } = yield* gate
      const memory = yield* SessionStore.makeMemory
      const store = Layer.succeed(SessionStore.SessionStore, memory)
      const outside = yield* Effect.scope
      const before = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* start(waiting(), { toolkit, store, grace: "10 millis" })
        const session = yield* server.begin()
        // It reads on when the server ends.
        const events = yield* Scope.extend(server.reader(session), outside)
        yield* server.turn(session, "go", { key: "k" })
        yield* events.until("item.started")
        return { session, reading: yield* Effect.forkDaemon(events.toEnd) }
      }))
      const read = yield* Fiber.join(before.reading)
      assert.strictEqual(read.at(-1)?.line.type, "turn.interrupted")
      assert.strictEqual(read.at(-1)?.line["reason"], "shutdown")

      const server = yield* start(Script.fromTurns([done]), { toolkit, store })
      const again = yield* server.reader(before.session, "", { "last-event-id": String(read.at(-1)?.id) })
      const rest = yield* again.until("turn.completed")
      const log = yield* memory.read(before.session)
      const ids = [...read, ...rest].flatMap(({ id }) => id === undefined ? [] : [Number(id)])
      assert.deepStrictEqual(ids, ids.toSorted((a, b) => a - b))
      assert.strictEqual(new Set(ids).size, ids.length)
      assert.strictEqual(log.filter(({ event }) => event._tag === "ToolStarted").length, 1)
      assert.strictEqual(textOf((yield* server.turn(before.session, "go", { key: "k" })).body, "turn_id"), "turn-1")
    }))

  it.scopedLive("that wait for a person are put aside at once when the server ends, and ask again at the next start", () =>
    Effect.gen(function*() {
      const store = Layer.succeed(SessionStore.SessionStore, yield* SessionStore.makeMemory)
      const options = {
        permission: Layer.provide(Permission.layerAsk, Layer.orDie(layerWorkspace)),
        toolkit: Toolkit.make(asked),
        store,
        grace: "1 hour"
      } as const
      const session = yield* Effect.scoped(Effect.gen(function*() {
        const call = Script.answer(Script.call("bash", { text: "a" }, "a"))
        const server = yield* start(Script.fromTurns([call]), options)
        const session = yield* server.begin()
        yield* server.turn(session, "go")
        yield* (yield* server.reader(session)).until("permission.requested")
        return session
      }))
      const server = yield* start(Script.fromTurns([done]), options)
      const events = yield* server.reader(session)
      const item = itemOf((yield* events.until("permission.requested")).at(-1)?.line)
      yield* server.ask("POST", `/v1/sessions/${session}/permissions/${item}`, { answer: "yes" })
      const all = yield* events.until("turn.completed")
      assert.deepStrictEqual(
        all.filter(({ line }) => line.type === "turn.interrupted").map(({ line }) => line["reason"]),
        ["shutdown"]
      )
    }))

  it.scopedLive("that were interrupted by a client do not go on at the next start", () =>
    Effect.gen(function*() {
      const { toolkit } = yield* gate
      const store = Layer.succeed(SessionStore.SessionStore, yield* SessionStore.makeMemory)
      const session = yield* Effect.scoped(Effect.gen(function*() {
        const server = yield* start(waiting(), { toolkit, store })
        const session = yield* server.begin()
        const events = yield* server.reader(session)
        yield* server.turn(session, "go")
        yield* events.until("item.started")
        yield* server.ask("POST", `/v1/sessions/${session}/interrupt`)
        yield* events.until("turn.interrupted")
        return session
      }))
      const server = yield* start(Script.fromTurns([done]), { toolkit, store })
      // The next turn takes the place of the one that would go on.
      assert.strictEqual(textOf((yield* server.turn(session, "next")).body, "turn_id"), "turn-2")
      const events = yield* server.reader(session)
      yield* events.until("turn.completed")
      assert.lengthOf(yield* server.requests, 1)
    }))
})

const asked = Tool.make({
  name: "bash",
  description: "Says it back",
  parameters: Schema.Struct({ text: Schema.String }),
  access: ({ text }) => ({ kind: "run", command: `rm ${text}`, workdir: undefined }),
  handler: ({ text }) => Effect.succeed(text)
})

/** Of a span and those that it is a part of. */
const namesOf = (span: Option.Option<Tracer.AnySpan>): ReadonlyArray<string> =>
  Option.isSome(span) && span.value._tag === "Span" ? [span.value.name, ...namesOf(span.value.parent)] : []

const itemOf = (line: unknown): string => textOf(line, "item", "id")
