import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/TestClock"
import * as SessionFiles from "../../../src/node/session/SessionFiles.ts"
import { userMessage } from "../../../src/responses/Item.ts"
import * as SessionStore from "../../../src/session/SessionStore.ts"
import * as SessionStoreContract from "../../../src/testing/SessionStoreContract.ts"
import { full, get, layer, layerWith, lockElsewhere, makeFolder, mode, names, openOnFullDisk, put } from "../support.ts"
import { completed, started } from "./sessionEvents.ts"

const stores = {
  SessionFiles: Layer.unwrapScoped(Effect.map(makeFolder, (folder) => SessionFiles.layer({ folder }))).pipe(
    Layer.provide(layer)
  ),
  "SessionStore.layerMemory": SessionStore.layerMemory
}

describe.each(Object.entries(stores))("%s, as a SessionStore,", (_, layer) => {
  for (const { check, name } of SessionStoreContract.checks<unknown>(layer)) it.effect(name, () => check)
})

/** A store, and where it keeps its logs. */
const makeStore = Effect.gen(function*() {
  const folder = `${yield* makeFolder}/sessions`
  const logOf = (id: string) => `${folder}/${id}/log.ndjson`
  return { folder, logOf, store: yield* SessionFiles.make({ folder }) }
})

/** A store with a session `s1` of two turns. */
const makeUsedStore = Effect.gen(function*() {
  const made = yield* makeStore
  yield* Effect.scoped(Effect.gen(function*() {
    const session = yield* made.store.open("s1")
    yield* session.append("start/1", started("t1", "naïve €👋"))
    yield* session.append("end/1", completed("t1"))
    yield* session.append("start/2", started("t2", "€👋\u2028\n"))
  }))
  return { ...made, log: made.logOf("s1"), text: yield* get(made.logOf("s1")) }
})

const keys = (events: ReadonlyArray<{ readonly key: string }>) => events.map(({ key }) => key)

