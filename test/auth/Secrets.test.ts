import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import { randomBytes } from "node:crypto"
import { apiKey } from "../../src/auth/Credential.ts"
import * as CredentialStore from "../../src/auth/CredentialStore.ts"
import * as Secrets from "../../src/auth/Secrets.ts"
import { jwt, nested, subscription } from "./tokens.ts"

const token = jwt(nested({ chatgpt_account_id: "acct-1", chatgpt_user_id: "user/ü~?>" }))
const key = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8"

const encodings: { readonly [name: string]: (secret: string) => string } = {
  "as it is": (secret) => secret,
  "in quotes": (secret) => JSON.stringify({ said: `no: ${secret}` }),
  "in quotes within quotes": (secret) => JSON.stringify(JSON.stringify({ said: secret })),
  "percent-encoded": (secret) => `token=${encodeURIComponent(secret)}&x=1`,
  "percent-encoded in small letters": (secret) =>
    encodeURIComponent(secret).replaceAll(/%../g, (code) => code.toLowerCase()),
  "in hex": (secret) => Buffer.from(secret).toString("hex"),
  "in capital hex": (secret) => Buffer.from(secret).toString("hex").toUpperCase(),
  "in base64": (secret) => Buffer.from(secret).toString("base64"),
  "in base64url": (secret) => Buffer.from(secret).toString("base64url"),
  "in base64 behind one byte": (secret) => Buffer.from(`:${secret}`).toString("base64"),
  "in base64 behind two bytes": (secret) => Buffer.from(`::${secret}::`).toString("base64"),
  "in base64 of a header": (secret) => Buffer.from(`Authorization: Bearer ${secret}\r\n`).toString("base64"),
  "in lines of base64": (secret) => Buffer.from(secret).toString("base64").replaceAll(/.{64}/g, "$&\r\n"),
  "twice": (secret) => `${secret}${secret}`
}

/** Whatever of it could be decoded back to so many characters of the secret. */
const isIn = (secret: string, text: string, length: number): boolean => {
  const plain = [
    text,
    decodeURIComponent(text.replaceAll(/%(?![\da-f]{2})/gi, "")),
    ...Array.from(text.matchAll(/[\da-fA-F]{8,}/g), ([hex]) => Buffer.from(hex, "hex").toString("latin1")),
    ...Array.from(
      text.matchAll(/[\w+/-]{8,}/g),
      ([base64]) => [0, 1, 2, 3].map((skip) => Buffer.from(base64.slice(skip), "base64").toString("latin1")).join(" ")
    )
  ].join(" ")
  return Array.from(secret, (_, at) => secret.slice(at, at + length))
    .some((part) => part.length === length && plain.includes(part))
}

describe("hide", () => {
  for (const [name, encode] of Object.entries(encodings)) {
    for (const [kind, secret] of Object.entries({ token, key, "short key": "hunter2-hunter2" })) {
      it(`cuts out a ${kind} ${name}`, () => {
        const { hide } = Secrets.finderOf([token, key, "hunter2-hunter2"])
        const text = `before ${encode(secret)} after`
        assert.isTrue(isIn(secret, text, 8), "the check finds it where it is")
        const told = hide(text)
        assert.isFalse(isIn(secret, told, 24), told)
        assert.isFalse(isIn(secret, told, secret.length), told)
        assert.include(told, "…")
        assert.isTrue(told.startsWith("before ") && told.endsWith(" after"), told)
      })
    }
  }

  it("cuts out any secret in any encoding, and nothing else", () =>
    fc.assert(fc.property(
      fc.string({ minLength: 8, maxLength: 200, unit: fc.constantFrom(..."abcXYZ019-_.~+/=\"\\%") }),
      fc.constantFrom("as it is", "in quotes", "percent-encoded", "in hex", "in base64", "in base64url"),
      fc.string({ maxLength: 50 }),
      fc.string({ maxLength: 50 }),
      (secret, encoding, before, after) => {
        const encoded = encodings[encoding]?.(secret) ?? ""
        const text = `${before}${encoded}${after}`
        const told = Secrets.finderOf([secret]).hide(text)
        assert.include(told, "…")
        assert.notInclude(told, encoded)
        assert.notInclude(told, secret)
        assert.isTrue(Secrets.finderOf([secret]).isIn(text))
        assert.strictEqual(Secrets.finderOf([secret]).hide("a text without any"), "a text without any")
      }
    )))

  it("leaves JSON that can be read", () =>
    fc.assert(fc.property(
      fc.string({ minLength: 8, maxLength: 60, unit: fc.constantFrom(..."ab\"\\n%u0/") }),
      fc.string({ maxLength: 20 }),
      (secret, other) => {
        const json = JSON.stringify({ said: `${other}${secret}${other}`, and: [secret] })
        const told = Secrets.finderOf([secret]).hide(json)
        assert.isObject(JSON.parse(told))
        assert.notInclude(told, JSON.stringify(secret).slice(1, -1))
      }
    )))

  it("cuts out a segment of a token, and what was cut off within one", () => {
    const { hide } = Secrets.finderOf([token])
    const [, claims = ""] = token.split(".")
    assert.strictEqual(hide(`the claims ${claims} are wrong`), "the claims … are wrong")
    assert.strictEqual(hide(`the token ${token.slice(0, 100)}`), "the token …")
    assert.strictEqual(hide(`the token ${token.slice(0, 15)}`), "the token …")
  })

  it("leaves alone what only looks like one", () => {
    const { hide } = Secrets.finderOf([token, key, "short"])
    for (
      const text of [
        "",
        "short",
        "sk-proj-A1b",
        "eyJhbGci",
        "a line\nof text that is long enough to be looked at ✓",
        key.slice(0, 11) + "…"
      ]
    ) {
      assert.strictEqual(hide(text), text)
    }
  })

  it("takes a text of millions of characters in time that its length bounds", () => {
    const { hide } = Secrets.finderOf([token, key, randomBytes(2000).toString("base64url")])
    const text = `${key.slice(0, 11)}`.repeat(200_000)
    assert.strictEqual(hide(`${text} ${key}`), `${text} …`)
  })
})

