import { assert, describe, it } from "@effect/vitest"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Credential from "../../src/auth/Credential.ts"
import * as Host from "../../src/auth/Host.ts"
import { chatGpt, subscription } from "./tokens.ts"

const addresses = { chatgptBaseUrl: "https://chatgpt.test/codex", apiBaseUrl: "https://api.test/v1" }
const billing = { organization: Option.some("org-1"), project: Option.some("proj-1") }
const key = Credential.apiKey(Redacted.make("sk-1"))

describe("A host", () => {
  it("tells in one word whom a credential speaks for", () => {
    assert.strictEqual(Host.of(subscription({ accountId: "acct-1" })).account, "chatgpt:acct-1")
    assert.strictEqual(Host.of(subscription({})).account, "chatgpt:unknown")
    assert.strictEqual(Host.of(key).account, "api-key")
    assert.strictEqual(Host.of(chatGpt()).account, "chatgpt-plan:oaiapp_1:user-1")
  })

  it("is the one that knows the credential", () => {
    assert.strictEqual(Host.of(subscription({})).baseUrl(addresses), "https://chatgpt.test/codex")
    assert.strictEqual(Host.of(key).baseUrl(addresses), "https://api.test/v1")
    assert.strictEqual(Host.of(chatGpt()).baseUrl(addresses), "https://api.test/v1")
  })

  it("is told the account by a subscription, and who pays by a key", () => {
    assert.deepStrictEqual(Host.of(subscription({ accountId: "acct-1" })).headers(billing), {
      "chatgpt-account-id": "acct-1"
    })
    assert.deepStrictEqual(Host.of(key).headers(billing), {
      "openai-organization": "org-1",
      "openai-project": "proj-1"
    })
    assert.deepStrictEqual(Host.of(key).headers({ organization: Option.none(), project: Option.none() }), {})
  })

  it("is told nothing beside the token by the official sign-in, and who pays least of all", () => {
    assert.deepStrictEqual(Host.of(chatGpt()).headers(billing), {})
    assert.deepStrictEqual(Host.of(chatGpt()).usagePath("https://api.test/v1"), Option.none())
    assert.deepStrictEqual(Host.of(chatGpt()).modelsQuery, { client_version: Host.clientVersion })
  })

  it("gets no token of the official sign-in unless it is of OpenAI, reached safely, or this machine", () => {
    const refusal = (credential: Credential.Credential, apiBaseUrl: string) =>
      Option.getOrUndefined(Host.of(credential).refuse({ ...addresses, apiBaseUrl }))
    for (
      const address of [
        "https://api.openai.com/v1",
        "https://API.OpenAI.com:443/v1/",
        "https://eu.api.openai.com/v1",
        "http://127.0.0.1:8080/v1",
        "http://localhost:8080",
        "http://[::1]:8080/v1",
        "https://127.1.2.3"
      ]
    ) {
      assert.isUndefined(refusal(chatGpt(), address), address)
    }
    for (
      const address of [
        "http://api.openai.com/v1",
        "https://api.test/v1",
        "https://api.openai.com.test/v1",
        "https://api.openai.com@api.test/v1",
        "https://notapi.openai.com/v1",
        "http://localhost.test/v1",
        "http://127.0.0.1.test/v1",
        "http://10.0.0.1/v1",
        "https://chatgpt.com/backend-api/codex"
      ]
    ) {
      const error = refusal(chatGpt(), address)
      assert.deepInclude(error, { _tag: "ConfigError", key: "OPENAI_BASE_URL" })
      assert.include(error?.message, address)
      assert.isUndefined(refusal(key, address))
      assert.isUndefined(refusal(subscription({}), address))
    }
  })

  it("has models of OpenAI, unless a key is for another server", () => {
    assert.isTrue(Host.of(subscription({})).isOpenAi(addresses))
    assert.isTrue(Host.of(chatGpt()).isOpenAi(addresses))
    assert.isFalse(Host.of(key).isOpenAi(addresses))
    for (const apiBaseUrl of ["https://api.openai.com/v1", "https://eu.api.openai.com/v1?a=b"]) {
      assert.isTrue(Host.of(key).isOpenAi({ ...addresses, apiBaseUrl }))
    }
  })

  it("knows every secret of a credential", () => {
    const unverified = { id_token: Redacted.make("i2"), at: 0 }
    assert.deepStrictEqual(Host.of(chatGpt({ unverified })).secrets.map(Redacted.value), ["a1", "r1", "i1", "i2"])
  })

  it("tells how much of a plan is used beside the folder of Codex", () => {
    const path = Host.of(subscription({})).usagePath
    assert.deepStrictEqual(path("https://chatgpt.test/backend-api/codex/"), Option.some("/../wham/usage"))
    assert.deepStrictEqual(path("https://chatgpt.test/backend-api"), Option.some("/wham/usage"))
    assert.deepStrictEqual(Host.of(key).usagePath("https://api.test/v1"), Option.none())
  })

  it.effect("is where the environment says, if it says an address", () =>
    Effect.gen(function*() {
      const read = (...entries: ReadonlyArray<readonly [string, string]>) =>
        Effect.withConfigProvider(
          Config.unwrap<Host.Addresses>(Host.addresses),
          ConfigProvider.fromMap(new Map(entries))
        )
      assert.deepStrictEqual(yield* read(), {
        chatgptBaseUrl: "https://chatgpt.com/backend-api/codex",
        apiBaseUrl: "https://api.openai.com/v1"
      })
      const named = yield* read(["OPENAI_BASE_URL", " http://127.0.0.1:8080/v1 "])
      assert.strictEqual(named.apiBaseUrl, "http://127.0.0.1:8080/v1")
      const queried = yield* read(["OPENAI_BASE_URL", "https://host.test/v1?api-version=1"])
      assert.strictEqual(queried.apiBaseUrl, "https://host.test/v1?api-version=1")
      for (const wrong of ["127.0.0.1:8080", "ftp://host.test?key=secret", "https://host.test/v1?key=secret#a"]) {
        const error = String(yield* Effect.flip(read(["OPENAI_BASE_URL", wrong])))
        assert.match(error, /expected an address like https/)
        assert.notInclude(error, "secret")
      }
    }))
})
