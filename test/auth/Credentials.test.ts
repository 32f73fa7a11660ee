import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import * as fc from "fast-check"
import { ChatGptOAuth } from "../../src/auth/chatgpt/ChatGptOAuth.ts"
import { apiKey, type Credential } from "../../src/auth/Credential.ts"
import * as Credentials from "../../src/auth/Credentials.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import { OAuth } from "../../src/auth/OAuth.ts"
import { SignedOut } from "../../src/auth/SignedOut.ts"
import { jwt, nested, subscription } from "./tokens.ts"

const key = (text: string) => apiKey(Redacted.make(text))

const stored = fc.constantFrom(subscription({ accountId: "acct-1" }), key("sk-stored"), undefined)
const environment = fc.oneof(
  fc.constantFrom(undefined, "", " ", "\n\t"),
  fc.string({ minLength: 1 }).filter((text) => text.trim() !== "")
)
const choice = fc.constantFrom(...Credentials.Choice.literals)

const select = (
  stored: Credential | undefined,
  text: string | undefined,
  choice: Credentials.Choice
) =>
  Credentials.select(Option.fromNullable(stored), {
    apiKey: Option.map(Option.fromNullable(text), (text) => Redacted.make(text)),
    choice
  })

/** Nothing here is about to expire, so nobody is asked for a new token. */
const oauth = Layer.merge(
  Layer.mock(OAuth, { authorizeUrl: () => "" }),
  Layer.mock(ChatGptOAuth, { issuer: "", authorizeUrl: () => "" })
)

/** The current credential of a program with this store and this environment. */
const current = (options: {
  readonly stored?: typeof CredentialStore.CredentialStore.Service
  readonly environment?: ReadonlyArray<readonly [string, string]>
}) =>
  Effect.flatMap(Credentials.Credentials, (credentials) => credentials.current).pipe(
    Effect.provide(
      Credentials.layerConfig().pipe(
        Layer.provide(
          options.stored === undefined
            ? CredentialStore.layerMemory()
            : Layer.succeed(CredentialStore.CredentialStore, options.stored)
        ),
        Layer.provide(oauth),
        Layer.provide(Layer.setConfigProvider(ConfigProvider.fromMap(new Map(options.environment ?? []))))
      )
    )
  )

const absent = { any: "NeverSignedIn", chatgpt: "NoSubscription", "api-key": "NoApiKey" } as const

describe("Credentials.select", () => {
  it("lets a stored sign-in win, then the key of the environment, then a stored key", () => {
    fc.assert(fc.property(stored, environment, choice, (stored, text, choice) => {
      const candidates = [
        stored?.kind === "subscription" && choice !== "api-key" ? { credential: stored, source: "store" } : undefined,
        text !== undefined && text.trim() !== "" && choice !== "chatgpt"
          ? { credential: key(text), source: "environment" }
          : undefined,
        stored?.kind === "api_key" && choice !== "chatgpt" ? { credential: stored, source: "store" } : undefined
      ]
      const ruledOut = choice === "chatgpt" && (stored !== undefined || (text ?? "").trim() !== "")
        ? "ApiKeyRuledOut"
        : choice === "api-key" && stored !== undefined
        ? "SubscriptionRuledOut"
        : absent[choice]
      const won = Either.map(select(stored, text, choice), ({ credential, source }) => ({ credential, source }))
      assert.deepStrictEqual<unknown>(
        won,
        Either.fromNullable(candidates.find(Predicate.isNotNullable), () => new SignedOut({ reason: ruledOut }))
      )
    }))
  })

  it("says which choice rules out the only credential there is", () => {
    const message = (...options: Parameters<typeof select>) =>
      Either.getOrThrow(Either.flip(select(...options))).message
    assert.match(message(undefined, "sk-1", "chatgpt"), /There is an API key.*--auth chatgpt.*effixir login/)
    assert.match(message(key("sk-1"), undefined, "chatgpt"), /There is an API key.*--auth chatgpt/)
    const signedIn = subscription({ accountId: "acct-1" })
    assert.match(message(signedIn, undefined, "api-key"), /There is a ChatGPT sign-in.*--auth api-key.*OPENAI_API_KEY/)
    assert.match(message(undefined, undefined, "chatgpt"), /There is no ChatGPT sign-in.*effixir login/)
    assert.match(message(undefined, undefined, "api-key"), /There is no API key.*OPENAI_API_KEY/)
    assert.match(message(undefined, undefined, "any"), /You are not signed in/)
  })

  it("uses no sign-in that does not say for which account it is, and nothing in its place", () => {
    for (const text of [undefined, "sk-1"]) {
      const error = Either.getOrThrow(Either.flip(select(subscription({}), text, "any")))
      assert.strictEqual(error.reason, "AccountUnknown")
      assert.include(error.message, "effixir login")
    }
    assert.isTrue(Either.isRight(select(subscription({}), "sk-1", "api-key")))
    const idToken = jwt(nested({ chatgpt_account_id: "acct-1" }))
    assert.isTrue(Either.isRight(select(subscription({ idToken }), undefined, "any")))
  })

  it("says why, and never says a key", () => {
    const reasons: Readonly<Record<string, string>> = {
      "subscription/sk-environment": "a stored ChatGPT sign-in comes before OPENAI_API_KEY",
      "subscription/": "a ChatGPT sign-in is stored",
      "api_key/sk-environment": "OPENAI_API_KEY comes before the stored API key",
      "api_key/": "an API key is stored",
      "none/sk-environment": "OPENAI_API_KEY is set and no ChatGPT sign-in is stored",
      "none/": "You are not signed in: run `effixir login` to use your ChatGPT plan, or set OPENAI_API_KEY"
    }
    fc.assert(fc.property(stored, fc.constantFrom(undefined, "", "sk-environment"), (stored, text) => {
      const selected = select(stored, text, "any")
      const said = Either.match(selected, { onLeft: (error) => error.message, onRight: ({ reason }) => reason })
      assert.strictEqual(said, reasons[`${stored?.kind ?? "none"}/${text ?? ""}`])
      assert.notMatch(JSON.stringify(selected), /sk-|secret/)
    }))
  })
})