describe("Secrets", () => {
  it.effect("knows nothing without a layer", () =>
    Effect.gen(function*() {
      yield* Secrets.addCredential(apiKey(Redacted.make(key)))
      assert.strictEqual(yield* Secrets.hidden(key), key)
    }))

  it.effect("knows what a store has given and what it was given", () =>
    Effect.gen(function*() {
      const texts = [JSON.stringify({ kind: "api_key", api_key: key })]
      const store = CredentialStore.makeEncoded({
        location: "a test",
        read: Effect.sync(() => texts.at(-1)).pipe(Effect.map((text) => ({ _tag: "Some", value: text }) as never)),
        reserve: Effect.succeed((text) => Effect.sync(() => void texts.push(text))),
        remove: Effect.void,
        alone: (change) => change
      })
      assert.strictEqual(yield* Secrets.hidden(key), key)
      yield* store.load
      assert.strictEqual(yield* Secrets.hidden(key), "…")
      yield* store.save(subscription({ accessToken: token }))
      assert.strictEqual(yield* Secrets.hidden(`${token} opaque-refresh-secret`), "… …")
    }).pipe(Effect.provide(Secrets.layer)))

  it.effect("is one for a whole program", () =>
    Effect.gen(function*() {
      yield* Secrets.addCredential(apiKey(Redacted.make(key))).pipe(Effect.provide(Secrets.layer))
      assert.strictEqual(yield* Secrets.hidden(key), "…")
    }).pipe(Effect.provide(Secrets.layer)))

  it.effect("hides in a text that comes in pieces what it hides in the whole", () =>
    Effect.gen(function*() {
      const { add, hide, hider } = yield* Secrets.Secrets
      yield* add(Redacted.make(key), Redacted.make(token), Redacted.make("hunter2-hunter2"))
      const word = fc.oneof(
        fc.constantFrom(key, token, "hunter2-hunter2", key.slice(0, 20), token.slice(9, 40), "sk-proj-"),
        fc.string({ maxLength: 12 })
      ).chain((text) => fc.constantFrom(...Object.values(encodings)).map((encode) => encode(text)))
      fc.assert(
        fc.property(fc.array(word, { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 30 })), (words, sizes) => {
          const text = words.join(" ")
          const { push, rest } = hider()
          const told: Array<string> = []
          for (let at = 0, n = 0; at < text.length; n++) {
            const size = sizes[n % Math.max(1, sizes.length)] ?? 1
            told.push(push(text.slice(at, at + size)))
            at += size
          }
          told.push(rest())
          assert.strictEqual(told.join(""), hide(text))
          assert.strictEqual(rest(), "")
        })
      )
    }).pipe(Effect.provide(Secrets.layer)))

  it.effect("keeps no more of a piece than could be the beginning of a secret", () =>
    Effect.gen(function*() {
      const { add, hider } = yield* Secrets.Secrets
      assert.strictEqual(hider().push("Hello"), "Hello", "without a secret, nothing")
      yield* add(Redacted.make(key))
      assert.isAtLeast(hider().push("Hello there").length, "Hello there".length - 2)
    }).pipe(Effect.provide(Secrets.layer)))

  it.effect("keeps the last of many", () =>
    Effect.gen(function*() {
      const { add, isIn } = yield* Secrets.Secrets
      for (let n = 1000; n < 2000; n++) yield* add(Redacted.make(`secret-number-${n}`))
      assert.isTrue(isIn("secret-number-1999"))
      assert.isFalse(isIn("secret-number-1000"))
    }).pipe(Effect.provide(Secrets.layer)))
})
