import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import * as Pkce from "../../src/auth/Pkce.ts"

describe("Pkce", () => {
  it.effect("makes a verifier of 64 bytes and its SHA-256, without padding", () =>
    Effect.gen(function*() {
      const { challenge, verifier } = yield* Pkce.make
      assert.match(Redacted.value(verifier), /^[\w-]{86}$/)
      assert.strictEqual(challenge, createHash("sha256").update(Redacted.value(verifier)).digest("base64url"))
    }))

  it.effect("makes a state of 32 bytes", () =>
    Effect.gen(function*() {
      assert.match(yield* Pkce.state, /^[\w-]{43}$/)
    }))

  it.effect("never makes the same twice", () =>
    Effect.gen(function*() {
      const pairs = yield* Effect.replicateEffect(Pkce.make, 50)
      assert.strictEqual(new Set(pairs.map(({ verifier }) => Redacted.value(verifier))).size, 50)
      assert.strictEqual(new Set(yield* Effect.replicateEffect(Pkce.state, 50)).size, 50)
    }))

  it.effect("does not show the verifier", () =>
    Effect.gen(function*() {
      const pair = yield* Pkce.make
      assert.notInclude(JSON.stringify(pair) + String(pair.verifier), Redacted.value(pair.verifier))
    }))
})
