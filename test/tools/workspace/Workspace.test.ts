import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as fc from "fast-check"
import * as Workspace from "../../../src/tools/workspace/Workspace.ts"
import { at, layerWorkspace, put } from "../support.ts"

const resolve = (path: string) => Effect.flatMap(Workspace.Workspace, (workspace) => workspace.resolve(path))

/** Where a path leads, seen from the root. */
const inside = (path: string) =>
  Effect.gen(function*() {
    const { relative } = yield* Path.Path
    return relative((yield* Workspace.Workspace).root, yield* resolve(path))
  })

const refused = (path: string) =>
  Effect.map(Effect.either(resolve(path)), (resolved) => {
    const tag = Either.isLeft(resolved) ? resolved.left._tag : resolved.right
    assert.strictEqual(tag, "OutsideWorkspace", path)
  })

/** The real path of what there is of a path. */
const realPath = (path: string): Effect.Effect<string, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const { dirname } = yield* Path.Path
    return yield* Effect.orElse(fs.realPath(path), () => realPath(dirname(path)))
  })

describe("Workspace", () => {
  it.effect("resolves what is inside, there or not", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "")
      assert.strictEqual(yield* inside("."), "")
      assert.strictEqual(yield* inside(""), "")
      assert.strictEqual(yield* inside("a.txt"), "a.txt")
      assert.strictEqual(yield* inside(yield* at("a.txt")), "a.txt")
      assert.strictEqual(yield* inside("./inside/../a.txt"), "a.txt")
      assert.strictEqual(yield* inside("new/folder/b.txt"), "new/folder/b.txt")
      assert.strictEqual(yield* inside("..a"), "..a")
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("follows a link that stays inside", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* inside("link-in"), "inside")
      assert.strictEqual(yield* inside("link-in/new.txt"), "inside/new.txt")
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("refuses what is outside, there or not", () =>
    Effect.gen(function*() {
      yield* refused("..")
      yield* refused("../outside/secret.txt")
      yield* refused("inside/../../outside/new.txt")
      yield* refused("/")
      yield* refused("/nowhere/new.txt")
      yield* refused(yield* at("../outside/secret.txt"))
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("takes ~ for the home folder, wherever that is, and for a part of a name as well", () =>
    Effect.gen(function*() {
      const { root } = yield* Workspace.Workspace
      for (const path of ["~", "~/", "~/x", "~/../x", "~//x"]) yield* refused(path)
      const [outside, within] = yield* Effect.all([
        Workspace.make({ root, home: `${root}/../outside` }),
        Workspace.make({ root, home: `${root}/inside` })
      ])
      for (const path of ["~", "~/x", "~/secret.txt", "~/../outside"]) {
        const error = yield* Effect.flip(outside.resolve(path))
        assert.strictEqual(error.message, `${path} is outside the workspace ${root}, since ~ is the home folder`)
      }
      assert.strictEqual(yield* outside.resolve("~/../root/a.txt"), `${root}/a.txt`)
      assert.strictEqual(yield* within.resolve("~/a/b.txt"), `${root}/inside/a/b.txt`)
      assert.strictEqual(yield* within.resolve("~"), `${root}/inside`)
      for (const name of ["~lock", "a/~", "~b/c", "a~"]) assert.strictEqual(yield* inside(name), name)
      assert.strictEqual(yield* inside("./~/x"), "~/x")
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("refuses a neighbour whose name only begins like the root's", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(yield* at("../root-too"))
      yield* refused("../root-too/a.txt")
      yield* refused(yield* at("../root-too"))
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("refuses a link to the outside, wherever it stands in the path", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.symlink(yield* at("../outside/secret.txt"), yield* at("link-to-file"))
      yield* fs.symlink("../link-out", yield* at("inside/link-to-link"))
      yield* refused("link-out")
      yield* refused("link-out/secret.txt")
      yield* refused("link-out/new/b.txt")
      yield* refused("link-to-file")
      yield* refused("link-in/link-to-link/secret.txt")
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("does not follow a link to nowhere", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.symlink(yield* at("../outside/new.txt"), yield* at("dangling"))
      yield* fs.symlink(yield* at("../outside/new"), yield* at("dangling-folder"))
      assert.propertyVal(yield* Effect.flip(resolve("dangling")), "reason", "NotFound")
      assert.propertyVal(yield* Effect.flip(resolve("dangling-folder/a.txt")), "reason", "NotFound")
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("fails for a link that leads to itself, a file used as a folder, and what is no path", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.symlink("loop", yield* at("loop"))
      yield* put("a.txt", "")
      for (const path of ["loop", "loop/a.txt", "a.txt/b", "a\0b", "x".repeat(5000)]) {
        const error = yield* Effect.flip(resolve(path))
        assert.include(["SystemError", "BadArgument"], error._tag)
        assert.notMatch(Workspace.failure("it")(error).message, /undefined|Unknown|BadResource/)
        assert.isBelow(Workspace.failure(path)(error).message.length, 400)
      }
    }).pipe(Effect.provide(layerWorkspace)))

  it.scoped("may be named by a link or by a path with dots", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
      yield* fs.makeDirectory(`${folder}/real`)
      yield* fs.symlink("real", `${folder}/link`)
      for (const root of [`${folder}/link`, `${folder}/link/../real/.`]) {
        const workspace = yield* Workspace.make({ root })
        assert.strictEqual(workspace.root, `${folder}/real`)
        assert.strictEqual(yield* workspace.resolve("a"), `${folder}/real/a`)
        assert.strictEqual(yield* workspace.resolve(`${folder}/link/a`), `${folder}/real/a`)
      }
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scoped("is not made of a file, nor of nothing", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.makeTempFileScoped()
      assert.strictEqual((yield* Effect.flip(Workspace.make({ root: file })))._tag, "SystemError")
      assert.propertyVal(yield* Effect.flip(Workspace.make({ root: `${file}-not` })), "reason", "NotFound")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.effect("leads no path to the outside", () =>
    Effect.gen(function*() {
      const { root } = yield* Workspace.Workspace
      const fs = yield* FileSystem.FileSystem
      yield* fs.makeDirectory(`${root}/a/b`, { recursive: true })
      yield* fs.symlink("../../outside", `${root}/a/link-out`)
      yield* fs.symlink("../inside", `${root}/a/link-in`)
      yield* fs.symlink("../a", `${root}/inside/link-in`)
      const runtime = yield* Effect.runtime<Workspace.Workspace | FileSystem.FileSystem | Path.Path>()
      const segment = fc.constantFrom("a", "b", "..", ".", "link-out", "link-in", "")
      const path = fc.tuple(fc.constantFrom("", `${root}/`, `${root}/../`), fc.array(segment, { maxLength: 8 }))
        .map(([start, segments]) => start + segments.join("/"))
      const property = fc.asyncProperty(path, (path) =>
        Effect.gen(function*() {
          const resolved = yield* Effect.option(resolve(path))
          if (resolved._tag === "None") return
          for (const place of [resolved.value, yield* realPath(resolved.value)]) {
            assert.isTrue(place === root || place.startsWith(`${root}/`), `${path} leads to ${place}`)
          }
        }).pipe(Runtime.runPromise(runtime)))
      yield* Effect.promise(() => fc.assert(property, { numRuns: 300 }))
    }).pipe(Effect.provide(layerWorkspace)))

  it.effect("lets one change wait for the other", () =>
    Effect.gen(function*() {
      const { exclusively } = yield* Workspace.Workspace
      const latch = yield* Deferred.make<void>()
      const done: Array<string> = []
      const first = yield* Effect.fork(
        exclusively(Effect.andThen(Deferred.await(latch), () => done.push("first")))
      )
      yield* Effect.yieldNow()
      const second = yield* Effect.fork(exclusively(Effect.sync(() => done.push("second"))))
      yield* Effect.yieldNow()
      assert.isEmpty(done)
      yield* Deferred.succeed(latch, undefined)
      yield* Fiber.joinAll([first, second])
      assert.deepStrictEqual(done, ["first", "second"])
    }).pipe(Effect.provide(layerWorkspace)))
})
