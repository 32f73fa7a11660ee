import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { join } from "node:path"
import * as Secrets from "../../src/auth/Secrets.ts"
import { userMessage } from "../../src/responses/Item.ts"
import type { ModelError } from "../../src/responses/ModelError.ts"
import * as Request from "../../src/responses/Request.ts"
import * as Responses from "../../src/responses/Responses.ts"
import * as Cassette from "../../src/testing/Cassette.ts"
import * as Script from "../../src/testing/Script.ts"
import * as ScriptedResponses from "../../src/testing/ScriptedResponses.ts"
import { get, layer, makeFolder, put } from "../node/support.ts"

const request = (said: string, cacheKey = "key") =>
  Request.make({ model: "gpt-6.2-sol", instructions: "Be brief.", input: [userMessage(said)], cacheKey })

const events = (asked: Request.Request) =>
  Effect.flatMap(
    Responses.Responses,
    ({ stream }) => Effect.map(Stream.runCollect(stream(asked)), Chunk.toReadonlyArray)
  )

const path = Effect.map(makeFolder, (folder) => join(folder, "cassettes", "one.jsonl"))

const recording = (path: string, ...turns: ReadonlyArray<Script.Turn>) =>
  Cassette.layer({ path, mode: "record" }, ScriptedResponses.layer(Script.fromTurns(turns)))

const replaying = (path: string, normalize?: Cassette.Options["normalize"]) =>
  Cassette.layer({ path, normalize }, Layer.die("nothing is asked while replaying"))

const messageOf = <A, E>(exit: Exit.Exit<A, E>): string =>
  Exit.isFailure(exit) && Cause.isDie(exit.cause) ? Cause.pretty(exit.cause) : "it has not died"

