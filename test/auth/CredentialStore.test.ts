import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { apiKey, type Stored } from "../../src/auth/Credential.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"

const key = (text: string) => apiKey(Redacted.make(text))
const memory = CredentialStore.layerMemory(key("first"))

/** Plain text: Redacted values, and Options of them, are all alike to an assertion. */
const textOf = (credential: Option.Option<Stored>): string | undefined =>
  Option.isSome(credential) && credential.value.kind === "api_key"
    ? Redacted.value(credential.value.api_key)
    : undefined

const stored = Effect.flatMap(CredentialStore.CredentialStore, (store) => Effect.map(store.load, textOf))

describe("CredentialStore.layerMemory", () => {
  it.effect("is empty unless it is told otherwise", () =>
    Effect.gen(function*() {
      const store = yield* CredentialStore.CredentialStore
      assert.strictEqual(yield* stored, undefined)
      yield* store.clear
      assert.strictEqual(yield* stored, undefined)
    }).pipe(Effect.provide(CredentialStore.layerMemory())))

  it.effect("holds what was saved last, until it is cleared", () =>
    Effect.gen(function*() {
      const store = yield* CredentialStore.CredentialStore
      assert.strictEqual(yield* stored, "first")
      yield* store.save(key("second"))
      assert.strictEqual(yield* stored, "second")
      yield* store.clear
      assert.strictEqual(yield* stored, undefined)
    }).pipe(Effect.provide(memory)))

  it.effect("lets nobody in between the reading and the writing of a change", () =>
    Effect.gen(function*() {
      const store = yield* CredentialStore.CredentialStore
      const grow = store.modify((stored) =>
        Effect.as(
          Effect.yieldNow(),
          Option.map(
            stored,
            (credential) => credential.kind === "api_key" ? key(`${Redacted.value(credential.api_key)}+`) : credential
          )
        )
      )
      const fibers = yield* Effect.fork(Effect.all([grow, grow, grow], { concurrency: 3 }))
      const results = yield* Fiber.join(fibers)
      assert.strictEqual(yield* stored, "first+++")
      assert.deepStrictEqual(results.map(textOf), ["first+", "first++", "first+++"])
    }).pipe(Effect.provide(memory)))

  it.effect("keeps what it has when a change fails", () =>
    Effect.gen(function*() {
      const store = yield* CredentialStore.CredentialStore
      assert.strictEqual(yield* Effect.flip(store.modify(() => Effect.fail("no"))), "no")
      assert.strictEqual(yield* stored, "first")
    }).pipe(Effect.provide(memory)))
})

describe("CredentialStoreError", () => {
  it("says what failed, where, and why", () => {
    const error = new CredentialStore.CredentialStoreError({
      operation: "load",
      location: "auth.json",
      problem: "expected an object"
    })
    assert.strictEqual(error.message, "Cannot load the credential in auth.json: expected an object")
  })
})
