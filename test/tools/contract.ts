import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { FunctionTool, ToolDeclaration } from "../../src/responses/Request.ts"
import type * as BuiltIn from "../../src/tools/builtin/BuiltIn.ts"
import * as BoundedOutput from "../../src/tools/command/BoundedOutput.ts"
import type * as Tool from "../../src/tools/Tool.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import { at, call, fail, get, layer, names, put, succeed } from "./support.ts"

type Arguments = Readonly<Record<string, unknown>> | string

/** What the contract needs to know of a tool. */
export interface Example {
  /** A call that does well where `a.txt` holds "some text", and names every parameter that there is. */
  readonly good: Arguments
  /** A call that has a lot to say where `long.txt` is long, or much to complain of. */
  readonly long: Arguments
  /** A call that leads to a path; a tool that takes no path has none. */
  readonly leadingTo?: (path: string) => Arguments
  /** A call that takes a while, if `good` does not. */
  readonly slow?: Arguments
}

/** What every tool promises. */
export const contract = ({ declaration, name }: Tool.Tool<BuiltIn.Requirements>, example: Example) => {
  const { good, leadingTo, long, slow = good } = example

  /** The files of the workspace with their content. */
  const files = Effect.gen(function*() {
    const texts = (yield* names()).filter((name) => name.endsWith(".txt")).toSorted()
    return { names: (yield* names()).toSorted(), texts: yield* Effect.forEach(texts, get) }
  })

  describe(name, () => {
    it("is declared as the API wants it, also after a round trip", () => {
      const sent: unknown = JSON.parse(JSON.stringify(declaration))
      assert.isTrue(Schema.is(ToolDeclaration)(sent))
      assert.deepStrictEqual(sent, declaration)
      assert.strictEqual(declaration["name"], name)
      assert.isNotEmpty(declaration["description"])
      assert.notMatch(JSON.stringify(declaration), /\$schema|\$ref|\$defs|\$id/)
      if (!isFunction(declaration)) return
      assert.deepInclude(declaration.parameters, { type: "object", additionalProperties: false })
      for (const property of Object.values(propertiesOf(declaration))) {
        assert.containsAllKeys(property, ["type", "description"])
      }
      assert.sameMembers(Object.keys(propertiesOf(declaration)), Object.keys(good))
    })

    it.live("takes what it declares", () =>
      Effect.gen(function*() {
        yield* put("a.txt", "some text")
        yield* succeed(name, good)
      }).pipe(Effect.provide(layer)))

    it.live("says in a sentence what is missing or wrong", () =>
      Effect.gen(function*() {
        yield* put("a.txt", "some text")
        for (const nonsense of ["{", "null", "[[[]]]", "\0\uD800", "x".repeat(10 * 1024 * 1024)]) {
          const output = yield* fail(name, nonsense)
          assert.isNotEmpty(output)
          assert.notMatch(output, /^\s+at |\[object /m)
          assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)
        }
        if (typeof good === "string" || !isFunction(declaration)) return
        for (const field of Object.keys(good)) {
          assert.match(yield* fail(name, { ...good, [field]: { no: "thing" } }), new RegExp(`${field} must be `))
          const { output, status } = yield* call(name, Record.remove(good, field))
          const isRequired = (declaration.parameters["required"] as ReadonlyArray<string>).includes(field)
          assert.strictEqual(status, isRequired ? "failed" : "completed", field)
          if (isRequired) assert.match(output, new RegExp(`${field} is missing`))
        }
      }).pipe(Effect.provide(layer)))

    it.live.runIf(leadingTo !== undefined)("touches nothing outside the workspace", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* fs.symlink("../outside/secret.txt", yield* at("link-to-file"))
        const secret = yield* at("../outside/secret.txt")
        for (const path of ["../outside/secret.txt", secret, "link-out/secret.txt", "link-to-file", "link-out"]) {
          const output = yield* fail(name, leadingTo?.(path))
          assert.match(output, /is outside the workspace/)
          assert.notMatch(output, /secret$/)
        }
        assert.deepStrictEqual(yield* names("../outside"), ["secret.txt"])
        assert.strictEqual(yield* fs.readFileString(secret), "secret")
      }).pipe(Effect.provide(layer)))

    it.live("is not talkative", () =>
      Effect.gen(function*() {
        yield* put("long.txt", "€".repeat(100) + "\n€".repeat(100_000))
        const { output } = yield* call(name, long)
        assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)
        assert.isAtMost(output.split("\n").length, BoundedOutput.maxLines + 3)
      }).pipe(Effect.provide(layer)))

    it.live("says in a line what it would do, and does nothing", () =>
      Effect.gen(function*() {
        const { describe } = yield* ToolExecutor.ToolExecutor
        yield* put("a.txt", "some text")
        const before = yield* files
        const args = typeof good === "string" ? good : JSON.stringify(good)
        for (const text of [args, "", "{", "x".repeat(10 * 1024 * 1024)]) {
          const said = yield* describe({ type: "function_call", call_id: "c", name, arguments: text })
          assert.match(said, /^[^\n]{1,300}$/)
        }
        assert.deepStrictEqual(yield* files, before)
      }).pipe(Effect.provide(layer)))

    it.live("stops at once when it is interrupted, with everything or nothing done", () =>
      Effect.gen(function*() {
        const reset = Effect.zipRight(put("a.txt", "some text"), succeed("read", { path: "a.txt" }))
        yield* reset
        const before = yield* files
        for (const delay of [0, 1, 3, 10]) {
          const fiber = yield* Effect.fork(call(name, slow))
          yield* Effect.sleep(delay)
          yield* Effect.timeout(Fiber.interrupt(fiber), "2 seconds")
          const after = yield* files
          assert.deepStrictEqual(after.names.filter((name) => /tmp/.test(name)), [])
          if (JSON.stringify(after) !== JSON.stringify(before)) {
            // What was done must be all that the call does.
            yield* reset
            yield* succeed(name, slow)
            assert.deepStrictEqual(after, yield* files)
          }
          yield* reset
        }
      }).pipe(Effect.provide(layer)))
  })
}

const isFunction = Schema.is(FunctionTool)

const propertiesOf = ({ parameters }: FunctionTool) => parameters["properties"] as Readonly<Record<string, object>>
