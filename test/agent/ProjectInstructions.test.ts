import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFileSync } from "node:child_process"
import * as ProjectInstructions from "../../src/agent/ProjectInstructions.ts"
import { layer, makeFolder, put } from "../node/support.ts"

/** A project of three folders, of which the middle one says nothing. */
const project = Effect.gen(function*() {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const base = yield* Effect.flatMap(makeFolder, fs.realPath)
  const root = path.join(base, "project")
  const inner = path.join(root, "src", "inner")
  yield* fs.makeDirectory(inner, { recursive: true })
  return { fs, path, base, root, inner, at: (...parts: ReadonlyArray<string>) => path.join(root, ...parts) }
})

const told = (folder: string) =>
  Effect.map(ProjectInstructions.load(folder), ({ sources }) => sources.map(({ text }) => text))

describe("ProjectInstructions", () => {
  it.scoped("are those from the repository down to the folder, and none from above it", () =>
    Effect.gen(function*() {
      const { at, base, fs, inner, path, root } = yield* project
      yield* fs.makeDirectory(at(".git"))
      yield* put(path.join(base, "AGENTS.md"), "above")
      yield* put(at("AGENTS.md"), "outer")
      yield* put(path.join(inner, "AGENTS.md"), "inner")
      const { problems, sources } = yield* ProjectInstructions.load(inner)
      assert.deepStrictEqual(sources, [
        { path: at("AGENTS.md"), text: "outer", isCut: false },
        { path: path.join(inner, "AGENTS.md"), text: "inner", isCut: false }
      ])
      assert.deepStrictEqual(problems, [])
      assert.deepStrictEqual(yield* told(root), ["outer"])
    }).pipe(Effect.provide(layer)))

  it.scoped("are the folder's alone where there is no repository, and none where there is no file", () =>
    Effect.gen(function*() {
      const { at, inner } = yield* project
      yield* put(at("AGENTS.md"), "outer")
      assert.deepStrictEqual(yield* told(inner), [])
      assert.deepStrictEqual(yield* told(at()), ["outer"])
      assert.deepStrictEqual(yield* told(at("missing")), [])
    }).pipe(Effect.provide(layer)))

  it.scoped("are, in each folder, the override, else AGENTS.md, else what other agents read", () =>
    Effect.gen(function*() {
      const { at, fs, root } = yield* project
      yield* fs.makeDirectory(at(".git"))
      yield* fs.makeDirectory(at(".github"))
      yield* put(at(".github", "copilot-instructions.md"), "copilot")
      assert.deepStrictEqual(yield* told(root), ["copilot"])
      yield* put(at("CLAUDE.md"), "claude")
      assert.deepStrictEqual(yield* told(root), ["claude"])
      yield* put(at("AGENTS.md"), "agents")
      assert.deepStrictEqual(yield* told(root), ["agents"])
      yield* put(at("AGENTS.override.md"), "override")
      assert.deepStrictEqual(yield* told(root), ["override"])
      yield* put(at("AGENTS.override.md"), "")
      assert.deepStrictEqual(yield* told(root), ["agents"])
      yield* put(at("src", "CLAUDE.md"), "of src")
      assert.deepStrictEqual(yield* told(at("src")), ["agents", "of src"])
    }).pipe(Effect.provide(layer)))

  it.scoped("of a person are for all projects, and may be a link to anywhere", () =>
    Effect.gen(function*() {
      const { base, fs, path } = yield* project
      const home = path.join(base, "home")
      yield* fs.makeDirectory(home)
      const own = Effect.map(ProjectInstructions.ofPerson(home), ({ sources }) => sources.map(({ text }) => text))
      assert.deepStrictEqual(yield* own, [])
      yield* put(path.join(home, "CLAUDE.md"), "of another agent")
      assert.deepStrictEqual(yield* own, [])
      yield* put(path.join(base, "dotfile.md"), "mine")
      yield* fs.symlink(path.join(base, "dotfile.md"), path.join(home, "AGENTS.md"))
      assert.deepStrictEqual(yield* own, ["mine"])
      yield* put(path.join(home, "AGENTS.override.md"), "for now")
      assert.deepStrictEqual(yield* own, ["for now"])
    }).pipe(Effect.provide(layer)))

  it.scoped("are 32 KiB in all, and end with a whole character", () =>
    Effect.gen(function*() {
      const { at, fs, inner, path } = yield* project
      yield* fs.makeDirectory(at(".git"))
      yield* put(at("AGENTS.md"), "a".repeat(20_000))
      yield* put(at("src", "AGENTS.md"), "é".repeat(20_000))
      yield* put(path.join(inner, "AGENTS.md"), "too late")
      const { problems, sources } = yield* ProjectInstructions.load(inner)
      assert.deepStrictEqual(sources.map(({ isCut, text }) => [text.length, isCut]), [
        [20_000, false],
        [6384, true],
        [0, true]
      ])
      const cut = (what: string) => `is cut: ${what}, as all AGENTS.md files have 32 KiB together; make them shorter`
      assert.deepStrictEqual(problems, [
        { path: at("src", "AGENTS.md"), what: cut("only its first 12768 bytes count") },
        { path: path.join(inner, "AGENTS.md"), what: cut("nothing of it counts") }
      ])
      assert.match(sources[1]?.text ?? "", /^é+$/)
      const [item] = ProjectInstructions.toItems(sources)
      assert.include(JSON.stringify(item), "The file goes on")
    }).pipe(Effect.provide(layer)))

  it.scoped("are no link out of the project, no folder, and nothing empty", () =>
    Effect.gen(function*() {
      const { at, base, fs, inner, path, root } = yield* project
      yield* fs.makeDirectory(at(".git"))
      yield* put(path.join(base, "secret"), "secret")
      yield* fs.symlink(path.join(base, "secret"), at("AGENTS.md"))
      yield* fs.makeDirectory(at("src", "AGENTS.md"))
      yield* put(path.join(inner, "AGENTS.md"), "")
      assert.deepStrictEqual(yield* told(inner), [])
      yield* fs.remove(at("AGENTS.md"))
      yield* put(at("README.md"), "inside")
      yield* fs.symlink(at("README.md"), at("AGENTS.md"))
      assert.deepStrictEqual(yield* told(root), ["inside"])
    }).pipe(Effect.provide(layer)))

  it.scoped("say what they leave out, and why", () =>
    Effect.gen(function*() {
      const { at, base, fs, inner, root } = yield* project
      const file = at("AGENTS.md")
      const what = Effect.map(ProjectInstructions.load(root), ({ problems, sources }) => {
        assert.deepStrictEqual(sources, [])
        assert.isTrue(problems.every(({ path }) => path === file))
        return problems.map(({ what }) => what)
      })
      const leaves = (why: string) =>
        Effect.gen(function*() {
          assert.deepStrictEqual(yield* what, [`is left out: ${why}`])
          yield* fs.remove(file, { recursive: true })
        })
      assert.deepStrictEqual(yield* what, [])
      yield* put(`${base}/secret`, "secret")
      yield* fs.symlink(`${base}/secret`, file)
      yield* leaves("it is a link that leads out of the project")
      yield* fs.symlink("nowhere", file)
      yield* leaves("it is a link that leads nowhere")
      yield* fs.symlink("AGENTS.md", file)
      yield* leaves("its symbolic links lead in a circle; mend them")
      yield* fs.makeDirectory(file)
      yield* leaves("it is a folder")
      yield* Effect.sync(() => execFileSync("sh", ["-c", "mkfifo \"$0\"", file]))
      yield* leaves("it is no regular file")
      for (const bytes of [[0x89, 0x50, 0x4e, 0x47, 0, 1], [0xff, 0xfe, 0x80, 0x81, 0x82]]) {
        yield* fs.writeFile(file, new Uint8Array(bytes))
        yield* leaves("it is no text in UTF-8")
      }
      assert.deepStrictEqual(yield* told(inner), [])
    }).pipe(Effect.provide(layer)))

  it("are one message of the developer, the nearest file last, or none", () => {
    assert.deepStrictEqual(ProjectInstructions.toItems([]), [])
    const source = (path: string, text: string) => ({ path, text, isCut: false })
    const items = ProjectInstructions.toItems([source("/p/AGENTS.md", "outer\n"), source("/p/a/AGENTS.md", "inner")])
    assert.strictEqual(items.length, 1)
    assert.strictEqual(items[0]?.["role"], "developer")
    assert.match(
      JSON.stringify(items[0]?.["content"]),
      /\/p\/AGENTS\.md\\n\\nouter\\n\\n## \/p\/a\/AGENTS\.md\\n\\ninner"/
    )
  })
})
