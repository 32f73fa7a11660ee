import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as BoundedOutput from "../../src/tools/BoundedOutput.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { call, fail, succeed } from "./support.ts"

class Greeting extends Context.Tag("effixir/test/tools/ToolExecutor.test/Greeting")<Greeting, string>() {}

const greet = Tool.make({
  name: "greet",
  description: "Greets",
  parameters: Schema.Struct({ name: Schema.String, times: Schema.optional(Schema.Number) }),
  handler: ({ name, times = 1 }) => Effect.map(Greeting, (greeting) => `${greeting}, ${name}!\n`.repeat(times))
})

const handling = (name: string, handler: () => Effect.Effect<string, Tool.ToolFailure>) =>
  Tool.make({ name, description: "", parameters: Schema.Struct({}), handler })

const toolkit = Toolkit.make(
  greet,
  handling("refuse", () => new Tool.ToolFailure({ message: "x".repeat(1_000_000) })),
  handling("crash", () => Effect.die(new Error("a bug"))),
  handling("wait", () => Effect.never)
)

const executor = ToolExecutor.layer(toolkit).pipe(Layer.provide(Layer.succeed(Greeting, "Hello")))

describe("ToolExecutor", () => {
  it.effect("declares its tools in order", () =>
    Effect.gen(function*() {
      const { declarations } = yield* ToolExecutor.ToolExecutor
      assert.deepStrictEqual(declarations.map(({ name }) => name), ["greet", "refuse", "crash", "wait"])
      assert.strictEqual(declarations[0], greet.declaration)
    }).pipe(Effect.provide(executor)))

  it.effect("gives handlers what the layer was given", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* succeed("greet", { name: "Ada" }), "Hello, Ada!\n")
    }).pipe(Effect.provide(executor)))

  it.effect("tells what is wrong with a call", () =>
    Effect.gen(function*() {
      assert.match(yield* fail("greet", "{\"name\": "), /^The arguments of greet are not JSON \(.+\)$/)
      assert.match(yield* fail("greet", "Ada"), /not JSON/)
      assert.match(yield* fail("greet", { name: 7 }), /name: Expected string, actual 7/)
      assert.match(yield* fail("greet", { times: 1 }), /name: is missing/)
      assert.match(yield* fail("greet", "[]"), /Invalid arguments for greet: Expected .*\[\]/)
      assert.match(yield* fail("greet", "null"), /Invalid arguments for greet/)
      assert.strictEqual(
        yield* fail("great", {}),
        "There is no tool named great. The tools are: greet, refuse, crash, wait."
      )
    }).pipe(Effect.provide(executor)))

  it.effect("takes no arguments at all for none", () =>
    Effect.gen(function*() {
      assert.match(yield* fail("greet", ""), /name: is missing/)
      assert.match(yield* fail("greet", " \n"), /name: is missing/)
    }).pipe(Effect.provide(executor)))

  it.effect("takes 10 MB of arguments", () =>
    Effect.gen(function*() {
      const name = "é".repeat(5 * 1024 * 1024)
      assert.match(yield* succeed("greet", { name }), /^Hello, é+\n\[Output cut: the first 51200 bytes are shown/)
      const failure = yield* fail("greet", { name: [name] })
      assert.match(failure, /name: Expected string/)
      assert.isAtMost(Buffer.byteLength(failure), BoundedOutput.maxBytes + 1024)
    }).pipe(Effect.provide(executor)))

  it.effect("bounds what a tool says that does not do so itself", () =>
    Effect.gen(function*() {
      const output = yield* succeed("greet", { name: "Ada", times: 5000 })
      assert.match(output, /^Hello, Ada!\n(.*\n)*\[Output cut: 2000 of 5000 lines are shown\..*\]$/)
      assert.isAtMost(Buffer.byteLength(yield* fail("refuse", {})), BoundedOutput.maxBytes + 1024)
    }).pipe(Effect.provide(executor)))

  it.effect("dies of a bug in a handler", () =>
    Effect.gen(function*() {
      const exit = yield* Effect.exit(call("crash", {}))
      assert.isTrue(Exit.isFailure(exit) && Cause.isDie(exit.cause))
    }).pipe(Effect.provide(executor)))

  it.effect("stops a handler when it is interrupted itself", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      const waiting = handling("wait", () =>
        Effect.zipRight(Deferred.succeed(started, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
        ))
      const fiber = yield* Effect.fork(
        Effect.provide(call("wait", {}), ToolExecutor.layer(Toolkit.make(waiting)))
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(yield* Deferred.isDone(stopped))
    }))
})
