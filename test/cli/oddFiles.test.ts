import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawnSync } from "node:child_process"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const nothing = Script.fromTurns([])
const isWindows = process.platform === "win32"
const makePipe = (path: string) => assert.strictEqual(spawnSync("sh", ["-c", "mkfifo \"$0\"", path]).status, 0)

describe.skipIf(isWindows)("a file that is none", () => {
  it.scopedLive("is refused as a policy, and neither waited for nor read without end", () =>
    Effect.gen(function*() {
      const { file, fs, path, run, simulator } = yield* machine(nothing)
      makePipe(file("pipe"))
      yield* fs.symlink(file("pipe"), file("link"))
      yield* fs.writeFileString(file("large"), `{"rules":[]}${" ".repeat(1024 * 1024)}`)
      const cases = [
        ["/dev/zero", "a pipe or a device where a regular file is needed; name such a file"],
        ["pipe", "a pipe or a device where a regular file is needed; name such a file"],
        ["link", "a pipe or a device where a regular file is needed; name such a file"],
        ["large", "larger than 1 MB"],
        [".", "it is a folder; name a file"],
        ["missing", "there is no such file"],
        ["large/x", "a part of its path is no folder; correct the path"]
      ] as const
      for (const [name, problem] of cases) {
        const { code, stderr, stdout } = yield* run(["--policy", name, "Say hello"])
        assert.strictEqual(code, 2, name)
        assert.strictEqual(stdout, "")
        assert.include(stderr, `effixir: The policy ${path.resolve(file("."), name)} cannot be used: `)
        assertSentence(stderr, problem)
        assert.lengthOf(stderr.trimEnd().split("\n"), 1)
      }
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "is refused as config.json, as the list of trusted folders and as auth.json",
    () =>
      Effect.gen(function*() {
        const { auth, fs, home, path, run } = yield* machine(nothing)
        const cases = [["config.json", 2], ["trusted.json", 2], ["auth.json", 4]] as const
        for (const [name, expected] of cases) {
          for (const put of [makePipe, (file: string) => void spawnSync("ln", ["-s", "/dev/zero", file])]) {
            const file = path.join(home, name)
            const before = path.join(home, "before")
            if (yield* fs.exists(file)) yield* fs.rename(file, before)
            put(file)
            const { code, stderr, stdout } = yield* run(["Say hello"])
            assert.strictEqual(code, expected, name)
            assert.strictEqual(stdout, "")
            assertSentence(stderr, file, "a pipe or a device where a regular file is needed; move it away")
            assert.lengthOf(stderr.trimEnd().split("\n"), 1)
            yield* fs.remove(file)
            if (yield* fs.exists(before)) yield* fs.rename(before, file)
          }
        }
        assert.isTrue(yield* fs.exists(auth))
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "is passed over as a file of certificates, and refused as the log of a session",
    () =>
      Effect.gen(function*() {
        const { file, fs, home, path, run } = yield* machine(
          Script.fromTurns([Script.answer(Script.say("Hello!")), Script.answer(Script.say("Hello again!"))])
        )
        makePipe(file("certificates"))
        const { code, stderr } = yield* run(["Say hello"], { env: { SSL_CERT_FILE: file("certificates") } })
        assert.strictEqual(code, 0)
        assert.include(stderr, "which cannot be read; it is left aside")
        const [id = ""] = yield* fs.readDirectory(path.join(home, "sessions"))
        const log = path.join(home, "sessions", id, "log.ndjson")
        yield* fs.remove(log)
        makePipe(log)
        const resumed = yield* run(["resume", id, "Say hello"])
        assert.strictEqual(resumed.code, 1)
        assertSentence(resumed.stderr, id, "a pipe or a device")
      }).pipe(Effect.provide(platform))
  )
})

describe.runIf(process.platform === "linux")("a home where the system lets nobody make a folder", () => {
  it.scopedLive("is told of at once", () =>
    Effect.gen(function*() {
      const { run, simulator } = yield* machine(nothing, { signedIn: false })
      const env = { EFFIXIR_HOME: "/proc/effixir/home", OPENAI_API_KEY: "sk-test" }
      const cases = [[["Say hello"], 1], [["Say hello", "--trust"], 2], [["login", "--with-api-key"], 4]] as const
      for (const [args, expected] of cases) {
        const { code, stderr, stdout } = yield* run(args, { env, stdin: "sk-test" })
        assert.strictEqual(code, expected, args.join(" "))
        assert.strictEqual(stdout, "")
        assertSentence(stderr, "no folder can be made there; choose another one with EFFIXIR_HOME")
        assert.lengthOf(stderr.trimEnd().split("\n"), 1)
      }
      assert.strictEqual((yield* run(["--help"], { env: { EFFIXIR_HOME: "/proc/self" } })).code, 0)
      assert.deepStrictEqual(yield* simulator.requests, [])
    }).pipe(Effect.provide(platform)))
})
