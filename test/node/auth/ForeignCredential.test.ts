import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { Credential } from "../../../src/auth/Credential.ts"
import * as ForeignCredential from "../../../src/node/auth/ForeignCredential.ts"

/** What is read of a file with this text, in the shape of our own file. */
const readFile = (tool: ForeignCredential.Tool, text: string) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const path = `${yield* fs.makeTempDirectoryScoped()}/auth.json`
    yield* fs.writeFileString(path, text)
    const { credential, leftOut } = yield* ForeignCredential.read({ ...tool, path: Config.succeed(path) })
    assert.strictEqual(yield* fs.readFileString(path), text)
    return { ...yield* Schema.encode(Credential)(credential), leftOut }
  }).pipe(Effect.provide(NodeFileSystem.layer))

const { codex, pi } = ForeignCredential

const tokens = { id_token: "id", access_token: "access", refresh_token: "refresh", account_id: "acct" }

describe("ForeignCredential.read", () => {
  it.scoped("takes the tokens of Codex", () =>
    Effect.gen(function*() {
      const json = JSON.stringify({ OPENAI_API_KEY: null, tokens, last_refresh: "2026-07-19T12:34:56.789Z" })
      assert.deepStrictEqual<unknown>(yield* readFile(codex, json), { kind: "subscription", ...tokens, leftOut: [] })
    }))

  it.scoped("takes the API key of Codex when it has no tokens", () =>
    Effect.gen(function*() {
      const key = { kind: "api_key", api_key: "sk-1", leftOut: [] }
      for (const file of [{ OPENAI_API_KEY: "sk-1" }, { auth_mode: "apikey", OPENAI_API_KEY: "sk-1", tokens }]) {
        assert.deepStrictEqual<unknown>(yield* readFile(codex, JSON.stringify(file)), key)
      }
    }))

  it.scopedLive("takes what counts for Codex, and no other thing that its file still has", () =>
    Effect.gen(function*() {
      const file = { auth_mode: "chatgpt", OPENAI_API_KEY: "sk-1", tokens, last_refresh: "2026-11-19T12:34:56.789Z" }
      assert.deepInclude(yield* readFile(codex, JSON.stringify(file)), { kind: "subscription" })
      const token = { ...file, auth_mode: "personalAccessToken", personal_access_token: "at-1" }
      assert.include((yield* Effect.flip(readFile(codex, JSON.stringify(token)))).message, "only Codex can use")
    }))

  it.scoped("takes the plan of Pi, or else its API key", () =>
    Effect.gen(function*() {
      const plan = { type: "oauth", access: "access", refresh: "refresh", expires: 5, accountId: "acct" }
      const key = { type: "api_key", key: "sk-1" }
      assert.deepStrictEqual<unknown>(yield* readFile(pi, JSON.stringify({ "openai-codex": plan, openai: key })), {
        kind: "subscription",
        access_token: "access",
        refresh_token: "refresh",
        expires_at: 5,
        account_id: "acct",
        leftOut: []
      })
      assert.deepStrictEqual<unknown>(yield* readFile(pi, JSON.stringify({ openai: key })), {
        kind: "api_key",
        api_key: "sk-1",
        leftOut: []
      })
    }))

  it.scopedLive("reads each provider of Pi by itself, and says what it leaves out", () =>
    Effect.gen(function*() {
      const plan = { type: "oauth", access: "access", refresh: "refresh", expires: 5, accountId: "acct" }
      const own = { type: "oauth", access: "a", refresh: "r", expires: 5, clientId: "oaiapp_1" }
      const others = { anthropic: { type: "api_key", key: "k" }, google: { type: "api_key" } }
      const read = (file: object) => readFile(pi, JSON.stringify(file))
      const found = yield* read({ openai: own, "openai-codex": plan, ...others })
      assert.deepInclude(found, { kind: "subscription", access_token: "access" })
      assert.deepStrictEqual(found.leftOut.map((text) => text.split(":")[0]), ["openai", "anthropic, google"])
      assert.include(found.leftOut[0], "login --chatgpt")

      const key = yield* read({ "openai-codex": { type: "oauth", access: "access" }, openai: { key: "sk-1" } })
      assert.deepInclude(key, { kind: "api_key", api_key: "sk-1", leftOut: ["openai-codex: it is not complete"] })
      const error = yield* Effect.flip(read({ openai: own, ...others }))
      assert.include(error.message, "login --chatgpt")
      assert.include(error.message, "anthropic")
      const command = yield* Effect.flip(read({ openai: { type: "api_key", key: "!pass show openai" } }))
      assert.include(command.message, "copy the key anew")
      assert.notInclude(command.message, "pass show")
    }))

  for (const text of ["", "{", "{}", "null", "{\"tokens\":{\"access_token\":\"s3cret\"}}"]) {
    it.live(`says which file it cannot use, and nothing of what it holds: ${text}`, () =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(readFile(codex, text))
        assert.include(error.message, "auth.json")
        assert.include(error.message, "Codex")
        assert.notInclude(`${error.message} ${JSON.stringify(error)}`, "s3cret")
      }).pipe(Effect.scoped))
  }

  it.live("says that there is nothing to take", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(ForeignCredential.read(codex))
      assert.include(error.message, "/nowhere/auth.json")
    }).pipe(
      Effect.provide(NodeFileSystem.layer),
      Effect.withConfigProvider(ConfigProvider.fromMap(new Map([["CODEX_HOME", "/nowhere"]])))
    ))
})
