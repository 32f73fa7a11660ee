import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Script from "../../src/testing/Script.ts"
import { assertSentence, lines, machine, platform } from "./support.ts"

/** A session of two turns with a call in the first, and a way to damage lines of its log. */
const setup = Effect.gen(function*() {
  const done = Script.answer(Script.say("Done."))
  const call = Script.answer(Script.call("bash", { command: "echo x >> ran.txt" }))
  const here = yield* machine(Script.fromTurns([call, done, done, done, done, done]))
  const { file, fs, home, path, run } = here
  const { code, stdout } = yield* run(["run", "--json", "Go"])
  assert.strictEqual(code, 0)
  const session = String(lines(stdout)[0]?.["thread_id"])
  assert.strictEqual((yield* run(["resume", session, "More"])).code, 0)
  const log = path.join(home, "sessions", session, "log.ndjson")
  return {
    ...here,
    session,
    ran: fs.readFileString(file("ran.txt")),
    log: fs.readFileString(log),
    damage: Effect.fnUntraced(function*(text: string, isMeant: (line: string) => boolean) {
      const before = yield* fs.readFileString(log)
      const damaged = before.split("\n").map((line) => line !== "" && isMeant(line) ? text : line).join("\n")
      assert.notStrictEqual(damaged, before)
      yield* fs.writeFileString(log, damaged)
      return damaged
    })
  }
})

describe("a log with damaged lines", () => {
  it.scopedLive("is told of in a sentence, and gone on with", () =>
    Effect.gen(function*() {
      const { damage, log, run, session } = yield* setup
      yield* damage("", (line) => line.includes(`"key":"turn-1/model/1"`))
      const damaged = yield* damage("{\"seq\":", (line) => line.includes(`"_tag":"TurnCompleted","turnId":"turn-1"`))
      const { code, stderr, stdout } = yield* run(["resume", session, "Again"])
      assert.deepStrictEqual([code, stdout], [0, "Done.\n"], stderr)
      assertSentence(stderr, "2 lines of the session's log are damaged and left out: ", "(blank)", "(not JSON)")
      assert.isTrue((yield* log).startsWith(damaged), "nothing in it was changed")
    }).pipe(Effect.provide(platform)))

  it.scopedLive(
    "gets no keys twice where the beginning of a turn is lost, and runs no finished call again",
    () =>
      Effect.gen(function*() {
        const { damage, log, ran, run, session, simulator } = yield* setup
        yield* damage("garbage", (line) => line.includes(`"_tag":"TurnStarted","turnId":"turn-2"`))
        const before = (yield* simulator.requests).length
        const { code, stderr } = yield* run(["resume", session, "--json", "Again"])
        assert.strictEqual(code, 0, stderr)
        assertSentence(stderr, "one line of the session's log is damaged")
        assert.strictEqual((yield* simulator.requests).length, before + 1, "the model was asked")
        assert.strictEqual(yield* ran, "x\n")
        const keys = (yield* log).split("\n").flatMap((line) => /"key":"([^"]*)"/.exec(line)?.[1] ?? [])
        assert.deepStrictEqual(keys, [...new Set(keys)])
        assert.include(keys, "turn-3")
      }).pipe(Effect.provide(platform))
  )

  it.scopedLive(
    "of which the first is lost asks for the folder, and a destroyed one is refused",
    () =>
      Effect.gen(function*() {
        const { damage, folder, run, session } = yield* setup
        yield* damage("\0\0", (line) => line.includes(`"_tag":"SessionStarted"`))
        const asked = yield* run(["resume", session, "Again"])
        assert.strictEqual(asked.code, 2)
        assertSentence(asked.stderr, "is damaged: name the folder with -C")
        assert.strictEqual((yield* run(["resume", session, "-C", folder, "Again"])).code, 0)
        yield* damage("no event", () => true)
        const refused = yield* run(["resume", session, "-C", folder, "Again"])
        assert.strictEqual(refused.code, 1)
        assertSentence(refused.stderr, "none of its lines is an event")
      }).pipe(Effect.provide(platform))
  )
})
