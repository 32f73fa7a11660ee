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

const refusedByDisk = new PlatformError.SystemError({
  reason: "Unknown",
  module: "FileSystem",
  method: "remove",
  description: "EIO: i/o error"
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

  describe("on links", () => {
    /** `CLAUDE.md` leads to `AGENTS.md`, `nowhere` to nothing, and `outside.txt` out of the workspace. */
    const links = Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* put("AGENTS.md", "one\n")
      yield* fs.symlink("AGENTS.md", yield* at("CLAUDE.md"))
      yield* fs.symlink("gone.txt", yield* at("nowhere"))
      yield* fs.symlink("../outside/secret.txt", yield* at("outside.txt"))
      return { linkTo: (path: string) => Effect.flatMap(at(path), fs.readLink) }
    })
    const untouched = ["AGENTS.md", "CLAUDE.md", "inside", "link-in", "link-out", "nowhere", "outside.txt"]
    const without = (...gone: ReadonlyArray<string>) => untouched.filter((name) => !gone.includes(name))

    it.effect("deletes the link itself, wherever it leads", () =>
      Effect.gen(function*() {
        yield* links
        yield* apply("*** Delete File: CLAUDE.md")
        assert.strictEqual(yield* get("AGENTS.md"), "one\n")
        yield* apply("*** Delete File: nowhere", "*** Delete File: outside.txt", "*** Delete File: link-out")
        assert.sameMembers([...yield* names()], without("CLAUDE.md", "nowhere", "outside.txt", "link-out"))
        assert.strictEqual(yield* get("../outside/secret.txt"), "secret")
      }).pipe(Effect.provide(layer)))

    it.effect("deletes a link and its file in one patch", () =>
      Effect.gen(function*() {
        yield* links
        yield* apply("*** Delete File: AGENTS.md", "*** Delete File: CLAUDE.md")
        assert.sameMembers([...yield* names()], without("AGENTS.md", "CLAUDE.md"))
      }).pipe(Effect.provide(layer)))

    it.effect("moves the text of a link, and leaves the file that it leads to", () =>
      Effect.gen(function*() {
        yield* links
        yield* apply("*** Update File: CLAUDE.md", "*** Move to: new.md", "-one", "+two")
        assert.strictEqual(yield* get("AGENTS.md"), "one\n")
        assert.strictEqual(yield* get("new.md"), "two\n")
        assert.sameMembers([...yield* names()], [...without("CLAUDE.md"), "new.md"])
      }).pipe(Effect.provide(layer)))

    it.effect("updates through a link, and puts a file in the place of one that it deletes", () =>
      Effect.gen(function*() {
        yield* links
        yield* apply("*** Update File: CLAUDE.md", "-one", "+two")
        assert.strictEqual(yield* get("AGENTS.md"), "two\n")
        yield* apply("*** Delete File: CLAUDE.md", "*** Add File: CLAUDE.md", "+own")
        assert.deepStrictEqual([yield* get("AGENTS.md"), yield* get("CLAUDE.md")], ["two\n", "own\n"])
      }).pipe(Effect.provide(layer)))

    it.effect("says what a link is in the way of", () =>
      Effect.gen(function*() {
        yield* links
        const refuse = (...lines: ReadonlyArray<string>) => fail("apply_patch", patch(...lines))
        assert.match(yield* refuse("*** Add File: CLAUDE.md", "+x"), /^CLAUDE\.md exists already/)
        assert.match(
          yield* refuse("*** Add File: nowhere", "+x"),
          /^nowhere is a link to gone\.txt, which is not there/
        )
        assert.match(yield* refuse("*** Update File: outside.txt", "-secret", "+x"), /is outside the workspace/)
        assert.match(
          yield* refuse("*** Delete File: link-in", "*** Add File: link-in/a", "+x"),
          /leads through link-in/
        )
        assert.match(yield* refuse("*** Delete File: CLAUDE.md", "*** Delete File: CLAUDE.md"), /not there any more/)
        assert.sameMembers([...yield* names()], untouched)
      }).pipe(Effect.provide(layer)))

    it.effect("puts a link back when the disk refuses the rest", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const remove: typeof fs.remove = (path, options) =>
          path.endsWith("/last.txt") ? Effect.fail(refusedByDisk) : fs.remove(path, options)
        yield* Effect.gen(function*() {
          const { linkTo } = yield* links
          yield* put("last.txt", "x")
          yield* fail("apply_patch", patch("*** Delete File: CLAUDE.md", "*** Delete File: last.txt"))
          assert.strictEqual(yield* linkTo("CLAUDE.md"), "AGENTS.md")
        }).pipe(Effect.provide(layerWith({ remove })))
      }).pipe(Effect.provide(NodeContext.layer)))
  })

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
