import * as Command from "@effect/platform/Command"
import * as PlatformError from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { at, fail, get, layer, layerWith, names, put, succeed } from "../support.ts"

const write = (path: string, content: string) => succeed("write", { path, content })

const full = Effect.fail(
  new PlatformError.SystemError({ reason: "Unknown", module: "FileSystem", method: "rename", description: "disk full" })
)

describe("write", () => {
  it.effect("makes a file, and the folders above it", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* write("new/folder/a.txt", "naïve\n"), "Wrote 7 bytes to new/folder/a.txt.")
      assert.strictEqual(yield* get("new/folder/a.txt"), "naïve\n")
      yield* write("empty.txt", "")
      assert.strictEqual(yield* get("empty.txt"), "")
    }).pipe(Effect.provide(layer)))

  it.effect("replaces a file as a whole and leaves nothing else behind", () =>
    Effect.gen(function*() {
      yield* put("inside/a.txt", "a long text from before")
      yield* write("inside/a.txt", "\uFEFFone\r\n")
      assert.strictEqual(yield* get("inside/a.txt"), "\uFEFFone\r\n")
      assert.deepStrictEqual(yield* names("inside"), ["a.txt"])
    }).pipe(Effect.provide(layer)))

  it.effect("keeps the mode of a file", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const mode = (path: string) => Effect.map(Effect.flatMap(at(path), fs.stat), ({ mode }) => mode & 0o7777)
      yield* put("run.sh", "exit 1")
      yield* fs.chmod(yield* at("run.sh"), 0o755)
      yield* write("run.sh", "exit 0")
      assert.strictEqual(yield* mode("run.sh"), 0o755)
      yield* write("new.sh", "exit 0")
      assert.strictEqual(yield* mode("new.sh"), 0o644)
    }).pipe(Effect.provide(layer)))

  it.effect("makes files as any program does: with what the umask leaves, and in the group of the folder", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const mode = (path: string) => Effect.map(Effect.flatMap(at(path), fs.stat), ({ mode }) => mode & 0o7777)
      const before = process.umask(0o002)
      yield* Effect.addFinalizer(() => Effect.sync(() => process.umask(before)))
      yield* write("new.txt", "x")
      assert.strictEqual(yield* mode("new.txt"), 0o664)
      process.umask(0o077)
      yield* write("own.txt", "x")
      assert.strictEqual(yield* mode("own.txt"), 0o600)
      process.umask(0o022)
      yield* fs.chmod(yield* at("inside"), 0o2775)
      yield* write("inside/sub/new.txt", "x")
      const isSetgid = Boolean((yield* mode("inside")) & 0o2000)
      assert.strictEqual(yield* mode("inside/sub"), isSetgid ? 0o2755 : 0o755)
      assert.strictEqual(yield* mode("inside/sub/new.txt"), 0o644)
    }).pipe(Effect.scoped, Effect.provide(layer)))

  it.effect.runIf(process.getuid?.() === 0)(
    "leaves a file with the person and the group that it belongs to",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* put("a.txt", "old")
        yield* fs.chown(yield* at("a.txt"), 4321, 8765)
        yield* fs.chmod(yield* at("a.txt"), 0o2770)
        yield* write("a.txt", "new")
        const { gid, mode, uid } = yield* fs.stat(yield* at("a.txt"))
        assert.deepEqual([uid, gid, mode & 0o7777], [Option.some(4321), Option.some(8765), 0o2770])
      }).pipe(Effect.provide(layer))
  )

  it.effect("writes through a link that stays inside, and keeps the link", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* put("inside/a.txt", "old")
      yield* fs.symlink("inside/a.txt", yield* at("a-link"))
      yield* write("a-link", "new")
      assert.strictEqual(yield* get("inside/a.txt"), "new")
      assert.strictEqual(yield* fs.readLink(yield* at("a-link")), "inside/a.txt")
    }).pipe(Effect.provide(layer)))

  it.effect("makes nothing through a link to nowhere outside", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.symlink("../outside/new.txt", yield* at("dangling"))
      assert.match(
        yield* fail("write", { path: "dangling", content: "leaked" }),
        /^dangling is a link to \.\.\/outside\/new\.txt, which is not there; remove the link/
      )
      assert.deepStrictEqual(yield* names("../outside"), ["secret.txt"])
    }).pipe(Effect.provide(layer)))

  it.effect("keeps the old file, and nothing else, when the disk refuses", () =>
    Effect.gen(function*() {
      yield* put("inside/a.txt", "old")
      assert.include(yield* fail("write", { path: "inside/a.txt", content: "new" }), "disk full")
      assert.strictEqual(yield* get("inside/a.txt"), "old")
      assert.deepStrictEqual(yield* names("inside"), ["a.txt"])
    }).pipe(Effect.provide(layerWith({ rename: () => full }))))

  it.effect("gives a file any name that the disk allows", () =>
    Effect.gen(function*() {
      const name = "x".repeat(250)
      yield* write(name, "long")
      assert.strictEqual(yield* get(name), "long")
    }).pipe(Effect.provide(layer)))

  it.effect("refuses what is no file", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "")
      assert.strictEqual(yield* fail("write", { path: "inside", content: "" }), "inside is a folder")
      assert.include(yield* fail("write", { path: "a.txt/b.txt", content: "" }), "a.txt/b.txt")
      assert.match(yield* fail("write", { path: "", content: "" }), /is a folder/)
    }).pipe(Effect.provide(layer)))

  it.effect.runIf(process.platform !== "win32")("does not replace a pipe", () =>
    Effect.gen(function*() {
      yield* Command.exitCode(Command.make("mkfifo", yield* at("pipe")))
      assert.strictEqual(yield* fail("write", { path: "pipe", content: "" }), "pipe is not a regular file")
    }).pipe(Effect.provide(layer)))
})
