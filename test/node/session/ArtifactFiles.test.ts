import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { basename } from "node:path"
import * as ArtifactFiles from "../../../src/node/session/ArtifactFiles.ts"
import * as Artifacts from "../../../src/tools/command/Artifacts.ts"
import { get, layer, makeFolder, names, put } from "../support.ts"

/** The folder of all sessions, with two of them. */
const sessions = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* makeFolder
  yield* Effect.forEach(["s1", "s2"], (session) => fs.makeDirectory(`${folder}/${session}`))
  return folder
})

const text = (content: string) => new TextEncoder().encode(content)
const eight = Array.from({ length: 8 }, (_, n) => `call_${n + 1}`)

describe("ArtifactFiles", () => {
  it.scoped("keeps the newest of a session, and says which had to go", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* sessions
      const artifacts = yield* ArtifactFiles.make({ folder })
      /** As large as one may be, without taking the room of it. */
      const keep = (session: string, callId: string, seconds: number) =>
        Effect.gen(function*() {
          const { location, removed } = yield* Effect.scoped(artifacts.begin(session, callId))
          yield* fs.truncate(location, Artifacts.maxBytes)
          yield* fs.utimes(location, seconds, seconds)
          return removed
        })
      for (const [n, callId] of eight.entries()) {
        // The names do not sort like the times.
        assert.deepStrictEqual(yield* keep("s1", callId, 1000 - n), [])
      }
      yield* keep("s2", "other", 1)
      yield* put(`${folder}/s1/artifacts/notes.md`, "mine")

      const { location, removed, write } = yield* artifacts.begin("s1", "newest")
      assert.deepStrictEqual(removed, [`${folder}/s1/artifacts/call_8.txt`])
      yield* write(text("kept"))
      assert.strictEqual(yield* get(location), "kept")
      assert.sameMembers(
        yield* names(`${folder}/s1/artifacts`),
        [...eight.slice(0, 7), "newest"].map((name) => `${name}.txt`).concat("notes.md")
      )
      assert.deepStrictEqual(yield* names(`${folder}/s2/artifacts`), ["other.txt"])
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps what is being written", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* sessions
      const artifacts = yield* ArtifactFiles.make({ folder })
      const first = yield* artifacts.begin("s1", "first")
      yield* fs.truncate(first.location, Artifacts.maxSessionBytes)
      assert.deepStrictEqual((yield* artifacts.begin("s1", "second")).removed, [])
      yield* first.write(text("more"))
      assert.sameMembers(yield* names(`${folder}/s1/artifacts`), ["first.txt", "second.txt"])
    }).pipe(Effect.provide(layer)))

  it.scoped("makes nothing of a session that was deleted", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* sessions
      const artifacts = yield* ArtifactFiles.make({ folder })
      yield* fs.remove(`${folder}/s1`, { recursive: true })
      const error = yield* Effect.flip(artifacts.begin("s1", "first"))
      assert.propertyVal(error, "reason", "NotFound")
      assert.deepStrictEqual(yield* names(folder), ["s2"])
    }).pipe(Effect.provide(layer)))
})

describe("Artifacts.makeMemory", () => {
  it.scoped("keeps the newest of a session, too", () =>
    Effect.gen(function*() {
      const kept = new Map<string, Array<Uint8Array>>()
      const artifacts = Artifacts.makeMemory(kept)
      // One buffer stands for all of them.
      const large = new Uint8Array(Artifacts.maxBytes)
      const keep = (session: string, callId: string) =>
        Effect.scoped(
          Effect.flatMap(artifacts.begin(session, callId), ({ removed, write }) => Effect.as(write(large), removed))
        )
      yield* keep("s2", "other")
      for (const callId of eight) assert.deepStrictEqual(yield* keep("s1", callId), [])
      assert.deepStrictEqual((yield* keep("s1", "newest")).map((location) => basename(location)), ["call_1.txt"])
      assert.lengthOf([...kept.keys()], 9)
      assert.isTrue(kept.has("s2/other.txt"))
    }))
})
