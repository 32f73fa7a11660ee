import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ArtifactFiles from "../../src/node/ArtifactFiles.ts"
import * as NodeFiles from "../../src/node/NodeFiles.ts"
import * as NodeFileSearch from "../../src/node/NodeFileSearch.ts"
import * as ProcessGroup from "../../src/node/ProcessGroup.ts"
import * as SeenFiles from "../../src/tools/SeenFiles.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as Workspace from "../../src/tools/Workspace.ts"
import { at, call, everything, fail, layer, layerWorkspace, put } from "./support.ts"

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

/** Every way of a file tool to a path. */
const ways = (path: string): ReadonlyArray<readonly [string, unknown]> => [
  ["read", { path }],
  ["write", { path, content: "leaked" }],
  ["edit", { path, old_string: "secret", new_string: "leaked" }],
  ["apply_patch", patch(`*** Add File: ${path}`, "+leaked")],
  ["apply_patch", patch(`*** Update File: ${path}`, "-secret", "+leaked")],
  ["apply_patch", patch(`*** Delete File: ${path}`)]
]

/** The tools in a workspace whose paths are put elsewhere by `swap` between the check and the use. */
const layerSwapping = (swap: Effect.Effect<unknown>) =>
  ToolExecutor.layer(everything).pipe(
    Layer.provide(Layer.mergeAll(NodeFiles.layer, SeenFiles.layer, ArtifactFiles.layer({ folder: "unused" }))),
    Layer.provide(Layer.merge(ProcessGroup.layer, NodeFileSearch.layer)),
    Layer.provide(Layer.effect(
      Workspace.Workspace,
      Effect.map(Workspace.Workspace, (workspace) => ({
        ...workspace,
        resolve: (path: string) => Effect.tap(workspace.resolve(path), () => swap)
      }))
    ))
  )

const secretIsSafe = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const outside = yield* at("../outside")
  assert.deepStrictEqual(yield* fs.readDirectory(outside), ["secret.txt"])
  assert.strictEqual(yield* fs.readFileString(`${outside}/secret.txt`), "secret")
})

describe("Nobody gets out of the workspace", () => {
  it.live("by a path of any kind", () =>
    Effect.gen(function*() {
      const secret = yield* at("../outside/secret.txt")
      const paths = [
        "../outside/secret.txt",
        "inside/../../outside/secret.txt",
        "./././../outside/secret.txt",
        "link-in/../../outside/secret.txt",
        "link-out/secret.txt",
        "link-out/new.txt",
        secret,
        `/proc/self/cwd/${secret}`,
        `/proc/self/root${secret}`,
        "/proc/self/environ",
        "/dev/stdin",
        "/dev/zero"
      ]
      for (const [name, args] of paths.flatMap(ways)) {
        const output = yield* fail(name, args)
        assert.notInclude(output, "leaked")
        assert.notMatch(output, /(^|\n)secret($|\n)/)
      }
      yield* secretIsSafe
    }).pipe(Effect.provide(layer)), 20_000)

  it.live("by a folder that becomes a link after its path was checked", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const folder = yield* at("inside")
      const swap = Effect.gen(function*() {
        yield* fs.remove(folder, { recursive: true })
        yield* fs.symlink("../outside", folder)
      }).pipe(Effect.orDie)
      for (
        const [name, args] of [...ways("inside/secret.txt"), ...ways("inside/new.txt"), ...ways("inside/new/b.txt")]
      ) {
        yield* fs.remove(folder, { recursive: true })
        yield* fs.makeDirectory(folder)
        yield* put("inside/secret.txt", "inner secret")
        yield* Effect.provide(fail(name, args), layerSwapping(swap))
        yield* secretIsSafe
      }
    }).pipe(Effect.provide(layerWorkspace)), 20_000)

  it.live("by a file that becomes a link after its path was checked", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      const file = yield* at("a.txt")
      const swap = Effect.gen(function*() {
        yield* fs.remove(file, { force: true })
        yield* fs.symlink("../outside/secret.txt", file)
      }).pipe(Effect.orDie)
      for (const [name, args] of ways("a.txt")) {
        yield* fs.remove(file, { force: true })
        yield* put("a.txt", "mine")
        const { output } = yield* Effect.provide(call(name, args), layerSwapping(swap))
        assert.notInclude(output, "secret")
        yield* secretIsSafe
      }
    }).pipe(Effect.provide(layerWorkspace)), 20_000)
})

describe("What is no file", () => {
  it.live.runIf(process.platform !== "win32")(
    "is refused in a sentence, and not waited for",
    () =>
      Effect.gen(function*() {
        yield* Command.exitCode(Command.make("mkfifo", yield* at("pipe")))
        for (
          const [path, why] of [["pipe", /is not a regular file|exists already/], [
            "inside",
            /is a folder|exists already/
          ]] as const
        ) {
          for (const [name, args] of ways(path)) {
            assert.match(yield* Effect.timeout(fail(name, args), "2 seconds"), why)
          }
        }
      }).pipe(Effect.provide(layer))
  )

  it.live.runIf(process.platform === "linux")(
    "may be a device in a workspace of devices",
    () =>
      Effect.gen(function*() {
        for (const path of ["zero", "random", "full"]) {
          for (const [name, args] of ways(path)) {
            assert.match(yield* Effect.timeout(fail(name, args), "2 seconds"), /is not a regular file|exists already/)
          }
        }
      }).pipe(
        Effect.provide(
          layerSwapping(Effect.void).pipe(
            Layer.provide(Workspace.layer({ root: "/dev" })),
            Layer.provideMerge(layerWorkspace)
          )
        )
      )
  )
})
