import type { PlatformError } from "@effect/platform/Error"
import { assert, describe, it } from "@effect/vitest"
import { UnknownException } from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ClientCommands from "../../src/acp/ClientCommands.ts"
import * as ClientFiles from "../../src/acp/ClientFiles.ts"
import type { CommandRunner } from "../../src/tools/command/CommandRunner.ts"
import type { Files } from "../../src/tools/workspace/Files.ts"

const never: <A>() => Effect.Effect<A> = () => Effect.never

/** Of the runner below, nothing is needed but the environment. */
const runner = { environment: Effect.succeed({}) } as typeof CommandRunner.Service
const options = { env: { EFFIXIR_SESSION_ID: "s" } }

const terminal = (given: Partial<ClientCommands.ClientTerminal>): ClientCommands.ClientTerminal => ({
  output: Effect.succeed({ output: "", exitStatus: {} }),
  exit: Effect.succeed({ exitCode: 0 }),
  kill: Effect.void,
  release: Effect.void,
  ...given
})

describe("The commands of an editor", () => {
  it.effect("can be ended while it has not answered, and what it opens too late is closed", () =>
    Effect.gen(function*() {
      let closed = 0
      const late = Effect.delay(
        Effect.succeed(terminal({ release: Effect.sync(() => void closed++) })),
        "1 minute"
      )
      const { start } = ClientCommands.around(() => late, [])(runner)
      const running = yield* Effect.fork(Effect.scoped(start("true", "/", options)))
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(running)
      assert.strictEqual(closed, 0)
      yield* TestClock.adjust("2 minutes")
      assert.strictEqual(closed, 1)
    }))

  it.effect("are given back although it does not answer", () =>
    Effect.gen(function*() {
      const open = () => Effect.succeed(terminal({ kill: never(), release: never() }))
      const { start } = ClientCommands.around(open, [])(runner)
      const running = yield* Effect.fork(Effect.scoped(start("true", "/", options)))
      for (let n = 0; n < 10; n++) yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* running.await)._tag, "Success")
    }))

  it.effect("have failed where it does not say how they ended, and say where it has lost some output", () =>
    Effect.gen(function*() {
      const said = ["one\n".repeat(100), "two\n".repeat(100)]
      let asked = 0
      const output = Effect.sync(() => ({
        output: said[Math.min(asked++, 1)] ?? "",
        exitStatus: asked > 1 ? {} : null
      }))
      const open = () => Effect.succeed(terminal({ output, exit: Effect.delay(Effect.succeed({}), "300 millis") }))
      const { start } = ClientCommands.around(open, [])(runner)
      const { ending, text } = yield* Effect.scoped(Effect.gen(function*() {
        const running = yield* start("true", "/", options)
        const pieces = yield* Effect.fork(Stream.runCollect(running.output))
        for (let n = 0; n < 5; n++) yield* TestClock.adjust("100 millis")
        const text = Array.from(yield* Fiber.join(pieces), (bytes) => new TextDecoder().decode(bytes)).join("")
        return { ending: yield* running.ending, text }
      }))
      assert.deepInclude(ending, { _tag: "Exited", code: 1 })
      assert.include(text, "some of the output is lost")
    }))
})

describe("The files of an editor", () => {
  const written: Array<string> = []
  const files = {
    stat: () => Effect.succeed(Option.none()),
    replace: (real: string) => Effect.sync(() => void written.push(real))
  } as unknown as typeof Files.Service
  const replace = (error: unknown): Effect.Effect<void, PlatformError> =>
    ClientFiles.around({ write: () => Effect.fail(new UnknownException(error)) })(files).replace(
      "/a",
      "text",
      undefined
    )

  it.effect("are not changed on the disk where it refuses", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(replace(Object.assign(new Error("you have said no"), { code: -32603 })))
      assert.include(error.message, "you have said no")
      assert.deepStrictEqual(written, [])
    }))

  it.effect("are changed on the disk where it knows of no such thing", () =>
    Effect.gen(function*() {
      yield* replace(Object.assign(new Error("Method not found"), { code: -32601 }))
      assert.deepStrictEqual(written, ["/a"])
    }))
})
