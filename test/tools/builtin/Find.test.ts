import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import { mkdirSync, writeFileSync } from "node:fs"
import * as NodeFileSearch from "../../../src/node/workspace/NodeFileSearch.ts"
import * as BoundedOutput from "../../../src/tools/command/BoundedOutput.ts"
import { FileSearch } from "../../../src/tools/workspace/FileSearch.ts"
import { at, call, fail, layer, layerWithSearch, plant, put, succeed } from "../support.ts"

const find = (pattern: string, more: Readonly<Record<string, unknown>> = {}) => succeed("find", { pattern, ...more })

const paths = (pattern: string, more: Readonly<Record<string, unknown>> = {}) =>
  Effect.map(find(pattern, more), (output) => output.split("\n"))

/** Nothing that waits for a time comes to an end. */
const timeless = Object.assign(Clock.make(), { sleep: () => Effect.never })

describe("find", () => {
  it.live("finds names at any depth, and paths where there is a slash", () =>
    Effect.gen(function*() {
      yield* plant({
        "a.ts": "",
        "src/b.ts": "",
        "src/deep/c.ts": "",
        "src/deep/c.js": "",
        "src.ts/d": "",
        "src-x": ""
      })
      assert.deepStrictEqual(yield* paths("*.ts"), ["a.ts", "src.ts/", "src/b.ts", "src/deep/c.ts"])
      assert.deepStrictEqual(yield* paths("src/**/*.ts"), ["src/b.ts", "src/deep/c.ts"])
      assert.deepStrictEqual(yield* paths("/*.ts"), ["a.ts", "src.ts/"])
      assert.deepStrictEqual(yield* paths("*.{js,ts}", { path: "src/deep" }), ["src/deep/c.js", "src/deep/c.ts"])
      assert.deepStrictEqual(yield* paths("deep/*.js", { path: "src" }), ["src/deep/c.js"])
      assert.deepStrictEqual(yield* paths("deep/"), ["src/deep/"])
      assert.deepStrictEqual(yield* paths("link-*"), ["link-in (link)", "link-out (link)"])
      assert.deepStrictEqual(
        yield* paths("**"),
        ["a.ts", "inside/", "link-in (link)", "link-out (link)", "src-x", "src.ts/", "src.ts/d", "src/"].concat(
          ["src/b.ts", "src/deep/", "src/deep/c.js", "src/deep/c.ts"]
        )
      )
      assert.strictEqual(yield* find("nothing"), "[No path matches.]")
    }).pipe(Effect.provide(layer)))

  it.live("finds what is hidden when the glob says so, and never what git keeps for itself", () =>
    Effect.gen(function*() {
      yield* plant({ ".git/a.yml": "", ".github/a.yml": "", ".env": "", "x/.github/b.yml": "", "a.yml": "" })
      assert.deepStrictEqual(yield* paths("*.yml"), ["a.yml"])
      assert.deepStrictEqual(yield* paths(".github/**/*.yml"), [".github/a.yml"])
      assert.deepStrictEqual(yield* paths("**/.github/*"), [".github/a.yml", "x/.github/b.yml"])
      assert.deepStrictEqual(yield* paths(".*"), [".env", ".github/", "x/.github/"])
    }).pipe(Effect.provide(layer)))

  it.live("goes by the ignore files of the repository that the workspace is a part of", () =>
    Effect.gen(function*() {
      yield* plant({ "../.git/HEAD": "", "../.gitignore": "*.log\n", "a.log": "", "b.txt": "" })
      assert.deepStrictEqual(yield* paths("*.{log,txt}"), ["b.txt"])
    }).pipe(Effect.provide(layer)))

  it.live("does not go by what lies above the workspace otherwise", () =>
    Effect.gen(function*() {
      yield* plant({ "../.gitignore": "*\n", "a.log": "", "b.txt": "" })
      assert.deepStrictEqual(yield* paths("*.{log,txt}"), ["a.log", "b.txt"])
    }).pipe(Effect.provide(layer)))

  it.live("does not stumble over odd rules and names", () =>
    Effect.gen(function*() {
      yield* plant({
        ".gitignore": "[\n\\\n!\n#x\n  \n**\\\n*.log\n",
        "a.log": "",
        "b\n.txt": "",
        "..c.txt": "",
        "[x].txt": ""
      })
      assert.deepStrictEqual(yield* paths("*.{log,txt}"), ["[x].txt", "\"b\\n.txt\""])
      assert.deepStrictEqual(yield* paths("\\[x\\].txt"), ["[x].txt"])
    }).pipe(Effect.provide(layer)))

  it.live("ends where links go in a circle, and does not leave the workspace", () =>
    Effect.gen(function*() {
      const fs = yield* FileSystem.FileSystem
      yield* fs.symlink("..", yield* at("inside/up"))
      yield* fs.symlink(".", yield* at("inside/self"))
      assert.deepStrictEqual(yield* paths("**", { path: "inside" }), ["inside/self (link)", "inside/up (link)"])
      assert.strictEqual(yield* find("secret.txt"), "[No path matches.]")
      assert.strictEqual(yield* find("../outside/*"), "[No path matches.]")
    }).pipe(Effect.provide(layer)))

  it.live("counts folders that cannot be read", () =>
    Effect.gen(function*() {
      yield* plant({ "locked/a.txt": "", "b.txt": "" })
      assert.deepStrictEqual(yield* paths("*.txt"), ["b.txt", "[1 folder could not be read.]"])
      assert.match(yield* fail("ls", { path: "locked" }), /^locked: permission denied$/)
    }).pipe(Effect.provide(layerWithSearch(NodeFileSearch.layer, ["/locked"]))))

  it.live("finds its way in ten thousand files, and can be interrupted", () =>
    Effect.gen(function*() {
      const folders = Array.from({ length: 100 }, (_, n) => String(n).padStart(2, "0"))
      for (const folder of folders) {
        const place = yield* at(folder)
        mkdirSync(place)
        for (const file of folders) writeFileSync(`${place}/${file}.txt`, "")
      }
      // A busy machine may take longer than a search may; what counts is the work.
      const before = process.cpuUsage()
      const found = yield* Effect.withClock(paths("**/9?/77.txt"), timeless)
      const { system, user } = process.cpuUsage(before)
      assert.deepStrictEqual(found, folders.filter((name) => name.startsWith("9")).map((name) => `${name}/77.txt`))
      assert.isBelow((system + user) / 1_000_000, 15)

      const some = yield* Effect.withClock(paths("*.txt", { limit: 3 }), timeless)
      assert.deepStrictEqual(some, [
        "00/00.txt",
        "00/01.txt",
        "00/02.txt",
        "[The first 3 paths are shown; there are more. Narrow the glob or path.]"
      ])
      const { output } = yield* Effect.withClock(call("find", { pattern: "**", limit: 2000 }), timeless)
      assert.lengthOf(output.split("\n"), 2001)
      assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)

      // How long either takes is the machine's affair, and which is shorter is not.
      const [whole] = yield* Effect.timed(find("nothing"))
      const fiber = yield* Effect.fork(find("nothing"))
      yield* Effect.yieldNow()
      const [interruption] = yield* Effect.timed(Fiber.interrupt(fiber))
      assert.isBelow(Duration.toMillis(interruption), Duration.toMillis(whole) / 2)
    }).pipe(Effect.provide(layer)))

  it.live("guards against endless patterns by the hundreds of files, for each guard is a thread", () =>
    Effect.gen(function*() {
      let guards = 0
      const search = NodeFileSearch.make({ ripgrep: undefined })
      const counting = Layer.succeed(FileSearch, {
        ...search,
        withRegExpTimeout: (pattern, work) => Effect.suspend(() => (guards++, search.withRegExpTimeout(pattern, work)))
      })
      yield* Effect.gen(function*() {
        yield* put(".gitignore", "*.log\n")
        for (let folder = 0; folder < 20; folder++) {
          mkdirSync(yield* at(`${folder}`))
          for (let file = 0; file < 100; file++) writeFileSync(yield* at(`${folder}/${file}.txt`), "")
        }
        assert.strictEqual(yield* find("nothing"), "[No path matches.]")
        assert.isBelow(guards, 50)
        guards = 0
        assert.strictEqual(yield* succeed("grep", { pattern: "nothing", glob: "*.txt" }), "[No line matches.]")
        assert.isBelow(guards, 50)
      }).pipe(Effect.provide(layerWithSearch(counting)))
    }))

  it.live("says what is wrong with a glob or a path", () =>
    Effect.gen(function*() {
      yield* put("a.txt", "")
      assert.match(yield* fail("find", { pattern: " " }), /^the glob is empty/)
      assert.match(yield* fail("find", { pattern: "x".repeat(5000) }), /^the glob is too long/)
      assert.strictEqual(yield* fail("find", { pattern: "*", path: "a.txt" }), "a.txt is no folder")
      assert.strictEqual(yield* fail("find", { pattern: "*", path: "nope" }), "nope: no such file or folder")
      assert.match(yield* fail("find", { pattern: "*", limit: 0 }), /limit must be /)
    }).pipe(Effect.provide(layer)))
})

