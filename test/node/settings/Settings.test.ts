import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Settings from "../../../src/node/settings/Settings.ts"
import { get, layer, makeFolder, put } from "../support.ts"

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
    assert.match(
      error.expected,
      /^(?:it is (?:empty|broken JSON, which ends too early); mend it: )?expected [^{]*$|^there is no such setting; the nearest is [\w./:]+$/
    )
    assert.strictEqual(yield* get(path), content)
    return error.key
  })

describe("Settings", () => {
  it.scoped("reads what is set", () =>
    Effect.gen(function*() {
      const settings = { model: "gpt-5.5", reasoning_effort: "high", reasoning_summary: "auto" }
      assert.deepStrictEqual(yield* load(JSON.stringify(settings)), settings)
      const more = { credential_store: "keyring", transport: "auto", dialect: "chat-completions" } as const
      assert.deepStrictEqual(yield* load(JSON.stringify(more)), more)
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

  it.scoped("names what is wrong with a server, of whichever kind it is", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [server: unknown, key: string, expected: RegExp]> = [
        [{ command: 3 }, "mcp_servers.x.command", /^expected the name or the path of a program/],
        [{ command: "y", tool_timeout: -1 }, "mcp_servers.x.tool_timeout", /^expected a number of seconds/],
        [{ url: "ftp://y" }, "mcp_servers.x.url", /^expected an address that begins with http/],
        [{ url: "http://y", headers: { "a b": "c" } }, "mcp_servers.x.headers.\"a b\"", /names of headers/],
        [
          { url: "http://y", bearer_token_env_var: 3 },
          "mcp_servers.x.bearer_token_env_var",
          /^expected the name of a var/
        ],
        [{ comand: "y" }, "mcp_servers.x.comand", /the nearest is mcp_servers\.x\.command$/],
        [{ command: "y", url: "http://y" }, "mcp_servers.x", /or else with url/],
        [{ url: "http://y", args: ["z"] }, "mcp_servers.x", /or else with url/]
      ]
      for (const [server, key, expected] of cases) {
        const error = yield* Effect.flip(Settings.decode({ mcp_servers: { x: server } }, "here"))
        assert.strictEqual(error.key, key)
        assert.match(error.expected, expected)
      }
    }))

  it.scoped("names the nearest key, at every depth", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [settings: unknown, nearest: string | undefined]> = [
        [{ modle: "x" }, "model"],
        [{ compact_att: 50 }, "compact_at"],
        [{ models: { "qwen*": { imges: true } } }, "models.qwen*.images"],
        [{ models: { m: { price: { imput: 1, output: 2 } } } }, "models.m.price.input"],
        [{ servers: { "https://a.test": { hedaers: {} } } }, "servers.https://a.test.headers"],
        [{ colour: "red" }, undefined]
      ]
      const path = `${yield* makeFolder}/config.json`
      for (const [settings, nearest] of cases) {
        yield* put(path, JSON.stringify(settings))
        const { expected } = yield* Effect.flip(Settings.load(path))
        const told = `there is no such setting; the nearest is ${nearest}`
        assert.strictEqual(expected === told, nearest !== undefined, expected)
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("reads comments, commas behind the last entry, a mark of the byte order, and the address of a schema", () =>
    Effect.gen(function*() {
      const written = `{
        // the model of the office
        "model": "gpt-5.5", /* or another */
        "web_search": true,
      }`
      const settings = { model: "gpt-5.5", web_search: true }
      assert.deepStrictEqual(yield* load(written), settings)
      assert.deepStrictEqual(yield* load(`\uFEFF${written}`), settings)
      assert.deepStrictEqual(yield* load(`\uFEFF${JSON.stringify(settings)}`), settings)
      assert.deepStrictEqual(yield* load(JSON.stringify({ $schema: "./config.json", ...settings })), settings)
      assert.strictEqual(yield* refused("{ // a comment\n  \"model\": \"x\","), "The JSON")
      const path = `${yield* makeFolder}/config.json`
      yield* put(path, "{\n  // a comment\n  \"model\" \"x\"\n}\n")
      assert.include((yield* Effect.flip(Settings.load(path))).expected, "it is broken JSON, in line 3")
    }).pipe(Effect.provide(layer)))

  it.scoped("names the key whose value is of no use", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* refused("{\"model\":7}"), "model")
      assert.strictEqual(yield* refused("{\"model\":\"\"}"), "model")
      assert.strictEqual(yield* refused("{\"reasoning_effort\":null}"), "reasoning_effort")
    }).pipe(Effect.provide(layer)))

  it.scoped("reads what models can be sent", () =>
    Effect.gen(function*() {
      const models = { "qwen*": { reasoning: true, parallel_tool_calls: false, context_window: 32_768 }, llava: {} }
      assert.deepStrictEqual((yield* load(JSON.stringify({ models }))).models, {
        "qwen*": { reasoning: true, parallelToolCalls: false, contextWindow: 32_768 },
        llava: {}
      })
    }).pipe(Effect.provide(layer)))

  it.scoped("reads what requests to a server carry besides", () =>
    Effect.gen(function*() {
      const server = { headers: { "api-key": { env: "AZURE_KEY" } }, query: { "api-version": "2024-10-21" } }
      const settings = { servers: { "https://a.openai.azure.com/openai": server, "http://localhost:8080/v1": {} } }
      assert.deepStrictEqual(yield* load(JSON.stringify(settings)), settings)
      const wrong = [{ "not a url": {} }, { "https://a.test": { header: {} } }, {
        "https://a.test": { headers: { "a b": "c" } }
      }, {
        "https://a.test": { headers: { a: { env: "" } } }
      }, { "https://a.test": { query: { a: 1 } } }]
      for (const servers of wrong) {
        assert.match(yield* refused(JSON.stringify({ servers })), /^servers/)
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("names the words that can be chosen from, and the field of a model that is of no use", () =>
    Effect.gen(function*() {
      const cases: ReadonlyArray<readonly [settings: unknown, key: string, expected: string]> = [
        [{ transport: "carrier-pigeon" }, "transport", "\"websocket\""],
        [{ dialect: true }, "dialect", "\"chat-completions\""],
        [{ credential_store: "shoebox" }, "credential_store", "\"keyring\""],
        [{ models: [] }, "models", "an object"],
        [{ models: { "qwen*": true } }, "models.qwen*", "an object"],
        [{ models: { "qwen*": { reasoning: "yes" } } }, "models.qwen*.reasoning", "true or false"],
        [{ models: { "qwen*": { context_window: -1 } } }, "models.qwen*.context_window", "a number"],
        [{ models: { "qwen*": { resoning: true } } }, "models.qwen*.resoning", "reasoning"]
      ]
      for (const [settings, key, expected] of cases) {
        const path = `${yield* makeFolder}/config.json`
        yield* put(path, JSON.stringify(settings))
        const error = yield* Effect.flip(Settings.load(path))
        assert.strictEqual(error.key, key)
        assert.include(error.expected, expected)
      }
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
      assert.include(error.message, "is a folder where a file is needed")
      assert.notMatch(error.message, /EISDIR|FileSystem|BadResource/)
    }).pipe(Effect.provide(layer)))
})
