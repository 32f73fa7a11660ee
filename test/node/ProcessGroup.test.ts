import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ProcessGroup from "../../src/node/ProcessGroup.ts"
import { CommandRunner } from "../../src/tools/CommandRunner.ts"
import { isAlive } from "../tools/support.ts"
import { layer as platform, makeFolder } from "./support.ts"

const layer = Layer.merge(ProcessGroup.layer, platform)

const start = (command: string) =>
  Effect.gen(function*() {
    const runner = yield* CommandRunner
    return yield* runner.start(command, yield* makeFolder)
  })

describe("ProcessGroup", () => {
  it.scopedLive("gives the output as it comes, and then the end", () =>
    Effect.gen(function*() {
      const running = yield* start("echo one; echo two >&2; exit 4")
      assert.strictEqual(yield* running.output.pipe(Stream.decodeText(), Stream.mkString), "one\ntwo\n")
      assert.deepStrictEqual(yield* running.ending, { _tag: "Exited", code: 4 })
      assert.deepStrictEqual(yield* running.ending, { _tag: "Exited", code: 4 })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("tells of a signal", () =>
    Effect.gen(function*() {
      const running = yield* start("kill -TERM $$")
      assert.deepStrictEqual(yield* running.ending, { _tag: "Killed", signal: "SIGTERM" })
    }).pipe(Effect.provide(layer)))

  it.scopedLive(
    "ends the whole group with the scope, even one that is deaf and whose output nobody reads",
    () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const running = yield* Scope.extend(start("trap '' TERM; yes >&2 & echo $$; echo $!; wait"), scope)
        const lines = running.output.pipe(Stream.decodeText(), Stream.splitLines, Stream.filter((line) => line !== "y"))
        const pids = Array.from(yield* lines.pipe(Stream.take(2), Stream.runCollect), Number)
        assert.isTrue(pids.every(isAlive))
        yield* Scope.close(scope, Exit.void)
        assert.isFalse(pids.some(isAlive))
      }).pipe(Effect.provide(layer)),
    10_000
  )

  it.scopedLive("says why a command cannot be started", () =>
    Effect.gen(function*() {
      const runner = yield* CommandRunner
      const error = yield* Effect.flip(runner.start("true", `${yield* makeFolder}/nowhere`))
      assert.strictEqual(error._tag, "CommandNotStarted")
      assert.match(error.message, /^The command could not be started: .+/)
    }).pipe(Effect.provide(layer)))
})
