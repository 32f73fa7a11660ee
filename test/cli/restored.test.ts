import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { cpSync, rmSync } from "node:fs"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

/** A session of two turns, and one that was begun from it. */
const setup = Effect.gen(function*() {
  const here = yield* machine((_, n) => Script.answer(Script.say(`Answer ${n}`)))
  const { fs, home, path, run } = here
  const sessions = path.join(home, "sessions")
  const id = String(lines((yield* run(["--json", "Say one"])).stdout)[0]?.["thread_id"])
  yield* run(["resume", id, "Say two"])
  return {
    ...here,
    id,
    sessions,
    copy: (from: string, to: string) => cpSync(from, to, { recursive: true }),
    fork: Effect.map(run(["fork", id, "--json"]), ({ stdout }) => String(JSON.parse(stdout).session_id)),
    logOf: (session: string) => fs.readFileString(path.join(sessions, session, "log.ndjson"))
  }
})

describe("a folder of a session", () => {
  it.scopedLive("that was copied is a session of its own, and is called by its own name", () =>
    Effect.gen(function*() {
      const { copy, id, logOf, path, run, sessions } = yield* setup
      const before = yield* logOf(id)
      const other = "01a229c9-0000-7000-8000-000000000001"
      copy(path.join(sessions, id), path.join(sessions, other))
      const { code, stderr, stdout } = yield* run(["resume", other, "--json", "Say three"])
      assert.strictEqual(code, 0, stderr)
      assert.strictEqual(lines(stdout)[0]?.["thread_id"], other)
      assert.strictEqual(yield* logOf(id), before)
      assert.include((yield* run(["resume", other, "Say four"])).stderr, other)
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "that was put back as it was earlier gives nothing else to its forks than they had",
    () =>
      Effect.gen(function*() {
        const { copy, fork, id, path, run, sessions } = yield* setup
        const backup = path.join(sessions, "..", "backup")
        copy(path.join(sessions, id), backup)
        yield* run(["resume", id, "Say three"])
        const forked = yield* fork
        yield* run(["resume", forked, "Say more"])
        rmSync(path.join(sessions, id), { recursive: true })
        copy(backup, path.join(sessions, id))
        yield* run(["resume", id, "Say something else"])
        const { code, stderr, stdout } = yield* run(["resume", forked, "Go on"])
        assert.deepStrictEqual([code, stdout], [1, ""])
        assertSentence(stderr, `Session ${forked} cannot go on`, "was replaced by an older copy", "Put that log back")
        for (const args of [["show"], ["export", "--format", "html"]]) {
          const shown = yield* run(["sessions", ...args.slice(0, 1), forked, ...args.slice(1)])
          assert.strictEqual(shown.code, 0, shown.stderr)
          assert.include(shown.stdout, "Say more")
          assert.notInclude(shown.stdout, "Say something else")
          assertSentence(shown.stderr, "what was before this fork is missing")
        }
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive("whose beginning is lost can be forked, and gone on with from there", () =>
    Effect.gen(function*() {
      const { fork, fs, id, logOf, path, run, sessions } = yield* setup
      const damaged = (yield* logOf(id)).replace(/.*/, "garbage")
      yield* fs.writeFileString(path.join(sessions, id, "log.ndjson"), damaged)
      const { stderr, stdout } = yield* run(["resume", yield* fork, "Say three"])
      assert.strictEqual(stdout, "Answer 2\n", stderr)
      assert.strictEqual(yield* logOf(id), damaged)
    }).pipe(Effect.provide(platform)))

  it.scopedLive("of a later version is refused in a sentence", () =>
    Effect.gen(function*() {
      const { fs, id, logOf, path, run, sessions } = yield* setup
      const later = (yield* logOf(id)).replace(`"schemaVersion":1`, `"schemaVersion":2`)
      yield* fs.writeFileString(path.join(sessions, id, "log.ndjson"), later)
      for (const args of [["resume", id, "Go on"], ["sessions", "show", id], ["fork", id], ["compact", id]]) {
        const { code, stderr, stdout } = yield* run(args)
        assert.deepStrictEqual([code, stdout], [1, ""], stderr)
        assertSentence(stderr, "was written by a later version of effixir", "Update effixir")
      }
      assert.strictEqual(yield* logOf(id), later)
    }).pipe(Effect.provide(platform)))
})
