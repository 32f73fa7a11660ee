import * as SqlClient from "@effect/sql/SqlClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { existsSync, readFileSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { machine, platform } from "../cli/machine.ts"
import { assertSentence, eventually } from "../cli/support.ts"
import { hasPostgres, postgresAt, postgresUrl } from "./databases.ts"

const EFFIXIR_CREDENTIAL_KEY = Buffer.alloc(32, 7).toString("base64")

describe.runIf(hasPostgres)("The sign-in of a cluster", () => {
  it.scopedLive("is sealed in the database, and runners ask models with it", () =>
    Effect.gen(function*() {
      const EFFIXIR_DATABASE_URL = yield* postgresUrl
      const { auth, follow, run, simulator, start } = yield* machine(() => Script.answer(Script.say("Hello!")), {
        signedIn: false
      })
      const env = { EFFIXIR_CREDENTIAL_KEY, EFFIXIR_DATABASE_URL }
      const apiKey = Redacted.value(simulator.apiKey)
      const login = ["login", "--profile", "work", "--database", EFFIXIR_DATABASE_URL]

      const chatgpt = yield* run([...login, "--chatgpt"], { env })
      assert.strictEqual(chatgpt.code, 2)
      assertSentence(chatgpt.stderr, "A sign-in with ChatGPT stays on the machine of its owner")
      const keyless = yield* run([...login, "--with-api-key"], { stdin: apiKey })
      assert.notStrictEqual(keyless.code, 0)
      assertSentence(keyless.stderr, "EFFIXIR_CREDENTIAL_KEY")

      const short = { ...env, EFFIXIR_CREDENTIAL_KEY: "short" }
      const broken = yield* run([...login, "--with-api-key"], { env: short, stdin: apiKey })
      assertSentence(broken.stderr, "EFFIXIR_CREDENTIAL_KEY in the environment cannot be used: expected 32 bytes")

      const { code, stderr } = yield* run([...login, "--with-api-key"], { env, stdin: apiKey })
      assert.strictEqual(code, 0, stderr)
      assert.isFalse(existsSync(auth))
      const [row] = yield* Effect.flatMap(
        SqlClient.SqlClient,
        (sql) => sql<{ readonly sealed: string }>`SELECT sealed FROM effixir_credentials`
      ).pipe(Effect.provide(postgresAt(EFFIXIR_DATABASE_URL)))
      assert.isDefined(row)
      assert.notInclude(row.sealed, apiKey)

      const runner = yield* start(["runner", "--profile", "work"], { env })
      const gateway = yield* follow(["serve"], { env: { EFFIXIR_DATABASE_URL } })
      yield* eventually("both have started", () =>
        runner.output().stdout.includes("\n") && gateway.output().stdout.includes("\n"))
      const { token_file, url } = JSON.parse(gateway.output().stdout)
      const headers = {
        authorization: `Bearer ${readFileSync(token_file, "utf8").trim()}`,
        "content-type": "application/json"
      }
      const post = (path: string, body: unknown) =>
        Effect.promise(() =>
          fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) })
        )
      const made = yield* post("/v1/sessions", {})
      const { session_id: session }: { readonly session_id: string } = JSON.parse(
        yield* Effect.promise(() => made.text())
      )
      const begun = yield* post(`/v1/sessions/${session}/turns`, { input: "Go" })
      assert.strictEqual(begun.status, 202, yield* Effect.promise(() => begun.text()))
      yield* Effect.repeat(simulator.requests, { until: (all) => all.length > 0 })
      const asked = (yield* simulator.requests).at(-1)
      assert.strictEqual(asked?.headers["authorization"], `Bearer ${apiKey}`)
    }).pipe(Effect.provide(platform)))
})