describe("SessionFiles", () => {
  it.scoped("keeps one event a line, for its owner alone", () =>
    Effect.gen(function*() {
      const { folder, log, text } = yield* makeUsedStore
      const lines = text.split("\n").slice(0, -1).map((line): unknown => JSON.parse(line))
      assert.lengthOf(lines, 3)
      assert.deepNestedPropertyVal(lines[1], "event", { ...completed("t1") })
      assert.strictEqual(yield* mode(log), 0o600)
      assert.strictEqual(yield* mode(`${folder}/s1`), 0o700)
    }).pipe(Effect.provide(layer)))

  it.scoped("does without a last line that was cut off, wherever that was", () =>
    Effect.gen(function*() {
      const { log, store, text } = yield* makeUsedStore
      const bytes = new TextEncoder().encode(text)
      const whole = bytes.lastIndexOf(10, -2) + 1
      for (let size = whole; size < bytes.length; size++) {
        yield* put(log, bytes.subarray(0, size))
        assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "end/1"])
      }
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* store.open("s1")
        yield* session.append("start/3", started("t3"))
        const now = new TextEncoder().encode(yield* get(log))
        assert.deepStrictEqual(now.subarray(0, whole), bytes.subarray(0, whole))
        assert.strictEqual(now.indexOf(10, whole), now.length - 1)
      }))
      assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "end/1", "start/3"])
    }).pipe(Effect.provide(layer)))

  it.scoped.each(
    [
      { second: "{\"seq\":", problem: "not JSON" },
      { second: "\0\0\0\0", problem: "not JSON" },
      { second: "", problem: "blank" },
      { second: " \t", problem: "blank" },
      { second: "{}", problem: "no event" },
      { second: "null", problem: "no event" },
      { second: "{\"seq\":2,\"at\":\"x\",\"key\":\"k\",\"event\":{\"_tag\":\"No\"}}", problem: "no event" }
    ] as const
  )("leaves out a line $second in the middle, tells which it is, and leaves the log alone", (
    { problem, second }
  ) =>
    Effect.gen(function*() {
      const { log, store, text } = yield* makeUsedStore
      const [first, , third] = text.split("\n")
      const broken = `${first}\n${second}\n${third}\n`
      yield* put(log, broken)
      const { damaged, events } = yield* store.inspect("s1")
      assert.deepStrictEqual(keys(events), ["start/1", "start/2"])
      assert.deepStrictEqual(damaged, [{ line: 2, problem }])
      assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "start/2"])
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* store.open("s1")
        assert.deepStrictEqual(keys(yield* session.events), ["start/1", "start/2"])
        const added = yield* session.append("end/2", completed("t2"))
        assert.deepStrictEqual(added.seq, 4)
      }))
      assert.isTrue((yield* get(log)).startsWith(broken))
      assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "start/2", "end/2"])
    }).pipe(Effect.provide(layer)))

  it.scoped("refuses a log of which no line is an event", () =>
    Effect.gen(function*() {
      const { log, store } = yield* makeUsedStore
      yield* put(log, "one\ntwo\n")
      for (const use of [Effect.asVoid(store.read("s1")), Effect.asVoid(Effect.scoped(store.open("s1")))]) {
        assert.deepInclude(yield* Effect.flip(use), { reason: "Corrupt", session: "s1" })
      }
      assert.strictEqual(yield* get(log), "one\ntwo\n")
    }).pipe(Effect.provide(layer)))

  it.scoped("reads lines that are longer than what it reads at once, wherever they end", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStore
      const lengths = [1, 262_000, 262_143, 262_144, 262_145, 700_000, 3]
      yield* Effect.scoped(Effect.gen(function*() {
        const session = yield* store.open("s1")
        for (const length of lengths) yield* session.append(`start/${length}`, started("t1", "€".repeat(length)))
      }))
      const events = yield* store.read("s1")
      const texts = events.map(({ event }) => event._tag === "TurnStarted" ? JSON.stringify(event.input).length : 0)
      const around = JSON.stringify([userMessage("")]).length
      assert.deepStrictEqual(texts, lengths.map((length) => length + around))
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps the size of a log in which a character is damaged", () =>
    Effect.gen(function*() {
      const { log, store, text } = yield* makeUsedStore
      const fs = yield* FileSystem.FileSystem
      const bytes = new TextEncoder().encode(text)
      bytes[bytes.indexOf(0xe2)] = 0xff
      yield* put(log, bytes)
      yield* Effect.scoped(store.open("s1"))
      assert.deepStrictEqual(new Uint8Array(yield* fs.readFile(log)), bytes)
    }).pipe(Effect.provide(layer)))

  it.scoped.each(["", ".", "..", "../s1", "s1/../s1", "s1/", "-s1", "s 1", "s1.x", "s\0", "é", "x".repeat(65)])(
    "knows that %j is no id",
    (id) =>
      Effect.gen(function*() {
        const { folder, store } = yield* makeUsedStore
        assert.propertyVal(yield* Effect.flip(store.read(id)), "reason", "NotFound")
        assert.propertyVal(yield* Effect.flip(store.open(id)), "reason", "NotFound")
        assert.deepStrictEqual(yield* names(folder), ["s1"])
        assert.deepStrictEqual(yield* names(`${folder}/..`), ["sessions"])
      }).pipe(Effect.provide(layer))
  )

  it.scoped("takes an id that it made itself", () =>
    Effect.gen(function*() {
      const { store } = yield* makeStore
      const id = yield* SessionStore.makeId
      yield* (yield* store.open(id)).append("start/1", started("t1"))
      assert.lengthOf(yield* store.read(id), 1)
    }).pipe(Effect.provide(layer)))

  it.scoped("lists the session first that was written to last, and nothing else", () =>
    Effect.gen(function*() {
      const { folder, store } = yield* makeStore
      assert.deepStrictEqual(yield* store.list, [])
      const fs = yield* FileSystem.FileSystem
      for (const [id, seconds] of [["a", 200], ["b", 300], ["c", 100]] as const) {
        yield* TestClock.setTime(seconds * 1000)
        yield* (yield* store.open(id)).append("start/1", started("t1"))
      }
      yield* store.open("empty")
      yield* fs.makeDirectory(`${folder}/nothing`)
      yield* put(`${folder}/notes.txt`, "mine")
      yield* put(`${folder}/file`, "mine")
      assert.deepStrictEqual((yield* store.list).map(({ id, updatedAt }) => [id, updatedAt]), [
        ["b", 300_000],
        ["a", 200_000],
        ["c", 100_000]
      ])
    }).pipe(Effect.provide(layer)))

  it.scoped("fails when the disk is full, and goes on where it was when there is room again", () => {
    let isFull = false
    return Effect.gen(function*() {
      const { log, store, text } = yield* makeUsedStore
      const session = yield* store.open("s1")
      isFull = true
      const error = yield* Effect.flip(session.append("end/2", completed("t2")))
      assert.deepInclude(error, { reason: "Io", session: "s1" })
      assert.include(error.message, "no space left")
      assert.strictEqual(yield* get(log), text)
      assert.deepStrictEqual(keys(yield* session.log), ["start/1", "end/1", "start/2"])
      isFull = false
      yield* session.append("end/2", completed("t2"))
      assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "end/1", "start/2", "end/2"])
    }).pipe(Effect.provide(layerWith(openOnFullDisk(() => isFull))))
  })

  it.scoped("writes nothing behind half a line that could not be cut off", () => {
    let isFull = false
    const openStuck = (fs: FileSystem.FileSystem) => ({
      open: (path: string, options?: FileSystem.OpenFileOptions) =>
        Effect.map(
          openOnFullDisk(() => isFull)(fs).open(path, options),
          (file): FileSystem.File =>
            Object.assign(Object.create(file) as FileSystem.File, {
              truncate: (size?: FileSystem.SizeInput) => isFull ? Effect.fail(full) : file.truncate(size)
            })
        )
    })
    return Effect.gen(function*() {
      const { log, store, text } = yield* makeUsedStore
      const session = yield* store.open("s1")
      isFull = true
      for (const key of ["end/2", "end/3"]) {
        assert.propertyVal(yield* Effect.flip(session.append(key, completed("t2"))), "reason", "Io")
        assert.isAbove((yield* get(log)).length, text.length)
        assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "end/1", "start/2"])
      }
      isFull = false
      yield* session.append("end/2", completed("t2"))
      assert.deepStrictEqual(keys(yield* store.read("s1")), ["start/1", "end/1", "start/2", "end/2"])
    }).pipe(Effect.provide(layerWith(openStuck)))
  })

  it.scoped("takes away what a deletion has left that was killed, with the next one, and with a list", () =>
    Effect.gen(function*() {
      const { logOf, store } = yield* makeUsedStore
      const fs = yield* FileSystem.FileSystem
      const left = logOf(".removed-s2")
      yield* fs.makeDirectory(`${left}/artifacts`, { recursive: true })
      assert.deepStrictEqual((yield* store.list).map(({ id }) => id), ["s1"])
      assert.isFalse(yield* fs.exists(left))
      yield* fs.makeDirectory(`${left}/artifacts`, { recursive: true })
      yield* store.remove("s1")
      assert.isFalse(yield* fs.exists(left))
      assert.deepStrictEqual(yield* store.list, [])
    }).pipe(Effect.provide(layer)))

  it.scoped("says why a log cannot be used", () =>
    Effect.gen(function*() {
      const { logOf, store } = yield* makeStore
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(logOf("s1"), { recursive: true })
      assert.propertyVal(yield* Effect.flip(store.read("s1")), "reason", "Io")
      assert.propertyVal(yield* Effect.flip(store.open("s1")), "reason", "Io")
    }).pipe(Effect.provide(layer)))

  it.scopedLive(
    "is busy while another program writes, can be read, and is free when that one is killed",
    () =>
      Effect.gen(function*() {
        const { log, store } = yield* makeUsedStore
        const other = yield* lockElsewhere(log)
        assert.propertyVal(yield* Effect.flip(store.open("s1")), "reason", "Busy")
        assert.lengthOf(yield* store.read("s1"), 3)
        yield* other.kill("SIGKILL")
        assert.lengthOf(yield* (yield* store.open("s1")).log, 3)
      }).pipe(Effect.provide(layer))
  )

  it.scoped("touches nothing of a session that is busy", () =>
    Effect.gen(function*() {
      const { log, store, text } = yield* makeUsedStore
      yield* store.open("s1")
      yield* put(log, `${text}{"seq":`)
      assert.propertyVal(yield* Effect.flip(store.open("s1")), "reason", "Busy")
      assert.strictEqual(yield* get(log), `${text}{"seq":`)
    }).pipe(Effect.provide(layer)))
})
