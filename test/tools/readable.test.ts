import * as NodeContext from "@effect/platform-node/NodeContext"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ProcessGroup from "../../src/node/process/ProcessGroup.ts"
import * as ArtifactFiles from "../../src/node/session/ArtifactFiles.ts"
import * as NodeFiles from "../../src/node/workspace/NodeFiles.ts"
import * as NodeFileSearch from "../../src/node/workspace/NodeFileSearch.ts"
import * as ToolExecutor from "../../src/tools/ToolExecutor.ts"
import * as SeenFiles from "../../src/tools/workspace/SeenFiles.ts"
import * as Workspace from "../../src/tools/workspace/Workspace.ts"
import { everything, fail, succeed } from "./support.ts"

/**
 * Beside the workspace `project` are the folder `open`, which may be read, and `open-too`, which may not. From `open` the
 * link `in` leads to its own folder `sub`, and `out` to the secret; `project/way` leads to `open`.
 */
const place = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const base = yield* Effect.flatMap(fs.makeTempDirectoryScoped({ prefix: "effixir-" }), fs.realPath)
  for (const folder of ["project", "open/sub", "open-too"]) {
    yield* fs.makeDirectory(`${base}/${folder}`, { recursive: true })
  }
  yield* fs.writeFileString(`${base}/open/a.txt`, "some words\n")
  yield* fs.writeFileString(`${base}/open/sub/b.txt`, "more words\n")
  yield* fs.writeFileString(`${base}/open-too/secret.txt`, "secret words\n")
  yield* fs.symlink("sub", `${base}/open/in`)
  yield* fs.symlink("../open-too", `${base}/open/out`)
  yield* fs.symlink("../open-too/secret.txt", `${base}/open/out.txt`)
  yield* fs.symlink("../open", `${base}/project/way`)

  const workspace = Workspace.layer({ root: `${base}/project`, readable: [`${base}/open`] })
  /** The tools, with `swap` done between the check of a path and its use. */
  const layer = (swap: Effect.Effect<unknown> = Effect.void) =>
    ToolExecutor.layer(everything).pipe(
      Layer.provide(Layer.mergeAll(NodeFiles.layer, SeenFiles.layer, ArtifactFiles.layer({ folder: `${base}/kept` }))),
      Layer.provide(Layer.merge(ProcessGroup.layer, NodeFileSearch.layer)),
      Layer.provide(Layer.effect(
        Workspace.Workspace,
        Effect.map(Workspace.Workspace, (workspace) => ({
          ...workspace,
          resolveToRead: (path: string) => Effect.tap(workspace.resolveToRead(path), () => swap)
        }))
      )),
      Layer.provide(workspace),
      Layer.provideMerge(NodeContext.layer)
    )
  return { base, fs, layer }
})

const patch = (...lines: ReadonlyArray<string>) => ["*** Begin Patch", ...lines, "*** End Patch"].join("\n")

