import * as HttpClient from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as AuthClient from "../../src/auth/AuthClient.ts"
import { apiKey, type Credential, type Subscription } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as Secrets from "../../src/auth/Secrets.ts"
import { SignedOut } from "../../src/auth/SignedOut.ts"
import { version } from "../../src/internal/version.ts"
import { chatGpt, jwt, nested, subscription } from "./tokens.ts"

interface Sent {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

type Environment = Readonly<Record<string, string>>

const signedIn = subscription({ accountId: "acct-1" })
const key = apiKey(Redacted.make("sk-1"))

const client = (credential: Credential | undefined, environment: Environment) =>
  AuthClient.layerConfig().pipe(
    Layer.provide(Layer.mock(Credentials.Credentials, {
      current: credential === undefined
        ? new SignedOut({ reason: "NeverSignedIn" })
        : Effect.succeed({ credential, source: "store" as const, reason: "" })
    })),
    Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(Object.entries(environment)))))
  )

/** What leaves the house when this is asked with that credential. */
const send = (
  credential: Credential | undefined,
  environment: Environment = {},
  request = HttpClientRequest.get("/models")
) => {
  const sent: Array<Sent> = []
  const network = HttpClient.make((request, url) =>
    Effect.sync(() => {
      sent.push({ url: url.href, headers: request.headers })
      return HttpClientResponse.fromWeb(request, new Response("{}"))
    })
  )
  return Effect.gen(function*() {
    const { client } = yield* AuthClient.AuthClient
    yield* client.execute(request)
    const [first, ...more] = sent
    assert.deepStrictEqual(more, [])
    assert.isDefined(first)
    return first ?? { url: "", headers: {} }
  }).pipe(
    Effect.provide(client(credential, environment)),
    Effect.provideService(HttpClient.HttpClient, network)
  )
}

const account = (credential: Credential | undefined) =>
  Effect.flatMap(AuthClient.AuthClient, ({ account }) => account).pipe(
    Effect.provide(client(credential, {})),
    Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.dieMessage("nobody is asked")))
  )

