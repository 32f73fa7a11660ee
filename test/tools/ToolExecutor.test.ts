import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type { Item } from "../../src/responses/Item.ts"
import { outputText } from "../../src/responses/ToolCall.ts"
import * as BoundedOutput from "../../src/tools/command/BoundedOutput.ts"
import * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Toolkit from "../../src/tools/Toolkit.ts"
import { call, context, fail, succeed } from "./support.ts"

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
      const declarations = yield* Effect.flatMap(ToolExecutor.ToolExecutor, ({ declarations }) => declarations)
      assert.deepStrictEqual(declarations.map((tool) => tool["name"]), ["greet", "refuse", "crash", "wait"])
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
      assert.match(yield* fail("greet", { name: 7 }), /name must be a string, not the number 7/)
      assert.match(yield* fail("greet", { times: 1 }), /name is missing; it must be a string/)
      assert.match(
        yield* fail("greet", "[]"),
        /Invalid arguments for greet: the arguments as a whole must be an object.*, not an empty list/
      )
      assert.match(yield* fail("greet", "null"), /Invalid arguments for greet/)
      assert.strictEqual(
        yield* fail("great", {}),
        "There is no tool named great. The tools are: greet, refuse, crash, wait."
      )
    }).pipe(Effect.provide(executor)))

  it.effect("takes no arguments at all for none", () =>
    Effect.gen(function*() {
      assert.match(yield* fail("greet", ""), /name is missing; it must be a string/)
      assert.match(yield* fail("greet", " \n"), /name is missing; it must be a string/)
    }).pipe(Effect.provide(executor)))

  it.effect("takes 10 MB of arguments", () =>
    Effect.gen(function*() {
      const name = "é".repeat(5 * 1024 * 1024)
      assert.match(yield* succeed("greet", { name }), /^Hello, é+\n\[Output cut: the first 51200 bytes are shown/)
      const failure = yield* fail("greet", { name: [name] })
      assert.match(failure, /name must be a string, not a list/)
      assert.isAtMost(Buffer.byteLength(failure), BoundedOutput.maxBytes + 1024)
    }).pipe(Effect.provide(executor)))

  it.effect("bounds what a tool says that does not do so itself", () =>
    Effect.gen(function*() {
      const output = yield* succeed("greet", { name: "Ada", times: 5000 })
      assert.match(output, /^Hello, Ada!\n(.*\n)*\[Output cut: 2000 of 5000 lines are shown\..*\]$/)
      assert.isAtMost(Buffer.byteLength(yield* fail("refuse", {})), BoundedOutput.maxBytes + 1024)
    }).pipe(Effect.provide(executor)))

  it.effect("tells of a handler that throws, with what it says", () =>
    Effect.gen(function*() {
      assert.strictEqual(
        yield* fail("crash", {}),
        "crash broke down before it had a result: a bug. What it did until then is not known."
      )
    }).pipe(Effect.provide(executor)))

  it.effect("goes on where a tool gives what is no JSON", () =>
    Effect.gen(function*() {
      const odd = (name: string, output: unknown, details: unknown) =>
        Tool.make({
          name,
          description: "",
          parameters: Schema.Struct({}),
          handler: () => Effect.succeed(new Tool.Result({ output: output as string, details: details as {} }))
        })
      const executor = ToolExecutor.layer(Toolkit.make(
        odd("parts", [{ type: "input_text", text: 1n }], undefined),
        odd("details", "fine", { n: 1n, kept: "no" })
      ))
      assert.match(yield* Effect.provide(fail("parts", {}), executor), /cannot be written as JSON: it holds a BigInt/)
      const result = yield* Effect.provide(call("details", {}), executor)
      assert.deepStrictEqual([result.status, result.output, result.details], ["completed", "fine", undefined])
    }))

  it.effect("takes free text that a server has put into an argument", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* succeed("shout", { input: "hey" }), "HEY")
      assert.strictEqual(yield* succeed("shout", "hey"), "HEY")
      assert.strictEqual(yield* succeed("shout", "{\"no\": 1}"), "{\"NO\": 1}")
    }).pipe(Effect.provide(ToolExecutor.layer(Toolkit.make(Tool.freeform({
      name: "shout",
      description: "",
      syntax: "lark",
      grammar: "start: /.+/",
      handler: (text) => Effect.succeed(text.toUpperCase())
    }))))))

  it.effect("does something before, after, or in the place of a call", () => {
    const seen: Array<string> = []
    const logged = ToolExecutor.middleware((next) => ({
      ...next,
      execute: (call, context) =>
        Effect.suspend(() => {
          seen.push(`before ${call.name}`)
          return Effect.map(next.execute(call, context), (result) => {
            seen.push(`after ${result.status}`)
            return { ...result, output: `${String(result.output)}(logged)` }
          })
        })
    }))
    const guarded = ToolExecutor.middleware((next) => ({
      ...next,
      execute: (call, context) =>
        call.name === "crash"
          ? Effect.succeed({ status: "failed", output: "not today" })
          : next.execute(call, context)
    }))
    return Effect.gen(function*() {
      assert.strictEqual(yield* succeed("greet", { name: "Ada" }), "Hello, Ada!\n(logged)")
      assert.strictEqual(yield* fail("crash", {}), "not today(logged)")
      assert.deepStrictEqual(seen, ["before greet", "after completed", "before crash", "after failed"])
      const { declarations } = yield* ToolExecutor.ToolExecutor
      assert.strictEqual((yield* declarations)[0], greet.declaration)
    }).pipe(Effect.provide(logged.pipe(Layer.provide(guarded), Layer.provide(executor))))
  })

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

  it.effect("knows the tools that there are at the moment", () =>
    Effect.gen(function*() {
      const ref = yield* Ref.make<Toolkit.Toolkit>(Toolkit.empty)
      yield* Effect.gen(function*() {
        const { declarations } = yield* ToolExecutor.ToolExecutor
        assert.deepStrictEqual(yield* declarations, [])
        assert.match(yield* fail("late", {}), /no tool named late/)
        yield* Ref.set(ref, Toolkit.make(handling("late", () => Effect.succeed("here"))))
        assert.deepStrictEqual((yield* declarations).map((tool) => tool["name"]), ["late"])
        assert.strictEqual(yield* succeed("late", {}), "here")
      }).pipe(Effect.provide(ToolExecutor.layer(Ref.get(ref))))
    }))

  it.effect("bounds a list: its texts together, and what is no text by size and number", () =>
    Effect.gen(function*() {
      const image = (length: number) => ({ type: "input_image", image_url: "x".repeat(length) })
      const text = { type: "input_text", text: "y\n".repeat(1500) }
      const giving = (...parts: ReadonlyArray<Item>) =>
        Effect.map(call("list", {}), ({ raw }) => raw).pipe(
          Effect.provide(ToolExecutor.layer(Toolkit.make(Tool.make({
            name: "list",
            description: "",
            parameters: Schema.Struct({}),
            handler: () => Effect.succeed(parts)
          }))))
        )
      assert.deepStrictEqual<unknown>(yield* giving(text, image(10), image(20)), [
        text,
        image(10),
        image(20)
      ])
      const bounded = yield* giving(text, image(8 * 1024 * 1024), text, image(10))
      assert.deepStrictEqual<unknown>(bounded.slice(1), [image(10)])
      assert.match(outputText(bounded), /\[Output cut: 2000 of 3001 lines are shown.*\]\n\[Left out: 1, .*\]$/m)
    }))

  it.effect("reads a call as the tool was declared, whichever form it comes in", () =>
    Effect.gen(function*() {
      const { execute } = yield* ToolExecutor.ToolExecutor
      const custom = (name: string, input: string) =>
        Effect.map(
          execute({ type: "custom_tool_call", call_id: "c", name, input }, context),
          ({ output, status }) => [status, output]
        )
      assert.deepStrictEqual(yield* custom("shout", "{\"a\"}"), ["completed", "{\"A\"}"])
      assert.deepStrictEqual(yield* custom("greet", "{\"name\":\"Ada\"}"), ["completed", "Hello, Ada!\n"])
      assert.strictEqual(yield* succeed("shout", "hey"), "HEY")
    }).pipe(Effect.provide(
      ToolExecutor.layer(Toolkit.make(
        greet,
        Tool.freeform({
          name: "shout",
          description: "",
          syntax: "regex",
          grammar: ".*",
          handler: (text) => Effect.succeed(text.toUpperCase())
        })
      )).pipe(Layer.provide(Layer.succeed(Greeting, "Hello")))
    )))

  it.effect("says what a call would do, whatever the call", () =>
    Effect.gen(function*() {
      const { describe } = yield* ToolExecutor.ToolExecutor
      const said = (name: string, args: string) =>
        describe({ type: "function_call", call_id: "c", name, arguments: args })
      assert.strictEqual(yield* said("crash", "{}"), "crash {}")
      assert.strictEqual(yield* said("crash", "{"), "crash {")
      assert.strictEqual(yield* said("nope", "{}"), "nope (there is no such tool)")
    }).pipe(Effect.provide(executor)))
})