describe("Cassette", () => {
  it.scoped("says what was said, event by event, and fails as it was failed", () =>
    Effect.gen(function*() {
      const file = yield* path
      const both = Effect.all([
        events(request("one")),
        Effect.flip(events(request("two"))),
        events(request("three")),
        Effect.flip(events(request("four")))
      ])
      const turns = [
        Script.answer(Script.say("Hello")),
        Script.refuse(429, { error: { type: "usage_limit_reached", message: "Used up.", plan_type: "plus" } }),
        Script.answer(Script.call("bash", { command: "ls" }), Script.call("bash", { command: "pwd" })),
        Script.cut(3, Script.say("never ends"))
      ]
      const [one, two, three, four] = yield* Effect.provide(both, recording(file, ...turns))
      const [again, refused, calls, cut] = yield* Effect.provide(both, replaying(file))
      assert.deepStrictEqual(again, one)
      assert.deepStrictEqual(calls, three)
      const told = (error: ModelError) => [error.reason, error.status, error.detail, error.message]
      assert.deepStrictEqual(told(refused), told(two))
      assert.deepStrictEqual(told(cut), told(four))
    }).pipe(Effect.provide(layer)))

  it.scoped("needs no account, and remembers what it was asked and what is left", () =>
    Effect.gen(function*() {
      const file = yield* path
      const turns = [Script.answer(Script.say("1")), Script.answer(Script.say("2"))]
      yield* Effect.all([events(request("one")), events(request("two"))]).pipe(
        Effect.provide(recording(file, ...turns))
      )
      yield* Effect.gen(function*() {
        const cassette = yield* Cassette.Cassette
        assert.strictEqual(yield* Effect.flatMap(Responses.Responses, ({ account }) => account), "cassette")
        // The session has another id each time.
        yield* events(request("two", "another key"))
        assert.strictEqual(yield* cassette.left, 1)
        assert.deepStrictEqual(yield* cassette.requests, [request("two", "another key")])
      }).pipe(Effect.provide(replaying(file)))
    }).pipe(Effect.provide(layer)))

  it.scoped("is written so that people can read it, with what each request adds", () =>
    Effect.gen(function*() {
      const file = yield* path
      const first = request("one")
      const second = { ...first, model: "gpt-6-luna", input: [...first.input, userMessage("two")] }
      yield* Effect.all([events(first), events(second)]).pipe(
        Effect.provide(recording(file, Script.answer(), Script.answer()))
      )
      const lines = (yield* get(file)).trimEnd().split("\n").map((line) => JSON.parse(line))
      assert.deepStrictEqual(lines[0], { cassette: 1 })
      const [one, two] = lines.filter((line) => "request" in line)
      assert.deepStrictEqual(one, { call: 0, request: { ...first, prompt_cache_key: "…" } })
      assert.deepStrictEqual(two, {
        call: 1,
        request: { model: "gpt-6-luna" },
        from: 0,
        more: [userMessage("two")]
      })
      yield* Effect.provide(Effect.all([events(first), events(second)]), replaying(file))
    }).pipe(Effect.provide(layer)))

  it.scoped("dies on a request that was not recorded, and says what differs from the nearest", () =>
    Effect.gen(function*() {
      const file = yield* path
      yield* Effect.all([events(request("How warm is it in Lisbon?")), events(request("Bye"))]).pipe(
        Effect.provide(recording(file, Script.answer(), Script.answer()))
      )
      const other = { ...request("How warm is it in Porto?"), temperature: 1 }
      assert.include(
        messageOf(yield* Effect.exit(Effect.provide(events(other), replaying(file)))),
        `This request is not on the cassette ${file}. The nearest of its 2 is number 1, which differs in 2 places:
  input[0].content[0].text: "How warm is it in Lisbon?" was recorded, and "How warm is it in Porto?" is sent
  temperature: 1 is new
If that is meant, record it again: run the test with EFFIXIR_CASSETTE=record in its environment`
      )
      const twice = Effect.all([events(request("Bye")), events(request("Bye"))])
      assert.include(
        messageOf(yield* Effect.exit(Effect.provide(twice, replaying(file)))),
        `This request is on the cassette ${file} once, and is made once more.`
      )
    }).pipe(Effect.provide(layer)))

  it.scoped("does not see what the test says differs each time", () =>
    Effect.gen(function*() {
      const file = yield* path
      const normalize = (request: Request.Request): Request.Request => ({
        ...request,
        instructions: request.instructions.replace(/\d{4}-\d\d-\d\d/, "DATE")
      })
      const on = (date: string) => ({ ...request("one"), instructions: `It is ${date}.` })
      yield* Effect.provide(
        events(on("2026-11-29")),
        Cassette.layer({ path: file, mode: "record", normalize }, ScriptedResponses.layer(() => Script.answer()))
      )
      assert.notInclude(yield* get(file), "2026-11-29")
      yield* Effect.provide(events(on("2027-01-01")), replaying(file, normalize))
    }).pipe(Effect.provide(layer)))

  it.scoped("holds no secret, no encrypted reasoning, and nothing that tells who recorded it", () =>
    Effect.gen(function*() {
      const file = yield* path
      const known = "a-secret-of-this-program-0123456789"
      const printed = `sk-proj-${"a1B2".repeat(8)}`
      const token = ["eyJhbGciOiJub25lIn0", "eyJzdWIiOiJzb21lYm9keSJ9", "c2lnbmF0dXJl"].join(".")
      const asked = request(`The tool printed ${known}, ${printed} and ${token}`)
      const model = ScriptedResponses.layer(() => Script.answer(Script.think("Hm."), Script.say(`It is ${known}`)))
      const knowing = Layer.tap(
        Layer.provideMerge(model, Secrets.layer),
        () => Effect.flatMap(Secrets.Secrets, ({ add }) => add(Redacted.make(known)))
      ).pipe(Layer.provideMerge(Secrets.layer))
      yield* Effect.provide(events(asked), Cassette.layer({ path: file, mode: "record" }, knowing))
      const text = yield* get(file)
      for (const secret of [known, printed, token, "gAAAAA"]) assert.notInclude(text, secret)
      assert.include(text, "\"encrypted_content\":\"…\"")
      assert.include(text, "It is …")
    }).pipe(Effect.provide(layer)))

  it.scoped("waits where the caller had closed the stream", () =>
    Effect.gen(function*() {
      const file = yield* path
      const firstTwo = Effect.flatMap(
        Responses.Responses,
        ({ stream }) => Effect.map(Stream.runCollect(Stream.take(stream(request("one")), 2)), Chunk.toReadonlyArray)
      )
      const recorded = yield* Effect.provide(firstTwo, recording(file, Script.answer(Script.say("a long story"))))
      assert.deepStrictEqual(yield* Effect.provide(firstTwo, replaying(file)), recorded)
      const fiber = yield* Effect.fork(Effect.provide(events(request("one")), replaying(file)))
      yield* Effect.yieldNow()
      assert.isTrue(Exit.isInterrupted(yield* Fiber.interrupt(fiber)))
    }).pipe(Effect.provide(layer)))

  it.scoped("says in a sentence why a file cannot be used", () =>
    Effect.gen(function*() {
      const file = yield* path
      const fs = yield* FileSystem.FileSystem
      const problem = Effect.map(
        Effect.flip(Effect.provide(events(request("one")), replaying(file))),
        ({ message }) => message
      )
      assert.match(yield* problem, /one\.jsonl cannot be used: it is not there\. Record it: run the test with EFFIXIR_/)
      yield* fs.makeDirectory(join(file, ".."), { recursive: true })
      yield* put(file, "{\"cassette\":1}\n{\"call\":0,\"request\":{}}\n{\"call\":0,\"eve")
      assert.match(yield* problem, /cannot be used: line 3 is damaged, or of another version/)
      yield* put(file, "{\"cassette\":2}\n")
      assert.match(yield* problem, /cannot be used: line 1 is damaged, or of another version/)
      yield* put(file, "{\"call\":0,\"end\":\"completed\"}\n")
      assert.match(yield* problem, /cannot be used: line 1 is about a call that has not begun/)
    }).pipe(Effect.provide(layer)))
})
