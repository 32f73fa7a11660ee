import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as SessionFiles from "../../../src/node/session/SessionFiles.ts"
import { SessionStarted } from "../../../src/session/SessionEvent.ts"
import type { SessionStore } from "../../../src/session/SessionStore.ts"
import { get, layer, makeFolder, mode, names, put } from "../support.ts"
import { completed, responded, started } from "./sessionEvents.ts"

const add = (store: typeof SessionStore.Service, id: string, key: string, event = started(key, `Do ${key}`)) =>
  Effect.scoped(Effect.flatMap(store.open(id), (session) => session.append(key, event)))

/** Three sessions, a store that remembers them, and one that remembers nothing. */
const setUp = Effect.gen(function*() {
  const base = yield* makeFolder
  const folder = `${base}/sessions`
  const index = `${base}/cache/sessions.json`
  const store = yield* SessionFiles.make({ folder, index })
  const plain = yield* SessionFiles.make({ folder })
  for (const id of ["a", "b", "c"]) yield* add(store, id, "t1")
  yield* store.list
  const isTrue = Effect.gen(function*() {
    assert.deepStrictEqual(yield* store.list, yield* plain.list)
    // What was made anew is remembered.
    assert.deepStrictEqual(yield* store.list, yield* plain.list)
  })
  return { base, folder, index, plain, store, isTrue }
})

describe("What is remembered of sessions", () => {
  it.scoped("is for their owner alone, and saves the reading of logs that are as they were", () =>
    Effect.gen(function*() {
      const { folder, index, isTrue, store } = yield* setUp
      const fs = yield* FileSystem.FileSystem
      assert.strictEqual(yield* mode(index), 0o600)
      const before = yield* store.list
      // An entry is used, or this would be seen.
      const [head = "", folder0, ...rows] = (yield* get(index)).trimEnd().split("\n")
      assert.match(head, /^effixir sessions \d+ \d+$/)
      assert.strictEqual(folder0, "null")
      assert.lengthOf(rows, 3)
      yield* fs.chmod(`${folder}/a/log.ndjson`, 0o600)
      assert.deepStrictEqual(yield* store.list, before)
      yield* isTrue
    }).pipe(Effect.provide(layer)))

  it.scoped("is not believed when a log has changed, came or went", () =>
    Effect.gen(function*() {
      const { folder, isTrue, store } = yield* setUp
      const fs = yield* FileSystem.FileSystem
      yield* add(store, "a", "end", completed("t1"))
      yield* isTrue
      yield* add(store, "d", "t1")
      yield* add(store, "d", "m1", responded(0.125))
      yield* isTrue
      yield* store.remove("b")
      yield* isTrue
      yield* fs.copy(`${folder}/a`, `${folder}/e`)
      yield* isTrue
      // Another log of the same size and time in its place.
      const log = `${folder}/c/log.ndjson`
      const { mtime } = yield* fs.stat(log)
      yield* put(log, (yield* get(log)).replace("Do t1", "Do t9"))
      if (mtime._tag === "Some") yield* fs.utimes(log, mtime.value, mtime.value)
      yield* isTrue
      assert.include((yield* store.list).map(({ title }) => title), "Do t9")
      yield* fs.remove(folder, { recursive: true })
      yield* isTrue
    }).pipe(Effect.provide(layer)))

  it.scoped("is made anew when it is missing, damaged, of another version or no file", () =>
    Effect.gen(function*() {
      const { index, isTrue } = yield* setUp
      const fs = yield* FileSystem.FileSystem
      const whole = yield* get(index)
      for (
        const content of [
          "",
          "\n",
          "nonsense",
          whole.slice(0, -1),
          whole.slice(0, 40),
          whole.replace("Do t1", "Do t2"),
          whole.replace("sessions 2", "sessions 1"),
          whole.replace(/\n.*/s, "\n[]")
        ]
      ) {
        yield* put(index, content)
        yield* isTrue
        assert.strictEqual(yield* get(index), whole)
      }
      yield* fs.remove(index)
      yield* isTrue
      yield* fs.remove(index)
      yield* fs.makeDirectory(index)
      yield* isTrue
    }).pipe(Effect.provide(layer)))

  it.scoped("forgets the folder of a session that is deleted, for one of the same id in another", () =>
    Effect.gen(function*() {
      const { store } = yield* setUp
      const begin = (workspace: string) =>
        add(store, "d", "started", SessionStarted.make({ sessionId: "d", schemaVersion: 1, workspace }))
      yield* begin("/here")
      yield* store.list
      yield* store.remove("d")
      yield* begin("/there")
      assert.deepStrictEqual((yield* store.listIn("/there")).map(({ id }) => id), ["d"])
    }).pipe(Effect.provide(layer)))

  it.scoped("spares a list of one folder the logs of others, and knows those that it has not seen", () =>
    Effect.gen(function*() {
      const { folder, index, plain, store } = yield* setUp
      const fs = yield* FileSystem.FileSystem
      const here = "/home/ada/[1] \"größe\"\n [2]"
      const isTrue = Effect.gen(function*() {
        for (const workspace of [here, "/there", "/nowhere"]) {
          assert.deepStrictEqual(
            yield* store.listIn(workspace),
            (yield* plain.list).filter((one) => one.workspace === workspace)
          )
        }
      })
      for (const [id, workspace] of [["here-1", here], ["there", "/there"], ["here-2", here]] as const) {
        yield* add(store, id, "start", { _tag: "SessionStarted", sessionId: id, schemaVersion: 1, workspace })
        yield* add(store, id, "t1")
        yield* isTrue
      }
      assert.deepStrictEqual((yield* store.listIn(here)).map(({ id }) => id).toSorted(), ["here-1", "here-2"])
      // What has just been seen is remembered, beside the others.
      const whole = yield* get(index)
      yield* store.list
      assert.strictEqual(yield* get(index), whole)
      assert.strictEqual(whole.split("\n").length, 6 + 2 + 3)
      yield* add(store, "here-1", "end", completed("t1"))
      yield* isTrue
      yield* store.remove("here-2")
      yield* isTrue
      // The log of another folder's session is not looked at, or it would be seen that it is another one now.
      yield* fs.copyFile(`${folder}/here-1/log.ndjson`, `${folder}/there/log.ndjson`)
      assert.deepStrictEqual((yield* store.listIn(here)).map(({ id }) => id), ["here-1"])
      yield* store.list
      yield* isTrue
    }).pipe(Effect.provide(layer)))

  it.scoped("leaves nothing beside it", () =>
    Effect.gen(function*() {
      const { base } = yield* setUp
      assert.deepStrictEqual(yield* names(`${base}/cache`), ["sessions.json"])
    }).pipe(Effect.provide(layer)))
})
