import * as NodeContext from "@effect/platform-node/NodeContext"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { at, fail, get, layer, layerWith, names, put, succeed } from "../support.ts"

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

const apply = (...lines: ReadonlyArray<string>) => succeed("apply_patch", patch(...lines))

/** What is said of a patch that changes nothing. */
const refused = (...lines: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const before = [yield* names(), yield* get("a.txt")]
    const output = yield* fail("apply_patch", patch(...lines))
    assert.deepStrictEqual([yield* names(), yield* get("a.txt")], before)
    return output
  })

describe("apply_patch", () => {
  it.effect("adds, updates, moves and deletes files", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* put("a.txt", "one\ntwo\n")
      yield* put("b.txt", "three\n")
      yield* put("c.txt", "gone\n")
      yield* fs.chmod(yield* at("b.txt"), 0o755)
      const output = yield* apply(
        "*** Add File: new/d.txt",
        "+four",
        "*** Update File: a.txt",
        " one",
        "-two",
        "+2",
        "*** Update File: b.txt",
        "*** Move to: moved/b.txt",
        "-three",
        "+3",
        "*** Delete File: c.txt"
      )
      assert.strictEqual(output, "Done:\nA new/d.txt\nM a.txt\nM b.txt -> moved/b.txt\nD c.txt")
      assert.strictEqual(yield* get("a.txt"), "one\n2\n")
      assert.strictEqual(yield* get("moved/b.txt"), "3\n")
      assert.strictEqual((yield* fs.stat(yield* at("moved/b.txt"))).mode & 0o777, 0o755)
      assert.strictEqual(yield* get("new/d.txt"), "four\n")
      assert.sameMembers([...yield* names()], ["a.txt", "inside", "link-in", "link-out", "moved", "new"])
    }).pipe(Effect.provide(layer)))

  it.effect("takes several changes of one file one after the other", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      yield* apply("*** Update File: a.txt", "-one", "+two", "*** Update File: ./a.txt", "-two", "+three")
      assert.strictEqual(yield* get("a.txt"), "three\n")
      yield* apply("*** Delete File: a.txt", "*** Add File: a.txt", "+new")
      assert.strictEqual(yield* get("a.txt"), "new\n")
      yield* apply("*** Add File: b.txt", "+b", "*** Delete File: b.txt")
      assert.notInclude(yield* names(), "b.txt")
    }).pipe(Effect.provide(layer)))

  it.effect("keeps the byte order mark and the line ends", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "\uFEFFone\r\ntwo\r\n")
      yield* apply("*** Update File: a.txt", "-one", "+1", " two", "+3")
      assert.strictEqual(yield* get("a.txt"), "\uFEFF1\r\ntwo\r\n3\r\n")
    }).pipe(Effect.provide(layer)))

  it.effect("changes nothing unless everything fits", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\ntwo\n")
      yield* put("b.bin", Uint8Array.of(0, 1))
      const change = ["*** Add File: new.txt", "+x", "*** Update File: a.txt", "-one", "+1"]
      assert.strictEqual(
        yield* refused(...change, "@@", "-tow", "+2"),
        "a.txt: hunk 2 of 2 does not fit: the lines to change are not there. Nothing there is like it.\n" +
          "No file was changed."
      )
      assert.match(yield* refused(...change, "*** Update File: nope.txt", "-a"), /^nope\.txt: no such file/)
      assert.match(yield* refused(...change, "*** Add File: a.txt", "+a"), /^a\.txt exists already/)
      assert.match(yield* refused(...change, "*** Update File: a.txt", "*** Move to: b.bin"), /^b\.bin exists already/)
      assert.match(yield* refused(...change, "*** Update File: b.bin", "-a"), /^b\.bin is a binary file/)
      assert.match(yield* refused(...change, "*** Delete File: inside"), /^inside is a folder/)
      assert.match(yield* refused("*** Delete File: a.txt", "*** Update File: a.txt", "-a"), /not there any more/)
      assert.match(yield* refused("no patch"), /^The patch cannot be read: line 2/)
    }).pipe(Effect.provide(layer)))

  it.effect("leads no file out of the workspace, nor one in", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      for (const path of ["../outside/secret.txt", "link-out/secret.txt", "/etc/passwd"]) {
        const changes = [
          ["*** Add File: " + path, "+x"],
          ["*** Delete File: " + path],
          ["*** Update File: " + path, "-secret", "+x"],
          ["*** Update File: a.txt", `*** Move to: ${path}`, "-one", "+x"]
        ]
        for (const change of changes) assert.match(yield* refused(...change), /is outside the workspace/)
      }
      assert.strictEqual(yield* get("../outside/secret.txt"), "secret")
    }).pipe(Effect.provide(layer)))

  it.effect("does not undo what somebody else did since the file was read", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "one\n")
      yield* succeed("read", { path: "a.txt" })
      yield* put("a.txt", "one\ntwo\n")
      assert.match(yield* refused("*** Update File: a.txt", "-one", "+1"), /has changed since you last read it/)
    }).pipe(Effect.provide(layer)))

  it.effect("takes back what it has done when the disk refuses the rest", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const renames = yield* Ref.make(0)
      const full = new PlatformError.SystemError({
        reason: "Unknown",
        module: "FileSystem",
        method: "rename",
        description: "ENOSPC: no space left on device, rename '/x' -> '/y'"
      })
      const rename: typeof fs.rename = (from, to) =>
        Effect.flatMap(Ref.updateAndGet(renames, (n) => n + 1), (n) => n === 3 ? full : fs.rename(from, to))
      yield* Effect.gen(function*() {
        yield* put("a.txt", "one\n")
        yield* put("b.txt", "two\n")
        yield* put("d.txt", "four\n")
        const output = yield* refused(
          "*** Add File: c.txt",
          "+c",
          "*** Update File: a.txt",
          "-one",
          "+1",
          "*** Update File: b.txt",
          "-two",
          "+2",
          "*** Delete File: d.txt"
        )
        assert.strictEqual(output, "b.txt: ENOSPC: no space left on device. No file was changed.")
        assert.strictEqual(yield* get("b.txt"), "two\n")
      }).pipe(Effect.provide(layerWith({ rename })))
    }).pipe(Effect.provide(NodeContext.layer)))
})