describe("A folder that may be read", () => {
  it.scopedLive(
    "is read by its path, by one relative to the workspace, and through a link",
    () =>
      Effect.gen(function*() {
        const { base, layer } = yield* place
        yield* Effect.gen(function*() {
          for (const folder of [`${base}/open`, "../open", "way", "way/sub/.."]) {
            assert.strictEqual(yield* succeed("read", { path: `${folder}/a.txt` }), "some words\n")
            assert.strictEqual(yield* succeed("read", { path: `${folder}/in/b.txt` }), "more words\n")
            assert.strictEqual(
              yield* succeed("ls", { path: folder }),
              "a.txt\nin (link)\nout (link)\nout.txt (link)\nsub/"
            )
            // It is told of by paths that can be read from anywhere.
            assert.strictEqual(
              yield* succeed("find", { path: folder, pattern: "*.txt" }),
              `${base}/open/a.txt\n${base}/open/out.txt (link)\n${base}/open/sub/b.txt`
            )
            assert.strictEqual(
              yield* succeed("grep", { path: folder, pattern: "words" }),
              `${base}/open/a.txt:1:some words\n${base}/open/sub/b.txt:1:more words`
            )
          }
        }).pipe(Effect.provide(layer()))
      }).pipe(Effect.provide(NodeContext.layer))
  )

  it.scopedLive("leads nowhere else", () =>
    Effect.gen(function*() {
      const { base, layer } = yield* place
      const paths = [
        "out/secret.txt",
        "out.txt",
        "out",
        "..",
        "../open-too",
        "../open-too/secret.txt",
        "in/../../project/.."
      ]
      yield* Effect.gen(function*() {
        for (
          const path of [...paths.flatMap((path) => [`${base}/open/${path}`, `../open/${path}`]), "way/out/secret.txt"]
        ) {
          for (const tool of ["read", "ls", "grep", "find"]) {
            const output = yield* fail(tool, { path, pattern: tool === "find" ? "*" : "secret" })
            assert.match(output, /is outside the workspace|no such file/, `${tool} ${path}`)
            assert.notInclude(output, "secret words")
          }
        }
      }).pipe(Effect.provide(layer()))
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("cannot be changed by any tool that writes, and no command runs there", () =>
    Effect.gen(function*() {
      const { base, fs, layer } = yield* place
      yield* Effect.gen(function*() {
        for (const folder of [`${base}/open`, "../open", "way"]) {
          const file = `${folder}/a.txt`
          for (
            const [tool, args] of [
              ["write", { path: file, content: "x" }],
              ["write", { path: `${folder}/new.txt`, content: "x" }],
              ["edit", { path: file, old_string: "some", new_string: "x" }],
              ["apply_patch", patch(`*** Update File: ${file}`, "-some words", "+x")],
              ["apply_patch", patch(`*** Add File: ${folder}/new.txt`, "+x")],
              ["apply_patch", patch(`*** Delete File: ${file}`)],
              ["bash", { command: "touch new.txt", workdir: folder }]
            ] as const
          ) {
            assert.match(yield* fail(tool, args), /is outside the workspace/)
          }
        }
        yield* succeed("write", { path: "mine.txt", content: "mine\n" })
        const move = patch("*** Update File: mine.txt", `*** Move to: ${base}/open/new.txt`, "-mine", "+x")
        assert.match(yield* fail("apply_patch", move), /is outside the workspace/)
      }).pipe(Effect.provide(layer()))
      assert.deepStrictEqual((yield* fs.readDirectory(`${base}/open`)).toSorted(), [
        "a.txt",
        "in",
        "out",
        "out.txt",
        "sub"
      ])
      assert.strictEqual(yield* fs.readFileString(`${base}/open/a.txt`), "some words\n")
    }).pipe(Effect.provide(NodeContext.layer)))

  it.scopedLive("is not left through a link that is put in the way after the check", () =>
    Effect.gen(function*() {
      const { base, fs, layer } = yield* place
      const swapFolder = Effect.gen(function*() {
        yield* fs.remove(`${base}/open/sub`, { recursive: true })
        yield* fs.symlink("../open-too", `${base}/open/sub`)
      }).pipe(Effect.orDie)
      yield* fs.writeFileString(`${base}/open/sub/secret.txt`, "mine")
      assert.notInclude(
        yield* Effect.provide(fail("read", { path: `${base}/open/sub/secret.txt` }), layer(swapFolder)),
        "secret words"
      )
      const swapFile = Effect.gen(function*() {
        yield* fs.remove(`${base}/open/a.txt`)
        yield* fs.symlink("../open-too/secret.txt", `${base}/open/a.txt`)
      }).pipe(Effect.orDie)
      assert.notInclude(
        yield* Effect.provide(fail("read", { path: `${base}/open/a.txt` }), layer(swapFile)),
        "secret words"
      )
      // A folder that has become a link itself is not the one that was opened.
      yield* fs.rename(`${base}/open`, `${base}/elsewhere`)
      yield* fs.symlink("open-too", `${base}/open`)
      assert.match(
        yield* Effect.provide(fail("read", { path: `${base}/open/secret.txt` }), layer()),
        /is outside the workspace/
      )
    }).pipe(Effect.provide(NodeContext.layer)))
})
