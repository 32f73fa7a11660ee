import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { existsSync, readFileSync, statSync } from "node:fs"
import * as NodeSandbox from "../../src/node/sandbox/NodeSandbox.ts"
import * as Script from "../../src/testing/Script.ts"
import { outside as folderOutside } from "../outside.ts"
import { asking, textOf, types } from "../server/support.ts"
import { machine, platform } from "./machine.ts"
import { listening } from "./serving.ts"

const isSandboxThere = Either.isRight(await Effect.runPromise(NodeSandbox.find))

describe("effixir serve", () => {
  it.scopedLive("runs a turn, keeps its token to itself, and ends with 0", () =>
    Effect.gen(function*() {
      const { folder, home, secrets, start } = yield* machine(() => Script.answer(Script.say("Hello.")))
      const { child, output, result } = yield* start(["serve", "--workspace", folder])
      const server = yield* listening(output)
      assert.strictEqual(server.tokenFile, `${home}/serve.token`)
      assert.strictEqual(statSync(server.tokenFile).mode & 0o777, 0o600)
      const session = yield* server.begin()
      const events = yield* server.reader(session)
      assert.strictEqual((yield* server.turn(session, "Say hello")).status, 202)
      const told = yield* events.until("turn.completed")
      assert.deepStrictEqual(types(told), [
        "thread.started",
        "turn.started",
        "item.completed",
        "usage",
        "turn.completed"
      ])
      const { body } = yield* server.ask("GET", `/v1/sessions/${session}`)
      assert.deepInclude(body, { id: session, workspace: folder, status: "completed", turns: 1 })
      child.kill("SIGTERM")
      const { code, stderr, stdout } = yield* result
      assert.deepStrictEqual([code, stderr], [0, ""])
      yield* events.toEnd
      const all = `${stdout}${stderr}${JSON.stringify(told)}${JSON.stringify(body)}`
      for (const secret of [...secrets, server.token]) assert.notInclude(all, secret)
    }).pipe(Effect.provide(platform)))

  it.scopedLive.runIf(isSandboxThere)(
    "asks clients, in a session that asks, to let a command write what its sandbox has refused",
    () =>
      Effect.gen(function*() {
        const outside = yield* folderOutside
        const command = `echo in > ${outside}/a`
        const { folder, start } = yield* machine(Script.fromTurns([
          Script.answer(Script.call("bash", { command })),
          Script.answer(Script.say("Done."))
        ]))
        const flags = ["--sandbox", "workspace-write", "--permission", "ask"]
        const { output } = yield* start(["serve", ...flags, "--workspace", folder])
        const server = yield* listening(output)
        const session = yield* server.begin()
        const events = yield* server.reader(session)
        yield* server.turn(session, "go")
        const path = `/v1/sessions/${session}/permissions/turn-1.0.0`
        yield* events.until("permission.requested")
        yield* server.ask("POST", path, { answer: "yes" })
        const asked = (yield* events.until("permission.requested", 2)).at(-1)?.line
        assert.deepStrictEqual(asked?.["writable"], [outside])
        assert.strictEqual(asked?.["command"], command)
        yield* server.ask("POST", path, { answer: "yes" })
        yield* events.until("turn.completed")
        assert.isTrue(existsSync(`${outside}/a`))
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("tells a person where its page is, and keeps commands in the sandbox that it is told to", () =>
    Effect.gen(function*() {
      const { base, file, folder, follow, fs, run } = yield* machine(Script.fromTurns([
        Script.answer(Script.call("bash", { command: "touch made; head -c 10 ../a-token" }, "call_1")),
        Script.answer(Script.call("read", { path: "../a-token" }, "call_2")),
        Script.answer(Script.say("Done."))
      ]))
      const mode = isSandboxThere ? "read-only" : "off"
      const tokenFile = `${base}/a-token`
      const { output } = yield* follow(["serve", "--sandbox", mode, "--workspace", folder, "--token-file", tokenFile], {
        isTerminal: true
      })
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => output().stdout.includes("Ctrl-C") })
      const [, url = ""] = /^Serving sessions at (http:\/\/127\.0\.0\.1:\d+)$/m.exec(output().stdout) ?? []
      assert.include(output().stdout, `The token is in ${tokenFile}\n`)
      const token = (yield* fs.readFileString(tokenFile)).trim()
      assert.notInclude(output().stdout, token)
      const server = asking(url, token)
      const session = yield* server.begin()
      yield* server.turn(session, "go")
      const told = yield* (yield* server.reader(session)).until("turn.completed")
      assert.strictEqual(yield* fs.exists(file("made")), mode === "off")
      // The token of the server is no business of the model, wherever it is.
      if (mode !== "off") assert.notInclude(JSON.stringify(told), token.slice(0, 10))
      const none = yield* run(["serve", "--sandbox", "everything"])
      assert.strictEqual(none.code, 2)
      const noPolicy = yield* run(["serve", "--policy", "none.json"])
      assert.deepStrictEqual([noPolicy.code, noPolicy.stdout], [2, ""])
      assert.match(noPolicy.stderr, /The policy .*none\.json cannot be used: there is no such file/)
      assert.strictEqual((yield* run(["acp", "--policy", "none.json"], { isStarted: true })).code, 2)
      const noFolder = yield* run(["serve", "--token-file", "none/token"])
      assert.deepStrictEqual([noFolder.code, noFolder.stdout, yield* fs.exists(file("none"))], [2, "", false])
      assert.match(noFolder.stderr, /--token-file cannot be .*none\/token: there is no folder/)
      const hosts = ["--sandbox", "workspace-write", "--set", "sandbox_network=[\"a.com\"]"]
      assert.strictEqual((yield* run(["serve", ...hosts])).code, 2)
      assert.strictEqual((yield* run(["acp", ...hosts], { isStarted: true })).code, 2)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("tells of sessions that other processes begin and go on with", () =>
    Effect.gen(function*() {
      const { follow, run } = yield* machine(Script.fromTurns(
        ["One.", "Two.", "Three."].map((text) => Script.answer(Script.say(text)))
      ))
      const { output } = yield* follow(["serve"])
      const server = yield* listening(output)
      assert.deepStrictEqual((yield* server.ask("GET", "/v1/sessions")).body, { sessions: [] })
      yield* run(["run", "first"])
      const { body } = yield* server.ask("GET", "/v1/sessions")
      const session = textOf(body, "sessions", "0", "id")
      const reader = yield* server.reader(session)
      yield* reader.until("turn.completed")
      yield* run(["resume", session, "second"])
      assert.include(JSON.stringify(yield* reader.until("turn.completed", 2)), "Two.")
      // What this server does itself comes in its place.
      yield* server.turn(session, "third")
      const told = yield* reader.until("turn.completed", 3)
      assert.include(JSON.stringify(told), "Three.")
      const logged = (events: typeof told) => events.filter(({ id }) => id !== undefined)
      const again = yield* (yield* server.reader(session)).until("turn.completed", 3)
      assert.deepStrictEqual(logged(told), logged(again))
    }).pipe(Effect.provide(platform)))

  it.scopedLive("goes on with all turns after kill -9, without a gap for readers, and runs no call twice", () =>
    Effect.gen(function*() {
      const all = Array.from({ length: 10 }, (_, n) => n)
      const { file, folder, start } = yield* machine((request) => {
        const asked = JSON.stringify(request.input)
        const [, n = ""] = /go (\d)/.exec(asked) ?? []
        // At the same moment, some have ended, and some are in the middle of a call.
        return asked.includes("function_call_output")
          ? Script.answer(Script.say("Done."))
          : Script.answer(Script.call("bash", { command: `echo ran >> ran-${n}; sleep ${Number(n) / 3}` }, "call_1"))
      })
      const first = yield* start(["serve", "--workspace", folder])
      const before = yield* listening(first.output)
      const sessions = yield* Effect.forEach(all, () => before.begin())
      const readers = yield* Effect.forEach(sessions, (session) => before.reader(session))
      yield* Effect.forEach(sessions, (session, n) => before.turn(session, `go ${n}`, { key: "k" }), {
        concurrency: "unbounded"
      })
      // One that leaves is no error.
      const [session = ""] = sessions
      yield* Effect.scoped(Effect.flatMap(before.reader(session), (leaving) => leaving.until("turn.started")))
      yield* readers[0]?.until("turn.completed") ?? Effect.void
      yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => all.every((n) => isThere(file(`ran-${n}`))) })
      assert.strictEqual(first.output().stderr, "")
      first.child.kill("SIGKILL")
      const read = yield* Effect.forEach(readers, (reader) => reader.toEnd, { concurrency: "unbounded" })
      const cut = read.filter((events) => events.every(({ line }) => line.type !== "turn.completed"))
      assert.isAtLeast(cut.length, 2)

      const second = yield* start(["serve", "--workspace", folder])
      const after = yield* listening(second.output)
      assert.strictEqual(after.token, before.token)
      for (const [n, session] of sessions.entries()) {
        const had = read[n] ?? []
        const last = had.findLast(({ id }) => id !== undefined)?.id ?? ""
        const again = yield* after.reader(session, "", { "last-event-id": last })
        const hasEnded = had.some(({ line }) => line.type === "turn.completed")
        const rest = hasEnded ? [] : yield* again.until("turn.completed")
        const whole = yield* (yield* after.reader(session)).until("turn.completed")
        assert.deepStrictEqual(whole, [...had, ...rest].filter(({ id }) => id !== undefined))
        assert.deepStrictEqual(types(whole), [
          "thread.started",
          "turn.started",
          "usage",
          "item.started",
          "item.completed",
          "item.completed",
          "usage",
          "turn.completed"
        ])
        assert.strictEqual(textOf((yield* after.turn(session, `go ${n}`, { key: "k" })).body, "turn_id"), "turn-1")
        assert.strictEqual(readFileSync(file(`ran-${n}`), "utf8"), "ran\n")
      }
      assert.strictEqual(second.output().stderr, "")
    }).pipe(Effect.provide(platform)))
})

const isThere = (path: string): boolean => statSync(path, { throwIfNoEntry: false }) !== undefined
