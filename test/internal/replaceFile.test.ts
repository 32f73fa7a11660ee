import type * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { replaceFile } from "../../src/internal/replaceFile.ts"
import { full, get, layer, layerWith, makeFolder, mode, names, openOnFullDisk, put } from "../node/support.ts"

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
})