describe("ls", () => {
  it.live("lists a folder, and counts what it leaves out", () =>
    Effect.gen(function*() {
      yield* plant({ "b.txt": "", "a.txt": "", "sub/c.txt": "", ".env": "", "x.log": "", ".gitignore": "*.log\n" })
      assert.strictEqual(
        yield* succeed("ls", {}),
        "a.txt\nb.txt\ninside/\nlink-in (link)\nlink-out (link)\nsub/\n" +
          "[3 hidden or ignored names are not shown; bash (ls -a) shows them.]"
      )
      assert.strictEqual(yield* succeed("ls", { path: "sub" }), "c.txt")
      assert.strictEqual(yield* succeed("ls", { path: "link-in" }), "[The folder is empty.]")
      assert.match(yield* fail("ls", { path: "link-out" }), /is outside the workspace/)
      assert.strictEqual(yield* fail("ls", { path: "a.txt" }), "a.txt is no folder")
    }).pipe(Effect.provide(layer)))

  it.live("shows what is ignored when it is asked for by name", () =>
    Effect.gen(function*() {
      yield* plant({ "dist/a.js": "", "dist/sub/b.js": "", ".gitignore": "dist/\n", ".hidden/c.txt": "" })
      assert.strictEqual(yield* succeed("ls", { path: "dist" }), "a.js\nsub/")
      assert.strictEqual(yield* succeed("ls", { path: "dist/sub" }), "b.js")
      assert.strictEqual(yield* succeed("ls", { path: ".hidden" }), "c.txt")
    }).pipe(Effect.provide(layer)))

  it.live("shows the beginning of a huge folder, one name a line", () =>
    Effect.gen(function*() {
      yield* Effect.forEach(
        Array.from({ length: 10_000 }, (_, n) => `inside/${"x".repeat(50)}${n}\n`),
        (name) => put(name, ""),
        { concurrency: 16, discard: true }
      )
      const lines = (yield* succeed("ls", { path: "inside" })).split("\n")
      assert.lengthOf(lines, 501)
      assert.strictEqual(
        lines[500],
        "[500 of 10000 names are shown. Set limit to see up to 2000, or use find with a glob.]"
      )
      const output = yield* succeed("ls", { path: "inside", limit: 2000 })
      assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)
      assert.match(output, /\n\[\d+ of 10000 names are shown\. Use find with a glob\.\]$/)
    }).pipe(Effect.provide(layer)))
})
