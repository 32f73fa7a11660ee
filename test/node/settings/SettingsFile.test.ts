import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SettingsFile from "../../../src/node/settings/SettingsFile.ts"
import { get, layer, layerWith, makeFolder, mode, openOnFullDisk, put } from "../support.ts"

const written = `// Settings of the office
{
\t// the model that all have
\t"model": "gpt-5.5", // for now
\t"models": {
\t\t"qwen": { "images": true }, // a local one
\t},
}
`

const makeFile = (content: string) =>
  Effect.tap(Effect.map(makeFolder, (folder) => `${folder}/config.json`), (file) => put(file, content))

describe("SettingsFile", () => {
  it.scoped("changes what it is told to, and nothing else", () =>
    Effect.gen(function*() {
      const file = yield* makeFile(written)
      assert.isUndefined(yield* SettingsFile.set(file, "model", "gpt-6"))
      assert.strictEqual(yield* get(file), written.replace("gpt-5.5", "gpt-6"))
      yield* SettingsFile.set(file, "models.qwen.images", "false")
      assert.strictEqual(yield* get(file), written.replace("gpt-5.5", "gpt-6").replace("true", "false"))
      yield* SettingsFile.set(file, "compact_at", "50")
      assert.include(yield* get(file), "\n\t\"compact_at\": 50")
      assert.deepStrictEqual(yield* SettingsFile.unset(file, "compact_at"), { wasSet: true, problem: undefined })
      assert.deepStrictEqual(yield* SettingsFile.unset(file, "compact_at"), { wasSet: false, problem: undefined })
      const text = yield* get(file)
      for (
        const comment of ["// Settings of the office", "// the model that all have", "// for now", "// a local one"]
      ) {
        assert.include(text, comment)
      }
      assert.notInclude(text, "compact_at")
    }).pipe(Effect.provide(layer)))

  it.scoped("begins a file that is not there, or is empty, and which only its owner can read", () =>
    Effect.gen(function*() {
      const file = `${yield* makeFolder}/home/config.json`
      yield* SettingsFile.set(file, "web_search", "true")
      assert.deepStrictEqual(JSON.parse(yield* get(file)), { web_search: true })
      assert.strictEqual(yield* mode(file), 0o600)
      yield* put(file, " \n")
      yield* SettingsFile.set(file, "models.\"gpt-5.5\".images", "true")
      assert.deepStrictEqual(JSON.parse(yield* get(file)), { models: { "gpt-5.5": { images: true } } })
    }).pipe(Effect.provide(layer)))

  it.scoped("writes nothing that could not be used", () =>
    Effect.gen(function*() {
      const file = yield* makeFile(written)
      const cases = [["model", ""], ["modle", "x"], ["web_search", "maybe"], ["models.qwen", "5"], ["a..b", "1"]]
      for (const [key = "", value = ""] of cases) {
        assert.strictEqual((yield* Effect.flip(SettingsFile.set(file, key, value)))._tag, "ConfigError")
        assert.strictEqual(yield* get(file), written)
      }
      yield* put(file, "{ \"model\": ")
      const { message } = yield* Effect.flip(SettingsFile.set(file, "model", "x"))
      assert.include(message, "it is broken JSON, which ends too early")
      assert.strictEqual(yield* get(file), "{ \"model\": ")
    }).pipe(Effect.provide(layer)))

  it.scoped("mends a broken file setting by setting, and tells what is left", () =>
    Effect.gen(function*() {
      const file = yield* makeFile("{\"modle\":\"x\",\"web_search\":\"yes\",\"models\":7}")
      assert.strictEqual((yield* SettingsFile.set(file, "web_search", "true"))?.key, "modle")
      const { problem, wasSet } = yield* SettingsFile.unset(file, "modle")
      assert.isTrue(wasSet)
      assert.strictEqual(problem?.key, "models")
      assert.isUndefined(yield* SettingsFile.set(file, "models.qwen.images", "true"))
      assert.deepStrictEqual(JSON.parse(yield* get(file)), { web_search: true, models: { qwen: { images: true } } })
    }).pipe(Effect.provide(layer)))

  it.scoped("leaves links in their place, symbolic and hard ones", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* makeFolder
      const real = yield* makeFile(written)
      yield* fs.symlink(real, `${folder}/soft.json`)
      yield* fs.link(real, `${folder}/hard.json`)
      yield* SettingsFile.set(`${folder}/soft.json`, "model", "gpt-6")
      assert.strictEqual(yield* fs.readLink(`${folder}/soft.json`), real)
      for (const file of [real, `${folder}/hard.json`]) {
        assert.strictEqual(yield* get(file), written.replace("gpt-5.5", "gpt-6"))
      }
    }).pipe(Effect.provide(layer)))

  it.scopedLive("loses no change where several are made at once", () =>
    Effect.gen(function*() {
      const file = yield* makeFile("{}")
      const names = Array.from({ length: 8 }, (_, index) => `m${index}`)
      yield* Effect.forEach(names, (name) => SettingsFile.set(file, `models.${name}.images`, "true"), {
        concurrency: names.length
      })
      const { models } = JSON.parse(yield* get(file)) as { readonly models: object }
      assert.sameMembers(Object.keys(models), names)
    }).pipe(Effect.provide(layer)))

  it.scoped("leaves the file as it was when the disk is full", () =>
    Effect.gen(function*() {
      const file = yield* makeFile(written)
      const { message } = yield* Effect.flip(SettingsFile.set(file, "model", "gpt-6"))
      assert.include(message, "no space")
      assert.strictEqual(yield* get(file), written)
    }).pipe(Effect.provide(layerWith(openOnFullDisk(() => true)))))
})
