import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Record from "effect/Record"
import * as Redacted from "effect/Redacted"
import * as Extras from "../../../src/node/settings/Extras.ts"
import type { Servers } from "../../../src/node/settings/Servers.ts"

const addresses = { chatgptBaseUrl: "https://chatgpt.test", apiBaseUrl: "https://api.test/v1/?api-version=1" }

const resolve = (servers: Servers, environment: { readonly [name: string]: string } = {}) =>
  Extras.resolve(servers, addresses, "config.json").pipe(
    Effect.withConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment))))
  )

describe("Extras", () => {
  it.effect("have the values of the environment, for the servers in use", () =>
    Effect.gen(function*() {
      const extras = yield* resolve({
        "https://api.test/v1/": {
          headers: { "api-key": { env: "KEY" }, "x-token": "literal-token", "x-plan": "plan" },
          query: { "api-version": "ü 1", tenant: { env: "TENANT" } }
        },
        "https://other.test": { headers: { "api-key": { env: "OTHER" } } }
      }, { KEY: " key-value\n", TENANT: "tenant-1" })
      assert.deepStrictEqual(Object.keys(extras), ["https://api.test/v1"])
      const { headers = {}, query = {}, secrets = [] } = extras["https://api.test/v1"] ?? {}
      assert.deepStrictEqual(Record.map(headers, Redacted.value), {
        "api-key": "key-value",
        "x-token": "literal-token",
        "x-plan": "plan"
      })
      assert.deepStrictEqual(Record.map(query, Redacted.value), { "api-version": "ü 1", tenant: "tenant-1" })
      assert.deepStrictEqual(secrets.map(Redacted.value), ["key-value", "literal-token", "tenant-1"])
      assert.notMatch(JSON.stringify(extras), /value|literal|tenant-1/)
    }))

  it.effect("cannot be had where a variable is not set, unless only another server needs it", () =>
    Effect.gen(function*() {
      const servers = { "https://api.test/v1": { headers: { "api-key": { env: "KEY" } } } }
      for (const environment of [{}, { KEY: "" }]) {
        const error = yield* Effect.flip(resolve(servers, environment))
        assert.strictEqual(
          error.message,
          "servers.https://api.test/v1.headers.api-key in config.json cannot be used: " +
            "the variable KEY of the environment is not set"
        )
      }
      assert.deepStrictEqual(yield* resolve({ "https://other.test": { headers: { a: { env: "KEY" } } } }), {})
    }))
})
