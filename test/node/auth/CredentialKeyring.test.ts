import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { apiKey, type Stored } from "../../../src/auth/Credential.ts"
import * as CredentialFile from "../../../src/node/auth/CredentialFile.ts"
import * as CredentialKeyring from "../../../src/node/auth/CredentialKeyring.ts"
import * as Keyring from "../../../src/node/auth/Keyring.ts"

const key = (text: string) => apiKey(Redacted.make(text))
const textOf = (stored: Option.Option<Stored>) =>
  Option.isSome(stored) && stored.value.kind === "api_key" ? Redacted.value(stored.value.api_key) : undefined

/** A keyring that holds one text. */
const keyring = (initial?: string) => {
  let text = initial
  const entry: Keyring.Entry = {
    get: Effect.sync(() => Option.fromNullable(text)),
    set: (next) =>
      Effect.sync(() => {
        text = next
      }),
    remove: Effect.sync(() => {
      text = undefined
    })
  }
  return { open: () => Effect.succeed(entry), text: () => text }
}

/** A keyring that fails in all it is asked for. */
const saying = (reason: Keyring.KeyringError["reason"]) => {
  const error = new Keyring.KeyringError({ reason, detail: reason === "Silent" ? "no answer" : "none" })
  return Effect.succeed<Keyring.Entry>({ get: error, set: () => error, remove: error })
}

const setup = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = `${yield* fs.makeTempDirectoryScoped()}/home/auth.json`
  const warnings: Array<string> = []
  const logger = Logger.replace(Logger.defaultLogger, Logger.make(({ message }) => warnings.push(String(message))))
  return { fs, path, warnings, logger, file: yield* CredentialFile.make({ path }) }
})

const platform = Layer.merge(NodeFileSystem.layer, NodePath.layer)

describe("CredentialKeyring", () => {
  it.scoped("keeps the sign-in in the keyring and nothing of it in the file", () =>
    Effect.gen(function*() {
      const { fs, path } = yield* setup
      const { open, text } = keyring()
      const store = yield* CredentialKeyring.make({ path }, open)
      yield* store.save(key("k1"))
      assert.include(text(), "k1")
      assert.isFalse(yield* fs.exists(path))
      assert.strictEqual(textOf(yield* store.load), "k1")
      yield* store.modify(() => Effect.succeedSome(key("k2")))
      assert.strictEqual(textOf(yield* store.load), "k2")
      yield* store.clear
      yield* store.clear
      assert.strictEqual(text(), undefined)
    }).pipe(Effect.provide(platform)))

  it.scoped("finds a sign-in that is still in the file, and moves it when it is stored again", () =>
    Effect.gen(function*() {
      const { file, fs, path } = yield* setup
      yield* file.save(key("old"))
      const { open, text } = keyring()
      const store = yield* CredentialKeyring.make({ path }, open)
      assert.strictEqual(textOf(yield* store.load), "old")
      yield* store.save(key("new"))
      assert.include(text(), "new")
      assert.isFalse(yield* fs.exists(path))
    }).pipe(Effect.provide(platform)))

  it.scoped("is the file, with one warning, where there is no keyring", () =>
    Effect.gen(function*() {
      const { file, logger, path, warnings } = yield* setup
      const store = yield* Effect.provide(
        CredentialKeyring.make({ path }, () => saying("Refused")),
        logger
      )
      yield* store.save(key("k1"))
      assert.strictEqual(textOf(yield* store.load), "k1")
      assert.strictEqual(textOf(yield* file.load), "k1")
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0], path)
    }).pipe(Effect.provide(platform)))

  it.scoped("keeps the old sign-in when the keyring refuses the new one", () =>
    Effect.gen(function*() {
      const { path } = yield* setup
      const { open } = keyring("{\"kind\":\"api_key\",\"api_key\":\"old\"}")
      const refusing = () =>
        Effect.map(open(), (entry) => ({
          ...entry,
          set: () => new Keyring.KeyringError({ reason: "Refused", detail: "locked" })
        }))
      const store = yield* CredentialKeyring.make({ path }, refusing)
      const error = yield* Effect.flip(store.save(key("new")))
      assert.include(error.message, "locked")
      assert.strictEqual(textOf(yield* store.load), "old")
    }).pipe(Effect.provide(platform)))

  it.scoped("is no file where a keyring is silent: what it holds is not known", () =>
    Effect.gen(function*() {
      const { fs, logger, path, warnings } = yield* setup
      const store = yield* Effect.provide(CredentialKeyring.make({ path }, () => saying("Silent")), logger)
      for (const use of [store.load, store.save(key("new")), store.clear, store.modify(Effect.succeed)]) {
        const error = yield* Effect.flip(Effect.asVoid(use))
        assert.match(
          error.message,
          /the keyring \(effixir\): no answer; see whether it asks for a password, and try again/
        )
        assert.include(error.message, "credential_store")
      }
      assert.deepStrictEqual(warnings, [])
      assert.isFalse(yield* fs.exists(path))
    }).pipe(Effect.provide(platform)))
})
