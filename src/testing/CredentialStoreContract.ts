/**
 * The promises of every credential store, as checks for authors of their own: a vault, a database, a keyring
 * (`CredentialStore.makeEncoded`).
 *
 * @since 0.1.0
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { strict as assert } from "node:assert"
import { apiKey, Stored, type Subscription } from "../auth/Credential.ts"
import { CredentialStore, type CredentialStoreError } from "../auth/CredentialStore.ts"

/**
 * A promise, and a check that dies if the store breaks it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Check<E> {
  readonly name: string
  readonly check: Effect.Effect<void, E | CredentialStoreError>
}

/**
 * The checks of a store, each with a layer of its own, which has to be empty: what it holds is lost. They need no test
 * framework: `for (const { name, check } of checks(layer)) it.effect(name, () => check)`.
 *
 * @example
 * ```ts
 * import { describe, it } from "@effect/vitest"
 * import { CredentialStore } from "effixir"
 * import { CredentialStoreContract } from "effixir/testing"
 *
 * describe("My vault", () => {
 *   const checks = CredentialStoreContract.checks(CredentialStore.layerMemory())
 *   for (const { check, name } of checks) it.live(name, () => check)
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const checks = <E>(layer: Layer.Layer<CredentialStore, E>): ReadonlyArray<Check<E>> =>
  Object.entries(promises).map(([name, promised]) => ({
    name,
    check: Effect.flatMap(CredentialStore, promised).pipe(Effect.provide(layer))
  }))

type Store = typeof CredentialStore.Service

const promises: { readonly [name: string]: (store: Store) => Effect.Effect<void, CredentialStoreError> } = {
  "is empty at first, and can be cleared then": Effect.fnUntraced(function*(store) {
    yield* holds(store, undefined)
    yield* store.clear
    yield* holds(store, undefined)
  }),

  "gives back what was saved last, until it is cleared": Effect.fnUntraced(function*(store) {
    yield* store.save(key("first"))
    yield* holds(store, key("first"))
    yield* store.save(subscription)
    yield* holds(store, subscription)
    yield* store.clear
    yield* holds(store, undefined)
  }),

  "saves where space was reserved, and only when it is told to": Effect.fnUntraced(function*(store) {
    yield* store.save(key("first"))
    yield* Effect.scoped(store.reserve)
    yield* holds(store, key("first"))
    yield* Effect.scoped(Effect.flatMap(store.reserve, (save) => save(key("second"))))
    yield* holds(store, key("second"))
  }),

  "changes what it holds, and returns that": Effect.fnUntraced(function*(store) {
    const seen: Array<unknown> = []
    const change = (to: Option.Option<Stored>) =>
      store.modify((stored) => Effect.as(Effect.sync(() => void seen.push(plain(stored))), to))
    same(yield* change(Option.some(key("first"))), Option.some(key("first")))
    same(yield* change(Option.some(subscription)), Option.some(subscription))
    yield* holds(store, subscription)
    same(yield* store.modify((stored) => Effect.succeed(stored)), Option.some(subscription))
    yield* holds(store, subscription)
    assert.deepEqual(seen, [plain(Option.none()), plain(Option.some(key("first")))])
  }),

  "keeps what it holds when a change fails, and lets the next one in": Effect.fnUntraced(function*(store) {
    yield* store.save(key("first"))
    yield* failsWithNo(store.modify(() => Effect.fail("no")))
    yield* holds(store, key("first"))
    yield* store.modify(() => Effect.succeedSome(key("second")))
    yield* holds(store, key("second"))
  }),

  "lets nobody in between the reading and the writing of a change": Effect.fnUntraced(function*(store) {
    yield* store.save(key("first"))
    const grow = store.modify((stored) =>
      Effect.as(
        Effect.yieldNow(),
        Option.map(stored, (one) => one.kind === "api_key" ? key(`${Redacted.value(one.api_key)}+`) : one)
      )
    )
    yield* Effect.all([grow, grow, grow], { concurrency: 3 })
    yield* holds(store, key("first+++"))
  }),

  "finishes a change that was begun, also when it is interrupted": Effect.fnUntraced(function*(store) {
    const [begun, latch] = [yield* Deferred.make<void>(), yield* Deferred.make<void>()]
    const fiber = yield* Effect.fork(
      store.modify(() =>
        Deferred.succeed(begun, undefined).pipe(
          Effect.zipRight(Deferred.await(latch)),
          Effect.as(Option.some(key("result")))
        )
      )
    )
    yield* Deferred.await(begun)
    const interrupting = yield* Effect.fork(Fiber.interrupt(fiber))
    yield* Effect.yieldNow()
    yield* Deferred.succeed(latch, undefined)
    yield* Fiber.join(interrupting)
    yield* holds(store, key("result"))
  }),

  "runs a last use of what it holds, and deletes it then": Effect.fnUntraced(function*(store) {
    yield* store.save(subscription)
    const last = yield* store.clearAfter((stored) =>
      Effect.succeed(Either.match(stored, { onLeft: String, onRight: plain }))
    )
    assert.deepEqual(last, plain(Option.some(subscription)))
    yield* holds(store, undefined)
  }),

  "deletes nothing when the last use fails": Effect.fnUntraced(function*(store) {
    yield* store.save(subscription)
    yield* failsWithNo(store.clearAfter(() => Effect.fail("no")))
    yield* holds(store, subscription)
  })
}

const key = (text: string) => apiKey(Redacted.make(text))

const subscription: Subscription = {
  kind: "subscription",
  access_token: Redacted.make("access"),
  refresh_token: Redacted.make("refresh"),
  id_token: Redacted.make("id"),
  expires_at: 1_700_000_000_000,
  account_id: "account",
  obtained_at: "2023-11-14T22:13:20Z"
}

/** Redacted values, and Options of them, are all alike to an assertion. */
const plain = Option.match({ onNone: () => "nothing", onSome: Schema.encodeSync(Stored) })

const same = (actual: Option.Option<Stored>, expected: Option.Option<Stored>): void =>
  assert.deepEqual(plain(actual), plain(expected))

const failsWithNo = <A>(effect: Effect.Effect<A, CredentialStoreError | string>): Effect.Effect<void> =>
  Effect.map(Effect.either(effect), (ended) => assert.equal(Either.isLeft(ended) ? ended.left : ended, "no"))

const holds = (store: Store, expected: Stored | undefined): Effect.Effect<void, CredentialStoreError> =>
  Effect.map(store.load, (stored) => same(stored, Option.fromNullable(expected)))
