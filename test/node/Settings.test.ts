import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Settings from "../../src/node/Settings.ts"
import { get, layer, makeFolder, put } from "./support.ts"

const load = (content: string) =>
  Effect.gen(function*() {
    const path = `${yield* makeFolder}/config.json`
    yield* put(path, content)
    return yield* Settings.load(path)
  })

/** Which key of a content cannot be used. */
const refused = (content: string) =>
  Effect.gen(function*() {
    const path = `${yield* makeFolder}/config.json`
    yield* put(path, content)
    const error = yield* Effect.flip(Settings.load(path))
    assert.strictEqual(error._tag, "ConfigError")
    assert.strictEqual(error.source, path)
    assert.strictEqual(error.message, `${error.key} in ${path} cannot be used: ${error.expected}`)
    assert.strictEqual(yield* get(path), content)
    return error.key
  })

describe("Settings", () => {
  it.scoped("reads what is set", () =>
    Effect.gen(function*() {
      const settings = { model: "gpt-5.5", reasoning_effort: "high", reasoning_summary: "auto" }
      assert.deepStrictEqual(yield* load(JSON.stringify(settings)), settings)
      assert.deepStrictEqual(yield* load("{}"), {})
    }).pipe(Effect.provide(layer)))

  it.scoped("sets nothing without a file", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Settings.load(`${yield* makeFolder}/none/config.json`), {})
    }).pipe(Effect.provide(layer)))

  it.scoped("names the key that it does not know", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused("{\"model\":\"gpt-5.5\",\"modle\":\"x\"}"), "modle")
    }).pipe(Effect.provide(layer)))

  it.scoped("names the key whose value is of no use", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused("{\"model\":7}"), "model")
      assert.strictEqual(yield* refused("{\"model\":\"\"}"), "model")
      assert.strictEqual(yield* refused("{\"reasoning_effort\":null}"), "reasoning_effort")
    }).pipe(Effect.provide(layer)))

  it.scoped("refuses what is no JSON object", () =>
    Effect.gen(function*() {
      for (const content of ["", "{\"model\":", "[]", "null", "\"gpt-5.5\""]) {
        assert.strictEqual(yield* refused(content), "The JSON", content)
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("names a file that cannot be read", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const error = yield* Effect.flip(Settings.load(folder))
      assert.deepInclude(error, { _tag: "ConfigError", key: "The file", source: folder })
    }).pipe(Effect.provide(layer)))
})
