import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { statSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, machine, platform } from "./support.ts"

const here = machine(() => Script.answer(Script.say("Hello!")))

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8)

describe.skipIf(process.platform === "win32")("what others of the machine can write", () => {
  it.live("is not used as a sign-in, is replaced by none, and can be removed", () =>
    Effect.gen(function*() {
      const { auth, fs, run } = yield* here
      const before = yield* fs.readFileString(auth)
      yield* fs.chmod(auth, 0o606)
      for (const args of [["say hello"], ["login", "--with-api-key"]]) {
        const { code, stderr } = yield* run(args, { stdin: "sk-test-123456" })
        assert.strictEqual(code, 4, stderr)
        assertSentence(stderr, auth, "other users of this machine can change it", "chmod go-w")
        assert.strictEqual(yield* fs.readFileString(auth), before)
      }
      assert.strictEqual((yield* run(["logout"])).code, 0)
      assert.isFalse(yield* fs.exists(auth))
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("is not used as settings, trust or rules", () =>
    Effect.gen(function*() {
      const { fs, home, path, run, file } = yield* here
      const policy = file("policy.json")
      const files = [[path.join(home, "config.json"), "{}"], [path.join(home, "trusted.json"), "{\"folders\":[]}"], [
        policy,
        "{\"rules\":[]}"
      ]] as const
      for (const [name, text] of files) {
        yield* fs.writeFileString(name, text)
        yield* fs.chmod(name, 0o666)
        const { code, stderr } = yield* run(["run", ...(name === policy ? ["--policy", policy] : []), "hello"])
        assert.strictEqual(code, 2, stderr)
        assertSentence(stderr, name, "other users of this machine can change it", "chmod go-w")
        yield* fs.chmod(name, 0o644)
      }
      assert.strictEqual((yield* run(["run", "--policy", policy, "hello"])).code, 0)
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("is closed to them, where it is a folder, and told once", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* here
      yield* fs.chmod(home, 0o777)
      const { code, stderr } = yield* run(["say hello"])
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stderr.split("Other users").length, 2, stderr)
      assertSentence(stderr, `could change ${home} (mode 0777)`, "set back to 0755")
      assert.strictEqual(modeOf(home), "755")
      assert.notInclude((yield* run(["say hello"])).stderr, "Other users")
    }).pipe(Effect.scoped, Effect.provide(platform)))
})

/** Only root can give files away, and be somebody else. */
describe.runIf(process.getuid?.() === 0 && process.platform === "linux")("what belongs to somebody else", () => {
  const [ana, ben] = [54_321, 54_322]
  const as = (uid: number) => ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"]

  const setup = Effect.gen(function*() {
    const made = yield* here
    const { auth, base, folder, fs, home, path } = made
    const config = path.join(home, "config.json")
    yield* fs.writeFileString(config, "{}")
    for (const name of [base, folder, home, auth, config]) yield* fs.chown(name, ana, ana)
    return { ...made, config }
  })

  it.live("is refused", () =>
    Effect.gen(function*() {
      const { auth, config, fs, run } = yield* setup
      assert.strictEqual((yield* run(["say hello"], { through: as(ana) })).code, 0)
      for (const [name, code] of [[auth, 4], [config, 2]] as const) {
        yield* fs.chown(name, ben, ana)
        yield* fs.chmod(name, 0o640)
        const result = yield* run(["say hello"], { through: as(ana) })
        assert.strictEqual(result.code, code, result.stderr)
        assertSentence(result.stderr, name, "it belongs to another user of this machine", "chown")
        yield* fs.chown(name, ana, ana)
        yield* fs.chmod(name, 0o600)
      }
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("is taken from root, and told once where root uses it", () =>
    Effect.gen(function*() {
      const { config, fs, run } = yield* setup
      yield* fs.chown(config, 0, 0)
      yield* fs.chmod(config, 0o644)
      const result = yield* run(["say hello"], { through: as(ana) })
      assert.strictEqual(result.code, 0, result.stderr)
      assert.notInclude(result.stderr, "warning")
      const { code, stderr } = yield* run(["say hello"])
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stderr.split("belongs to another user").length, 2, stderr)
      assertSentence(stderr, `(uid ${ana})`, "chown", "EFFIXIR_HOME")
    }).pipe(Effect.scoped, Effect.provide(platform)))

  it.live("is told once, where it is the folder, and used with files of one's own", () =>
    Effect.gen(function*() {
      const { fs, home, run } = yield* setup
      yield* fs.chown(home, ben, ana)
      yield* fs.chmod(home, 0o770)
      const { code, stderr } = yield* run(["say hello"], { through: as(ana) })
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(stderr.split("belongs to another user").length, 2, stderr)
      assertSentence(stderr, home, `(uid ${ben})`)
    }).pipe(Effect.scoped, Effect.provide(platform)))
})
