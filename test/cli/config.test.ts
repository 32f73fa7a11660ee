import { assert, describe, it } from "@effect/vitest"
import { Ajv } from "ajv"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "./machine.ts"

const nothing = Script.fromTurns([])

interface Listed {
  readonly settings: ReadonlyArray<{
    readonly key: string
    readonly value: unknown
    readonly source: string
    readonly from: string | null
  }>
}

describe("effixir config", () => {
  it.scopedLive("shows a setting whose name sounds like a secret and is none", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(() => Script.answer(Script.say("Hello.")))
      yield* run(["config", "set", "credential_store", "file"])
      assert.strictEqual((yield* run(["config", "get", "credential_store"])).stdout, "file\n")
    }).pipe(Effect.provide(platform)))

  it.scoped("lists all settings, with where each comes from", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* machine(nothing)
      yield* fs.writeFileString(`${home}/config.json`, "{ // mine\n  \"model\": \"gpt-5.5\",\n}\n")
      const env = { EFFIXIR_TRANSPORT: "auto" }
      const { code, stderr, stdout } = yield* run(["config", "list", "--json", "--set", "web_search=true"], { env })
      assert.deepStrictEqual([code, stderr], [0, ""])
      const { settings } = JSON.parse(stdout) as Listed
      const of = (name: string) => settings.find(({ key }) => key === name) ?? assert.fail(name)
      assert.deepStrictEqual(of("model"), {
        key: "model",
        value: "gpt-5.5",
        source: "user",
        from: `${home}/config.json`
      })
      assert.deepInclude(of("transport"), { value: "auto", source: "env", from: "EFFIXIR_TRANSPORT" })
      assert.deepInclude(of("web_search"), { value: true, source: "flag", from: "--set" })
      assert.deepInclude(of("dialect"), { value: "responses", source: "default", from: null })
      assert.deepInclude(of("policy"), { value: null, source: "default", from: null })
      const text = (yield* run(["config", "list"], { env })).stdout
      assert.match(text, /^model +user \S*config\.json +gpt-5\.5$/m)
      assert.match(text, /^transport +env EFFIXIR_TRANSPORT +auto$/m)
    }).pipe(Effect.provide(platform)))

  it.scoped("sets, gets and unsets one, and says what goes before it", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* machine(nothing)
      const file = `${home}/config.json`
      yield* fs.writeFileString(file, "{\n  // mine\n  \"model\": \"gpt-5.5\"\n}\n")
      assert.deepStrictEqual(yield* run(["config", "set", "model", "gpt-6"]), {
        code: 0,
        stdout: "",
        stderr: `effixir: model is set in ${file}\n`
      })
      assert.strictEqual(yield* fs.readFileString(file), "{\n  // mine\n  \"model\": \"gpt-6\"\n}\n")
      assert.strictEqual((yield* run(["config", "get", "model"])).stdout, "gpt-6\n")
      const env = { EFFIXIR_MODEL: "other" }
      assert.include((yield* run(["config", "set", "model", "x"], { env })).stderr, "EFFIXIR_MODEL goes before it here")
      assert.strictEqual((yield* run(["config", "unset", "model"])).code, 0)
      const { code, stderr, stdout } = yield* run(["config", "get", "model"])
      assert.deepStrictEqual([code, stdout, stderr], [0, "", "effixir: model is not set\n"])
      assert.include(yield* fs.readFileString(file), "// mine")
    }).pipe(Effect.provide(platform)))

  it.scoped("refuses what it does not know, and names the nearest", () =>
    Effect.gen(function*() {
      const { run } = yield* machine(nothing)
      const cases = [
        [["config", "set", "modle", "x"], "the nearest is model"],
        [["config", "get", "web_serch"], "the nearest is web_search"],
        [["config", "unset", "durabilty"], "the nearest is durability"],
        [["config", "set", "web_search", "maybe"], "expected true or false"],
        [["config", "set", "model"], "effixir config set KEY VALUE"],
        [["config", "list", "--set", "trnsport=sse"], "the nearest is transport"],
        [["config", "lst"], "the nearest is config list"],
        [["config", "list", "--jsn"], "the nearest is --json"]
      ] as const
      for (const [words, message] of cases) {
        const { code, stderr, stdout } = yield* run(words)
        assert.deepStrictEqual([code, stdout], [2, ""], words.join(" "))
        assert.include(stderr, message)
      }
    }).pipe(Effect.provide(platform)))

  it.scoped("shows no secret of a server", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* machine(nothing)
      const headers = { "api-key": "s3cr3t-one", authorization: "Bearer s3cr3t-two", "x-team": "red" }
      const servers = { "https://a.test/v1": { headers, query: { access_token: "s3cr3t-three" } } }
      yield* fs.writeFileString(`${home}/config.json`, JSON.stringify({ servers }))
      const shown = yield* Effect.forEach([
        ["config", "list"],
        ["config", "list", "--json"],
        ["config", "get", "servers"],
        ["config", "get", "servers.\"https://a.test/v1\".headers.api-key"]
      ], (words) => Effect.map(run(words), ({ stderr, stdout }) => stdout + stderr))
      for (const text of shown) {
        assert.notInclude(text, "s3cr3t")
        assert.include(text, "[hidden]")
      }
      assert.include(shown[1], "red")
    }).pipe(Effect.provide(platform)))

  it.scoped("prints where the file is, and a schema that takes what the program takes", () =>
    Effect.gen(function*() {
      const { folder, home, run } = yield* machine(nothing)
      assert.strictEqual((yield* run(["config", "path"])).stdout, `${home}/config.json\n`)
      assert.deepStrictEqual(JSON.parse((yield* run(["config", "path", "--json"])).stdout), {
        path: `${home}/config.json`,
        exists: false,
        project: { path: `${folder}/.effixir/config.json`, exists: false, trusted: false }
      })
      const validate = new Ajv({ strict: false }).compile(JSON.parse((yield* run(["config", "schema"])).stdout))
      assert.isTrue(validate({ $schema: "x", model: "gpt-5.5", compact_at: false, models: { q: { images: true } } }))
      for (
        const wrong of [{ modle: "x" }, { compact_at: 5 }, { web_search: "yes" }, { models: { q: { imges: true } } }]
      ) {
        assert.isFalse(validate(wrong), JSON.stringify(wrong))
      }
    }).pipe(Effect.provide(platform)))

  it.scoped("takes the settings of a project once it is trusted, in a run as well", () =>
    Effect.gen(function*() {
      const { file, fs, run, simulator } = yield* machine(
        Script.fromTurns([Script.answer(Script.say("Hello.")), Script.answer(Script.say("Hello again."))])
      )
      yield* fs.makeDirectory(file(".effixir"))
      yield* fs.writeFileString(file(".effixir/config.json"), "{ \"model\": \"gpt-6-astra\" }")
      const model = Effect.map(simulator.requests, (all) =>
        (all.at(-1)?.body as { readonly model?: string } | undefined)?.model)
      const first = yield* run(["Hello?"])
      assert.include(first.stderr, ".effixir/config.json left out: this project is not trusted")
      assert.notStrictEqual(yield* model, "gpt-6-astra")
      const second = yield* run(["--trust", "Hello?"])
      assert.notInclude(second.stderr, "left out")
      assert.strictEqual(yield* model, "gpt-6-astra")
      assert.strictEqual((yield* run(["config", "get", "model"])).stdout, "gpt-6-astra\n")
    }).pipe(Effect.provide(platform)))

  it.scoped("says that a project cannot allow more than the person does", () =>
    Effect.gen(function*() {
      const { file, fs, home, run } = yield* machine(() => Script.answer(Script.say("Hello.")))
      yield* fs.writeFileString(`${home}/config.json`, "{ \"permission\": \"read-only\" }")
      yield* fs.makeDirectory(file(".effixir"))
      const set = (settings: object) => fs.writeFileString(file(".effixir/config.json"), JSON.stringify(settings))
      yield* set({ permission: "auto" })
      const { code, stderr } = yield* run(["--trust", "Hello?"])
      assert.strictEqual(code, 0)
      const left = "config.json sets permission to auto, which allows more than read-only does; it is left out"
      assert.strictEqual(stderr.split(left).length, 2, stderr)
      yield* set({ credential_store: "keyring" })
      const own = yield* run(["Hello?"])
      assert.strictEqual(own.code, 2)
      assert.include(own.stderr, "credential_store in")
      assert.include(own.stderr, "a project cannot set it")
    }).pipe(Effect.provide(platform)))
})
