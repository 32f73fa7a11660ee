import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import { apiKey, Stored, type Subscription } from "../../../src/auth/Credential.ts"
import type { CredentialStore } from "../../../src/auth/CredentialStore.ts"
import * as CredentialFile from "../../../src/node/auth/CredentialFile.ts"
import {
  full,
  get,
  layer,
  layerWith,
  lockElsewhere,
  makeFolder,
  mode,
  names,
  openOnFullDisk,
  put,
  startNode
} from "../support.ts"

const subscription: Subscription = {
  kind: "subscription",
  access_token: Redacted.make("access-1"),
  refresh_token: Redacted.make("refresh-1"),
  id_token: Redacted.make("id-1"),
  expires_at: 1_700_000_000_000,
  account_id: "account-1",
  obtained_at: "2023-11-14T22:13:20Z"
}
const key = apiKey(Redacted.make("sk-1"))

const subscriptionJson = {
  kind: "subscription",
  access_token: "access-1",
  refresh_token: "refresh-1",
  id_token: "id-1",
  expires_at: 1_700_000_000_000,
  account_id: "account-1",
  obtained_at: "2023-11-14T22:13:20Z"
} as const

/** A store on a file that is not there yet. */
const makeStore = Effect.gen(function*() {
  const folder = `${yield* makeFolder}/home`
  const path = `${folder}/auth.json`
  return { folder, path, store: yield* CredentialFile.make({ path }) }
})

/** A store on a file with a content. */
const makeStoreOn = (content: string) =>
  Effect.gen(function*() {
    const made = yield* makeStore
    yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeDirectory(made.folder))
    yield* put(made.path, content)
    yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.chmod(made.path, 0o600))
    return made
  })

const read = (path: string) => Effect.map(get(path), (text): unknown => JSON.parse(text))

const keyJson = { kind: "api_key", api_key: "sk-1" } as const

/** A credential as plain JSON: what is redacted, or in an Option, looks like anything else of its kind. */
const plain = Option.match({ onNone: () => "nothing", onSome: Schema.encodeSync(Stored) })

const stored = (store: typeof CredentialStore.Service) => Effect.map(store.load, plain)

const isHeldUp = <A, E, R>(change: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timeoutOption(change, "50 millis"), Option.isNone)

/** Begins to change a store, and gives what ends the change. */
const beginChange = (store: typeof CredentialStore.Service, to: Stored) =>
  Effect.gen(function*() {
    const entered = yield* Deferred.make<void>()
    const latch = yield* Deferred.make<void>()
    const fiber = yield* Effect.fork(store.modify(() =>
      Deferred.succeed(entered, undefined).pipe(Effect.zipRight(Deferred.await(latch)), Effect.as(Option.some(to)))
    ))
    yield* Deferred.await(entered)
    return Effect.zipRight(Deferred.succeed(latch, undefined), Fiber.join(fiber))
  })

