import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { existsSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

const done = Script.answer(Script.say("Done."))
const touch = (name: string) => Script.answer(Script.call("bash", { command: `touch ${name}` }))

/** A model that touches a file of another name in every turn: `touched` says which are there. */
const touching = Effect.fnUntraced(function*(...names: ReadonlyArray<string>) {
  const all = yield* machine(Script.fromTurns(names.flatMap((name) => [touch(name), done])))
  const first = Effect.fnUntraced(function*(...flags: ReadonlyArray<string>) {
    const { code, stdout } = yield* all.run(["run", "--json", ...flags, "Go on"])
    assert.strictEqual(code, 0, stdout)
    return String(lines(stdout)[0]?.["thread_id"])
  })
  return { ...all, first, touched: () => names.filter((name) => existsSync(all.file(name))) }
})

const policy = (...denied: ReadonlyArray<string>) =>
  JSON.stringify({ rules: denied.map((name) => ({ decision: "deny", command: `touch ${name}` })) })

describe("a session that goes on", () => {
  it.scopedLive(
    "stays as it was allowed to be, until a flag says something else, which then stays",
    () =>
      Effect.gen(function*() {
        const { first, run, touched } = yield* touching("a", "b", "c", "d")
        const session = yield* first("--permission", "read-only")
        const kept = yield* run(["resume", session, "more"])
        assert.deepStrictEqual([kept.code, kept.stdout, touched()], [0, "Done.\n", []])
        assert.match(kept.stderr, /^effixir: this session goes on with --permission read-only, as before; .*$/m)

        const widened = yield* run(["resume", session, "--permission", "auto", "more"])
        assert.deepStrictEqual([widened.code, touched()], [0, ["c"]])
        assert.notInclude(widened.stderr, "as before")
        const after = yield* run(["resume", session, "more"])
        assert.deepStrictEqual(touched(), ["c", "d"])
        assert.notInclude(after.stderr, "as before")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "is not widened by what is set for all runs, and a program is not told of it in words",
    () =>
      Effect.gen(function*() {
        const { first, fs, home, path, run, touched } = yield* touching("a", "b", "c")
        const session = yield* first("--permission", "read-only")
        yield* run(["resume", session, "more"], { env: { EFFIXIR_PERMISSION: "auto" } })
        yield* fs.writeFileString(path.join(home, "rules.json"), JSON.stringify({ rules: [], otherwise: "auto" }))
        yield* fs.writeFileString(
          path.join(home, "config.json"),
          JSON.stringify({ permission: "auto", policy: "rules.json" })
        )
        const { code, stderr } = yield* run(["resume", "--json", session, "more"])
        assert.deepStrictEqual([code, stderr, touched()], [0, "", []])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("stays narrower, too, where the same turn has gone on with less", () =>
    Effect.gen(function*() {
      const script = Script.fromTurns([touch("a"), touch("b"), done, touch("c"), done])
      const { file, run } = yield* machine(script)
      const { code, stdout } = yield* run(["run", "--json", "--max-steps", "1", "Go on"])
      assert.strictEqual(code, 8)
      const session = String(lines(stdout)[0]?.["thread_id"])
      assert.strictEqual((yield* run(["resume", session, "--permission", "read-only"])).code, 0)
      assert.strictEqual((yield* run(["resume", session, "more"])).code, 0)
      assert.deepStrictEqual(["a", "b", "c"].map((name) => existsSync(file(name))), [true, false, false])
    }).pipe(Effect.provide(platform)))

  it.scopedLive("goes by the same rules, from wherever it is called", () =>
    Effect.gen(function*() {
      const { base, file, first, fs, path, run } = yield* touching("a", "b", "c", "a")
      const touched = () => ["sub/b", "c", "a"].filter((name) => existsSync(file(name)))
      yield* fs.makeDirectory(file("sub"))
      yield* fs.writeFileString(path.join(base, "rules.json"), policy("a", "b"))
      const session = yield* first("--policy", "../rules.json")
      const kept = yield* run(["resume", "-C", file("sub"), session, "more"])
      assert.deepStrictEqual([kept.code, touched()], [0, []])
      assertSentence(kept.stderr, `goes on with --policy ${path.join(base, "rules.json")}, as before`)

      yield* fs.writeFileString(path.join(base, "fewer.json"), policy("a"))
      yield* run(["resume", session, "--policy", path.join(base, "fewer.json"), "more"])
      assert.deepStrictEqual(touched(), ["c"])
      yield* run(["resume", session, "more"])
      assert.deepStrictEqual(touched(), ["c"])
    }).pipe(Effect.provide(platform)))

  for (const [what, text] of [["gone", undefined], ["broken", "{"]] as const) {
    it.scopedLive(`asks for rules that are ${what}, and does nothing without them`, () =>
      Effect.gen(function*() {
        const { base, first, fs, path, run, simulator, touched } = yield* touching("a", "b")
        const rules = path.join(base, "rules.json")
        yield* fs.writeFileString(rules, policy("a"))
        const session = yield* first("--policy", rules)
        yield* text === undefined ? fs.remove(rules) : fs.writeFileString(rules, text)
        const asked = (yield* simulator.requests).length
        const refused = yield* run(["resume", session, "--permission", "auto", "more"])
        assert.deepStrictEqual([refused.code, refused.stdout], [2, ""])
        assertSentence(refused.stderr, rules, "This session has gone by it so far", "--policy")
        assert.strictEqual((yield* simulator.requests).length, asked)

        const other = path.join(base, "other.json")
        yield* fs.writeFileString(other, policy("a"))
        assert.strictEqual((yield* run(["resume", session, "--policy", other, "more"])).code, 0)
        assert.deepStrictEqual(touched(), ["b"])
      }).pipe(Effect.provide(platform)))
  }

  it.scopedLive(
    "takes rules that are newly set for all runs on top, and what new rules say otherwise",
    () =>
      Effect.gen(function*() {
        const { first, fs, home, path, run, touched } = yield* touching("a", "b", "c")
        const session = yield* first()
        yield* fs.writeFileString(path.join(home, "rules.json"), policy("b"))
        yield* fs.writeFileString(path.join(home, "config.json"), JSON.stringify({ policy: "rules.json" }))
        yield* run(["resume", session, "more"])
        assert.deepStrictEqual(touched(), ["a"])
        yield* fs.writeFileString(path.join(home, "closed.json"), JSON.stringify({ rules: [], otherwise: "read-only" }))
        yield* run(["resume", session, "--policy", path.join(home, "closed.json"), "more"])
        assert.deepStrictEqual(touched(), ["a"])
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("goes on as a new run would where its log is older than this", () =>
    Effect.gen(function*() {
      const { first, fs, home, path, run, touched } = yield* touching("a", "b")
      const session = yield* first("--permission", "read-only")
      const log = path.join(home, "sessions", session, "log.ndjson")
      const text = yield* fs.readFileString(log)
      assert.include(text, `"permission":"read-only"`)
      yield* fs.writeFileString(log, text.replace(`,"permission":"read-only"`, ""))
      const { code, stderr } = yield* run(["resume", session, "more"])
      assert.deepStrictEqual([code, touched()], [0, ["b"]])
      assert.notInclude(stderr, "as before")
    }).pipe(Effect.provide(platform)))
})