describe("AuthClient", () => {
  it.effect("speaks to the ChatGPT host for a subscription", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* send(signedIn), {
        url: "https://chatgpt.com/backend-api/codex/models",
        headers: {
          authorization: "Bearer opaque-access-secret",
          "chatgpt-account-id": "acct-1",
          originator: "effixir",
          "user-agent": `effixir/${version}`
        }
      })
    }))

  it.effect("speaks to the API for a key", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* send(key), {
        url: "https://api.openai.com/v1/models",
        headers: { authorization: "Bearer sk-1", originator: "effixir", "user-agent": `effixir/${version}` }
      })
    }))

  it.effect.each(["https://host.test/base", "https://host.test/base/", "https://host.test/base///"])(
    "takes another base URL, with slashes at its end or without: %s",
    (base) =>
      Effect.gen(function*() {
        const environment = { EFFIXIR_CHATGPT_BASE_URL: `${base}`, OPENAI_BASE_URL: base.replace("host", "api") }
        assert.strictEqual((yield* send(signedIn, environment)).url, "https://host.test/base/models")
        assert.strictEqual((yield* send(key, environment)).url, "https://api.test/base/models")
      })
  )

  it.effect("puts the query of a base URL behind the path of each request", () =>
    Effect.gen(function*() {
      const environment = { OPENAI_BASE_URL: "https://api.test/openai/?api-version=2024-10-21&x=a%20b" }
      const request = HttpClientRequest.get("/models", { urlParams: { q: "1" } })
      const { url } = yield* send(key, environment, request)
      assert.strictEqual(url, "https://api.test/openai/models?api-version=2024-10-21&x=a+b&q=1")
    }))

  it.effect("adds what a person has set for the server, and knows its secrets", () =>
    Effect.gen(function*() {
      const extras = {
        "https://api.test/openai": {
          headers: { "api-key": Redacted.make("header-secret"), "x-plan": Redacted.make("plan-value") },
          query: { "api-version": Redacted.make("2024-10-21") },
          secrets: [Redacted.make("header-secret")]
        },
        "https://other.test": { headers: { "x-other": Redacted.make("1") }, query: {}, secrets: [] }
      }
      const sent: Array<Sent> = []
      const { hide } = yield* Effect.gen(function*() {
        const { client } = yield* AuthClient.AuthClient
        yield* client.execute(HttpClientRequest.post("/responses"))
        return yield* Secrets.Secrets
      }).pipe(
        Effect.provide(AuthClient.layer({
          chatgptBaseUrl: "https://chatgpt.test",
          apiBaseUrl: "https://api.test/openai/?token=address-secret",
          originator: "effixir",
          organization: Option.none(),
          project: Option.none(),
          extras
        })),
        Effect.provide(Layer.mock(Credentials.Credentials, {
          current: Effect.succeed({ credential: key, source: "store" as const, reason: "" })
        })),
        Effect.provideService(
          HttpClient.HttpClient,
          HttpClient.make((request, url) =>
            Effect.sync(() => {
              sent.push({ url: url.href, headers: request.headers })
              return HttpClientResponse.fromWeb(request, new Response("{}"))
            })
          )
        ),
        Effect.provide(Secrets.layer)
      )
      assert.deepStrictEqual(sent.map(({ url }) => url), [
        "https://api.test/openai/responses?token=address-secret&api-version=2024-10-21"
      ])
      assert.deepInclude(sent[0]?.headers, {
        "api-key": "header-secret",
        "x-plan": "plan-value",
        authorization: "Bearer sk-1"
      })
      assert.notProperty(sent[0]?.headers, "x-other")
      assert.strictEqual(hide("header-secret address-secret plan-value 2024-10-21"), "… … plan-value 2024-10-21")
    }))

  it.effect("takes empty settings for none", () =>
    Effect.gen(function*() {
      const empty = {
        EFFIXIR_CHATGPT_BASE_URL: "",
        OPENAI_BASE_URL: "",
        EFFIXIR_ORIGINATOR: "",
        OPENAI_ORGANIZATION: "",
        OPENAI_PROJECT: ""
      }
      for (const credential of [signedIn, key]) {
        assert.deepStrictEqual(yield* send(credential, empty), yield* send(credential))
      }
    }))

  it.effect("finds the account in the token when none is stored, and does without", () =>
    Effect.gen(function*() {
      const idToken = jwt(nested({ chatgpt_account_id: "acct-2" }))
      assert.propertyVal((yield* send(subscription({ idToken }))).headers, "chatgpt-account-id", "acct-2")
      assert.notProperty((yield* send(subscription({}))).headers, "chatgpt-account-id")
    }))

  it.effect("says so when the account lives in the government cloud", () =>
    Effect.gen(function*() {
      const idToken = jwt(nested({ chatgpt_account_is_fedramp: true }))
      assert.propertyVal((yield* send(subscription({ idToken }))).headers, "x-openai-fedramp", "true")
      assert.notProperty((yield* send(signedIn)).headers, "x-openai-fedramp")
    }))

  it.effect("names the organization and the project to the API alone", () =>
    Effect.gen(function*() {
      const environment = { OPENAI_ORGANIZATION: "org-1", OPENAI_PROJECT: "proj-1" }
      assert.deepInclude((yield* send(key, environment)).headers, {
        "openai-organization": "org-1",
        "openai-project": "proj-1"
      })
      assert.deepStrictEqual((yield* send(signedIn, environment)).headers, (yield* send(signedIn)).headers)
    }))

  it.effect("calls itself what it is told to", () =>
    Effect.gen(function*() {
      const { headers } = yield* send(signedIn, { EFFIXIR_ORIGINATOR: "my_agent" })
      assert.deepInclude(headers, { originator: "my_agent", "user-agent": `my_agent/${version}` })
    }))

  it.effect("keeps the headers of who asks", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.post("/responses", { headers: { accept: "text/event-stream" } })
      const { headers, url } = yield* send(key, {}, request)
      assert.propertyVal(headers, "accept", "text/event-stream")
      assert.strictEqual(url, "https://api.openai.com/v1/responses")
    }))

  it.effect("lets no trace leave the house", () =>
    Effect.gen(function*() {
      const { headers } = yield* Effect.withSpan(send(signedIn), "outer")
      assert.deepStrictEqual(
        Object.keys(headers).filter((name) => /^(?:traceparent|tracestate|b3|x-b3-.*)$/.test(name)),
        []
      )
    }))

  it.effect("puts no odd character of a key into a header", () =>
    Effect.gen(function*() {
      const { headers } = yield* send(apiKey(Redacted.make(" sk-\r\n1…\n")))
      assert.strictEqual(headers["authorization"], "Bearer sk-1")
    }))

  it.effect("sends nothing for nobody", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* Effect.flip(send(undefined)))._tag, "SignedOut")
      assert.strictEqual((yield* Effect.flip(account(undefined)))._tag, "SignedOut")
    }))

  it.effect("tells accounts apart, and keys from accounts", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* account(signedIn), "chatgpt:acct-1")
      assert.strictEqual(yield* account(subscription({})), "chatgpt:unknown")
      assert.strictEqual(yield* account(key), "api-key")
    }))

  it.effect("replaces a credential that an answer has refused, if it is still the one that is used", () => {
    const asked = (credential: Subscription, headers: Record<string, string>, isRefreshed = false) =>
      Effect.flatMap(
        AuthClient.AuthClient,
        ({ replace }) => Effect.either(replace(HttpClientRequest.get("/responses", { headers }), isRefreshed))
      ).pipe(
        Effect.map(Either.match({ onLeft: (error) => error.message, onRight: Option.getOrUndefined })),
        Effect.provide(AuthClient.layerConfig()),
        Effect.provide(Layer.mock(Credentials.Credentials, {
          current: Effect.succeed({ credential, source: "store" as const, reason: "" }),
          replace: (credential) => Effect.succeed({ credential, isRefreshed: true })
        })),
        Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.dieMessage("nobody is asked")))
      )
    return Effect.gen(function*() {
      const { headers } = yield* send(signedIn)
      assert.deepInclude(yield* asked(signedIn, headers), { isRefreshed: true })
      // What another call has brought meanwhile.
      const older = { ...headers, authorization: "Bearer older" }
      assert.deepStrictEqual(yield* asked(signedIn, older), { isRefreshed: false })
      assert.deepStrictEqual(yield* asked(signedIn, older, true), { isRefreshed: true })
      assert.include(String(yield* asked(signedIn, headers, true)), "ended at the server")
      assert.include(String(yield* asked(subscription({ accountId: "acct-2" }), headers)), "Another account")
    })
  })

  it.effect("knows an account that no header names by the token that went out for it", () => {
    const before = chatGpt({ access_token: Redacted.make("ada-1") })
    const renewed = chatGpt({ access_token: Redacted.make("ada-2") })
    const other = chatGpt({ access_token: Redacted.make("bob-1"), client_id: "oaiapp_2", subject: "user-2" })
    let credential = before
    return Effect.gen(function*() {
      const { replace, send } = yield* AuthClient.AuthClient
      const request = HttpClientRequest.get("/responses")
      const sent = yield* send(request, Effect.succeed, () => Effect.succeedNone)
      assert.deepStrictEqual(
        [sent.url, sent.headers["authorization"], sent.headers["chatgpt-account-id"]],
        ["https://api.openai.com/v1/responses", "Bearer ada-1", undefined]
      )
      credential = renewed
      assert.deepStrictEqual(yield* replace(sent, false), Option.some({ isRefreshed: false }))
      credential = other
      assert.include((yield* Effect.flip(replace(sent, false))).message, "Another account")
    }).pipe(
      Effect.provide(AuthClient.layerConfig()),
      Effect.provide(Layer.mock(Credentials.Credentials, {
        current: Effect.sync(() => ({ credential, source: "store" as const, reason: "" }))
      })),
      Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.dieMessage("nobody is asked")))
    )
  })

  it.effect("sends no token of the official sign-in to another server, over whatever it travels", () =>
    Effect.gen(function*() {
      const { account, client, replace, send, wire } = yield* AuthClient.AuthClient
      const request = HttpClientRequest.get("/responses")
      const calls: ReadonlyArray<Effect.Effect<unknown, unknown>> = [
        account,
        wire,
        client.execute(request),
        send(request, () => Effect.dieMessage("nobody is asked"), () => Effect.succeedNone),
        replace(request, false)
      ]
      for (const call of calls) {
        assert.deepInclude(yield* Effect.flip(call), { _tag: "ConfigError", key: "OPENAI_BASE_URL" })
      }
    }).pipe(
      Effect.provide(client(chatGpt(), { OPENAI_BASE_URL: "https://elsewhere.test/v1" })),
      Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.dieMessage("nobody is asked")))
    ))

  it.effect("has no other key to replace one with", () =>
    Effect.gen(function*() {
      const { replace } = yield* AuthClient.AuthClient
      const { headers } = yield* send(key)
      assert.isTrue(Option.isNone(yield* replace(HttpClientRequest.get("/responses", { headers }), false)))
    }).pipe(
      Effect.provide(client(key, {})),
      Effect.provideService(HttpClient.HttpClient, HttpClient.make(() => Effect.dieMessage("nobody is asked")))
    ))
})
