import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as NodeFiles from "../../../src/node/workspace/NodeFiles.ts"
import { Files } from "../../../src/tools/workspace/Files.ts"

const layer = NodeFiles.layer.pipe(Layer.provideMerge(NodeContext.layer))

/**
 * Two folders, one of which is not to be touched. In the first, `swapped` was a folder when its path was resolved, and
 * is a link to the second one now; `link` is a file that has become a link in the same way.
 */
const folders = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped({ prefix: "effixir-" }))
  const [inside, outside] = [`${folder}/inside`, `${folder}/outside`]
  yield* fs.makeDirectory(inside)
  yield* fs.makeDirectory(outside)
  yield* fs.writeFileString(`${inside}/a.txt`, "inside")
  yield* fs.writeFileString(`${outside}/a.txt`, "secret")
  yield* fs.symlink(outside, `${inside}/swapped`)
  yield* fs.symlink(`${outside}/a.txt`, `${inside}/link`)
  return { inside, outside }
})

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes)

describe("NodeFiles", () => {
  it.scoped("reads, replaces and removes files, and makes folders", () =>
    Effect.gen(function*() {
      const files = yield* Files
      const fs = yield* FileSystem.FileSystem
      const { inside } = yield* folders
      const path = `${inside}/new/folder/b.txt`
      assert.strictEqual((yield* files.stat(path))._tag, "None")
      yield* files.replace(path, "one", 0o640)
      assert.strictEqual(text(yield* files.read(path, 100)), "one")
      assert.strictEqual(text(yield* files.read(path, 2)), "on")
      const info = yield* Effect.flatten(files.stat(path))
      assert.deepStrictEqual([info.type, info.size, info.mode & 0o777], ["File", 3, 0o640])
      yield* files.replace(path, "", 0o600)
      assert.strictEqual((yield* files.read(path, 100)).length, 0)
      yield* files.remove(path)
      assert.deepStrictEqual(yield* fs.readDirectory(`${inside}/new/folder`), [])
      assert.strictEqual((yield* Effect.flatten(files.stat(`${inside}/new`))).type, "Directory")
    }).pipe(Effect.provide(layer)))

  it.scoped("follows no link that has come in the way", () =>
    Effect.gen(function*() {
      const files = yield* Files
      const fs = yield* FileSystem.FileSystem
      const { inside, outside } = yield* folders
      for (const path of [`${inside}/swapped/a.txt`, `${inside}/swapped/new/b.txt`]) {
        assert.isTrue((yield* Effect.exit(files.read(path, 100)))._tag === "Failure", path)
        assert.isTrue((yield* Effect.exit(files.replace(path, "leaked", 0o644)))._tag === "Failure", path)
        assert.isTrue((yield* Effect.exit(files.remove(path)))._tag === "Failure", path)
      }
      assert.isTrue((yield* Effect.exit(files.read(`${inside}/link`, 100)))._tag === "Failure")
      assert.strictEqual((yield* Effect.flatten(files.stat(`${inside}/link`))).type, "Link")
      // What is replaced or removed is the link.
      yield* files.replace(`${inside}/link`, "new", 0o644)
      assert.strictEqual(yield* fs.readFileString(`${inside}/link`), "new")
      assert.deepStrictEqual(yield* fs.readDirectory(outside), ["a.txt"])
      assert.strictEqual(yield* fs.readFileString(`${outside}/a.txt`), "secret")
    }).pipe(Effect.provide(layer)))

  it.scoped("does not wait for a pipe, and reads no device and no folder", () =>
    Effect.gen(function*() {
      const files = yield* Files
      const { inside } = yield* folders
      yield* Command.exitCode(Command.make("mkfifo", `${inside}/pipe`))
      for (const path of [`${inside}/pipe`, "/dev/zero", inside]) {
        assert.isTrue((yield* Effect.exit(files.read(path, 100)))._tag === "Failure", path)
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("leaves no handle open", () =>
    Effect.gen(function*() {
      const files = yield* Files
      const fs = yield* FileSystem.FileSystem
      const { inside } = yield* folders
      if (!(yield* fs.exists("/proc/self/fd"))) return
      const open = Effect.map(fs.readDirectory("/proc/self/fd"), ({ length }) => length)
      const before = yield* open
      for (let n = 0; n < 20; n++) {
        yield* files.read(`${inside}/a.txt`, 100)
        yield* files.replace(`${inside}/b/${n}/c.txt`, "x", 0o644)
        yield* Effect.exit(files.read(`${inside}/swapped/a.txt`, 100))
      }
      assert.isAtMost(yield* open, before + 2)
    }).pipe(Effect.provide(layer)))
})
