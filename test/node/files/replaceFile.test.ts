import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { replaceFile } from "../../../src/node/files/replaceFile.ts"
import { full, get, layer, layerWith, makeFolder, mode, names, openOnFullDisk, put, startNode } from "../support.ts"

/** Whatever fails, the old content is all there is. */
const staysOld = Effect.gen(function*() {
  const folder = yield* makeFolder
  yield* put(`${folder}/a`, "old")
  assert.strictEqual(yield* Effect.flip(replaceFile(`${folder}/a`, "new and longer", 0o600)), full)
  assert.strictEqual(yield* get(`${folder}/a`), "old")
  assert.deepStrictEqual(yield* names(folder), ["a"])
})

describe("replaceFile", () => {
  it.scoped("makes or replaces a file with the mode it is told, and leaves nothing else", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      for (const [content, wanted] of [["one", 0o600], ["two €", 0o666], ["", 0o755]] as const) {
        yield* replaceFile(`${folder}/b/c`, content, wanted)
        assert.strictEqual(yield* get(`${folder}/b/c`), content)
        assert.strictEqual(yield* mode(`${folder}/b/c`), wanted)
        assert.deepStrictEqual(yield* names(`${folder}/b`), ["c"])
      }
    }).pipe(Effect.provide(layer)))

  it.scoped("keeps the old file when the disk is full", () =>
    staysOld.pipe(Effect.provide(layerWith(openOnFullDisk(() => true)))))

  it.scoped("keeps the old file when the new one cannot be put in its place", () =>
    staysOld.pipe(Effect.provide(layerWith(() => ({ rename: () => full })))))

  it.scoped("has the new content on the disk before it takes the old one's place", () => {
    const steps: Array<string> = []
    const record = (step: string) => Effect.sync(() => steps.push(step))
    const recording = layerWith((fs) => ({
      open: (path, options) =>
        Effect.map(
          fs.open(path, options),
          (file): FileSystem.File =>
            Object.create(file, { sync: { value: Effect.zipRight(record("sync"), file.sync) } }) as FileSystem.File
        ),
      rename: (from, to) => Effect.zipRight(record("rename"), fs.rename(from, to))
    }))
    return Effect.gen(function*() {
      yield* replaceFile(`${yield* makeFolder}/a`, "new", 0o600)
      assert.deepStrictEqual(steps, ["sync", "rename"])
    }).pipe(Effect.provide(recording))
  })

  it.scoped("keeps the old file when it is interrupted", () =>
    Effect.gen(function*() {
      const started = yield* Deferred.make<void>()
      const rename = () => Effect.zipRight(Deferred.succeed(started, undefined), Effect.never)
      const folder = yield* makeFolder
      yield* put(`${folder}/a`, "old")
      const fiber = yield* replaceFile(`${folder}/a`, "new", 0o600).pipe(
        Effect.provide(layerWith(() => ({ rename }))),
        Effect.fork
      )
      yield* Deferred.await(started)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* get(`${folder}/a`), "old")
      assert.deepStrictEqual(yield* names(folder), ["a"])
    }).pipe(Effect.provide(layer)))

  it.scoped("ends with one whole content when several write at once", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const contents = Array.from({ length: 10 }, (_, n) => String(n).repeat(1000 * n))
      yield* Effect.forEach(contents, (content) => replaceFile(`${folder}/a`, content, 0o600), {
        concurrency: "unbounded"
      })
      assert.include(contents, yield* get(`${folder}/a`))
      assert.deepStrictEqual(yield* names(folder), ["a"])
    }).pipe(Effect.provide(layer)))

  it.scopedLive(
    "takes away what a killed process has left in the folder, and nothing else",
    () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        const folder = yield* makeFolder
        const hidden = Effect.map(names(folder), (all) => all.filter((name) => name.startsWith(".")).toSorted())
        const others = [".3c1de8b5-6ae0-4a56-8a4e-6b2bb3d4a111.tmp", ".effixir-notes.tmp", ".swp"]
        yield* Effect.forEach(others, (name) => put(`${folder}/${name}`, "somebody else's"))
        const [link, pipe] = ["1", "2"].map((n) => `.effixir-00000000-0000-4000-8000-00000000000${n}.tmp`)
        yield* fs.symlink(`${folder}/.swp`, `${folder}/${link}`)
        yield* Effect.promise(() => promisify(execFile)("mkfifo", [`${folder}/${pipe}`]))
        const kept = [...others, link, pipe].toSorted()

        const dead = yield* stuck(folder)
        const left = (yield* hidden).find((name) => !kept.includes(name))
        yield* dead.kill("SIGKILL")
        assert.include(yield* hidden, left)
        const living = yield* stuck(folder)
        const working = (yield* hidden).filter((name) => !kept.includes(name))
        // Whoever came second has found the first one dead already.
        assert.lengthOf(working, 1)
        assert.notInclude(working, left)

        yield* replaceFile(`${folder}/b`, "new", 0o600)
        assert.deepStrictEqual(yield* hidden, [...kept, ...working].toSorted())
        yield* living.kill("SIGKILL")
        yield* replaceFile(`${folder}/b`, "newer", 0o600)
        assert.deepStrictEqual(yield* hidden, kept)
        assert.strictEqual(yield* get(`${folder}/a`), "old")
        assert.strictEqual(yield* get(`${folder}/b`), "newer")
      }).pipe(Effect.provide(layer))
  )

  it.scopedLive("makes another neighbour when its first one is taken for left behind", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const opened: Array<string> = []
      const swept = layerWith((fs) => ({
        open: (path, options) =>
          Effect.tap(
            fs.open(path, options),
            () => opened.push(path) === 1 ? fs.remove(path) : Effect.void
          )
      }))
      yield* Effect.provide(replaceFile(`${folder}/a`, "new", 0o600), swept)
      assert.lengthOf(opened, 2)
      assert.strictEqual(yield* get(`${folder}/a`), "new")
      assert.deepStrictEqual(yield* names(folder), ["a"])
    }).pipe(Effect.provide(layer)))
})

/** A program that replaces a file, and never comes to the end of it. */
const stuck = (folder: string) =>
  Effect.zipRight(
    put(`${folder}/a`, "old"),
    startNode(
      `
      import * as NodeContext from "@effect/platform-node/NodeContext"
      import * as FileSystem from "@effect/platform/FileSystem"
      import * as Effect from "effect/Effect"
      import { replaceFile } from "./src/node/files/replaceFile.ts"
      const rename = () => Effect.zipRight(Effect.sync(() => console.log("ready")), Effect.never)
      Effect.runFork(
        Effect.flatMap(FileSystem.FileSystem, (fs) =>
          Effect.provideService(
            replaceFile(process.argv[2] + "/a", "new", 0o600), FileSystem.FileSystem, { ...fs, rename }
          )
        ).pipe(Effect.provide(NodeContext.layer))
      )
      `,
      folder
    )
  )
