import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as Script from "../../src/testing/Script.ts"
import { fileLimit } from "./disks.ts"
import { assertSentence, eventually, lines, machine, platform } from "./support.ts"

/** A session of Pi with so many turns. */
const long = (turns: number): string =>
  [
    { type: "session", version: 3, id: "long", cwd: "/", timestamp: "2026-11-29T20:00:00Z" },
    ...Array.from({ length: turns }, (_, n) => [
      { type: "message", id: `u${n}`, parentId: n === 0 ? null : `a${n - 1}`, message: said("user", `Ask ${n}`) },
      { type: "message", id: `a${n}`, parentId: `u${n}`, message: said("assistant", `Answer ${n} ${"x".repeat(200)}`) }
    ]).flat()
  ].map((line) => `${JSON.stringify(line)}\n`).join("")

const said = (role: string, text: string) => ({ role, content: [{ type: "text", text }], timestamp: text })

/** All files in a folder, with their sizes; what goes away meanwhile is not there. */
const filesIn = (folder: string): ReadonlyArray<readonly [path: string, size: number]> =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
      const info = statSync(join(folder, name), { throwIfNoEntry: false })
      return info?.isFile() === true ? [[name, info.size] as const] : []
    })
    : []

describe("an import", () => {
  it.scopedLive(
    "that is killed leaves no part of a session, and the next one takes away what it has left",
    () =>
      Effect.gen(function*() {
        const { file, home, run, start } = yield* machine(Script.fromTurns([]))
        const sessions = join(home, "sessions")
        writeFileSync(file("long.jsonl"), long(20_000))
        writeFileSync(file("short.jsonl"), long(2))
        const { child, result } = yield* start(["sessions", "import", "pi", "long.jsonl"])
        yield* eventually("it has written a part", () => filesIn(sessions).some(([, size]) => size > 50_000))
        child.kill("SIGKILL")
        assert.strictEqual((yield* result).code, null)
        assert.strictEqual((yield* run(["sessions", "list", "--all", "--json"])).stdout, "{\"sessions\":[]}\n")
        const { code, stderr, stdout } = yield* run(["sessions", "import", "pi", "short.jsonl"])
        assert.strictEqual(code, 0, stderr)
        assert.deepStrictEqual(filesIn(sessions).map(([name]) => name), [`${stdout.trim()}/log.ndjson`])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("for which there is no room leaves nothing, and a fork neither", () =>
    Effect.gen(function*() {
      const { file, home, run } = yield* machine(Script.fromTurns([]))
      const sessions = join(home, "sessions")
      writeFileSync(file("long.jsonl"), long(500))
      writeFileSync(file("short.jsonl"), long(2))
      const through = fileLimit(100)
      const refused = yield* run(["sessions", "import", "pi", "long.jsonl"], { through })
      assert.deepStrictEqual([refused.code, refused.stdout], [1, ""])
      assertSentence(refused.stderr, "larger than files may be")
      assert.deepStrictEqual(readdirSync(sessions), [])
      const id = (yield* run(["sessions", "import", "pi", "short.jsonl"])).stdout.trim()
      const fork = yield* run(["fork", id], { through: fileLimit(0) })
      assert.deepStrictEqual([fork.code, fork.stdout], [1, ""])
      assert.deepStrictEqual(readdirSync(sessions), [id])
    }).pipe(Effect.provide(platform)))
})

describe("an export to a file", () => {
  const setup = Effect.gen(function*() {
    const here = yield* machine((_, n) => Script.answer(Script.say(`Answer ${n}`)))
    const id = String(lines((yield* here.run(["--json", "Say one"])).stdout)[0]?.["thread_id"])
    return {
      ...here,
      id,
      write: (...args: ReadonlyArray<string>) => here.run(["sessions", "export", id, "-o", ...args])
    }
  })

  it.scopedLive("goes where a link leads, and into what is no file", () =>
    Effect.gen(function*() {
      const { file, id, run, write } = yield* setup
      const { stdout } = yield* run(["sessions", "export", id])
      writeFileSync(file("real.md"), "old", { mode: 0o644 })
      symlinkSync("real.md", file("link.md"))
      assert.strictEqual((yield* write("link.md")).code, 0)
      assert.isTrue(lstatSync(file("link.md")).isSymbolicLink())
      assert.strictEqual(readFileSync(file("real.md"), "utf8"), stdout)
      assert.strictEqual(statSync(file("real.md")).mode & 0o777, 0o600)
      const before = statSync("/dev/null").rdev
      assert.strictEqual((yield* write("/dev/null")).code, 0)
      assert.strictEqual(statSync("/dev/null").rdev, before)
      assert.deepStrictEqual(readdirSync(file(".")).toSorted(), ["link.md", "real.md"])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("says in a sentence why there is none, and leaves what was there", () =>
    Effect.gen(function*() {
      const { file, id, run, write } = yield* setup
      for (
        const [path, sentence] of [
          ["none/page.md", `There is no folder ${file("none")}: make it, or name another file`],
          [".", `${file(".")} is a folder: name a file in it`]
        ] as const
      ) {
        const { code, stderr, stdout } = yield* write(path)
        assert.deepStrictEqual([code, stdout], [2, ""])
        assertSentence(stderr, sentence.replace(/\/\.( |$)/, "$1"))
        assert.strictEqual(stderr.trim().split("\n").length, 1)
      }
      writeFileSync(file("page.html"), "old")
      const { code, stderr } = yield* run(["sessions", "export", id, "--format", "html", "-o", "page.html"], {
        through: fileLimit(2)
      })
      assert.strictEqual(code, 1, stderr)
      assertSentence(stderr, "page.html cannot be written: it would become larger than files may be here")
      assert.strictEqual(readFileSync(file("page.html"), "utf8"), "old")
      assert.deepStrictEqual(readdirSync(file(".")), ["page.html"])
    }).pipe(Effect.provide(platform)))
})