describe("CredentialFile", () => {
  it.scopedLive("loads what it saved", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStore
      assert.strictEqual(yield* stored(store), "nothing")
      for (const [credential, json] of [[subscription, subscriptionJson], [key, keyJson]] as const) {
        yield* store.save(credential)
        assert.deepStrictEqual(yield* stored(store), json)
        assert.deepStrictEqual(yield* stored(yield* CredentialFile.make({ path })), json)
      }
    }).pipe(Effect.provide(layer)))

  it.scopedLive("keeps its file from everybody else", () =>
    Effect.gen(function*() {
      const { folder, path, store } = yield* makeStoreOn("{}")
      const fs = yield* FileSystem.FileSystem
      yield* fs.chmod(folder, 0o755)
      yield* fs.chmod(path, 0o644)
      yield* store.save(key)
      assert.strictEqual(yield* mode(folder), 0o700)
      for (const name of yield* names(folder)) assert.strictEqual(yield* mode(`${folder}/${name}`), 0o600, name)
      assert.sameMembers(yield* names(folder), ["auth.json", "auth.json.lock"])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("leaves a folder closed that its owner has closed", () =>
    Effect.gen(function*() {
      const { folder, store } = yield* makeStoreOn(JSON.stringify(keyJson))
      const fs = yield* FileSystem.FileSystem
      yield* fs.chmod(folder, 0o555)
      // Root may write there all the same.
      yield* Effect.either(store.save(key))
      assert.strictEqual(yield* mode(folder), 0o500)
      yield* fs.chmod(folder, 0o700)
    }).pipe(Effect.provide(layer)))

  const warnings = Effect.gen(function*() {
    const seen = yield* Ref.make<ReadonlyArray<string>>([])
    const logger = Logger.make<unknown, void>(({ logLevel, message }) =>
      Effect.runSync(Ref.update(seen, (all) => [...all, `${logLevel.label} ${String(message)}`]))
    )
    return { layer: Logger.replace(Logger.defaultLogger, logger), seen: Ref.get(seen) }
  })

  it.scopedLive("closes a file that others can read, and says so once", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStoreOn(JSON.stringify(keyJson))
      const { layer, seen } = yield* warnings
      const fs = yield* FileSystem.FileSystem
      yield* Effect.provide(store.load, layer)
      assert.deepStrictEqual(yield* seen, [])
      for (const open of [0o644, 0o620]) {
        yield* fs.chmod(path, open)
        yield* Effect.provide(Effect.zipRight(store.load, store.load), layer)
        assert.strictEqual(yield* mode(path), 0o600)
      }
      const [warning = "", ...more] = yield* seen
      assert.deepStrictEqual(more, [])
      for (const part of ["WARN", path, "0644", "set back to 0600"]) assert.include(warning, part)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("does not use a file that others could have written, and leaves it to be looked at", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStoreOn(JSON.stringify(keyJson))
      yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.chmod(path, 0o602))
      const error = yield* Effect.flip(store.load)
      assert.include(error.message, "other users of this machine can change it")
      assert.strictEqual(yield* mode(path), 0o602)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("says so once as well where it cannot close it, and goes on", () =>
    Effect.gen(function*() {
      const { layer, seen } = yield* warnings
      const { path, store } = yield* makeStore
      yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.makeDirectory(path.replace("/auth.json", "")))
      yield* put(path, JSON.stringify(keyJson))
      for (const _ of [1, 2]) assert.deepStrictEqual(yield* Effect.provide(stored(store), layer), keyJson)
      const [warning = "", ...more] = yield* seen
      assert.deepStrictEqual(more, [])
      assert.include(warning, "cannot be set back")
    }).pipe(Effect.provide(layerWith(() => ({ chmod: () => full })))))

  it.scopedLive("begins no change whose result it could not keep", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStoreOn(JSON.stringify(keyJson))
      const isBegun = yield* Ref.make(false)
      const change = store.modify(() => Effect.as(Ref.set(isBegun, true), Option.some(subscription)))
      const error = yield* Effect.flip(change)
      assert.include(error.message, "no space left")
      assert.isFalse(yield* Ref.get(isBegun))
      assert.strictEqual(yield* get(path), JSON.stringify(keyJson))
    }).pipe(Effect.provide(layerWith(openOnFullDisk(() => true)))))

  it.scopedLive("writes the agreed fields, and loads a file that has only the needed ones", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStore
      yield* store.save(subscription)
      assert.deepStrictEqual(yield* read(path), subscriptionJson)
      yield* put(path, JSON.stringify({ kind: "subscription", access_token: "a", refresh_token: "r", id_token: null }))
      assert.strictEqual(Option.getOrThrow(yield* store.load).kind, "subscription")
    }).pipe(Effect.provide(layer)))

  it.scopedLive("keeps fields that it does not know, and none of another kind of credential", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStoreOn(
        JSON.stringify({ ...subscriptionJson, note: { by: "Ada" }, api_key: "x" })
      )
      yield* store.save(subscription)
      assert.deepStrictEqual(yield* read(path), { ...subscriptionJson, note: { by: "Ada" } })
      yield* store.save(key)
      assert.deepStrictEqual(yield* read(path), { kind: "api_key", api_key: "sk-1", note: { by: "Ada" } })
    }).pipe(Effect.provide(layer)))

  it.scopedLive("forgets, once and again", () =>
    Effect.gen(function*() {
      const { folder, store } = yield* makeStore
      yield* store.clear
      yield* store.save(key)
      yield* store.clear
      yield* store.clear
      assert.strictEqual(yield* stored(store), "nothing")
      assert.notInclude(yield* names(folder), "auth.json")
    }).pipe(Effect.provide(layer)))

  const whole = JSON.stringify(subscriptionJson)
  it.scopedLive.each([
    ["nothing", ""],
    ["half of it", whole.slice(0, whole.length / 2)],
    ["no JSON", "access_token=access-1"],
    ["no object", "\"access-1\""],
    ["a list", "[\"access-1\"]"],
    ["no kind", JSON.stringify({ ...subscriptionJson, kind: undefined })],
    ["another kind", JSON.stringify({ ...subscriptionJson, kind: "access-1" })],
    ["no refresh token", JSON.stringify({ ...subscriptionJson, refresh_token: undefined })],
    ["an empty token", JSON.stringify({ ...subscriptionJson, refresh_token: "" })],
    ["tokens of another type", JSON.stringify({ ...subscriptionJson, access_token: ["access-1"], id_token: 7 })],
    ["a time that is text", JSON.stringify({ ...subscriptionJson, expires_at: "access-1" })]
  ] as ReadonlyArray<readonly [string, string]>)(
    "says what is wrong with a file that holds %s, and leaves it alone",
    ([, content]) =>
      Effect.gen(function*() {
        const { path, store } = yield* makeStoreOn(content)
        const error = yield* Effect.flip(store.load)
        assert.deepInclude(error, { _tag: "CredentialStoreError", operation: "load", location: path })
        assert.include(error.message, path)
        assert.include(error.message, "expected {\"kind\":\"subscription\"")
        assert.notMatch(JSON.stringify(error) + String(error.stack), /access-1|refresh-1|id-1/)
        const change = yield* Effect.exit(store.modify(() => Effect.succeed(Option.none())))
        assert.isTrue(Exit.isFailure(change))
        assert.strictEqual(yield* get(path), content)
      }).pipe(Effect.provide(layer))
  )

  it.scopedLive("names the fields that are wrong", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStoreOn(
        JSON.stringify({ kind: "subscription", access_token: "a", expires_at: "soon" })
      )
      assert.match(
        (yield* Effect.flip(store.load)).problem,
        /^(refresh_token|expires_at), (refresh_token|expires_at) is/
      )
    }).pipe(Effect.provide(layer)))

  it.scopedLive("is mended by a new credential", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStoreOn("{\"kind\":")
      yield* store.save(key)
      assert.deepStrictEqual(yield* stored(store), keyJson)
    }).pipe(Effect.provide(layer)))

  it.scopedLive.each(
    [
      ["is full", layerWith(openOnFullDisk(() => true))],
      ["refuses", layerWith(() => ({ rename: () => full }))]
    ] as const
  )("keeps the old credential when the disk %s", ([, disk]) =>
    Effect.gen(function*() {
      const { folder, path, store } = yield* makeStoreOn(whole)
      const error = yield* Effect.flip(store.save(key))
      assert.deepInclude(error, { operation: "save", location: path })
      assert.notInclude(JSON.stringify(error) + error.message, "sk-1")
      assert.strictEqual(yield* get(path), whole)
      assert.sameMembers(yield* names(folder), ["auth.json", "auth.json.lock"])
    }).pipe(Effect.provide(disk)))

  it.scopedLive("tells of a place where nothing can be kept", () =>
    Effect.gen(function*() {
      const path = `${yield* makeFolder}/file`
      yield* put(path, "")
      const store = yield* CredentialFile.make({ path: `${path}/auth.json` })
      assert.strictEqual((yield* Effect.flip(store.load)).operation, "load")
      assert.strictEqual((yield* Effect.flip(store.save(key)))._tag, "CredentialStoreError")
    }).pipe(Effect.provide(layer)))

  it.scopedLive("changes what is stored, and gives it back", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStore
      const seen: Array<Option.Option<Stored>> = []
      const to = (next: Option.Option<Stored>) => store.modify((stored) => Effect.sync(() => (seen.push(stored), next)))
      assert.deepStrictEqual(plain(yield* to(Option.some(key))), keyJson)
      assert.strictEqual(plain(yield* to(Option.none())), "nothing")
      assert.strictEqual(yield* stored(store), "nothing")
      assert.deepStrictEqual(seen.map(plain), ["nothing", keyJson])
    }).pipe(Effect.provide(layer)))

  it.scopedLive("keeps what is stored when a change fails, and lets the next one in", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStore
      yield* store.save(key)
      assert.strictEqual(yield* Effect.flip(store.modify(() => Effect.fail("no"))), "no")
      assert.deepStrictEqual(plain(yield* store.modify(Effect.succeed)), keyJson)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("lets nobody else change it in the middle of a change", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStore
      const goOn = yield* beginChange(store, subscription)
      const other = yield* CredentialFile.make({ path })
      for (
        const change of [other.save(key), other.clear, Effect.asVoid(other.modify(() => Effect.succeedSome(key)))]
      ) {
        assert.isTrue(yield* isHeldUp(change))
      }
      yield* goOn
      assert.deepStrictEqual(yield* stored(store), subscriptionJson)
      yield* other.save(key)
      assert.deepStrictEqual(yield* stored(store), keyJson)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("can be read in the middle of a change", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStore
      yield* store.save(key)
      const goOn = yield* beginChange(store, subscription)
      assert.deepStrictEqual(yield* stored(store), keyJson)
      yield* goOn
      assert.deepStrictEqual(yield* stored(store), subscriptionJson)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("waits for another program that changes it, even if that one is killed", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStoreOn(whole)
      const other = yield* lockElsewhere(`${path}.lock`)
      const change = store.modify(() => Effect.succeedSome(key))
      assert.isTrue(yield* isHeldUp(change))
      assert.strictEqual(yield* get(path), whole)
      const changing = yield* Effect.fork(change)
      yield* other.kill("SIGKILL")
      assert.deepStrictEqual(plain(yield* Fiber.join(changing)), keyJson)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("gives up on another program that does not let go, and says so", () =>
    Effect.gen(function*() {
      const { path } = yield* makeStoreOn(whole)
      const store = yield* CredentialFile.make({ path, lockTimeout: "50 millis" })
      yield* lockElsewhere(`${path}.lock`)
      const error = yield* Effect.flip(store.modify(() => Effect.succeedSome(key)))
      assert.deepInclude(error, { _tag: "CredentialStoreError", operation: "lock" })
      assert.include(error.message, "another program has held it for 50ms")
      assert.strictEqual(yield* get(path), whole)
    }).pipe(Effect.provide(layer)))

  it.scopedLive("loses no change of two stores and two programs", () =>
    Effect.gen(function*() {
      const { path, store } = yield* makeStoreOn(JSON.stringify({ ...subscriptionJson, expires_at: 0 }))
      const other = yield* CredentialFile.make({ path })
      const program = yield* startNode(counting, path)
      const count = (store: typeof other) => Effect.repeatN(store.modify(add1), 9)
      yield* Effect.all([count(store), count(other)], { concurrency: 2 })
      assert.strictEqual(yield* program.exitCode, 0)
      assert.propertyVal(yield* read(path), "expires_at", 30)
    }).pipe(Effect.provide(layer)))
})

const add1 = (stored: Option.Option<Stored>) =>
  Effect.succeed(
    Option.map(stored, (credential) =>
      credential.kind === "subscription" ? { ...credential, expires_at: (credential.expires_at ?? 0) + 1 } : credential)
  )

/** Another program that counts up ten times. */
const counting = `
  import * as NodeContext from "@effect/platform-node/NodeContext"
  import * as Effect from "effect/Effect"
  import * as Option from "effect/Option"
  import * as CredentialFile from "./src/node/auth/CredentialFile.ts"

  const store = await Effect.runPromise(CredentialFile.make({ path: process.argv[2] }).pipe(Effect.provide(NodeContext.layer)))
  const add1 = (stored) => Effect.succeed(Option.map(stored, (s) => ({ ...s, expires_at: s.expires_at + 1 })))
  console.log("ready")
  await Effect.runPromise(Effect.repeatN(store.modify(add1), 9))
`
