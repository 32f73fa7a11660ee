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
    const credential = yield* ForeignCredential.read({ ...tool, path: Config.succeed(path) })
    assert.strictEqual(yield* fs.readFileString(path), text)
    return yield* Schema.encode(Credential)(credential)
  }).pipe(Effect.provide(NodeFileSystem.layer))

const { codex, pi } = ForeignCredential

describe("ForeignCredential.read", () => {
  it.scoped("takes the tokens of Codex", () =>
    Effect.gen(function*() {
      const tokens = { id_token: "id", access_token: "access", refresh_token: "refresh", account_id: "acct" }
      const json = JSON.stringify({ OPENAI_API_KEY: null, tokens, last_refresh: "2026-07-19T12:34:56.789Z" })
      assert.deepStrictEqual<unknown>(yield* readFile(codex, json), { kind: "subscription", ...tokens })
    }))

  it.scoped("takes the API key of Codex when it has no tokens", () =>
    Effect.gen(function*() {
      const json = JSON.stringify({ auth_mode: "apikey", OPENAI_API_KEY: "sk-1" })
      assert.deepStrictEqual<unknown>(yield* readFile(codex, json), { kind: "api_key", api_key: "sk-1" })
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
        account_id: "acct"
      })
      assert.deepStrictEqual<unknown>(yield* readFile(pi, JSON.stringify({ openai: key })), {
        kind: "api_key",
        api_key: "sk-1"
      })
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
