import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import * as Processes from "../../../src/tools/command/Processes.ts"
import { call, context, fail, get, isAlive, layer, succeed } from "../support.ts"

const layerStaying = Layer.provideMerge(Processes.layer, layer)

const start = (command: string) => succeed("bash", { command, background: true })

/** Reads until all of it is there. */
const readUntil = (id: string, wanted: string) => {
  let all = ""
  return Effect.suspend(() => succeed("process", { action: "read", id })).pipe(
    Effect.map((output) => (all += output)),
    Effect.filterOrFail((all) => all.includes(wanted), (all) => new Error(`not in time: ${wanted} in ${all}`)),
    Effect.retry({ times: 2000, schedule: Schedule.spaced("10 millis") })
  )
}

const pidIn = (path: string) =>
  Effect.map(get(path), Number).pipe(
    Effect.filterOrFail((pid) => pid > 0, () => new Error("there is no pid yet")),
    Effect.retry({ times: 2000, schedule: Schedule.spaced("10 millis") })
  )

describe("a command that stays", () => {
  it.live("gives a handle at once; it is read, written to, listed and stopped by it", () =>
    Effect.gen(function*() {
      const started = yield* call("bash", {
        command: "echo $$ > pid; while read -r line; do echo \"got $line\"; done",
        background: true
      })
      assert.match(started.output, /in the background as p1\./)
      assert.deepStrictEqual(started.details, { process: "p1" })
      const pid = yield* pidIn("pid")
      assert.match(yield* succeed("process", { action: "read", id: "p1" }), /^\[Nothing new\. p1 runs; 0 bytes/)
      yield* succeed("process", { action: "write", id: "p1", text: "one\ntwo\n" })
      assert.include(yield* readUntil("p1", "got two"), "got one\n")
      assert.match(yield* succeed("process", { action: "list" }), /^p1: echo .* \(runs; 16 bytes printed in all\)$/)
      // It is of this session alone.
      const others = yield* Effect.flip(
        Effect.flatMap(Processes.Processes, (processes) => processes.read("another", "p1"))
      )
      assert.match(others.message, /no process p1/)
      assert.isTrue(isAlive(pid))
      const stopped = yield* call("process", { action: "stop", id: "p1" })
      assert.match(stopped.output, /p1 was ended by SIGTERM/)
      assert.deepInclude(stopped.details, { running: false, total_bytes: 16 })
      assert.isFalse(isAlive(pid))
      assert.match(yield* fail("process", { action: "write", id: "p1", text: "x" }), /takes no input any more/)
      assert.match(yield* fail("process", { action: "read" }), /id is missing/)
    }).pipe(Effect.provide(layerStaying)))

  it.live("is waited for; of what it prints the end is kept, and all is counted", () =>
    Effect.gen(function*() {
      yield* start("seq 1 100000; exit 3")
      const ended = yield* call("process", { action: "wait", id: "p1" })
      assert.match(
        ended.output,
        /\n100000\n\[Only the last 2000 lines .*\]\n\[p1 has ended with exit code 3; 588895 bytes/
      )
      assert.isBelow(ended.output.length, 60_000)
      assert.deepInclude(ended.details, { exit_code: 3, total_bytes: 588_895 })
      yield* start("sleep 600")
      const waiting = yield* call("process", { action: "wait", id: "p2", timeout_ms: 20 })
      assert.match(waiting.output, /p2 runs/)
    }).pipe(Effect.provide(layerStaying)))

  it.live("is not one of too many, and ends with its session and with the program", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const services = yield* Layer.buildWithScope(layerStaying, scope)
      const pids = yield* Effect.gen(function*() {
        for (let n = 0; n < 8; n++) yield* start(`echo $$ > pid${n}; setsid sleep 600 & wait`)
        assert.match(yield* fail("bash", { command: "sleep 600", background: true }), /^8 processes run/)
        const pids = yield* Effect.forEach([0, 1, 2], (n) => pidIn(`pid${n}`))
        const { end, start: startOf } = yield* Processes.Processes
        const other = yield* startOf("another", "sleep 600", "/")
        yield* end(context.sessionId)
        for (const pid of pids) assert.isFalse(isAlive(pid))
        const { list } = yield* Processes.Processes
        assert.deepStrictEqual(yield* list(context.sessionId), [])
        assert.deepStrictEqual((yield* list("another")).map(({ ending, id }) => [id, ending]), [[other.id, undefined]])
        yield* start("echo $$ > last; sleep 600")
        return [yield* pidIn("last")]
      }).pipe(Effect.provide(services))
      yield* Scope.close(scope, Exit.void)
      for (const pid of pids) assert.isFalse(isAlive(pid))
    }), { timeout: Duration.toMillis("1 minute") })

  it.live("cannot be where there is no place for it", () =>
    Effect.gen(function*() {
      assert.match(yield* fail("bash", { command: "sleep 1", background: true }), /no command can stay/)
      assert.match(yield* fail("process", { action: "stop", id: "p1" }), /no process p1/)
    }).pipe(Effect.provide(layer)))
})

describe("a command that stays, with a terminal", () => {
  const startIn = (command: string) => succeed("bash", { command, background: true, tty: true })

  it.live("sees one, is typed to, hears Ctrl-C and the end of its input, and ends with its own code", () =>
    Effect.gen(function*() {
      yield* startIn(
        "test -t 0 && test -t 1 && echo 'it'\\''s a' terminal; stty size; trap 'echo interrupted' INT; " +
          "read -r line; echo \"got <$line>\"; cat; echo \"at its end\"; sleep 600 & wait; exit 7"
      )
      assert.include(yield* readUntil("p1", "40 120"), "it's a terminal\n")
      yield* succeed("process", { action: "write", id: "p1", text: "two words\n" })
      assert.include(yield* readUntil("p1", "got <two"), "two words\n")
      yield* succeed("process", { action: "write", id: "p1", text: "\u0004" })
      yield* readUntil("p1", "at its")
      yield* succeed("process", { action: "write", id: "p1", text: "\u0003" })
      yield* readUntil("p1", "interrupted")
      const ended = yield* call("process", { action: "wait", id: "p1" })
      assert.deepInclude(ended.details, { running: false, exit_code: 7 })
    }).pipe(Effect.provide(layerStaying)))

  it.live("is stopped with all that it has started, though its terminal is a session of its own", () =>
    Effect.gen(function*() {
      yield* startIn("trap '' HUP TERM; sleep 600 & echo $! > pid; wait; sleep 600")
      const pid = yield* pidIn("pid")
      assert.isTrue(isAlive(pid))
      yield* succeed("process", { action: "stop", id: "p1" })
      assert.isFalse(isAlive(pid))
    }).pipe(Effect.provide(layerStaying)))

  it.live("is for background only", () =>
    Effect.gen(function*() {
      assert.match(yield* fail("bash", { command: "true", tty: true }), /together with background/)
    }).pipe(Effect.provide(layerStaying)))
})
