import * as FileSystem from "@effect/platform/FileSystem"
import * as KeyValueStore from "@effect/platform/KeyValueStore"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as CacheFiles from "../../../src/node/settings/CacheFiles.ts"
import { layer, layerWith, makeFolder, mode, names, openOnFullDisk, put } from "../support.ts"

const caching = <A, E, R>(use: (folder: string) => Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const folder = `${yield* makeFolder}/home/cache`
    return yield* Effect.provide(use(folder), CacheFiles.layer({ folder }))
  })

const read = (key: string) =>
  Effect.flatMap(KeyValueStore.KeyValueStore, (store) => Effect.map(store.get(key), Option.getOrNull))

const write = (key: string, value: string) =>
  Effect.flatMap(KeyValueStore.KeyValueStore, (store) => store.set(key, value))

describe("CacheFiles", () => {
  it.scoped("keeps a value for each key, where only its owner can read it", () =>
    caching((folder) =>
      Effect.gen(function*() {
        const long = `models ${"x".repeat(500)}`
        const keys = [
          "rate-limits chatgpt:a",
          "rate-limits chatgpt:b",
          "models chatgpt:a https://host/../..",
          long,
          ".."
        ]
        for (const key of keys) assert.isNull(yield* read(key))
        for (const key of keys) yield* write(key, `about ${key}`)
        yield* write(long, "again")
        for (const key of keys) assert.strictEqual(yield* read(key), key === long ? "again" : `about ${key}`)
        const files = yield* names(folder)
        assert.strictEqual(files.length, keys.length)
        assert.strictEqual(files.filter((name) => name.startsWith("rate-limits-")).length, 2)
        assert.strictEqual(yield* mode(folder), 0o700)
        for (const name of files) assert.strictEqual(yield* mode(`${folder}/${name}`), 0o600)
        assert.deepStrictEqual(yield* names(`${folder}/..`), ["cache"])
      })
    ).pipe(Effect.provide(layer)))

  it.scoped("forgets one value, or all, and makes no folder before there is something to keep", () =>
    caching((folder) =>
      Effect.gen(function*() {
        const store = yield* KeyValueStore.KeyValueStore
        assert.strictEqual(yield* store.size, 0)
        yield* store.remove("a")
        yield* store.clear
        assert.isFalse(yield* Effect.flatMap(FileSystem.FileSystem, (fs) => fs.exists(folder)))
        yield* write("a", "1")
        yield* write("b", "2")
        yield* store.remove("a")
        assert.isNull(yield* read("a"))
        assert.strictEqual(yield* store.size, 1)
        yield* store.clear
        assert.isNull(yield* read("b"))
      })
    ).pipe(Effect.provide(layer)))

  it.scoped("keeps the old value when there is no room for the new one", () => {
    let isFull = false
    return caching((folder) =>
      Effect.gen(function*() {
        yield* write("a", "old")
        isFull = true
        assert.strictEqual((yield* Effect.flip(write("a", "new")))._tag, "SystemError")
        assert.strictEqual(yield* read("a"), "old")
        assert.strictEqual((yield* names(folder)).length, 1)
      })
    ).pipe(Effect.provide(layerWith(openOnFullDisk(() => isFull))))
  })

  it.scoped("fails, and no more, where there can be no folder", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      yield* put(`${folder}/file`, "")
      yield* Effect.provide(
        Effect.gen(function*() {
          assert.strictEqual((yield* Effect.flip(write("a", "1")))._tag, "SystemError")
        }),
        Layer.fresh(CacheFiles.layer({ folder: `${folder}/file/cache` }))
      )
    }).pipe(Effect.provide(layer)))
})
