import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { FunctionTool } from "../../src/responses/Request.ts"
import * as BoundedOutput from "../../src/tools/BoundedOutput.ts"
import * as BuiltIn from "../../src/tools/BuiltIn.ts"
import { at, call, fail, layer, names, put, succeed } from "./support.ts"

/**
 * What the contract needs to know of a tool: a call that does well where `a.txt` holds "some text", a call that has a
 * lot to say, and the argument that leads to files. A new tool gets a line here.
 */
const contract: Readonly<
  Record<string, { readonly good: Arguments; readonly long: Arguments; readonly place: string; readonly file?: string }>
> = {
  read: { good: { path: "a.txt", offset: 1, limit: 5 }, long: { path: "long.txt" }, place: "path" },
  write: { good: { path: "a.txt", content: "x" }, long: { path: "a/".repeat(9999), content: "" }, place: "path" },
  edit: {
    good: { path: "a.txt", old_string: "some", new_string: "more", replace_all: false },
    long: { path: "a/".repeat(99_999), old_string: "a", new_string: "b" },
    place: "path"
  },
  bash: {
    good: { command: "cat a.txt", timeout_ms: 60_000, workdir: "." },
    long: { command: "cat long.txt long.txt" },
    place: "workdir"
  }
}

type Arguments = Readonly<Record<string, unknown>>

describe("A built-in tool", () => {
  it("is under the contract", () => {
    assert.sameMembers([...BuiltIn.toolkit.tools.keys()], Object.keys(contract))
  })

  for (const [name, { declaration }] of BuiltIn.toolkit.tools) {
    const { good, long, place } = contract[name] ?? assert.fail(name)
    const declared = Schema.is(FunctionTool)(declaration) ? declaration : assert.fail(name)
    const parameters = declared.parameters as { readonly properties: Arguments; readonly required: Array<string> }

    describe(name, () => {
      it("is declared as the API wants it", () => {
        assert.strictEqual(declared.name, name)
        assert.isNotEmpty(declared.description)
        assert.deepInclude(declared.parameters, { type: "object", additionalProperties: false })
        assert.notMatch(JSON.stringify(declaration), /\$schema|\$ref|\$defs|\$id/)
        for (const property of Object.values(parameters.properties)) {
          assert.containsAllKeys(property, ["type", "description"])
        }
      })

      it.live("takes what it declares", () =>
        Effect.gen(function*() {
          yield* put("a.txt", "some text")
          assert.sameMembers(Object.keys(parameters.properties), Object.keys(good))
          yield* succeed(name, good)
        }).pipe(Effect.provide(layer)))

      it.live("names what is missing or wrong", () =>
        Effect.gen(function*() {
          yield* put("a.txt", "some text")
          for (const field of Object.keys(good)) {
            assert.match(yield* fail(name, { ...good, [field]: { no: "thing" } }), new RegExp(`${field}: Expected`))
            const { status, output } = yield* call(name, Record.remove(good, field))
            const isRequired = parameters.required.includes(field)
            assert.strictEqual(status, isRequired ? "failed" : "completed", field)
            if (isRequired) assert.match(output, new RegExp(`${field}: is missing`))
          }
        }).pipe(Effect.provide(layer)))

      it.live("touches nothing outside the workspace", () =>
        Effect.gen(function*() {
          const fs = yield* FileSystem.FileSystem
          yield* fs.symlink("../outside/secret.txt", yield* at("link-to-file"))
          const secret = yield* at("../outside/secret.txt")
          for (const path of ["../outside/secret.txt", secret, "link-out/secret.txt", "link-to-file", "link-out"]) {
            const output = yield* fail(name, { ...good, [place]: path })
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
    })
  }
})