describe("Credentials", () => {
  it.effect("takes the key of the environment", () =>
    Effect.gen(function*() {
      const { credential, source } = yield* current({ environment: [["OPENAI_API_KEY", "sk-1"]] })
      assert.deepStrictEqual(credential, key("sk-1"))
      assert.strictEqual(source, "environment")
    }))

  it.effect.each([undefined, "", "  "])("takes an empty key for none: %j", (text) =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(current({ environment: text === undefined ? [] : [["OPENAI_API_KEY", text]] }))
      assert.strictEqual(error._tag, "SignedOut")
    }))

  it.effect("asks the store again each time", () =>
    Effect.gen(function*() {
      const store = yield* CredentialStore.makeMemory()
      yield* Effect.gen(function*() {
        const credentials = yield* Credentials.Credentials
        assert.strictEqual((yield* Effect.flip(credentials.current))._tag, "SignedOut")
        yield* store.save(subscription({ accountId: "acct-1" }))
        assert.strictEqual((yield* credentials.current).credential.kind, "subscription")
        yield* store.clear
        assert.strictEqual((yield* Effect.flip(credentials.current))._tag, "SignedOut")
      }).pipe(
        Effect.provide(Layer.provide(Credentials.layer({ apiKey: Option.none(), choice: "any" }), oauth)),
        Effect.provideService(CredentialStore.CredentialStore, store)
      )
    }))

  it.effect("goes on with a token that is still good when a new one could not be stored", () =>
    Effect.gen(function*() {
      const ending = { ...subscription({ accountId: "acct-1" }), expires_at: 60_000 }
      const broken = new CredentialStore.CredentialStoreError({ operation: "save", location: "x", problem: "no space" })
      const memory = yield* CredentialStore.makeMemory(ending)
      const stored = { ...memory, modify: () => broken }
      assert.strictEqual((yield* current({ stored })).credential.kind, "subscription")
      yield* TestClock.setTime(60_000)
      assert.strictEqual((yield* Effect.flip(current({ stored })))._tag, "CredentialStoreError")
    }))

  it.effect("does not fall back to a key when the store cannot be read", () =>
    Effect.gen(function*() {
      const broken = new CredentialStore.CredentialStoreError({
        operation: "load",
        location: "auth.json",
        problem: "expected an object"
      })
      const store = yield* CredentialStore.makeMemory()
      const error = yield* Effect.flip(
        current({ stored: { ...store, load: broken }, environment: [["OPENAI_API_KEY", "sk-1"]] })
      )
      assert.strictEqual(error._tag, "CredentialStoreError")
      assert.strictEqual(error.message, broken.message)
    }))
})
