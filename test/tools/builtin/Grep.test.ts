import * as Command from "@effect/platform/Command"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { mkdirSync, writeFileSync } from "node:fs"
import * as NodeFileSearch from "../../../src/node/workspace/NodeFileSearch.ts"
import * as Ripgrep from "../../../src/node/workspace/Ripgrep.ts"
import * as BoundedOutput from "../../../src/tools/command/BoundedOutput.ts"
import * as SecretFiles from "../../../src/tools/permission/SecretFiles.ts"
import { at, fail, layer, layerWithSearch, plant, put, succeed } from "../support.ts"

const grep = (pattern: string, more: Readonly<Record<string, unknown>> = {}) => succeed("grep", { pattern, ...more })

const ripgrep = Option.getOrUndefined(Ripgrep.find())

const engines = [
  { name: "JavaScript", isThere: true, layer: layerWithSearch(NodeFileSearch.layerWith({ ripgrep: undefined })) },
  { name: "ripgrep", isThere: ripgrep !== undefined, layer: layerWithSearch(NodeFileSearch.layerWith({ ripgrep })) }
]

for (const { isThere, layer, name } of engines) {
  describe.runIf(isThere)(`grep with ${name}`, () => {
    it.live("gives path, line and text, in the order of paths and lines", () =>
      Effect.gen(function*() {
        yield* plant({
          "b.txt": "one\ntwo two\nthree\ntwo",
          "a/x.txt": "two\n",
          "a.txt": "zwei\r\ntwo\r\n",
          "a-b.txt": "two"
        })
        assert.strictEqual(
          yield* grep("^two"),
          "a-b.txt:1:two\na.txt:2:two\na/x.txt:1:two\nb.txt:2:two two\nb.txt:4:two"
        )
        assert.strictEqual(yield* grep("two$", { path: "b.txt" }), "b.txt:2:two two\nb.txt:4:two")
        assert.strictEqual(yield* grep("two$", { path: "a" }), "a/x.txt:1:two")
        assert.strictEqual(yield* grep("four"), "[No line matches.]")
      }).pipe(Effect.provide(layer)))

    it.live("takes case, plain text and alternatives as it is told", () =>
      Effect.gen(function*() {
        yield* plant({ "a.txt": "Foo(bar)\nfoo.bar\nfooxbar\n[x]{2} $HOME ^ \\d |é\n" })
        assert.strictEqual(yield* grep("foo"), "a.txt:2:foo.bar\na.txt:3:fooxbar")
        assert.strictEqual(
          yield* grep("foo", { ignore_case: true, limit: 1 }).pipe(Effect.map(first)),
          "a.txt:1:Foo(bar)"
        )
        assert.strictEqual(yield* grep("(?i)FOO\\("), "a.txt:1:Foo(bar)")
        assert.strictEqual(yield* grep("foo.bar", { literal: true }), "a.txt:2:foo.bar")
        assert.strictEqual(yield* grep("o(", { literal: true }), "a.txt:1:Foo(bar)")
        for (const text of ["[x]{2} $HOME ^ \\d |é", "|é", "\\d", "^"]) {
          assert.match(yield* grep(text, { literal: true }), /^a\.txt:4:/)
        }
        assert.strictEqual(
          yield* grep("x?bar|HOME", { limit: 9 }).pipe(Effect.map((text) => text.split("\n").length)),
          4
        )
        assert.strictEqual(yield* grep("^.$", { path: "a.txt" }), "[No line matches.]")
        assert.strictEqual(yield* grep("(foo)x(?=bar)"), "a.txt:3:fooxbar")
        assert.strictEqual(yield* grep("o\\-b|o\\.b"), "a.txt:2:foo.bar")
      }).pipe(Effect.provide(layer)))

    it.live("knows the names of classes", () =>
      Effect.gen(function*() {
        const lines = ["ab", "12", "_", "-", "a b", "]", "é", "A:", "[:x"]
        yield* plant({ "a.txt": lines.join("\n") })
        const matching = (pattern: string) =>
          Effect.map(grep(pattern), (text) => text.split("\n").map((line) => line.replace(/^a\.txt:\d+:/, "")))
        assert.deepStrictEqual(yield* matching("^[[:alpha:]]+$"), ["ab"])
        assert.deepStrictEqual(yield* matching("^[^[:alnum:]]$"), ["_", "-", "]", "é"])
        assert.deepStrictEqual(yield* matching("[[:space:]]"), ["a b"])
        assert.deepStrictEqual(yield* matching("^[[:punct:]]$"), ["_", "-", "]"])
        assert.deepStrictEqual(yield* matching("^[_[:digit:][:upper:]]"), ["12", "_", "A:"])
        // Outside of a class it is one, of these letters.
        assert.deepStrictEqual(yield* matching("^\\[[:xy]+$"), ["[:x"])
      }).pipe(Effect.provide(layer)))

    it.live("shows lines around a match, each once", () =>
      Effect.gen(function*() {
        yield* plant({ "a.txt": "1\n2\nhit\n4\nhit\n6\n7\n8\n9\nhit\n", "b.txt": "hit\n2\n3\n" })
        assert.strictEqual(
          yield* grep("hit", { context: 1 }),
          "a.txt-2-2\na.txt:3:hit\na.txt-4-4\na.txt:5:hit\na.txt-6-6\n--\na.txt-9-9\na.txt:10:hit\n--\nb.txt:1:hit\nb.txt-2-2"
        )
        assert.strictEqual(
          yield* grep("hit", { context: 1, limit: 2 }),
          "a.txt-2-2\na.txt:3:hit\na.txt-4-4\na.txt:5:hit\na.txt-6-6\n" +
            "[The first 2 matching lines are shown; there are more. Narrow the pattern, path or glob, or set a higher limit.]"
        )
      }).pipe(Effect.provide(layer)))

    it.live("searches what is left in by the ignore files, near and far", () =>
      Effect.gen(function*() {
        yield* plant({
          ".gitignore": "*.log\n/build/\n!keep.log\nnode_modules\n",
          ".git/config": "x",
          ".git/info/exclude": "private.txt\n",
          ".hidden/a.txt": "x",
          ".env": "x",
          "a.log": "x",
          "A.LOG": "x",
          "keep.log": "x",
          "private.txt": "x",
          "build/a.txt": "x",
          "sub/build/a.txt": "x",
          "sub/.gitignore": "secret.*\n!b.log\n",
          "sub/b.log": "x",
          "sub/secret.txt": "x",
          "sub/.ignore": "!secret.md\n",
          "sub/secret.md": "x",
          "sub/deep/secret.js": "x",
          "node_modules/p/index.js": "x",
          "z.txt": "x"
        })
        assert.strictEqual(
          yield* grep("x"),
          "A.LOG:1:x\nkeep.log:1:x\nsub/b.log:1:x\nsub/build/a.txt:1:x\nsub/secret.md:1:x\nz.txt:1:x"
        )
        assert.strictEqual(yield* grep("x", { path: "sub" }), "sub/b.log:1:x\nsub/build/a.txt:1:x\nsub/secret.md:1:x")
        // What is named is searched.
        assert.strictEqual(yield* grep("x", { path: "build" }), "build/a.txt:1:x")
        assert.strictEqual(yield* grep("x", { path: "a.log" }), "a.log:1:x")
        assert.strictEqual(yield* grep("x", { path: ".hidden" }), ".hidden/a.txt:1:x")
        assert.strictEqual(yield* grep("x", { path: "node_modules/p" }), "node_modules/p/index.js:1:x")
        assert.strictEqual(yield* grep("x", { glob: ".hidden/*" }), ".hidden/a.txt:1:x")
      }).pipe(Effect.provide(layer)))

    it.live("takes the last rule for its word, and the nearest file, for names and for paths", () =>
      Effect.gen(function*() {
        yield* plant({
          ".git/config": "x",
          // A rule that is taken back for a path, one for a name, and both the other way round.
          ".gitignore": "*.tmp\n!/kept/a.tmp\nout\n/inner/out\n!inner/out\nlogs/ \r\n/a\\ b\n",
          "kept/a.tmp": "x",
          "kept/b.tmp": "x",
          "out/a.txt": "x",
          "inner/out/a.txt": "x",
          "logs/a.txt": "x",
          "a b": "x",
          "deep/a b": "x",
          "deep/.gitignore": "/far/\n*.old\n",
          "deep/far/a.txt": "x",
          "deep/below/far/a.txt": "x",
          "deep/below/a.old": "x",
          "outer/.gitignore": "near\n",
          "outer/near/a.txt": "x",
          "outer/deep/.gitignore": "!near\n",
          "outer/deep/near/more/a.txt": "x"
        })
        const all = ["deep/a b", "deep/below/far/a.txt", "inner/out/a.txt", "kept/a.tmp", "outer/deep/near/more/a.txt"]
        assert.strictEqual(yield* grep("x"), all.map((path) => `${path}:1:x`).join("\n"))
        // A folder that is ignored is searched when it is named, and so is one in it.
        assert.strictEqual(yield* grep("x", { path: "deep/far" }), "deep/far/a.txt:1:x")
        assert.strictEqual(yield* grep("x", { path: "outer/near" }), "outer/near/a.txt:1:x")
      }).pipe(Effect.provide(layer)))

    it.live("searches a folder that a nearer file takes back, and all that is in it", () =>
      Effect.gen(function*() {
        yield* plant({
          ".git/config": "x",
          ".gitignore": "/sub/build/\nfar/near\n*.log\nsub/keep/*.txt\n",
          "sub/.gitignore": "!/build/\n!/keep/a.txt\n",
          "sub/build/a.txt": "x",
          "sub/build/b.log": "x",
          "sub/build/more/c.txt": "x",
          "sub/keep/a.txt": "x",
          "sub/keep/b.txt": "x",
          "far/.ignore": "!near\n",
          "far/near/more/d.txt": "x",
          "other/far/near/e.txt": "x"
        })
        const inSub = "sub/build/a.txt:1:x\nsub/build/more/c.txt:1:x\nsub/keep/a.txt:1:x"
        assert.strictEqual(yield* grep("x"), `far/near/more/d.txt:1:x\nother/far/near/e.txt:1:x\n${inSub}`)
        assert.strictEqual(yield* grep("x", { path: "sub/build/more" }), "sub/build/more/c.txt:1:x")
      }).pipe(Effect.provide(layer)))

    it.live("lets a repository in the folder go by its own ignore files", () =>
      Effect.gen(function*() {
        yield* plant({
          ".git/config": "x",
          ".git/info/exclude": "private.txt\n",
          ".gitignore": "out\n*.log\n",
          ".ignore": "*.min.js\n",
          "out/a.txt": "x",
          "inner/.git/config": "x",
          "inner/.gitignore": "*.tmp\n",
          "inner/a.min.js": "x",
          "inner/a.tmp": "x",
          "inner/out/a.log": "x",
          "inner/private.txt": "x",
          "inner/sub/b.min.js": "x",
          "inner/sub/most.log": "x",
          // As a worktree or a submodule has it.
          "module/.git": "gitdir: ../.git/modules/module\n",
          "module/a.log": "x",
          "plain/a.log": "x"
        })
        const inner = "inner/out/a.log:1:x\ninner/private.txt:1:x\ninner/sub/most.log:1:x"
        assert.strictEqual(yield* grep("x"), `${inner}\nmodule/a.log:1:x`)
        assert.strictEqual(yield* grep("x", { path: "inner" }), inner)
        assert.strictEqual(yield* grep("x", { path: "inner/sub" }), "inner/sub/most.log:1:x")
      }).pipe(Effect.provide(layer)))

    it.live("searches the files of a glob", () =>
      Effect.gen(function*() {
        yield* plant({ "a.ts": "x", "b.js": "x", "src/c.ts": "x", "src/d/e.ts": "x", "src/d/f.test.ts": "x" })
        const files = (glob: string) =>
          Effect.map(grep("x", { glob }), (text) => text.replaceAll(":1:x", "").split("\n"))
        assert.deepStrictEqual(yield* files("*.ts"), ["a.ts", "src/c.ts", "src/d/e.ts", "src/d/f.test.ts"])
        assert.deepStrictEqual(yield* files("src/*.ts"), ["src/c.ts"])
        assert.deepStrictEqual(yield* files("/*.{ts,js}"), ["a.ts", "b.js"])
        assert.deepStrictEqual(yield* files("src/**/e.ts"), ["src/d/e.ts"])
        assert.deepStrictEqual(yield* files("!*.ts"), ["b.js"])
        assert.deepStrictEqual(yield* files("!*.test.ts"), ["a.ts", "b.js", "src/c.ts", "src/d/e.ts"])
        assert.strictEqual(yield* grep("x", { path: "src", glob: "d/*" }), "src/d/e.ts:1:x\nsrc/d/f.test.ts:1:x")
      }).pipe(Effect.provide(layer)))

    it.live("leaves binary files out, and reads text however it is stored", () =>
      Effect.gen(function*() {
        yield* put("bin", Uint8Array.from([0x66, 0x6f, 0x6f, 0x0a, 0, 0x66, 0x6f, 0x6f]))
        yield* put("late", `foo\n${`${"x".repeat(99)}\n`.repeat(9000)}\0`)
        yield* put("latin1", Uint8Array.from([0x66, 0x6f, 0x6f, 0x20, 0xe9, 0x0a]))
        yield* put("bom", "\uFEFFfoo bom\n")
        yield* put("utf16", Uint8Array.from([0xff, 0xfe, ...Buffer.from("foo ä\r\nbar\n", "utf16le")]))
        assert.strictEqual(yield* grep("^foo"), "bom:1:foo bom\nlatin1:1:foo \uFFFD\nutf16:1:foo ä")
      }).pipe(Effect.provide(layer)))

    it.live("keeps a path on its line, whatever is in it", () =>
      Effect.gen(function*() {
        const odd = ["-rf", "a\nb", "c\u001B[31m", "d e:1:f", "é👋", "$(touch made)", "'\"", "..."]
        for (const name of odd) yield* put(name, "x")
        assert.sameMembers((yield* grep("x", { glob: "{*,.*}" })).split("\n"), [
          "-rf:1:x",
          "\"a\\nb\":1:x",
          "\"c\\u001b[31m\":1:x",
          "d e:1:f:1:x",
          "é👋:1:x",
          "$(touch made):1:x",
          "'\":1:x",
          "...:1:x"
        ])
      }).pipe(Effect.provide(layer)))

    it.live("cuts long lines, and long outputs", () =>
      Effect.gen(function*() {
        yield* put("long.txt", `${"€".repeat(100_000)}\n`)
        assert.strictEqual(yield* grep("€"), `long.txt:1:${"€".repeat(500)} [line cut]`)
        yield* put("long.txt", `${"👋".repeat(1000)}\n`.repeat(2000))
        const output = yield* grep(".", { limit: 1000, context: 2 })
        assert.isAtMost(Buffer.byteLength(output), BoundedOutput.maxBytes + 1024)
        assert.match(
          output,
          /\n\[The first \d+ matching lines are shown; there are more\. Narrow the pattern, path or glob\.\]$/
        )
        yield* put("long.txt", "hit\n".repeat(101))
        assert.isTrue((yield* grep("hit")).endsWith(
          "long.txt:100:hit\n[The first 100 matching lines are shown; there are more. Narrow the pattern, path or glob, or " +
            "set a higher limit.]"
        ))
        yield* put("long.txt", "hit\n".repeat(100))
        assert.isTrue((yield* grep("hit")).endsWith("long.txt:100:hit"))
      }).pipe(Effect.provide(layer)))

    it.live("says what is wrong with a pattern", () =>
      Effect.gen(function*() {
        yield* put("a.txt", "x")
        assert.match(
          yield* fail("grep", { pattern: "foo(" }),
          /^pattern is no regular expression \(.*Unterminated group\); mend it, or set literal/
        )
        assert.strictEqual(yield* fail("grep", { pattern: "" }), "pattern is empty")
        assert.match(yield* fail("grep", { pattern: "a\nb" }), /^pattern has a line break/)
        assert.match(yield* fail("grep", { pattern: "a", path: "nowhere" }), /^nowhere: no such file or folder$/)
      }).pipe(Effect.provide(layer)))

    it.live("does not follow links, and ends where they go in a circle", () =>
      Effect.gen(function*() {
        const fs = yield* FileSystem.FileSystem
        yield* plant({ "inside/a.txt": "secret" })
        yield* fs.symlink("..", yield* at("inside/up"))
        yield* fs.symlink("self", yield* at("self"))
        yield* fs.symlink("../outside/secret.txt", yield* at("file-link"))
        yield* Command.exitCode(Command.make("mkfifo", yield* at("pipe")))
        assert.strictEqual(yield* grep("secret"), "inside/a.txt:1:secret")
        assert.strictEqual(yield* grep("secret", { path: "link-in" }), "inside/a.txt:1:secret")
        assert.match(yield* fail("grep", { pattern: "x", path: "pipe" }), /^pipe is neither a file nor a folder$/)
      }).pipe(Effect.provide(layer)))

    it.live("counts what it cannot read", () =>
      Effect.gen(function*() {
        yield* plant({ "locked/a.txt": "x", "b.txt": "x" })
        assert.strictEqual(yield* grep("x"), "b.txt:1:x\n[1 file or folder could not be read.]")
      }).pipe(Effect.provide(layerWithSearch(
        NodeFileSearch.layerWith({ ripgrep: name === "ripgrep" ? ripgrep : undefined }),
        ["/locked"]
      ))))

    it.live("searches ten thousand files", () =>
      Effect.gen(function*() {
        yield* plantMany
        // Its own limit of time would leave out some of them.
        assert.strictEqual(
          yield* grep("number (7|9999)$"),
          "many/7.txt:1:number 7\nmany/9999.txt:1:number 9999"
        )
        assert.match(yield* grep("number", { limit: 3 }), /^(many\/\d+\.txt:1:number \d+\n){3}\[The first 3 matching/)
      }).pipe(Effect.provide(layer)))

    it.live("can be interrupted at any time", () =>
      Effect.gen(function*() {
        // How long it takes is the machine's affair; JavaScript would go on until the limit of a search.
        const isRipgrep = name === "ripgrep"
        yield* put("big.txt", `${"a".repeat(99)}\n`.repeat(isRipgrep ? 2_000_000 : 200_000))
        const pattern = isRipgrep ? "(\\w{3,50}){2}\\d" : "(a|b)*c"
        const whole = isRipgrep ? (yield* Effect.timed(grep(pattern)))[0] : Duration.seconds(30)
        const fiber = yield* Effect.fork(grep(pattern))
        yield* Effect.sleep("100 millis")
        const [interruption] = yield* Effect.timed(Fiber.interrupt(fiber))
        assert.isBelow(Duration.toMillis(interruption), Duration.toMillis(whole) / 2)
      }).pipe(Effect.provide(layer)))
  })
}

const first = (text: string) => text.split("\n")[0]

const plantMany = Effect.map(at("many"), (folder) => {
  mkdirSync(folder)
  for (let n = 0; n < 10_000; n++) writeFileSync(`${folder}/${n}.txt`, `number ${n}\n`)
})

describe("grep", () => {
  it.live("passes by files that hold secrets, unless it is sent to one", () =>
    Effect.gen(function*() {
      yield* plant({ ".env": "KEY=1", "server.pem": "KEY=2", "inside/.env.local": "KEY=3", "a.txt": "KEY=4" })
      assert.strictEqual(
        yield* succeed("grep", { pattern: "KEY" }),
        "a.txt:1:KEY=4\n[1 file that may hold secrets was left out.]"
      )
      const hidden = yield* succeed("grep", { pattern: "KEY", glob: "**/.env*" })
      assert.strictEqual(hidden, "[No line matches.]\n[2 files that may hold secrets were left out.]")
      // Whether it may be sent there is not for the tool to say.
      assert.strictEqual(yield* succeed("grep", { pattern: "KEY", path: ".env" }), ".env:1:KEY=1")
    }).pipe(Effect.provide(layer)))

  it.live("does not call secret what a rule hides", () =>
    Effect.gen(function*() {
      yield* plant({ ".env": "KEY=1", "inside/a.txt": "KEY=2", "inside/b.txt": "KEY=3", "c.txt": "KEY=4" })
      const isDenied = (path: string) => path.includes("/inside/")
      const output = yield* Effect.provideService(
        succeed("grep", { pattern: "KEY", glob: "**/*{.txt,.env}" }),
        SecretFiles.SecretFiles,
        SecretFiles.make({ isDenied })
      )
      assert.strictEqual(
        output,
        "c.txt:1:KEY=4\n[1 file that may hold secrets was left out.]\n[2 files that a rule hides were left out.]"
      )
    }).pipe(Effect.provide(layer)))

  it.live("gives up on a pattern that does not come to an end", () =>
    Effect.gen(function*() {
      yield* put("a.txt", `${"a".repeat(40)}b\n`)
      const [duration, output] = yield* Effect.timed(fail("grep", { pattern: "^(a+)+$" }))
      assert.strictEqual(
        output,
        "^(a+)+$ takes too long to match: write it without nested repetitions, or search in less"
      )
      assert.isBelow(Duration.toSeconds(duration), 25)
    }).pipe(Effect.provide(layerWithSearch(NodeFileSearch.layerWith({ ripgrep: undefined })))))

  it.live("gives up on such a glob, too", () =>
    Effect.gen(function*() {
      yield* put("a".repeat(100), "x")
      const [duration] = yield* Effect.timed(fail("grep", { pattern: "x", glob: `${"*a".repeat(20)}b` }))
      assert.isBelow(Duration.toSeconds(duration), 25)
    }).pipe(Effect.provide(layer)))
})
